"""A linear map of low rank that brings a family's question nearer to our questions for the same block.

The model that embeds knows nothing of leukemia: "does my son have to be put to sleep for the lumbar puncture" lies no
nearer to our question on sedation than to five others. The map learns that from our own question files: each question
must find its block among all others by the other questions of the block and by the sentences they lead to. It moves
what is asked and our questions alike, so that the same words stay at cosine 1; the sources' own rows stay as the model
gives them, so that a source without questions is searched as if there were no map. docs/retrieval.md: what it is worth.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from allchat.errors import StoreError
from allchat.program import program_hash
from allchat.search.embedder import Vectors

LEAST_QUESTIONS: Final = 300
"""Fewer questions than this teach nothing that holds for others: no map is made of them."""

RANK: Final = 64
PASSES, BATCH = 10, 64
TEMPERATURE: Final = 0.05
DROPPED: Final = 0.3
"""The share of our questions that a batch does without: strangers' questions have no twin among ours."""

RATE, DECAY, FIRST, SECOND, TINY = 1e-3, 0.01, 0.9, 0.999, 1e-8
"""AdamW's. Source: Loshchilov and Hutter, Decoupled weight decay regularization, 2019."""

AT_ONCE: Final = 256
"""Rows that a processor's own cache holds beside what is made of them."""

NOT_FOUND = -1.0
"""The cosine of a row that a question must do without."""


@dataclass(frozen=True, slots=True)
class QuestionMap:
    """What is added to a vector is the vector times ``down`` ``(d, RANK)`` times ``up`` ``(RANK, d)``.

    ``key`` says what it was trained on.
    """

    key: str
    down: Vectors
    up: Vectors

    def moved(self, vectors: Vectors) -> Vectors:
        """Vectors ``(n, d)`` of questions, asked or ours, as they are compared with each other; rows of length 1."""
        # einsum, not @: a row comes out the same whatever stands beside it, and no threads are woken for one.
        moved = vectors + np.einsum("nr,rd->nd", np.einsum("nd,dr->nr", vectors, self.down), self.up)
        return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), dtype=np.float32)

    def packed(self) -> bytes:
        """The bytes of its file in an index. The same map gives the same bytes."""
        file = io.BytesIO()
        for part in (np.frombuffer(self.key.encode(), dtype=np.uint8), self.down, self.up):
            np.save(file, part)
        return file.getvalue()


class Lesson(NamedTuple):
    """What a map is trained on: rows of length 1 ``(n, d)``, the block that each leads to ``(n,)``, and the number of
    each question's words ``(n,)``, the same where the same words are asked of several blocks, -1 for sentences.
    """

    vectors: Vectors
    blocks: NDArray[np.intp]
    asks: NDArray[np.intp]


def lesson_key(lesson: Lesson) -> str:
    """What a map depends on: this file, numpy, and the whole lesson. Where it is the same, the map is."""
    recipe = (program_hash(("search/question_map.py",)), np.__version__, lesson.vectors.shape)
    found = hashlib.sha256(repr(recipe).encode())
    for part in (lesson.vectors.astype("<f4"), lesson.blocks.astype("<i8"), lesson.asks.astype("<i8")):
        found.update(part.tobytes())
    return found.hexdigest()


def train(lesson: Lesson, *, key: str, seed: int = 0) -> QuestionMap:
    """The map that a lesson teaches, to the same bytes each time: one seed, one thread.

    Each question must find one of its blocks; a block is as near as its nearest row, without the question itself.
    """
    from threadpoolctl import threadpool_limits  # needed when building only

    order = np.argsort(lesson.blocks, kind="stable")
    heard = _Heard(
        np.ascontiguousarray(lesson.vectors[order]),
        np.unique(lesson.blocks[order], return_inverse=True)[1],
        lesson.asks[order],
    )
    random = np.random.default_rng(seed)
    learned = _AdamW(_begun(random, heard.vectors.shape[1]))
    questions = np.flatnonzero(heard.asks >= 0)
    with threadpool_limits(1):  # sums in one order
        for _ in range(PASSES):
            shuffled = random.permutation(questions)
            for first in range(0, len(shuffled), BATCH):
                away = (heard.asks >= 0) & (random.random(len(heard.asks)) < DROPPED)
                learned.step(_gradients(learned.values, heard, shuffled[first : first + BATCH], away))
    return QuestionMap(key, *learned.values)


def _begun(random: np.random.Generator, wide: int) -> list[Vectors]:
    """Both parts at the start: their product is nothing, so that the first step begins at the model's own vectors."""
    down = (0.01 * random.standard_normal((wide, RANK))).astype(np.float32)
    return [down, np.zeros((RANK, wide), dtype=np.float32)]


