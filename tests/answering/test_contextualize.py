"""Understand: what is only the rest of an earlier question."""

from __future__ import annotations

import pytest

from allchat.answering.contextualize import bent, is_parted, is_rest, leans_on_history


@pytest.mark.parametrize(
    "question",
    [
        "and tylenol?",
        "or half of it",
        "what about at night",
        "how about honey?",
        "what if we forget",
        "And for her brother?",
        "ok thanks, and tylenol?",
        "gracias, ¿y el tylenol?",
    ],
)
def test_the_rest_of_a_question_is_known(question: str) -> None:
    assert is_rest(question)


@pytest.mark.parametrize(
    "question",
    [
        "and what is remission?",
        "and is it curable",
        "tylenol?",
        "why?",
        "and the pills that she takes every evening at home since the second block began",
        "",
    ],
)
def test_a_question_of_its_own_is_no_rest(question: str) -> None:
    assert not is_rest(question)


@pytest.mark.parametrize(
    "text",
    [
        "ALLO vs AUTO",
        "what is the difference between standard risk and high risk",
        "How do B cells differ from T cells?",
        "systemic or intrathecal chemo?",
    ],
)
def test_who_compares_two_things_asks_for_both(text: str) -> None:
    assert is_parted(text)
    assert not is_parted("what is high risk")


@pytest.mark.parametrize(
    ("history", "about"),
    [
        (["What is the T cell leukemia"], ("T cell leukemia",)),
        (["whats the port for"], ("port",)),
        (["late effects what are those", "which"], ("late effects",)),
        (["what is a port", "does it hurt"], ("port, hurt",)),
        (["what is a port", "how do transplants work"], ("transplants work", "port, transplants work")),
        (["whats", "what is leukemia"], ()),
        ([], ()),
    ],
)
def test_the_subject_is_taken_over_without_the_words_that_ask(history: list[str], about: tuple[str, ...]) -> None:
    plain = [f"how long {topic}" for topic in about[:1]]
    assert bent("how long?", history=history) == (*(f"how long? (about: {topic})" for topic in about), *plain)
    assert bent("is it long?", history=history) == tuple(f"is it long? (about: {topic})" for topic in about)


@pytest.mark.parametrize(
    ("question", "leans"),
    [
        ("what can they do then", True),
        ("thanks, and how are they watched for", True),
        ("any others like it", True),
        ("how many weeks is the last one", True),
        ("which drugs are used in the first month", False),
        ("when was this information updated", False),
        ("what is a port", False),
    ],
)
def test_a_question_leans_that_points_or_names_nothing_and_none_with_a_time_or_a_name(
    question: str, leans: bool
) -> None:
    assert leans_on_history(question) is leans
