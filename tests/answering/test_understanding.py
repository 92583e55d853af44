"""Two readings of a short question after others: evidence decides, and one that stands alone is never bent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from places import ROOT

from allchat.answering.contextualize import may_lean
from allchat.answering.quotes import select
from allchat.answering.understanding import Looked, understood
from allchat.chat import Chat
from allchat.records import Block, Hit
from allchat.search.retriever import Found


def looked(*scored: tuple[str, float], nearest: float = 0.5) -> Looked:
    """What a search found: blocks by their document, with their scores; ``nearest`` is the nearest question of ours."""
    hits = tuple(Hit(Block(key, 0, "paragraph", 0, 1, ()), (), score, {}, {}) for key, score in scored)
    numbers = tuple("abc".index(key) for key, _ in scored)
    found = Found(hits, numbers, {"question": nearest}, np.array([], dtype=np.intp))
    return Looked(("asked",), found, "answer", 0.1)


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


def test_what_a_subject_has_to_do_with_the_question_goes_before_what_it_is(chat: Chat) -> None:
    after = chat.ask("is there special medicine for that", history=["what is the Philadelphia chromosome"])
    assert "Imatinib" in after.citations[0].quote


def test_what_answers_the_question_itself_goes_before_what_only_names_its_subject(chat: Chat) -> None:
    cited = chat.ask("what does that depend on", history=["can ALL be cured"]).citations
    assert "Certain factors affect prognosis" in cited[0].quote


def test_a_hit_of_both_readings_outranks_one_of_the_subject_alone() -> None:
    first, second = looked(("a", 0.2), ("b", 0.9)), looked(("a", 0.8), ("b", 0.7), ("c", 0.6))
    ranked = second.with_alone(first).found
    assert [hit.block.document for hit in ranked.hits] == ["b", "a", "c"]
    assert ranked.numbers == (1, 0, 2)
    assert all(0 <= hit.score <= 1 for hit in ranked.hits)
    assert second.with_alone(looked()).found.numbers == second.found.numbers
    elsewhere = looked(("a", 0.2), ("b", 0.9), nearest=0.6)
    assert second.with_alone(elsewhere).found == second.found
    assert looked().with_alone(first).found.hits == ()


def test_the_next_passage_stands_beside_a_nearest_one_that_is_known(chat: Chat) -> None:
    answer = chat.ask("and the picture of the chest?", history=["what is a lumbar puncture"])
    assert answer.directness == "closest"
    assert ["umbar puncture" in quote.quote for quote in answer.citations] == [True, False]
    assert "Chest x-ray" in answer.citations[1].quote
    assert len(chat.ask("and the picture of the chest?").citations) <= 1


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
