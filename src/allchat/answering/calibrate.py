"""Fits the judge when an index is built, on ``corpus/calibration.toml``: questions of ours that the sources answer, and
others that they do not. docs/retrieval.md has the procedure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from allchat.answering.abstain import EVIDENCE, GAMMA, TOP, Floats, Judge, Machine, found_evidence, read_evidence
from allchat.program import library_versions, program_hash
from allchat.records import Examples
from allchat.search.embedder import Reader
from allchat.search.retriever import Search

RECIPE = ("answering/abstain.py", "answering/calibrate.py")

INDIRECT = 0.14
"""The share of answerable calibration questions that may be left without a direct answer; it sets the threshold. These
questions are harder than families' are, and nearly all of them still have the nearest passage, which answers them."""

CLOSEST_NEAR = 0.3
"""The share of near misses among the calibration questions for which the nearest passage may be shown, said to be no
direct answer; it sets the lower bound."""

COST = 4.0
FOLDS = 10

ANSWERABLE, NEAR, FAR = range(3)
"""The kinds of examples."""

NO_EXAMPLES = Examples()

Finds = Callable[[Sequence[str]], Floats]
Keeps = Callable[[Sequence[str], Finds], Floats]
"""Gives the rows of some questions, found for those alone whose rows it does not have."""


def find_all(questions: Sequence[str], find: Finds) -> Floats:
    """The ``Keeps`` that has none."""
    return find(questions)


def fit(
    examples: Examples,
    *,
    search: Search,
    reader: Reader,
    beside: Examples = NO_EXAMPLES,
    kept: Judge | None = None,
    keeps: Keeps = find_all,
) -> Judge | None:
    """Fits the judge on examples, and on those ``beside`` them, in another language; None where there are none.
    ``kept`` is given back where it was fitted to the same; ``keeps`` has what was found for a question.

    The threshold is the value below which ``INDIRECT`` of the answerable examples fall when each is judged by a
    machine that has not seen it (``FOLDS`` folds); the lower bound is the value above which ``CLOSEST_NEAR`` of the
    near ones then lie. Examples beside them teach the machines and set no bound.
    """
    if not (examples.answerable and examples.near and examples.far):
        return None
    asked = [questions for some in (examples, beside) for questions in (some.answerable, some.near, some.far)]
    groups = [_features(questions, search=search, reader=reader, keeps=keeps) for questions in asked]
    key = _key(*groups)
    if kept is not None and kept.key == key:
        return kept
    return _fitted(groups, key=key)


def _fitted(groups: Sequence[Floats], *, key: str) -> Judge:
    """The judge of answerable, near and far examples, and of those beside them."""
    from threadpoolctl import threadpool_limits  # needed when building only

    rows, kinds = _labelled(groups, (ANSWERABLE, NEAR, FAR) * 2)
    with threadpool_limits(1):  # sums in one order
        apart = _Apart(rows)
        values = _out_of_fold(apart, kinds == ANSWERABLE)
        every = np.ones(len(rows), dtype=bool)
        answerable = _machine(apart, kinds == ANSWERABLE, among=every)
        elsewhere = _machine(apart, kinds == FAR, among=kinds != ANSWERABLE)
    own = len(groups[0])
    threshold = float(np.quantile(values[:own], INDIRECT))
    closest = _closest(values[own:][: len(groups[1])] - threshold)
    return Judge(answerable, threshold, elsewhere, closest, key)


def _key(*groups: Floats) -> str:
    """What a judge depends on: the code, its libraries, and the evidence of all examples, whatever it was found in."""
    recipe = (program_hash(RECIPE), sorted(library_versions(("numpy", "scikit-learn")).items()))
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


def _features(questions: Sequence[str], *, search: Search, reader: Reader, keeps: Keeps) -> Floats:
    """A row of ``evidence`` for each question."""
    if not questions:
        return np.zeros(0)
    worded = {question: search.wordings(question) for question in questions}
    wordings = [wording for question in worded for wording in worded[question]]
    readings = dict(zip(wordings, reader.read(wordings), strict=True))

    def find(some: Sequence[str]) -> Floats:
        return np.array([_found(worded[question], readings, search=search) for question in some])

    read = [read_evidence(readings[question], search) for question in questions]
    return np.hstack((keeps(questions, find), read))


def _found(wordings: Sequence[str], readings: Mapping[str, NDArray[np.float32]], *, search: Search) -> Floats:
    vectors = np.stack([readings[wording][: search.dimension] for wording in wordings])
    found = search.find(wordings, vectors=vectors, limit=TOP)
    return found_evidence(found, wordings=wordings, search=search)


class _Apart:
    """How far examples lie apart, squared. What their readings give of it, nearly all, is the same for every machine
    and is counted once: a kernel made for each took nine tenths of the time. A pair of examples takes 8 bytes.
    """

    def __init__(self, rows: Floats) -> None:
        self.rows = rows
        self._read = _squared(rows[:, EVIDENCE:])

    def kernel(self, among: NDArray[np.bool_], *, scale: Floats) -> Floats:
        """The radial kernel of some of the examples, ``(n, n)``, their evidence divided by ``scale``."""
        squared = _squared(self.rows[among, :EVIDENCE] / scale[:EVIDENCE])
        squared += self._read[np.ix_(among, among)]
        squared *= -GAMMA
        return np.asarray(np.exp(squared, out=squared))


def _squared(rows: Floats) -> Floats:
    """The squared distance of each row from each."""
    squares = (rows**2).sum(axis=1)
    return np.asarray(squares[:, None] + squares - 2 * (rows @ rows.T))


def _machine(apart: _Apart, positive: NDArray[np.bool_], *, among: NDArray[np.bool_]) -> Machine:
    """The machine that tells the positive examples from the others, of those that it is given."""
    # Imported here: scikit-learn is needed to fit, at build time only.
    from sklearn.svm import SVC

    rows = apart.rows[among]
    mean, scale = rows.mean(axis=0), _scale(rows)
    machine = SVC(C=COST, kernel="precomputed", class_weight="balanced")
    machine.fit(apart.kernel(among, scale=scale), positive[among].astype(np.int64))
    vectors = ((rows[machine.support_] - mean) / scale).astype(np.float32)
    return Machine(mean, scale, vectors, machine.dual_coef_[0], float(machine.intercept_[0]))


def _scale(rows: Floats) -> Floats:
    """Evidence is scaled to unit deviation; the parts of the reading keep their common scale."""
    scale = rows.std(axis=0)
    scale[EVIDENCE:] = 1.0
    return np.where(scale > 0, scale, 1.0)


def _out_of_fold(apart: _Apart, positive: NDArray[np.bool_]) -> Floats:
    values = np.zeros(len(positive))
    for fold in range(FOLDS):
        held = np.arange(len(positive)) % FOLDS == fold
        machine = _machine(apart, positive, among=~held)
        values[held] = [machine.value(row) for row in apart.rows[held]]
    return values
