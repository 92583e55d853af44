"""A question in Spanish finds what an English one finds, and near misses stay unanswered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from places import ROOT

from allchat.chat import Chat
from allchat.languages.recognise import Recogniser
from allchat.sources.text import clean


def rows(name: str) -> list[dict]:
    lines = (ROOT / "tests" / "questions" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def chat(built_index: Path) -> Chat:
    return Chat.open(built_index, corpus=ROOT / "corpus")


@pytest.mark.slow
def test_spanish_questions_are_answered_with_the_right_words_and_seldom_met_with_silence(chat: Chat) -> None:
    asked = rows("answers_es")
    answers = [chat.ask(row["text"], language="es") for row in asked]
    golds = [[clean(span) for span in row["gold"]] for row in asked]
    right = [
        any(span in quote.quote or quote.quote in span for span in gold for quote in answer.citations[:2])
        for gold, answer in zip(golds, answers, strict=True)
    ]
    assert sum(right) / len(right) >= 0.75
    silent = [answer.question for answer in answers if answer.kind in ("not_found", "out_of_scope")]
    assert len(silent) / len(answers) <= 0.06, silent


@pytest.mark.slow
def test_spanish_near_misses_are_not_answered_as_if_the_sources_said_so(chat: Chat) -> None:
    asked = rows("near_misses_es")
    direct = [row["text"] for row in asked if chat.ask(row["text"]).directness == "direct"]
    assert len(direct) / len(asked) <= 0.1, direct


def test_what_surrounds_the_quotes_is_spanish_and_what_was_searched_is_never_shown(chat: Chat) -> None:
    answer = chat.ask("¿y los efectos secundarios?", history=["¿qué es la radioterapia?"])
    assert answer.kind == "answer"
    assert answer.understood_as == f"una pregunta sobre “{answer.citations[0].heading[-1]}”"
    assert answer.suggestions
    assert all(text.startswith("¿") and text.endswith("?") for text in answer.suggestions)
    assert any("inglés" in notice for notice in answer.notices)
    assert chat.ask("¿Qué es la quimioterapia?").understood_as == "¿Qué es la quimioterapia?"


def test_english_is_searched_without_any_row_of_spanish(chat: Chat) -> None:
    assert set(chat.index.others) == {"es"}
    ours = {text for _, _, text in chat.index.questions()}
    assert not ours & set(chat.tongue("es").index.questions_of(chat.index.blocks([5]))[0])
    assert chat.tongue("fr") is chat.english


def test_a_question_and_the_one_before_are_each_heard_once(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    heard, recognise = [], Recogniser.__call__

    def told(self: Recogniser, text: str) -> str:
        heard.append(text)
        return recognise(self, text)

    monkeypatch.setattr(Recogniser, "__call__", told)
    before, question = "¿qué es la radioterapia?", "¿y los efectos secundarios?"
    assert chat.ask(question, history=[before]).kind == "answer"
    assert (heard.count(before), heard.count(question)) == (1, 1)
