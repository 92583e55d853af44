"""Two readings of a short question after others: evidence decides, and one that stands alone is never bent."""

from __future__ import annotations

from pathlib import Path

import pytest
from places import ROOT

from allchat.answering.contextualize import may_lean
from allchat.answering.quotes import select
from allchat.answering.understanding import understood
from allchat.chat import Chat


@pytest.fixture(scope="module")
def chat(built_index: Path) -> Chat:
    return Chat.open(built_index, corpus=ROOT / "corpus")


@pytest.mark.parametrize(
    ("history", "question", "words"),
    [
        (["What is a stem cell transplant?"], "what are the two types", "2 types"),
        (["what is radiation therapy"], "side effects?", "radiation"),
        (["what is radiation therapy", "thank you so much"], "side effects?", "radiation"),
        (["tell me about clinical trials"], "can you join later on?", "Patients can enter clinical trials"),
        (["what is the T cell leukemia"], "how do they treat this one", "T-ALL"),
        (["late effects what are those", "which"], "are there checkups for that", "late effects"),
        (["¿Qué es la radioterapia?", "gracias"], "¿y los efectos secundarios?", "radiation"),
    ],
)
def test_a_short_question_is_read_with_the_subject_before_it(
    history: list[str], question: str, words: str, chat: Chat
) -> None:
    answer = chat.ask(question, history=history)
    assert any(words in quote.quote for quote in answer.citations), answer.text
    assert answer.citations[0].heading[-1] in answer.understood_as


@pytest.mark.parametrize(
    "question", ["What are platelets for?", "how long is induction", "hospice", "¿Qué es la remisión?"]
)
@pytest.mark.parametrize("history", [["what is a port"], ["what are the side effects of radiation", "and later?"]])
def test_a_question_that_stands_alone_is_never_bent(question: str, history: list[str], chat: Chat) -> None:
    alone, after = chat.ask(question), chat.ask(question, history=history)
    assert (after.kind, after.text, after.understood_as) == (alone.kind, alone.text, alone.understood_as)


@pytest.mark.parametrize("history", [["what is a port"], ["what is a lumbar puncture"]])
@pytest.mark.parametrize("question", ["what causes it", "is it curable", "did we cause it"])
def test_it_is_the_illness_where_that_is_much_nearer(question: str, history: list[str], chat: Chat) -> None:
    alone, after = chat.ask(question), chat.ask(question, history=history)
    assert (after.kind, after.text, after.understood_as) == (alone.kind, alone.text, alone.understood_as)


def test_a_passage_that_was_quoted_already_does_not_answer_alone(chat: Chat) -> None:
    answer, trace = chat.explain("who gives it", history=["what is radiation therapy"])
    sources = chat.sources(frozenset())
    alone = select(trace.hits, sources=sources).shown
    beside = select(trace.hits, sources=sources, said=lambda: {trace.hits[0].block.key}).shown
    assert (len(alone), len(beside), beside[0]) == (1, 2, alone[0])
    assert [cited.start for cited in answer.citations][:1] == [alone[0].start]
    assert len(answer.citations) == 2


def test_what_a_subject_has_to_do_with_the_question_is_quoted_beside_what_it_is(chat: Chat) -> None:
    before = chat.ask("what is the Philadelphia chromosome")
    after = chat.ask("is there special medicine for that", history=["what is the Philadelphia chromosome"])
    assert after.citations[0].quote == before.citations[0].quote
    assert "Imatinib" in after.citations[1].quote


def test_earlier_words_are_never_shown(chat: Chat) -> None:
    answer = chat.ask("and the side effects?", history=["my 4 year old zebra is diagnosed, what is chemotherapy"])
    assert "zebra" not in answer.understood_as + answer.text


def test_a_question_that_names_the_illness_or_a_medicine_has_one_reading() -> None:
    assert may_lean("the two types")
    assert not may_lean("types of leukemia")
    assert not may_lean("what is vincristine")


@pytest.mark.parametrize(("part", "searched"), [("what is?", False), ("what is a port?", True)])
def test_a_clause_that_says_nothing_of_its_subject_is_not_searched_alone(part: str, searched: bool, chat: Chat) -> None:
    found = understood(
        chat, chat.hear("What is (are) Encephalopathy?"), "What is (are) Encephalopathy?", history=(), part=part
    )
    assert (part in found.wordings) is searched
