"""Spelling: near words of the rules, and nothing else."""

from __future__ import annotations

import pytest

from allchat.spelling import Speller

SPELLER = Speller({"fever", "seizure", "breathing", "bleeding", "port"}, known=frozenset({"never", "seizing"}))


@pytest.mark.parametrize(
    ("word", "right"),
    [
        ("feevr", "fever"),  # a swap of neighbours is one edit
        ("fevr", "fever"),
        ("feverrrr", "fever"),
        ("seezure", "seizure"),
        ("braething", "breathing"),
        ("blededing", "bleeding"),
    ],
)
def test_a_misspelt_word_is_led_to_the_nearest_word(word: str, right: str) -> None:
    assert SPELLER.correct(word) == right


@pytest.mark.parametrize("word", ["never", "nevers", "seizing", "porr", "lever", "xfever", "blee"])
def test_a_real_word_a_short_one_and_a_far_one_stay(word: str) -> None:
    assert SPELLER.correct(word) == word


def test_ties_go_to_the_alphabet() -> None:
    assert Speller({"seater", "setter"}, known=frozenset()).correct("seter") == "seater"
