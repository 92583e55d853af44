"""Decide: whether what was found answers the question, comes near it, or the sources are silent.

A small support vector machine over the evidence of the search and what the model reads of the question itself. It is
fitted at build time on ``corpus/calibration.toml``, questions of ours that the sources answer and that they do not.
docs/retrieval.md has the procedure and its coverage and risk curve.
"""

from __future__ import annotations

import hashlib
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
from allchat.program import library_versions, program_hash
from allchat.records import Examples
from allchat.search.embedder import Reader
from allchat.search.retriever import Found, Search
from allchat.search.words import content_words

Floats = NDArray[np.float64]
Decision = Literal["answer", "closest", "not_found", "out_of_scope"]

MODEL_FILE = "decision.npy"

INDIRECT = 0.14
"""The share of answerable calibration questions that may be left without a direct answer; it sets the threshold. These
questions are harder than families' are, and nearly all of them still have the nearest passage, which answers them."""

CLOSEST_NEAR = 0.3
"""The share of near misses among the calibration questions for which the nearest passage may be shown, said to be no
direct answer; it sets the lower bound."""

VECTOR_WEIGHT, LAYER_WEIGHT = 4.0, 4.5
"""What the parts of a question's vector count, and those of the layer before the last, which says less of its subject
and more of what is asked about it: how long, how much, by whom. The layer in the middle tells our way of asking from
others': it helps on our questions and not on strangers'."""

COST, GAMMA = 4.0, 0.05
FOLDS = 10
ANSWERS = 0.7
"""Cosine of a heading or a sentence that seems to answer: the median of our answerable examples' nearest sentences."""

TOP = 3
"""The first hits whose words are held against the question's."""


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
    best = found.best
    parts = [best["question"], best["sentence"], best["block"], best["passage"], math.log1p(best["words"])]
    covered = np.max([_coverage(wording, found, search) for wording in wordings], axis=0)
    return np.concatenate((parts, [math.log(len(content_words(wordings[0])) + 1)], covered, _weighed(reading, search)))


def _weighed(reading: NDArray[np.float32], search: Search) -> Floats:
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


NO_EXAMPLES = Examples()


def fit(
    examples: Examples, *, search: Search, reader: Reader, beside: Examples = NO_EXAMPLES, kept: Judge | None = None
) -> Judge | None:
    """Fits the judge on examples, and on those ``beside`` them, in another language; None where there are none.
    ``kept`` is given back where it was fitted to the same.

    The threshold is the value below which ``INDIRECT`` of the answerable examples fall when each is judged by a
    machine that has not seen it (``FOLDS`` folds); the lower bound is the value above which ``CLOSEST_NEAR`` of the
    near ones then lie. Examples beside them teach the machines and set no bound.
    """
    if not (examples.answerable and examples.near and examples.far):
        return None
    answerable, near, far = (
        _features(rows, search=search, reader=reader) for rows in (examples.answerable, examples.near, examples.far)
    )
    more = [_features(texts, search=search, reader=reader) for texts in (beside.answerable, beside.near, beside.far)]
    key = _key(answerable, near, far, *more)
    if kept is not None and kept.key == key:
        return kept
    rows, labels = _labelled((answerable, near, far, *more), (1, 0, 0, 1, 0, 0))
    values = _out_of_fold(rows, labels)
    threshold = float(np.quantile(values[: len(answerable)], INDIRECT))
    closest = _closest(values[len(answerable) :][: len(near)] - threshold)
    elsewhere = _machine(*_labelled((near, far, *more[1:]), (0, 1, 0, 1)))
    return Judge(_machine(rows, labels), threshold, elsewhere, closest, key)


def _key(*groups: Floats) -> str:
    """What a judge depends on: this file, its libraries, and the evidence of all examples, whatever it was found in."""
    recipe = (program_hash(("answering/abstain.py",)), sorted(library_versions(("numpy", "scikit-learn")).items()))
    found = hashlib.sha256(repr((recipe, [group.shape for group in groups])).encode())
    for group in groups:
        found.update(group.astype("<f8").tobytes())
    return found.hexdigest()


def _labelled(groups: Sequence[Floats], labels: Sequence[int]) -> tuple[Floats, NDArray[np.int64]]:
    """The rows of all groups, and the label of each row's group."""
    some = [(rows, label) for rows, label in zip(groups, labels, strict=True) if len(rows)]
    return np.vstack([rows for rows, _ in some]), np.concatenate([np.full(len(rows), label) for rows, label in some])


def _closest(margins: Floats) -> float:
    """The lower bound by the margins of near misses: 0 where more of them than ``CLOSEST_NEAR`` are answered anyway."""
    return min(0.0, float(np.quantile(margins, 1 - CLOSEST_NEAR)))


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


def _features(questions: Sequence[str], *, search: Search, reader: Reader) -> Floats:
    worded = [search.wordings(question) for question in questions]
    readings = reader.read([wording for wordings in worded for wording in wordings])
    rows, first = [], 0
    for wordings in worded:
        own = readings[first : first + len(wordings)]
        found = search.find(wordings, vectors=own[:, : search.dimension], limit=TOP)
        rows.append(evidence(found, wordings=wordings, reading=own[0], search=search))
        first += len(wordings)
    return np.array(rows)


def _machine(rows: Floats, labels: NDArray[np.int64]) -> Machine:
    # Imported here: scikit-learn is needed to fit, at build time only.
    from sklearn.svm import SVC

    mean, scale = rows.mean(axis=0), _scale(rows)
    machine = SVC(C=COST, gamma=GAMMA, class_weight="balanced").fit((rows - mean) / scale, labels)
    vectors = machine.support_vectors_.astype(np.float32)
    return Machine(mean, scale, vectors, machine.dual_coef_[0], float(machine.intercept_[0]))


def _scale(rows: Floats) -> Floats:
    """Evidence is scaled to unit deviation; the parts of the reading keep their common scale."""
    scale = rows.std(axis=0)
    scale[EVIDENCE:] = 1.0
    return np.where(scale > 0, scale, 1.0)


EVIDENCE = 9
"""How many features come before the question's reading."""


def _out_of_fold(rows: Floats, labels: NDArray[np.int64]) -> Floats:
    values = np.zeros(len(rows))
    for fold in range(FOLDS):
        held = np.arange(len(rows)) % FOLDS == fold
        machine = _machine(rows[~held], labels[~held])
        values[held] = [machine.value(row) for row in rows[held]]
    return values


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
