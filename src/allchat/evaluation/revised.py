"""Revised: what a newer text of a source changes in our answers, question by question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from allchat.chat import Chat
from allchat.evaluation.metrics import comparable, holds
from allchat.evaluation.suites import Suite
from allchat.records import Answer
from allchat.wording import LANGUAGES, load_wording

Row = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question before and after: ``kept`` tells whether a gold span of it stands word for word in a text after.

    ``before`` and ``after``: whether a gold span is in the quotes.
    """

    suite: str
    id: str
    question: str
    kept: bool
    before: bool
    after: bool
    said_before: str
    said_after: str


@dataclass(frozen=True, slots=True)
class Answers:
    """Our questions before and after; ``starters`` and ``examples`` are those that were answered and are no more."""

    asked: tuple[Asked, ...]
    starters: tuple[str, ...]
    examples: tuple[str, ...]

    def rates(self, *, kept: bool | None = None) -> tuple[int, float, float]:
        """How many questions there are, and the share of them that was and is answered with gold; of those only whose
        gold is, or is not, ``kept``.
        """
        rows = [row for row in self.asked if kept is None or row.kept == kept]
        count = max(1, len(rows))
        return len(rows), sum(row.before for row in rows) / count, sum(row.after for row in rows) / count


def compared_answers(before: Chat, after: Chat, *, suites: Sequence[Suite], examples: Sequence[str] = ()) -> Answers:
    """What a chat answers to our suites beside another one, of an older text. Blind suites are left out."""
    texts = [comparable(document.text) for document in after.documents.values()]
    asked = tuple(_asked(name, row, before, after, texts) for name, row in _rows(suites))
    return Answers(asked, tuple(_starters(before, after)), tuple(_lost(examples, before, after)))


def _rows(suites: Sequence[Suite]) -> Iterator[Row]:
    for suite in suites:
        if suite.looked_at and suite.task in ("answers", "conversation"):
            yield from ((suite.name, row) for row in suite.rows if row.get("gold"))


def _asked(suite: str, row: Mapping[str, Any], before: Chat, after: Chat, texts: Sequence[str]) -> Asked:
    one, other = (chat.ask(row["text"], history=row.get("history", ())) for chat in (before, after))
    gold = row["gold"]
    kept = any(comparable(span) in text for span in gold for text in texts)
    was, now = (holds(gold, _quotes(answer)) for answer in (one, other))
    return Asked(suite, str(row["id"]), str(row["text"]), kept, was, now, _said(one), _said(other))


def _quotes(answer: Answer) -> list[str]:
    return [citation.quote for citation in answer.citations]


def _said(answer: Answer) -> str:
    words = " / ".join(_quotes(answer))
    return f"{answer.kind}{f' ({answer.directness})' if answer.directness else ''}: {words[:160]}"


def _starters(before: Chat, after: Chat) -> Iterator[str]:
    """The questions that the page offers and that have a direct answer no more."""
    for language in LANGUAGES:
        for group in load_wording(language).table("page")["starters"]:
            for question in group["questions"]:
                if _direct(before, question) and not _direct(after, question):
                    yield question


def _direct(chat: Chat, question: str) -> bool:
    answer = chat.ask(question)
    return answer.kind == "answer" and answer.directness != "closest"


def _lost(examples: Sequence[str], before: Chat, after: Chat) -> Iterator[str]:
    """The calibration examples whose evidence sufficed and does no more."""
    for question in examples:
        if before.judged(question)[0] == "answer" and after.judged(question)[0] != "answer":
            yield question