class _Side:
    """Vectors as the map moves them, and the way back from their gradients to those of the map.

    Arrays are written over with each step, a few rows at a time: to ask the machine for new ones, and to go through
    all of one again and again, costs as much as the sums.
    """

    def __init__(self, count: int, wide: int) -> None:
        self.unit, self._of_unit = (np.empty((count, wide), dtype=np.float32) for _ in range(2))
        self._narrow, self._of_narrow = (np.empty((count, RANK), dtype=np.float32) for _ in range(2))
        self._length = np.empty((count, 1), dtype=np.float32)
        self._parts = [slice(first, min(first + AT_ONCE, count)) for first in range(0, count, AT_ONCE)]

    def move(self, vectors: Vectors, down: Vectors, up: Vectors) -> None:
        self._vectors, self._up = vectors, up
        np.matmul(vectors, down, out=self._narrow)
        np.matmul(self._narrow, up, out=self.unit)
        for part in self._parts:
            unit = self.unit[part]
            unit += vectors[part]
            self._length[part] = np.linalg.norm(unit, axis=1, keepdims=True)
            unit /= self._length[part]

    def gradients(self, slope: Vectors, other: Vectors) -> tuple[Vectors, Vectors]:
        """What the map's parts get of ``slope``, the loss by each cosine of these vectors and ``other``."""
        np.matmul(slope, other, out=self._of_unit)
        for part in self._parts:
            unit, of_unit = self.unit[part], self._of_unit[part]
            of_unit -= unit * (unit * of_unit).sum(axis=1, keepdims=True)
            of_unit /= self._length[part]
        np.matmul(self._of_unit, self._up.T, out=self._of_narrow)
        return self._vectors.T @ self._of_narrow, self._narrow.T @ self._of_unit


class _Heard:
    """All rows of a lesson by their blocks, and which blocks each question leads to."""

    def __init__(self, vectors: Vectors, blocks: NDArray[np.intp], asks: NDArray[np.intp]) -> None:
        self.vectors, self.blocks, self.asks = vectors, blocks, asks
        self.side = _Side(*vectors.shape)
        self.starts = np.searchsorted(blocks, np.arange(blocks[-1] + 1))
        self.leads = np.zeros((asks.max() + 1, len(self.starts)), dtype=np.bool_)
        self.leads[asks[asks >= 0], blocks[asks >= 0]] = True


def _gradients(
    values: Sequence[Vectors], heard: _Heard, batch: NDArray[np.intp], away: NDArray[np.bool_]
) -> list[Vectors]:
    """Of the mean loss of a batch of rows: minus the log of the share that the softmax gives to a question's blocks."""
    asked = _Side(len(batch), heard.vectors.shape[1])
    asked.move(heard.vectors[batch], *values)
    heard.side.move(heard.vectors, *values)
    cosines = heard.side.unit @ asked.unit.T
    cosines[away] = NOT_FOUND
    cosines[heard.asks[:, None] == heard.asks[batch]] = NOT_FOUND
    nearest = np.maximum.reduceat(cosines, heard.starts)
    by_row = _slope(nearest.T.copy(), heard.leads[heard.asks[batch]]).T[heard.blocks]
    by_row *= (cosines == nearest[heard.blocks]) & (cosines > NOT_FOUND)
    sides = zip(asked.gradients(by_row.T, heard.side.unit), heard.side.gradients(by_row, asked.unit), strict=True)
    return [one + other for one, other in sides]


def _slope(nearest: Vectors, leads: NDArray[np.bool_]) -> Vectors:
    """The loss by the cosine of the nearest row of each block ``(questions, blocks)``."""
    shares = np.exp((nearest - nearest.max(axis=1, keepdims=True)) / TEMPERATURE)
    shares /= shares.sum(axis=1, keepdims=True)
    right = shares * leads
    return np.asarray((shares - right / right.sum(axis=1, keepdims=True)) / (TEMPERATURE * len(nearest)))


class _AdamW:
    """Steps downhill by Adam, with the weights decayed apart from it."""

    def __init__(self, values: list[Vectors]) -> None:
        self.values = values
        self._means = [np.zeros_like(value) for value in values]
        self._squares = [np.zeros_like(value) for value in values]
        self._steps = 0

    def step(self, gradients: Sequence[Vectors]) -> None:
        self._steps += 1
        for at, gradient in enumerate(gradients):
            self._means[at] += (1 - FIRST) * (gradient - self._means[at])
            self._squares[at] += (1 - SECOND) * (gradient * gradient - self._squares[at])
            root = np.sqrt(self._squares[at] / (1 - SECOND**self._steps)) + TINY
            self.values[at] *= 1 - RATE * DECAY
            self.values[at] -= RATE / (1 - FIRST**self._steps) * self._means[at] / root


DAMAGED = (ValueError, EOFError, TypeError, SyntaxError, TokenError, MemoryError, OverflowError)
"""What numpy makes of a damaged array, of which it reads the header as Python."""


def unpacked(path: Path) -> QuestionMap:
    """The map of an index.

    Raises:
        StoreError: the file is missing or damaged.
    """
    try:
        with path.open("rb") as file:
            key, down, up = (np.load(file) for _ in range(3))
    except (OSError, *DAMAGED) as error:
        raise StoreError(f"{path}: cannot be read ({error}). Run: allchat build --force") from error
    return QuestionMap(key.tobytes().decode("ascii", errors="replace"), down, up)
