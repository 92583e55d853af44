"""Spelt: misspelt medicines and terms are searched as the right ones, other words as they are."""

from __future__ import annotations

import pytest

from allchat.answering.spelt import Spelt

WORDS = ("petechiae", "vincristine", "vincristin", "leukaemia", "kidney", "platelets")
ENGLISH = frozenset({"kidney", "child", "whistle", "attack"})


@pytest.mark.parametrize(
    ("question", "spelt"),
    [
        ("what are petekia?", "what are petechiae?"),
        ("what are PETECKIAE", "what are petechiae"),
        ("what does vincristin do", "what does vincristine do"),
        ("is ondanstron used", "is ondansetron used"),
        ("leukemya", "leukaemia"),
    ],
)
def test_a_misspelt_medicine_or_term_is_put_right(question: str, spelt: str) -> None:
    assert Spelt(WORDS, knows=ENGLISH.__contains__)(question) == spelt


@pytest.mark.parametrize("question", ["are the kidneys hurt", "a child's attack", "platelets", "vincristine", ""])
def test_what_is_no_misspelling_stays(question: str) -> None:
    assert Spelt(WORDS, knows=ENGLISH.__contains__)(question) == question
