"""Editions: sources that are one publication at two dates, and which block of the later one stands for which before.

That two sources are one publication is told by the sentences that they share word for word, whatever their titles say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from allchat.records import Document, Outline
from allchat.sources.changes import Unit, compared, units_of

SHARED = 0.1
"""The share of its sentences from which the shorter of two sources is an edition of the other. A revision of a PDQ
summary after three years shares 0.36; leaflets of one hospital, and pages of one institute, share none."""

FEWEST_SENTENCES, FEWEST_WORDS = 5, 6
"""Sentences that two editions share at least, and words of a sentence that counts: shorter ones stand anywhere."""

COMMON = 10
"""A sentence of more sources than this is a publisher's set phrase."""

MOST = 0.5
"""The share of a block's letters that must have gone into another block for that to stand for it."""


def editions(documents: Sequence[Document], outlines: Sequence[Outline]) -> list[tuple[int, int]]:
    """The numbers of each two sources that are editions of one publication, the earlier first where both are dated."""
    said = [
        {unit.words.lower() for unit in units_of(outline, text=document.text) if _is_long(unit)}
        for document, outline in zip(documents, outlines, strict=True)
    ]
    shared = Counter(pair for holders in _holders(said) for pair in combinations(holders, 2))
    return [
        _dated(documents, one, other)
        for (one, other), count in sorted(shared.items())
        if count >= max(FEWEST_SENTENCES, SHARED * min(len(said[one]), len(said[other])))
    ]


def _is_long(unit: Unit) -> bool:
    return len(unit.words.split()) >= FEWEST_WORDS


def _holders(said: Sequence[set[str]]) -> Iterator[list[int]]:
    """For each sentence that some sources share, their numbers, ascending."""
    holders: dict[str, list[int]] = {}
    for number, sentences in enumerate(said):
        for sentence in sentences:
            holders.setdefault(sentence, []).append(number)
    return (found for found in holders.values() if 1 < len(found) <= COMMON)


def _dated(documents: Sequence[Document], one: int, other: int) -> tuple[int, int]:
    dates = [documents[number].revised for number in (one, other)]
    return (other, one) if all(dates) and str(dates[0]) > str(dates[1]) else (one, other)


def successors(
    documents: Sequence[Document], outlines: Sequence[Outline], pairs: Sequence[tuple[int, int]]
) -> dict[int, int]:
    """For each block of an earlier edition the block of the later one that most of its words went into, by the numbers
    that blocks have over all sources. None of sources without a date: which of them is later is not known.
    """
    first = [0]
    for outline in outlines:
        first.append(first[-1] + len(outline.blocks))
    found: dict[int, int] = {}
    for one, other in pairs:
        dates = {documents[number].revised for number in (one, other)}
        if None not in dates and len(dates) == 2:
            both = [(outlines[number], documents[number].text) for number in (one, other)]
            found |= {first[one] + old: first[other] + new for old, new in _replaced(*both).items()}
    return found


def _replaced(earlier: tuple[Outline, str], later: tuple[Outline, str]) -> dict[int, int]:
    """The same of two texts, by the numbers of their own blocks."""
    changes = compared(units_of(earlier[0], text=earlier[1]), units_of(later[0], text=later[1]))
    old, new = _blocks_by_start(earlier[0]), _blocks_by_start(later[0])
    went: dict[int, Counter[int]] = {}
    for number, unit in enumerate(changes.old):
        pair = changes.pairs.get(number)
        into = -1 if pair is None else new[changes.new[pair.new].start]
        went.setdefault(old[unit.start], Counter())[into] += len(unit.words)
    return {block: place for block, places in went.items() if (place := _most(places)) is not None}


def _blocks_by_start(outline: Outline) -> Mapping[int, int]:
    """The number of the block in which the sentence stands that starts there."""
    return {span.start: number for number, block in enumerate(outline.blocks) for span in block.sentences}


def _most(places: Counter[int]) -> int | None:
    place, letters = max(places.items(), key=lambda found: (found[1], -found[0]))
    return place if place >= 0 and letters >= MOST * places.total() else None
