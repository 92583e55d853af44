"""The slowest messages of each stage, none of which may cost much more than what it is charged.

Every figure is a ratio to a usual question's time in the same run: a slow machine is slow for both.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from importlib.resources import files

import pytest
from places import ROOT

from allchat.answering.query import QUESTION_CHARACTERS
from allchat.chat import Chat
from allchat.web.middleware.rate_limit import cost_of

USUAL = "What are the side effects of chemotherapy?"


def drawn(length: int, count: int) -> str:
    letters = random.Random(1)  # noqa: S311 - the same words in every run
    return " ".join("".join(letters.choices("abcdefghijklmnopqrstuvwxyz", k=length)) for _ in range(count))


def known_words() -> str:
    words = (files("allchat") / "languages" / "en" / "words.txt").read_text(encoding="utf-8").split()
    return " ".join(random.Random(1).sample(words, 600))  # noqa: S311 - the same words in every run


SLOWEST: dict[str, Callable[[], str]] = {
    "clauses for the rules": lambda: "a," * 2000,
    "sentences for the rules and for each of them a judge": lambda: "Is he ok? " * 400,
    "one word without an end": lambda: "1" * 4000,
    "unknown words for the speller": lambda: drawn(7, 500),
    "words read backwards for the speller": lambda: " ".join(word[::-1] for word in known_words().split()),
    "a question in two languages": lambda: "what is la quimio " * 220,
    "Spanish, which has two wordings": lambda: "mi hijo tiene fiebre y " * 170,
    "remainders that lean on what came before": lambda: "and tylenol? " * 300,
    "word pieces past the window": lambda: "fever " * 660,
    "postings of frequent words": lambda: "not no never " * 300,
}
"""By what makes each slow: the slowest of some thirty kinds that were tried for every stage."""

MARGIN = 4.0
"""How many times its charge a message may cost: machines differ in what they are fast at, and a test must not waver."""


@pytest.fixture(scope="module")
def chat() -> Chat:
    return Chat.open(ROOT / ".cache" / "test-index", corpus=ROOT / "corpus")


def milliseconds(chat: Chat, question: str, history: tuple[str, ...] = ()) -> float:
    def once() -> float:
        begun = time.perf_counter()
        chat.ask(question, history=history)
        return 1000 * (time.perf_counter() - begun)

    return min(once() for _ in range(3))


@pytest.fixture(scope="module")
def usual(chat: Chat) -> float:
    return statistics.median(milliseconds(chat, USUAL) for _ in range(5))


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOWEST)
def test_no_message_costs_much_more_than_it_is_charged(name: str, chat: Chat, usual: float) -> None:
    message = SLOWEST[name]()[:QUESTION_CHARACTERS]
    assert milliseconds(chat, message) / usual < MARGIN * cost_of(message)


@pytest.mark.slow
def test_nor_does_a_history(chat: Chat, usual: float) -> None:
    history = tuple(drawn(7, 500)[place:] + "?" for place in range(10))
    assert milliseconds(chat, "and side effects?", history) / usual < MARGIN * cost_of("and side effects?", history)
