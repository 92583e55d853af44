"""What the page offers to ask: each question is one of ours, and each has an answer in the real sources."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from places import ROOT

from allchat.answering.suggestions import suggestion
from allchat.chat import Chat
from allchat.web.page.messages import page_words

OFFERED = [question for group in page_words()["starters"] for question in group["questions"]]


@pytest.fixture(scope="module")
def chat(built_index: Path) -> Chat:
    return Chat.open(built_index, corpus=ROOT / "corpus")


def test_every_starting_question_is_one_of_our_question_files() -> None:
    tables = [
        tomllib.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "corpus" / "questions").glob("*.toml")
    ]
    ours = {question.rstrip("?").lower() for table in tables for row in table["block"] for question in row["questions"]}
    assert [question for question in OFFERED if question.rstrip("?").lower() not in ours] == []


@pytest.mark.parametrize("question", OFFERED)
def test_every_starting_question_has_an_answer_and_questions_that_follow(question: str, chat: Chat) -> None:
    answer = chat.ask(question)
    assert answer.kind == "answer"
    assert 2 <= len(answer.suggestions) <= 3


@pytest.mark.slow
def test_every_question_that_can_be_suggested_has_an_answer(chat: Chat) -> None:
    blocks = [block for key in chat.documents for block in chat.outline(key).blocks]
    offered = {text for block in blocks if (text := suggestion(chat.index.questions_of(block)))}
    kept = sorted(text for text in offered if chat._guard.screen(text).kind is None)
    assert len(kept) > 150
    assert [text for text in kept if chat.ask(text).kind != "answer"] == []
