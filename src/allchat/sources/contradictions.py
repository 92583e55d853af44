"""Contradictions: where two sources say nearly the same with other numbers, doses or negations, listed for staff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from allchat.records import Document, Outline
from allchat.sources.changes import LEAST_LIKE_UNKNOWN, Unit, marked, units_of
from allchat.sources.critical import Critical, critical_changes

REPORT: Final = "contradictions.md"
MOST_SENTENCES: Final = 6_000
"""Sentences of all sources above which they are not compared with each other: each is held against every other."""

MOST_LISTED: Final = 1_000
"""Places that are listed: so many are no slips, but leaflets made by one pattern."""

FEWEST_WORDS = 5


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two sentences of two sources that are nearly the same and differ in ``found``."""

    one: Document
    other: Document
    said: Unit
    also: Unit
    found: tuple[Critical, ...]


def contradictions(documents: Sequence[Document], outlines: Sequence[Outline]) -> tuple[Contradiction, ...] | None:
    """Such pairs, in the order of the sources and of reading, ``MOST_LISTED`` at most; None where the sources are too
    many to compare. A sentence is held against the one of another source that is likest to it.
    """
    units = [
        [unit for unit in units_of(outline, text=document.text) if len(unit.words.split()) >= FEWEST_WORDS]
        for document, outline in zip(documents, outlines, strict=True)
    ]
    if sum(map(len, units)) > MOST_SENTENCES:
        return None
    found = (
        Contradiction(documents[one], documents[other], said, also, differing)
        for one, other, said, also in _likest(units)
        if (differing := _critical(said, also))
    )
    return tuple(islice(found, MOST_LISTED))


def _likest(units: Sequence[Sequence[Unit]]) -> Iterator[tuple[int, int, Unit, Unit]]:
    """The pairs of sentences of two sources, by the sources' numbers, that are each other's likest there, like enough,
    and not the same.
    """
    every = [(number, unit, unit.words.lower()) for number, own in enumerate(units) for unit in own]
    place = 0
    for one, own in enumerate(units):
        place += len(own)
        later = every[place:]
        if not own or not later:
            continue
        words = [unit.words.lower() for unit in own]
        scores = process.cdist(
            words, [words for _, _, words in later], scorer=fuzz.ratio, score_cutoff=100 * LEAST_LIKE_UNKNOWN,
            dtype=np.float32,
        )  # fmt: skip
        for row, column in _mutual(scores, [number for number, _, _ in later]):
            other, also, _ = later[column]
            yield one, other, own[row], also


def _mutual(scores: NDArray[np.float32], sources: Sequence[int]) -> list[tuple[int, int]]:
    """The cells that are the best of their column, and of their row in the columns of one source (``sources`` has that
    of each column), by source and row. The very same words (100) are no cell, and outdo what is beside them.
    """
    starts = np.flatnonzero(np.diff(sources, prepend=-1))
    sizes = np.diff(starts, append=len(sources))
    best_in_row = np.repeat(np.maximum.reduceat(scores, starts, axis=1), sizes, axis=1)
    best = (scores > 0) & (scores < 100) & (scores == best_in_row) & (scores == scores.max(axis=0))
    cells = [(int(row), int(column)) for row, column in np.argwhere(best)]
    return sorted(cells, key=lambda cell: (sources[cell[1]], cell))


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
            f"- from one to the other: {marked(pair.said.words, pair.also.words)}",
        ]
    return "\n".join(lines) + "\n"


def _line(document: Document, unit: Unit) -> str:
    dated = f"last revised {document.revised or 'unknown'}"
    return f"- {document.title}, {dated}, characters {unit.start} to {unit.end}: {unit.words}"
