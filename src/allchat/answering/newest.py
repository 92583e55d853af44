"""Newest: where two dated sources say nearly the same, the newer one goes first and neither date is hidden."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from rapidfuzz import fuzz

from allchat.answering.cuts import Sources
from allchat.records import Citation, Hit

TWINS = 75.0
"""Likeness of letters (rapidfuzz's ratio, 0 to 100) from which two passages say nearly the same."""

AS_GOOD = 0.9
"""The share of the older one's score that the newer one needs: of near copies a much weaker one was not meant."""


def newest_first(hits: Sequence[Hit], *, sources: Sources) -> tuple[Hit, ...]:
    """The hits with each newer twin of an older one in front of it: of another dated source, for the same cases, in
    nearly the same words. All others keep their places.
    """
    dated = [hit for hit in hits if sources.documents[hit.block.document].revised is not None]
    if len({hit.block.document for hit in dated}) < 2:
        return tuple(hits)
    order = list(hits)
    for one, other in combinations(dated, 2):
        older, newer = sorted((one, other), key=lambda hit: sources.documents[hit.block.document].revised or "")
        if order.index(newer) > order.index(older) and _twins(older, newer, sources):
            order.remove(newer)
            order.insert(order.index(older), newer)
    return tuple(order)


def _twins(older: Hit, newer: Hit, sources: Sources) -> bool:
    dates = [sources.documents[hit.block.document].revised for hit in (older, newer)]
    if older.block.document == newer.block.document or dates[0] == dates[1]:
        return False
    if newer.score < AS_GOOD * older.score:
        return False
    words = [sources.words(hit.block.document, hit.block.start, hit.block.end).lower() for hit in (older, newer)]
    return older.block.applies == newer.block.applies and fuzz.ratio(*words) >= TWINS


def twins_in(citations: Sequence[Citation]) -> tuple[Citation, Citation] | None:
    """The first two citations of an answer that say nearly the same on different dates, the newer one first."""
    for one, other in combinations(citations, 2):
        dated = one.revised and other.revised and one.revised != other.revised
        if dated and fuzz.ratio(one.quote.lower(), other.quote.lower()) >= TWINS:
            return (one, other) if str(one.revised) > str(other.revised) else (other, one)
    return None
