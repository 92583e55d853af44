"""Particulars: what a question names must stand in the nearest passage."""

from __future__ import annotations

import pytest

from allchat.answering.particulars import lacks, particulars, strange


def test_medicines_numbers_and_counted_times_are_particulars() -> None:
    found = particulars("Is 1,500 mg of mercaptopurine right for a six year old, or 2.5?")
    assert found == {"1500", "2.5", "mercaptopurine", "six"}
    assert particulars("What are the two types of transplant?") == frozenset()


@pytest.mark.parametrize(
    ("question", "words", "lacking"),
    [
        ("what does vincristine do", "Vincristine is a drug.", False),
        ("what does ondansetron do", "Vincristine is a drug.", True),
        ("platelets of 20", "Platelets stop bleeding.", True),
        ("she is 9 years old", "Children from 1 to 9 years.", False),
        ("what is a platelet", "Platelets stop bleeding.", False),
    ],
)
def test_a_passage_lacks_what_it_does_not_name(question: str, words: str, *, lacking: bool) -> None:
    assert lacks([question], words) is lacking


def test_a_medicine_under_another_name_is_not_lacking() -> None:
    assert not lacks(["what is gleevec", "what is imatinib"], "Imatinib is given.")


def test_a_passage_is_strange_to_a_question_whose_only_medicine_it_does_not_name() -> None:
    assert strange(["what does zofran do"], "Vincristine is a drug.")
    assert not strange(["vincristine or zofran"], "Vincristine is a drug.")
    assert not strange(["what is a port"], "Vincristine is a drug.")
