"""Changes: from one text of a source to a later one, sentence by sentence.

A sentence of the new text stands for one of the old, or for neighbours that were made one: what stands word for word is
paired first, so that a sentence that was taken out is never found again in one that merely looks like it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import Indel

from allchat.records import Document, Outline
from allchat.sources.outline import outline_document
from allchat.sources.text import clean, clean_places

Change = Literal["same", "removed", "added"]

LEAST_LIKE = 0.6
"""Likeness (0 to 1) below which a sentence is no rewording of another."""

LEAST_LIKE_UNKNOWN = 0.75
"""The same where the text before is not known: what was taken out looks like its neighbours."""

SAME_PLACE = 0.1
"""What is added to the likeness of two sentences whose neighbours are pairs: a rewording mostly stays in its place."""

COMPARED = 1000
"""Words of either side that are compared one by one; a quote of ours has at most 200 or so."""

SHORT = 4
"""Words up to which an item must share half of them to be a rewording: letters alone make "fever" like "fewer"."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, list item or title of a text, with its normalised words and the headings it stands under."""

    start: int
    end: int
    words: str
    heading: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A unit of the old text and the one of the new that stands for it, by their numbers; ``likeness`` in (0, 1]."""

    old: int
    new: int
    likeness: float


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of each unit of an old text: ``pairs`` by the number of the old one, none for one that is gone."""

    old: tuple[Unit, ...]
    new: tuple[Unit, ...]
    pairs: Mapping[int, Pair]

    @property
    def gone(self) -> tuple[Unit, ...]:
        """The old units that nothing of the new text stands for."""
        return tuple(unit for number, unit in enumerate(self.old) if number not in self.pairs)

    @property
    def added(self) -> tuple[Unit, ...]:
        """The new units that stand for none of the old text."""
        taken = {pair.new for pair in self.pairs.values()}
        return tuple(unit for number, unit in enumerate(self.new) if number not in taken)

    @property
    def reworded(self) -> tuple[tuple[Unit, Unit, float], ...]:
        """The pairs whose words differ, with their likeness, in the order of the old text."""
        both = ((self.old[pair.old], self.new[pair.new], pair.likeness) for _, pair in sorted(self.pairs.items()))
        return tuple((old, new, likeness) for old, new, likeness in both if old.words != new.words)

    def covered(self, start: int, end: int) -> list[int]:
        """The old units that a stretch of the old text touches."""
        return [number for number, unit in enumerate(self.old) if unit.start < end and start < unit.end]


def units_of(outline: Outline, *, text: str) -> tuple[Unit, ...]:
    """The sentences of a text, in reading order; page furniture is none of it."""
    found = []
    for block in outline.blocks:
        heading = outline.sections[block.section].heading
        for span in block.sentences:
            words = clean(text[span.start : span.end])
            if words:
                found.append(Unit(span.start, span.end, words, heading))
    return tuple(sorted(found, key=lambda unit: (unit.start, unit.end)))


@lru_cache(maxsize=32)
def outlined(document: Document) -> Outline:
    """The outline of a text, kept: an older one is read again and again.

    Raises:
        CorpusError: a rule does not fit the text.
    """
    return outline_document(document)


@lru_cache(maxsize=16)
def changes_between(old: Document, new: Document) -> Changes:
    """The changes from one text of a source to another.

    Raises:
        CorpusError: a rule of either does not fit its text.
    """
    return compared(kept_units(old), kept_units(new))


def compared(old: Sequence[Unit], new: Sequence[Unit]) -> Changes:
    """Pairs each old unit with at most one new one: the same words in order, the same words elsewhere, rewordings."""
    pairs: dict[int, Pair] = {}
    taken: set[int] = set()
    for before, after, likeness in _in_order(old, new):
        pairs[before] = Pair(before, after, likeness)
        taken.add(after)
    for before, after in _elsewhere(old, new, pairs, taken):
        pairs[before] = Pair(before, after, 1.0)
        taken.add(after)
    for before, after, likeness in _reworded(old, new, pairs, taken):
        pairs[before] = Pair(before, after, likeness)
    pairs |= {pair.old: pair for pair in _merged(old, new, dict(pairs))}
    return Changes(tuple(old), tuple(new), pairs)


def _in_order(old: Sequence[Unit], new: Sequence[Unit]) -> Iterator[tuple[int, int, float]]:
    matcher = SequenceMatcher(None, [u.words for u in old], [u.words for u in new], autojunk=False)
    for block in matcher.get_matching_blocks():
        yield from ((block.a + step, block.b + step, 1.0) for step in range(block.size))


def _elsewhere(
    old: Sequence[Unit], new: Sequence[Unit], pairs: Mapping[int, Pair], taken: set[int]
) -> Iterator[tuple[int, int]]:
    """Old units whose very words stand free elsewhere; those below the same heading first."""
    free: dict[str, list[int]] = {}
    for number, unit in enumerate(new):
        if number not in taken:
            free.setdefault(unit.words, []).append(number)
    for number, unit in enumerate(old):
        places = free.get(unit.words, []) if number not in pairs else []
        if places:
            best = min(places, key=lambda place: (new[place].heading[-1:] != unit.heading[-1:], place))
            places.remove(best)
            yield number, best


