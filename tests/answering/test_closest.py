"""Closest: between an answer and silence one nearest quote, said to be no direct answer, and not for everything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from places import SMALL
from word_hash import WordHash

from allchat.answering.abstain import Decision, Judge, Machine, evidence, packed, unpacked
from allchat.chat import Chat
from allchat.errors import StoreError
from allchat.web.api.openai import linked
from allchat.wording import load_wording


class Unsure:
    """A judge that finds all evidence a little too weak."""

    def __init__(self, decision: Decision = "closest") -> None:
        self.decision = decision

    def decide(self, features: Any) -> tuple[Decision, float]:
        del features
        return self.decision, -0.1


@pytest.fixture(scope="module")
def unsure(small_chat: Chat) -> Chat:
    documents = tuple(small_chat.documents.values())
    chat = Chat(index=small_chat.index, corpus=SMALL, documents=documents, embedder=WordHash())
    chat.english = replace(chat.english, judge=Unsure())  # type: ignore[arg-type]
    return chat


QUESTION = "Which checks are made at home?"


def test_the_nearest_quote_stands_alone_behind_words_that_say_it_is_no_direct_answer(unsure: Chat) -> None:
    answer = unsure.ask(QUESTION)
    assert (answer.kind, answer.directness, len(answer.citations), answer.further) == ("answer", "closest", 1, ())
    assert answer.text.startswith(load_wording().text("answer.closest"))
    assert linked(answer, base="")[0] == load_wording().text("answer.closest")
    spanish = unsure.ask(QUESTION, language="es")
    assert spanish.text.startswith(load_wording("es").text("answer.closest"))


@pytest.mark.parametrize(
    "more", ["with ondansetron", "with 12 tablets", "at 38.5 degrees", "for a nine year old", "with zofran"]
)
def test_it_is_silent_where_the_quote_lacks_what_the_question_names(more: str, unsure: Chat) -> None:
    answer, trace = unsure.explain(f"Which checks are made at home {more}?")
    assert answer.directness is None
    assert answer.kind == "not_found"
    assert trace.decision == "not_found"
    assert answer.citations == ()


def test_nothing_nearest_stands_beside_a_refusal(unsure: Chat) -> None:
    answer = unsure.ask("Should I give my son aspirin?")
    assert (answer.kind, answer.directness) == ("refusal", None)
    assert load_wording().text("answer.closest") not in answer.text


def test_other_subjects_are_told_which_sources_there_are(unsure: Chat) -> None:
    unsure.english = replace(unsure.english, judge=Unsure("out_of_scope"))  # type: ignore[arg-type]
    try:
        answer = unsure.ask("How do I repair a bicycle?")
    finally:
        unsure.english = replace(unsure.english, judge=Unsure())  # type: ignore[arg-type]
    assert answer.kind == "out_of_scope"
    titles = [document.title for document in unsure.documents.values()]
    assert [line for line in answer.text.splitlines() if line.startswith("- ")] == [
        f"- {title}" for title in titles[:5]
    ]


def test_a_direct_answer_says_so(small_chat: Chat) -> None:
    assert small_chat.ask(QUESTION).directness == "direct"
    assert small_chat.ask("hello").directness is None


def machine(bias: float) -> Machine:
    """One that gives every row about the same value."""
    one = np.ones(1)
    return Machine(np.zeros(1), one, np.full((1, 1), 99, dtype=np.float32), one, bias)


@pytest.mark.parametrize(
    ("value", "elsewhere", "decision"),
    [
        (0.3, -1.0, "answer"),
        (0.1, -1.0, "closest"),
        (-0.3, -1.0, "closest"),
        (-0.31, -1.0, "not_found"),
        (0.1, 1.0, "out_of_scope"),
    ],
)
def test_the_judge_has_two_bounds_and_never_shows_the_nearest_for_another_subject(
    value: float, elsewhere: float, decision: Decision
) -> None:
    judge = Judge(machine(value), 0.2, machine(elsewhere), -0.5)
    assert judge.decide(np.zeros(1))[0] == decision


def test_the_judge_reads_the_layer_before_the_last_behind_the_vector_and_not_the_one_in_the_middle(
    small_chat: Chat,
) -> None:
    search, wordings = small_chat.search(), (QUESTION,)
    vector = small_chat.embedder.encode(wordings)[0]
    found = search.find(wordings, vectors=vector[None], limit=3)

    def judged(middle: float, last: float) -> np.ndarray[Any, Any]:
        reading = np.concatenate((vector, np.full_like(vector, middle), np.full_like(vector, last)))
        return evidence(found, wordings=wordings, reading=reading, search=search)

    assert np.array_equal(judged(0.1, 0.2), judged(0.9, 0.2))
    assert not np.array_equal(judged(0.1, 0.2), judged(0.1, 0.3))
    alone = evidence(found, wordings=wordings, reading=vector, search=search)
    assert np.array_equal(judged(0.1, 0.2)[: len(alone)], alone)


def test_both_bounds_are_kept_in_the_index(tmp_path: Any) -> None:
    file = tmp_path / "decision.npy"
    file.write_bytes(packed(Judge(machine(0.0), 0.25, machine(1.0), -0.5)))
    assert (unpacked(file).threshold, unpacked(file).closest) == (0.25, -0.5)
    np.save(file, np.array([0.25]))
    with pytest.raises(StoreError, match="allchat build"):
        unpacked(file)
