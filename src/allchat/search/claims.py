"""Whose a question is, where sources with questions of ours stand beside newcomers, sources without.

A question of ours that is only alike draws its block to the top, and a text is near to much that it does not say. The
two are not of one scale: what tells them apart is how many of the question's words each holds. So a block's claim is
how near it comes and how much of the question it covers, and a newcomer leads only where its claim is the better one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from allchat.search.reached import Reached
from allchat.search.schema import GRAINS

Floats = NDArray[np.float64]

BY_QUESTION = [GRAINS.index("question"), GRAINS.index("sentence")]
BY_TEXT = [GRAINS.index(grain) for grain in ("sentence", "block", "heading")]

MEANT, SPOKEN = 0.7, 0.5
"""Cosines from which a block of a source with questions of ours, and one of a source without, is meant. Below them the
one would stand beside what the other says to the point, or before it, for a few words that they share."""

COVERS = 0.5
"""What a question's words are worth beside a cosine: all of them held, and none, differ by this much. docs/retrieval.md
has what it costs and gives."""

CLEARLY = 0.1
"""By how much the claim of another edition of ours, or of a source for professionals, must be the better one: where
two say the same, ours has the questions that families asked. What replaces a passage of ours takes its place in any
case (``sources.editions``)."""

ASKED_ALONE = 0.6
"""What a word of a question counts for a block that does not say it, where a question of ours for that block does: a
question is about what its block says, and often about more. From 0.45 to 0.7 answers are the same."""

BESIDE = 0.9
"""The most of our best score that a newcomer has which does not lead."""


def meant(parts: Floats, asked: NDArray[np.bool_]) -> Floats:
    """What the score of each block counts: less where it is not as near as ``MEANT``, by a question of ours or a
    sentence, or, a newcomer's, as ``SPOKEN``. Scores are relative to the best, which may be a poor one.
    """
    ours, theirs = (parts[:, columns].max(axis=1) for columns in (BY_QUESTION, BY_TEXT))
    return np.asarray(np.minimum(1.0, np.where(asked, ours / MEANT, theirs / SPOKEN)))


def covered(found: Reached, *, block_count: int) -> Floats:
    """The share of a question's words that each block it reaches holds, by how rare they are, those in questions of
    ours alone by ``ASKED_ALONE``: the best of its wordings. The first of a word's scores is that of heading and text.
    """
    best = np.zeros(len(found.blocks))
    for words in found.said:
        held, whole = np.zeros(len(found.blocks)), 0.0
        for word, places in words:
            rarity = max(0.1, math.log((block_count + 1) / (word.count + 0.5)))
            held[places] += rarity * np.where(word.scores[:, 0] > 0, 1.0, ASKED_ALONE)
            whole += rarity
        np.maximum(best, held / (whole or 1.0), out=best)
    return best


def copies(pairs: Sequence[Sequence[str]], documents: Sequence[str], asked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """For each block whether it is of another edition of a source with questions, by the ``pairs`` of editions and the
    ``documents`` in which the blocks stand.
    """
    ours = {key for key, has in zip(documents, asked.tolist(), strict=True) if has}
    alike = {other for pair in pairs for key, other in (pair, pair[::-1]) if key in ours}
    return np.array([key in alike for key in documents], dtype=bool) & ~asked


def led(score: Floats, parts: Floats, covers: Floats, *, asked: NDArray[np.bool_], less: NDArray[np.bool_]) -> Floats:
    """The scores, those of newcomers below the best of ours unless their claim is the better one, clearly where they
    have ``less`` of a claim.
    """
    if not asked.any() or asked.all():
        return score
    ours = int(np.argmax(np.where(asked, score, -1.0)))
    claim = parts[ours, BY_QUESTION].max() + COVERS * covers[ours]
    theirs = parts[:, BY_TEXT].max(axis=1) + COVERS * covers - CLEARLY * less
    gives_way = ~asked & (theirs < claim)
    most = BESIDE * score[ours] / max(score[gives_way].max(initial=0.0), 1e-9)
    return np.asarray(np.where(gives_way, score * min(1.0, most), score))


def succeeded(
    score: Floats, blocks: NDArray[np.intp], successors: NDArray[np.intp]
) -> tuple[Floats, NDArray[np.bool_]]:
    """The scores, what replaces a block counting no less than that, and which blocks are replaced: of two that count
    the same the later one stands first. ``blocks`` are ascending; ``successors`` ``(n, 2)``: a block and its successor.
    """
    replaced = np.zeros(len(blocks), dtype=bool)
    if not len(successors):
        return score, replaced
    place = np.searchsorted(blocks, successors)
    there = (np.append(blocks, -1)[place] == successors).all(axis=1)
    before, after = place[there].T
    replaced[before] = True
    score = score.copy()
    np.maximum.at(score, after, score[before])
    return score, replaced