def _reworded(
    old: Sequence[Unit], new: Sequence[Unit], pairs: Mapping[int, Pair], taken: set[int]
) -> Iterator[tuple[int, int, float]]:
    """The likest free units, the likest pair first; at most one each."""
    mine = [number for number in range(len(old)) if number not in pairs]
    theirs = [number for number in range(len(new)) if number not in taken]
    if not mine or not theirs:
        return
    scores = process.cdist([old[n].words.lower() for n in mine], [new[n].words.lower() for n in theirs],
                           scorer=fuzz.ratio, dtype=np.float32) / 100.0  # fmt: skip
    near = [(float(scores[a, b]), mine[a], theirs[b]) for a, b in np.argwhere(scores >= LEAST_LIKE - SAME_PLACE)]
    ranked = sorted(
        (
            (-(likeness + SAME_PLACE * _between(before, after, pairs, len(old), len(new))), before, after, likeness)
            for likeness, before, after in near
        ),
    )
    used_old: set[int] = set()
    used_new: set[int] = set()
    for score, before, after, likeness in ranked:
        if -score < LEAST_LIKE or before in used_old or after in used_new:
            continue
        if shares_words(old[before].words, new[after].words):
            used_old.add(before)
            used_new.add(after)
            yield before, after, round(likeness, 3)


def _merged(old: Sequence[Unit], new: Sequence[Unit], pairs: Mapping[int, Pair]) -> Iterator[Pair]:
    """Old units that went into the sentence which stands for a neighbour of theirs, and made it longer."""
    for number, unit in enumerate(old):
        for beside in (number - 1, number + 1):
            pair = pairs.get(beside)
            if number in pairs or pair is None:
                continue
            said = new[pair.new].words
            grown = len(said) - len(old[beside].words) >= len(unit.words) / 2
            likeness = fuzz.partial_ratio(unit.words.lower(), said.lower()) / 100.0
            if grown and likeness >= LEAST_LIKE_UNKNOWN:
                yield Pair(number, pair.new, round(likeness, 3))
                break


def _between(before: int, after: int, pairs: Mapping[int, Pair], most_old: int, most_new: int) -> bool:
    """Whether the neighbours on both sides are pairs, or the ends of both texts."""

    def meets(one: int, other: int, *, end: bool) -> bool:
        found = pairs.get(one)
        return end or (found is not None and found.new == other)

    left = meets(before - 1, after - 1, end=before == 0 and after == 0)
    return left and meets(before + 1, after + 1, end=before == most_old - 1 and after == most_new - 1)


def shares_words(one: str, other: str) -> bool:
    """Whether two texts share enough words to be one: of a few words, half."""
    first, second = set(one.lower().strip(".").split()), set(other.lower().strip(".").split())
    return min(len(first), len(second)) > SHORT or 2 * len(first & second) >= min(len(first), len(second))


@lru_cache(maxsize=16)
def kept_units(document: Document) -> tuple[Unit, ...]:
    """``units_of`` a document, kept.

    Raises:
        CorpusError: see ``outlined``.
    """
    return units_of(outlined(document), text=document.text)


# Words


def places(text: str, quote: str) -> Iterator[tuple[int, int]]:
    """Every place where normalised words stand in a source, in reading order: ``clean(text[start:end]) == quote``."""
    words, letters = letters_of(text)
    at = words.find(quote) if quote else -1
    while at != -1:
        start, end = letters[at][1], letters[at + len(quote) - 1][2]
        if clean(text[start:end]) == quote:
            yield start, end
        at = words.find(quote, at + 1)


@lru_cache(maxsize=16)
def letters_of(text: str) -> tuple[str, list[tuple[str, int, int]]]:
    """``clean(text)``, and each of its letters with the stretch of the text that it comes from; 16 texts are kept."""
    letters = clean_places(text)
    return "".join(letter for letter, _, _ in letters), letters


def places_near(text: str, quote: str, *, near: int = 0) -> list[tuple[int, int]]:
    """``places``, those first that start nearest to ``near``, the earlier of two as near."""
    return sorted(places(text, quote), key=lambda place: (abs(place[0] - near), place))


def differences(quote: str, words: str) -> tuple[tuple[Change, str], ...]:
    """How normalised ``words`` differ from a quote, word by word, in reading order; a change is removed, then added.

    As few words as can be are changed. What is longer than any quote of ours is one change as a whole.
    """
    old, new = quote.split(), words.split()
    if max(len(old), len(new)) > COMPARED:
        return tuple(_changed(old, new))
    removed: list[str] = []
    added: list[str] = []
    parts: list[tuple[Change, str]] = []
    for step in Indel.opcodes(old, new):
        if step.tag == "equal":
            parts += _changed(removed, added)
            removed, added = [], []
            parts.append(("same", " ".join(old[step.src_start : step.src_end])))
        else:
            removed += old[step.src_start : step.src_end]
            added += new[step.dest_start : step.dest_end]
    return (*parts, *_changed(removed, added))


def marked(was: str, now: str) -> str:
    """How words differ from others, for staff: ``[-removed-]`` and ``{+added+}`` between what is the same."""
    frames = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return " ".join(frames[change].format(words) for change, words in differences(was, now))


def _changed(removed: Sequence[str], added: Sequence[str]) -> Iterator[tuple[Change, str]]:
    if removed:
        yield "removed", " ".join(removed)
    if added:
        yield "added", " ".join(added)
