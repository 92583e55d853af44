"""The blocks that one question reaches, and what each counts: no more work than they are, however large the corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from allchat.records import Applies
from allchat.search.store import Near, Postings
from allchat.sources.facets import Named, facets

FEW_BLOCKS = 200_000
"""Blocks up to which a mark for each of them is quicker than sorting those that are reached (0.02 ms against 0.3)."""

KEPT_NAMED = 64
"""Sets of named values whose shares are remembered; most messages name none."""


class Reached(NamedTuple):
    """The numbers of the ``blocks`` that a question reaches, ascending, and the places among them of those that are
    ``near`` and of those that hold each of the words that are ``said`` in each wording.
    """

    blocks: NDArray[np.intp]
    near: NDArray[np.intp]
    said: list[list[tuple[Postings, NDArray[np.intp]]]]


def reached(near: Near, said: Sequence[Sequence[Postings]], *, block_count: int) -> Reached:
    """What a question reaches by vectors and by the words of each wording."""
    groups = [near.blocks, *(word.blocks for words in said for word in words)]
    blocks, places = (_by_marks if block_count <= FEW_BLOCKS else _by_sorting)(groups, block_count)
    rest = iter(places[1:])
    return Reached(blocks, places[0], [[(word, next(rest)) for word in words] for words in said])


_Places = tuple[NDArray[np.intp], Sequence[NDArray[np.intp]]]


def _by_marks(groups: Sequence[NDArray[np.intp]], block_count: int) -> _Places:
    marked = np.zeros(block_count, dtype=bool)
    for group in groups:
        marked[group] = True
    blocks, place = np.flatnonzero(marked), np.empty(block_count, dtype=np.intp)
    place[blocks] = np.arange(len(blocks))
    return blocks, [place[group] for group in groups]


def _by_sorting(groups: Sequence[NDArray[np.intp]], block_count: int) -> _Places:
    del block_count
    blocks, places = np.unique(np.concatenate(groups), return_inverse=True)
    return blocks, np.split(places, np.cumsum([len(group) for group in groups])[:-1])


class Share(NamedTuple):
    """What counts of each kind of block, ``(kinds,)``; the numbers of the blocks of which nothing does, ascending."""

    of_kind: NDArray[np.float64]
    held: NDArray[np.intp]


class Shares:
    """How much of each block's score counts for a message, 0 where it is held back from one that names no more.

    ``of_source`` ``(block_count,)`` is what counts of each block whatever is named, by its source.
    """

    def __init__(self, special: Mapping[Applies, NDArray[np.intp]], *, of_source: NDArray[np.float64]) -> None:
        self._special = special
        self._of_source = of_source
        self._closed, block_count = np.flatnonzero(of_source == 0), len(of_source)
        self._kind = np.zeros(block_count, dtype=np.min_scalar_type(len(special)))  # 0 speaks for everyone
        for kind, numbers in enumerate(special.values(), start=1):
            self._kind[numbers] = kind
        self.of = lru_cache(maxsize=KEPT_NAMED)(self._of)

    def _of(self, named: Named) -> Share:
        """What counts for a message that names these."""
        shares = [facets().share(applies, named) for applies in self._special]
        held = [numbers for share, numbers in zip(shares, self._special.values(), strict=True) if share == 0]
        return Share(np.array([1.0, *shares]), np.unique(np.concatenate([self._closed, *held])))

    def among(self, blocks: NDArray[np.intp], share: Share) -> NDArray[np.float64]:
        """What counts of each of some blocks."""
        return share.of_kind[self._kind[blocks]] * self._of_source[blocks]
