"""Revised: what a newer text of a source changes in our answers, question by question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from allchat.chat import Chat
from allchat.evaluation.metrics import comparable, holds
from allchat.evaluation.suites import Row, Suite
from allchat.records import Answer
from allchat.wording import LANGUAGES, load_wording


@dataclass(frozen=True, slots=True)
class Said:
    """What one chat says: the quotes of each question of the suites and a line on them, the starters it answers
    directly, the calibration examples that its evidence suffices for, and its texts as gold spans are compared.
    """

    quotes: tuple[tuple[str, ...], ...]
    lines: tuple[str, ...]
    starters: frozenset[str]
    examples: frozenset[str]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question before and after: ``gold`` tells whether all of its gold spans that stood in a text before stand
    word for word after, some or none. ``was`` and ``is_now``: whether one of them is in the quotes.
    """

    suite: str
    id: str
    question: str
    gold: Literal["all", "some", "none"]
    was: bool
    is_now: bool
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Answers:
    """Our questions before and after; ``starters`` and ``examples`` are those that were answered and are no more."""

    asked: tuple[Asked, ...]
    starters: tuple[str, ...]
    examples: tuple[str, ...]

    def rates(self, gold: str | None = None) -> tuple[int, float, float]:
        """How many questions there are, and the share that was and is answered with gold; of those alone whose gold
        stands so.
        """
        rows = [row for row in self.asked if gold is None or row.gold == gold]
        count = max(1, len(rows))
        return len(rows), sum(row.was for row in rows) / count, sum(row.is_now for row in rows) / count


def said_by(chat: Chat, suites: Sequence[Suite], *, examples: Sequence[str] = ()) -> Said:
    """What a chat says to our suites, the starters and the calibration examples. Blind suites are left out."""
    answers = [chat.ask(row.text, history=row.history) for _, row in _rows(suites)]
    return Said(
        tuple(tuple(citation.quote for citation in answer.citations) for answer in answers),
        tuple(map(_line, answers)),
        frozenset(question for question in _starters() if _direct(chat.ask(question))),
        frozenset(question for question in examples if chat.judged(question)[0] == "answer"),
        tuple(comparable(document.text) for document in chat.documents.values()),
    )


def compared(before: Said, after: Said, suites: Sequence[Suite]) -> Answers:
    """What one chat says beside what another says of the same suites."""
    asked = []
    for number, (suite, row) in enumerate(_rows(suites)):
        stood = [span for span in row.gold if _stands(span, before)]
        stands = [span for span in stood if _stands(span, after)]
        kept: Literal["all", "some", "none"] = "none" if not stands else "all" if stands == stood else "some"
        was, is_now = (holds(row.gold, said.quotes[number]) for said in (before, after))
        lines = before.lines[number], after.lines[number]
        asked.append(Asked(suite, row.id, row.text, kept, was, is_now, *lines))
    starters, examples = before.starters - after.starters, before.examples - after.examples
    return Answers(tuple(asked), tuple(sorted(starters)), tuple(sorted(examples)))


def _rows(suites: Sequence[Suite]) -> Iterator[tuple[str, Row]]:
    for suite in suites:
        if suite.looked_at and suite.task in ("answers", "conversation"):
            yield from ((suite.name, row) for row in suite.rows if row.gold)


def _stands(span: str, said: Said) -> bool:
    return any(comparable(span) in text for text in said.texts)


def _line(answer: Answer) -> str:
    words = " / ".join(citation.quote for citation in answer.citations)
    return f"{answer.kind}{f' ({answer.directness})' if answer.directness else ''}: {words[:160]}"


def _starters() -> list[str]:
    """The questions that the page offers."""
    groups = (group for language in LANGUAGES for group in load_wording(language).table("page")["starters"])
    return [str(question) for group in groups for question in group["questions"]]


def _direct(answer: Answer) -> bool:
    return answer.kind == "answer" and answer.directness != "closest"
