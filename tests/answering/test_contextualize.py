"""Understand: what is only the rest of an earlier question."""

from __future__ import annotations

import pytest

from allchat.answering.contextualize import is_parted, is_rest


@pytest.mark.parametrize(
    "question",
    [
        "and tylenol?",
        "or half of it",
        "what about at night",
        "how about honey?",
        "what if we forget",
        "And for her brother?",
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
