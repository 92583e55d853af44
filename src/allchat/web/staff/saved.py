"""Saved answers held against today's sources, within bounds: a file may hold anything."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from allchat.addresses import LINK_DIGITS
from allchat.answering.verify import Check, Earlier, nothing_kept
from allchat.audit import Audit, answer_of, audit, cuts
from allchat.records import Document
from allchat.web.answer_queue import Pace

_TAG = re.compile(r"<[^<>]*>")

RECORDS = 200
"""Saved answers that one page checks."""

NOT_HOLDING = 20
"""Citations that do not hold as saved, after which no further answer is checked: each takes some milliseconds."""

CUTS = 40
"""Citations of one answer that is checked, its leads among them: no answer of ours has half as many."""


@dataclass(frozen=True, slots=True)
class Row:
    """A citation as it was saved, and what has become of it.

    ``was`` names the text that it says it was cut from, for an address, where that text is still kept and the citation
    does not hold; ``known``: its source is still one of ours.
    """

    citation: Mapping[str, Any]
    check: Check
    was: str | None = None
    known: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """A saved answer with what has become of it; ``left``: it has too many citations to be ours and was not checked."""

    audit: Audit
    record: Mapping[str, Any]
    rows: tuple[Row, ...] = ()
    bundle: bool = False
    left: bool = False

    @property
    def holds(self) -> bool:
        """Whether all of it is as it was saved, and was checked."""
        return self.audit.holds and not self.left

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


def checked(
    records: Iterable[Mapping[str, Any]],
    *,
    documents: Mapping[str, Document],
    pace: Pace,
    earlier: Earlier = nothing_kept,
) -> Reports:
    """The saved answers held against the documents, as many as one page checks; ``earlier`` gives older texts.

    Raises:
        QuestionError: what is read of the file holds something else than saved answers.
    """
    found: list[Report] = []
    dear = 0
    for record in islice(records, RECORDS + 1):
        if len(found) == RECORDS or dear >= NOT_HOLDING:
            return Reports(tuple(found), left=True)
        pace()
        found.append(report(record, documents=documents, earlier=earlier))
        dear += sum(row.check.state != "holds" for row in found[-1].rows)
    return Reports(tuple(found))


def report(saved: Mapping[str, Any], *, documents: Mapping[str, Document], earlier: Earlier = nothing_kept) -> Report:
    """One saved answer held against the documents; one of more than ``CUTS`` citations is not."""
    record = answer_of(saved)
    saved_cuts = cuts(record)
    if len(saved_cuts) > CUTS:
        found = Audit(str(record["id"]), whole=False, checks=(), sources={})
        return Report(found, record, bundle=False, left=True)
    found = audit(saved, documents=documents, earlier=earlier)
    rows = tuple(
        Row(cut, check, _was(cut, check, documents, earlier), check.document in documents)
        for cut, check in zip(saved_cuts, found.checks, strict=True)
    )
    return Report(found, record, rows, bundle=record is not saved)


def _was(
    cut: Mapping[str, Any], check: Check, documents: Mapping[str, Document], earlier: Earlier = nothing_kept
) -> str | None:
    """The text of a source by its key and the first digits of its hash, as the permanent links name it."""
    key, digest = cut.get("document"), cut.get("source_sha256")
    if check.state == "holds" or not isinstance(key, str) or not isinstance(digest, str):
        return None
    today = documents.get(key)
    text = today if today is not None and today.sha256 == digest else earlier(key, digest)
    return None if text is None else f"{text.key}@{text.sha256[:LINK_DIGITS]}"


def quoted_in(text: str) -> str:
    """The quotes of a sheet that was saved from the families' page, a paragraph for each; any other text as it is.

    The sheet is a page of our own making: what it quotes stands between ``blockquote`` and its end.
    """
    if not text.lstrip().lower().startswith(("<!doctype", "<html")):
        return text
    parts = (part.partition("</blockquote>")[0].partition(">")[2] for part in text.split("<blockquote")[1:])
    lines = (_TAG.sub("\n", part).split("\n") for part in parts)
    return "\n\n".join(html.unescape(line) for several in lines for line in several if line.strip())
