"""Decide: whether what was found answers the question, comes near it, or the sources are silent.

A small support vector machine over the evidence of the search and what the model reads of the question itself, fitted
at build time (``calibrate``). docs/retrieval.md has the procedure and its coverage and risk curve.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tokenize import TokenError
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from allchat.errors import StoreError
from allchat.search.retriever import Found, Search
from allchat.search.words import content_words

Floats = NDArray[np.float64]
Decision = Literal["answer", "closest", "not_found", "out_of_scope"]

MODEL_FILE = "decision.npy"

VECTOR_WEIGHT, LAYER_WEIGHT = 4.0, 4.5
"""What the parts of a question's vector count, and those of the layer before the last, which says less of its subject
and more of what is asked about it: how long, how much, by whom. The layer in the middle tells our way of asking from
others': it helps on our questions and not on strangers'."""

GAMMA = 0.05
"""The radial kernel's."""

ANSWERS = 0.7
"""Cosine of a heading or a sentence that seems to answer: the median of our answerable examples' nearest sentences."""

TOP = 3
"""The first hits whose words are held against the question's."""

EVIDENCE = 9
"""How many features come before the question's reading."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A support vector machine with a radial kernel. Its vectors are narrow: reading them is what takes the time."""

    mean: Floats
    scale: Floats
    vectors: NDArray[np.float32]
    weights: Floats
    bias: float
    _squares: Floats = field(init=False)

    def __post_init__(self) -> None:
        # The square of a difference by its three terms: one pass over the vectors for a question, no copy of them.
        object.__setattr__(self, "_squares", (self.vectors.astype(np.float64) ** 2).sum(axis=1))

    def value(self, features: Floats) -> float:
        """The decision value of one ``(f,)`` row: above 0 the positive class; its scale is arbitrary."""
        row = (features - self.mean) / self.scale
        # einsum, not @: that would wake threads which wait for each other on a busy machine.
        distances = self._squares - 2 * np.einsum("ij,j->i", self.vectors, row.astype(np.float32)) + row @ row
        return float(self.weights @ np.exp(-GAMMA * distances) + self.bias)


@dataclass(frozen=True, slots=True)
class Judge:
    """Tells answerable from near and silent, and silent from another subject.

    ``closest`` is the margin, at most 0, down to which the nearest passage may be shown as no direct answer; ``key``
    says what it was fitted to.
    """

    answerable: Machine
    threshold: float
    elsewhere: Machine
    closest: float = 0.0
    key: str = ""

    def decide(self, features: Floats) -> tuple[Decision, float]:
        """What to do, with how far the evidence is above the threshold (below 0 is no direct answer)."""
        margin = self.answerable.value(features) - self.threshold
        if margin >= 0:
            return "answer", margin
        if self.elsewhere.value(features) > 0:
            return "out_of_scope", margin
        return ("closest" if margin >= self.closest else "not_found"), margin


def evidence(found: Found, *, wordings: Sequence[str], reading: NDArray[np.float32], search: Search) -> Floats:
    """The features of a question: the best value of each part, how many words it has, how well they are covered by the
    sources and by the first hits (shares weighted by rarity), the rarest word that stands nowhere, and the ``reading``
    ``(r,)`` of the question itself: its vector and, where the model has layers, the one before the last.
    """
    return np.concatenate((found_evidence(found, wordings=wordings, search=search), read_evidence(reading, search)))


def found_evidence(found: Found, *, wordings: Sequence[str], search: Search) -> Floats:
    """The ``EVIDENCE`` features that come before the question's reading."""
    best = found.best
    parts = [best["question"], best["sentence"], best["block"], best["passage"], math.log1p(best["words"])]
    covered = np.max([_coverage(wording, found, search) for wording in wordings], axis=0)
    return np.concatenate((parts, [math.log(len(content_words(wordings[0])) + 1)], covered))


def read_evidence(reading: NDArray[np.float32], search: Search) -> Floats:
    """The features behind them: the question's vector and, where the model has layers, the one before the last."""
    wide = search.dimension
    return np.concatenate((VECTOR_WEIGHT * reading[:wide], LAYER_WEIGHT * reading[2 * wide :]))


def _coverage(wording: str, found: Found, search: Search) -> list[float]:
    said = search.postings(wording)
    counts = [word.count - word.among(found.held) for word in said]  # what is held back covers nothing
    rarity = [max(0.1, math.log((search.block_count + 1) / (count + 0.5))) for count in counts]
    whole = sum(rarity) or 1.0
    anywhere = sum(value for value, count in zip(rarity, counts, strict=True) if count)
    in_top = sum(value for value, word in zip(rarity, said, strict=True) if word.stands_in(found.numbers[:TOP]))
    unknown = max((value for value, count in zip(rarity, counts, strict=True) if not count), default=0.0)
    return [anywhere / whole, in_top / whole, -unknown / 6]


def now_answered(near: Sequence[str], *, search: Search) -> tuple[str, ...]:
    """The near misses that a source without questions of ours seems to answer: its block is found first, and a heading
    or a sentence of it is ``ANSWERS`` near. They were written before that source came, and would hold it back.
    """
    if search.every_source_asked:
        return ()
    return tuple(question for question in near if _answered_anew(question, search))


def _answered_anew(question: str, search: Search) -> bool:
    wordings = search.wordings(question)
    found = search.find(wordings, vectors=search.encode(wordings), limit=1)
    if not found.hits or search.asked(found.numbers[0]):
        return False
    return max(found.hits[0].parts["heading"], found.hits[0].parts["sentence"]) >= ANSWERS


def packed(judge: Judge) -> bytes:
    """The judge as the bytes of its file in the index. The same judge gives the same bytes."""
    file = io.BytesIO()
    np.save(file, np.frombuffer(judge.key.encode(), dtype=np.uint8))
    np.save(file, np.array([judge.threshold, judge.closest]))
    for machine in (judge.answerable, judge.elsewhere):
        for part in (machine.mean, machine.scale, machine.vectors, machine.weights, np.array([machine.bias])):
            np.save(file, part)
    return file.getvalue()


_DAMAGED = (ValueError, EOFError, IndexError, TypeError, SyntaxError, TokenError, MemoryError, OverflowError)
"""What numpy makes of a damaged array: it reads the header as Python."""


def _unpacked(file: BinaryIO) -> Machine:
    mean, scale, vectors, weights, bias = (np.load(file) for _ in range(5))
    return Machine(mean, scale, vectors, weights, float(bias[0]))


def unpacked(path: Path) -> Judge:
    """The judge of an index.

    Raises:
        StoreError: the file is missing or damaged.
    """
    try:
        with path.open("rb") as file:
            key = np.load(file).tobytes().decode("ascii", errors="replace")
            threshold, closest = map(float, np.load(file))
            machines = [_unpacked(file) for _ in range(2)]
    except (OSError, *_DAMAGED) as error:
        raise StoreError(f"{path}: cannot be read ({error}). Run: allchat build --force") from error
    return Judge(machines[0], threshold, machines[1], closest, key)
