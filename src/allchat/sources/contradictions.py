"""Contradictions: where two sources say nearly the same with other numbers, doses or negations, listed for staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from allchat.records import Document
from allchat.sources.changes import LEAST_LIKE_UNKNOWN, Unit, compared, differences, kept_units
from allchat.sources.critical import Critical, critical_changes

REPORT: Final = "contradictions.md"
MOST_SENTENCES: Final = 6_000
"""Sentences of all sources above which they are not compared with each other: each is held against every other."""

FEWEST_WORDS = 5


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two sentences of two sources that are nearly the same and differ in ``found``."""

    one: Document
    other: Document
    said: Unit
    also: Unit
    found: tuple[Critical, ...]


def contradictions(documents: Sequence[Document]) -> tuple[Contradiction, ...] | None:
    """Every such pair, in the order of the sources and of reading; None where the sources are too many to compare.

    Raises:
        CorpusError: a rule does not fit its text.
    """
    units = {document.key: [u for u in kept_units(document) if len(u.words.split()) >= FEWEST_WORDS]
             for document in documents}  # fmt: skip
    if sum(map(len, units.values())) > MOST_SENTENCES:
        return None
    return tuple(
        Contradiction(one, other, said, also, found)
        for one, other in combinations(documents, 2)
        for said, also, likeness in compared(units[one.key], units[other.key]).reworded
        if likeness >= LEAST_LIKE_UNKNOWN and (found := _critical(said, also))
    )


def _critical(said: Unit, also: Unit) -> tuple[Critical, ...]:
    return tuple(found for found in critical_changes(said.words, also.words) if found.kind != "medicine")


def report(found: Sequence[Contradiction]) -> str:
    """The list as Markdown, for staff."""
    lines = [
        "# Where the sources differ in a number, a dose or a negation",
        "",
        "Sentences of two sources that are nearly the same. Families are shown both with their dates, the newer first.",
        "Look at each: is one of them out of date? Then leave it out, or update it.",
    ]
    for pair in found:
        lines += [
            "",
            f"## {pair.one.key} and {pair.other.key}: {'; '.join(map(str, pair.found))}",
            _line(pair.one, pair.said),
            _line(pair.other, pair.also),
            f"- from one to the other: {_marked(pair)}",
        ]
    return "\n".join(lines) + "\n"


def _line(document: Document, unit: Unit) -> str:
    dated = f"last revised {document.revised or 'unknown'}"
    return f"- {document.title}, {dated}, characters {unit.start} to {unit.end}: {unit.words}"


def _marked(pair: Contradiction) -> str:
    frames = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return " ".join(frames[change].format(words) for change, words in differences(pair.said.words, pair.also.words))
