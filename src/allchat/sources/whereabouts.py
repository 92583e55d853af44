"""Whereabouts: what became of a stretch of an older text of a source in a newer one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz import fuzz

from allchat.records import Document
from allchat.sources.changes import (
    LEAST_LIKE_UNKNOWN,
    Changes,
    Unit,
    changes_between,
    kept_units,
    places_near,
    shares_words,
)
from allchat.sources.text import BULLETS, LINE_ENDS, clean

LONGEST = 2000
"""Characters of words that are looked for; no quote of ours is as long, and an altered record may hold any number."""

Fate = Literal["holds", "moved", "changed", "gone"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a stretch of the old text stands in the new: the very words (``holds`` at the same characters, ``moved``),
    what stands for it now (``changed``), or nothing (``gone``, without a place).
    """

    fate: Fate
    start: int | None = None
    end: int | None = None
    words: str = ""


def standing(old: Document, new: Document, start: int, end: int) -> Standing:
    """What became of characters ``start`` to ``end`` of the old text.

    The very words count where the sentence itself went: the same words in another list are another sentence.

    Raises:
        CorpusError: see ``changes_between``.
    """
    words = clean(old.text[start:end])
    if new.sha256 == old.sha256:
        return Standing("holds", start, end, words)
    changes = changes_between(old, new)
    covered = changes.covered(start, end)
    whole = is_whole(old, start, end)
    for first, after in _the_same(new, words, start, end):
        touched = [number for number, unit in enumerate(changes.new) if unit.start < after and first < unit.end]
        if _is_anothers(touched, words, covered, changes):
            continue
        if whole and not is_whole(new, first, after):
            return _changed([changes.new[number] for number in touched], new)
        return Standing("holds" if (first, after) == (start, end) else "moved", first, after, words)
    pairs = [changes.pairs[number] for number in covered if number in changes.pairs]
    return _changed([changes.new[pair.new] for pair in pairs], new)


def _the_same(new: Document, words: str, start: int, end: int) -> list[tuple[int, int]]:
    """The places of the very words, the old one first where they stand there still, then the nearest."""
    found = places_near(new.text, words, near=start)
    same = bool(words) and end <= len(new.text) and clean(new.text[start:end]) == words
    return [(start, end), *found] if same else found


def _is_anothers(touched: Sequence[int], words: str, covered: Sequence[int], changes: Changes) -> bool:
    """Whether the words at a place are those of another old sentence, which said them already."""
    stand_for = {pair.new: pair.old for pair in changes.pairs.values()}
    others = [stand_for[number] for number in touched if number in stand_for]
    return (
        bool(covered)
        and bool(others)
        and not set(others) & set(covered)
        and any(words in changes.old[number].words or changes.old[number].words in words for number in others)
    )


def _changed(now: Sequence[Unit], new: Document) -> Standing:
    """What stands for a stretch now: the words between its first and its last sentence, unless these lie apart."""
    if not now:
        return Standing("gone")
    begin, stop = min(unit.start for unit in now), max(unit.end for unit in now)
    between = clean(new.text[begin:stop])
    said = " ".join(unit.words for unit in sorted(now, key=lambda unit: unit.start))
    return Standing("changed", begin, stop, between if len(between) <= 2 * len(said) else said)


def is_whole(document: Document, start: int, end: int) -> bool:
    """Whether a stretch begins where a sentence or an item does and ends where one does: "give aspirin" is not whole in
    "do not give aspirin".
    """
    before, after = document.text[max(0, start - 40) : start], document.text[end : end + 40]
    line = rf"[{LINE_ENDS}]" if not document.layout.wrapped else rf"[{LINE_ENDS}]\s*[{LINE_ENDS}]"
    begins = start == 0 or re.search(rf"(?:[.!?:;][\"'”’)\]]*(?:\s*\[\d+\])*|[{BULLETS}]|{line})\s*$", before)
    said = document.text[start:end].rstrip()
    ends = re.search(r"[.!?:;][\"'”’)\]]*(?:\s*\[\d+\])*$", said) or not after.strip() or re.match(rf"\s*{line}", after)
    return bool(begins) and bool(ends)


def likest(words: str, new: Document) -> Standing:
    """What stands for words of a text that is no longer known: the likest run of sentences, or nothing.

    Raises:
        CorpusError: see ``changes_between``.
    """
    best, wanted, folded = (0.0, 0, 0), max(1, len(words.split())), words.lower()
    units = kept_units(new)
    if not words or len(words) > LONGEST:
        return Standing("gone")
    for first in range(len(units)):
        for last in range(first, min(first + 12, len(units))):
            said = " ".join(unit.words for unit in units[first : last + 1])
            if len(said.split()) > 2 * wanted + 2:
                break
            if not len(words) / 2 <= len(said) <= 2 * len(words):  # cannot be like enough
                continue
            likeness = fuzz.ratio(folded, said.lower(), score_cutoff=100 * LEAST_LIKE_UNKNOWN)
            best = max(best, (likeness / 100.0, -first, last))
    likeness, first, last = best[0], -best[1], best[2]
    now = units[first : last + 1]
    if likeness < LEAST_LIKE_UNKNOWN or not shares_words(words, " ".join(unit.words for unit in now)):
        return Standing("gone")
    return _changed(now, new)


def around(new: Document, first: int, after: int) -> Standing:
    """The whole sentences in which words stand that are no longer whole."""
    return _changed([unit for unit in kept_units(new) if unit.start < after and first < unit.end], new)
