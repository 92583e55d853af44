"""What the page offers to ask: each question is one of ours, and each has an answer in the real sources."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from places import ROOT

from allchat.answering.suggestions import suggestion
from allchat.chat import Chat
from allchat.web.page.messages import page_words
from allchat.web.page.offered import of_corpus

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
    offered = {text for questions in chat.index.questions_of(blocks) if (text := suggestion(questions))}
    kept = sorted(text for text in offered if chat._guard.screen(text).kind is None)
    assert len(kept) > 150
    assert [text for text in kept if chat.ask(text).kind != "answer"] == []


class Corpus:
    """A chat whose corpus is asked these questions."""

    def __init__(self, *questions: str) -> None:
        self.questions = questions


def starting(*questions: str, language: str = "en") -> list[str]:
    words = {name: page_words(name) for name in ("en", "es")}
    fitted = of_corpus(words, Corpus(*questions))  # type: ignore[arg-type]
    return [question for group in fitted[language]["starters"] for question in group["questions"]]


def test_only_what_the_corpus_is_asked_is_offered_in_every_language() -> None:
    assert starting("what is remission", "what is a spinal tap?") == ["What is a spinal tap?", "What is remission?"]
    spanish = [question for group in page_words("es")["starters"] for question in group["questions"]]
    at = [OFFERED.index(question) for question in starting("what is remission", "what is a spinal tap?")]
    assert starting("what is remission", "what is a spinal tap", language="es") == [spanish[n] for n in at]


def test_another_corpus_offers_its_own_questions_and_one_without_questions_none() -> None:
    assert starting("what is a fracture", "bones", "how does a cast work") == [
        "What is a fracture?",
        "How does a cast work?",
    ]
    assert starting() == []


def test_the_shipped_corpus_offers_all_starting_questions(chat: Chat) -> None:
    assert starting(*chat.questions) == OFFERED
