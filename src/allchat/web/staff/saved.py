"""Saved answers held against today's sources, within bounds: a file may hold anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from allchat.answering.verify import Check, quoted_lines
from allchat.audit import Audit, answer_of, audit, cuts
from allchat.records import Document
from allchat.web.answer_queue import Pace

RECORDS = 200
"""Saved answers that one page checks."""

NOT_HOLDING = 60
"""Citations that do not hold as saved, after which no further answer is checked: each takes some milliseconds."""

CUTS = 40
"""Citations of one answer that is checked, its leads among them: no answer of ours has half as many."""

LINES, LONGEST_QUOTE = 200, 5000
"""Quoted lines of an answer's text that are looked for in its citations, and characters of each that are read."""


@dataclass(frozen=True, slots=True)
class Row:
    """A citation as it was saved, and what has become of it."""

    citation: Mapping[str, Any]
    check: Check


@dataclass(frozen=True, slots=True)
class Report:
    """A saved answer (``record``) with what has become of it. ``strays`` are quoted lines that none of its citations
    holds; ``left``: it has too many citations to be an answer of ours, and was not checked.
    """

    audit: Audit
    record: Mapping[str, Any]
    rows: tuple[Row, ...] = ()
    strays: tuple[str, ...] = ()
    bundle: bool = False
    left: bool = False

    @property
    def holds(self) -> bool:
        """Whether all of it is as it was saved, and was checked."""
        return self.audit.holds and not self.strays and not self.left

    def said(self, name: str) -> str:
        """A text of the record; empty where it has none of that name."""
        value = self.record.get(name)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Reports:
    """What the answers of a file come to, in their order; ``left`` where not all of them were checked."""

    all: tuple[Report, ...]
    left: bool = False

    @property
    def states(self) -> Counter[str]:
        """How many citations hold, and so on."""
        return Counter(row.check.state for report in self.all for row in report.rows)

    @property
    def hold(self) -> bool:
        """Whether all of it is as it was saved, and was checked."""
        return not self.left and all(report.holds for report in self.all)


def checked(records: Iterable[Mapping[str, Any]], *, documents: Mapping[str, Document], pace: Pace) -> Reports:
    """The saved answers held against the documents, as many as one page checks.

    Raises:
        QuestionError: what is read of the file holds something else than saved answers.
    """
    found: list[Report] = []
    dear = 0
    for record in islice(records, RECORDS + 1):
        if len(found) == RECORDS or dear >= NOT_HOLDING:
            return Reports(tuple(found), left=True)
        pace()
        found.append(report(record, documents=documents))
        dear += sum(row.check.state != "holds" for row in found[-1].rows)
    return Reports(tuple(found))


def report(saved: Mapping[str, Any], *, documents: Mapping[str, Document]) -> Report:
    """One saved answer held against the documents; one of more than ``CUTS`` citations is not."""
    record = answer_of(saved)
    saved_cuts = cuts(record)
    if len(saved_cuts) > CUTS:
        found = Audit(str(record["id"]), whole=False, checks=(), sources={})
        return Report(found, record, bundle=False, left=True)
    found = audit(saved, documents=documents)
    rows = tuple(Row(cut, check) for cut, check in zip(saved_cuts, found.checks, strict=True))
    return Report(found, record, rows, tuple(_strays(record, saved_cuts)), bundle=record is not saved)


def _strays(record: Mapping[str, Any], saved_cuts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    text = record.get("text")
    quotes = [cut["quote"][:LONGEST_QUOTE] for cut in saved_cuts]
    lines = islice(quoted_lines(text), LINES) if isinstance(text, str) else ()
    return (line for line in lines if not any(line in quote for quote in quotes))
