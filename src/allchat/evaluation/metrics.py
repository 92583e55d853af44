"""Measures: the figures by which answers are judged, each with the name that the field knows it by.

An outcome is what one question gave for one measure (True, False, or a number); a figure is its mean over questions,
with an interval.
"""

from __future__ import annotations

import importlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import ir_measures
import numpy as np
from ir_measures import RR, R, Success, nDCG
from scipy.stats import binomtest, wilcoxon
from sklearn.metrics import confusion_matrix, roc_auc_score

from allchat.evaluation.records import Added, Calibration, Figure, Figures, Outcomes, Point, Quantiles

RESAMPLES = 2000
SEED = 20261121
CONFIDENCE = 0.95
DEPTH = 10

_FOOTNOTE = re.compile(r"\s*\[\d{1,3}\]")

_RETRIEVAL = {
    "first": Success @ 1,
    "first_three": Success @ 3,
    "recall_at_10": R @ DEPTH,
    "reciprocal_rank": RR @ DEPTH,
    "ndcg_at_10": nDCG @ DEPTH,
}

# ---- gold spans ----------------------------------------------------------------------------------------------------


def comparable(text: str) -> str:
    """A text as gold spans are compared: NFKC, lower case, single spaces, no footnote numbers or bullets."""
    return " ".join(_FOOTNOTE.sub("", unicodedata.normalize("NFKC", text)).replace("•", " ").lower().split())


def holds(gold: Sequence[str], quotes: Sequence[str]) -> bool:
    """Whether one of the gold spans stands in one of the quotes."""
    return any(comparable(span) in quote for quote in map(comparable, quotes) for span in gold)


# ---- retrieval -----------------------------------------------------------------------------------------------------


def retrieval(ranking: Sequence[str], relevant: Mapping[str, int]) -> Outcomes:
    """How good a ranking (best first, without repeats) is, by ``ir_measures``; all 0 where nothing is relevant.

    ``relevant`` gives grades above 0. Success@1 and @3, recall@10, reciprocal rank (first ten) and nDCG@10.
    Source: nDCG, Järvelin and Kekäläinen 2002; reciprocal rank, Kantor and Voorhees 2000.
    """
    if not relevant or not ranking:
        return dict.fromkeys(_RETRIEVAL, 0.0)
    # Ranks as scores: the engine below breaks ties of score by name, and a ranking here is already total.
    run = {"q": {key: float(-rank) for rank, key in enumerate(ranking)}}
    found = {one.measure: one.value for one in ir_measures.iter_calc(_RETRIEVAL.values(), {"q": dict(relevant)}, run)}
    return {name: float(found[measure]) for name, measure in _RETRIEVAL.items()}


# ---- figures with intervals ----------------------------------------------------------------------------------------


def figure(outcomes: Sequence[float]) -> Figure:
    """The mean, rounded, with its percentile bootstrap interval: 2,000 resamples, seeded: the same gives the same.

    Where every outcome is True, or every one False, resampling can show no doubt: the interval is Clopper and
    Pearson's exact one. Source: Efron 1979; Clopper and Pearson 1934.

    Raises:
        ValueError: there are no outcomes.
    """
    values = np.asarray(outcomes, dtype=np.float64)
    if not len(values):
        raise ValueError("a figure needs at least one outcome")
    value = float(values.mean())
    if value in (0.0, 1.0) and set(values) <= {0.0, 1.0}:
        exact = binomtest(int(values.sum()), len(values)).proportion_ci(CONFIDENCE, method="exact")
        return Figure(value, rounded(exact.low), rounded(exact.high), n=len(values))
    draws = np.random.default_rng(SEED).integers(0, len(values), (RESAMPLES, len(values)))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values[draws].mean(axis=1), (tail, 1 - tail))
    return Figure(rounded(value), rounded(low), rounded(high), n=len(values))


def figures_of(rows: Iterable[Mapping[str, float]]) -> Figures:
    """A figure for every outcome that rows have, over the rows that have it, in the order of their first appearance."""
    return {name: figure(values) for name, values in columns(rows).items()}


def columns(rows: Iterable[Mapping[str, float]]) -> dict[str, list[float]]:
    """The values of each outcome, in the order of the rows that have it."""
    found: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.items():
            found.setdefault(name, []).append(value)
    return found


def rounded(value: float) -> float:
    """A figure as reports write it: six decimals, which no difference of machines reaches."""
    return round(float(value), 6)


@dataclass(frozen=True, slots=True)
class Paired:
    """Two runs on the same questions: the means, how many questions rose and fell, and the p of no difference."""

    before: float
    after: float
    rose: int
    fell: int
    p: float

    def added(self) -> Added:
        """The test as reports write it."""
        return Added(rounded(self.after - self.before), self.rose, self.fell, float(f"{self.p:.3g}"))


def paired(before: Sequence[float], after: Sequence[float]) -> Paired:
    """McNemar's exact test for yes and no, Wilcoxon's signed ranks for numbers; two-sided, p 1 where nothing differs.

    Source: McNemar 1947 (the exact form is a sign test on the questions that changed); Wilcoxon 1945.
    """
    old, new = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    rose, fell = int((new > old).sum()), int((new < old).sum())
    if rose + fell == 0:
        p = 1.0
    elif set(old) | set(new) <= {0.0, 1.0}:
        p = float(binomtest(rose, rose + fell, 0.5).pvalue)
    else:
        p = float(wilcoxon(new, old).pvalue)
    return Paired(float(old.mean()), float(new.mean()), rose, fell, p)


# ---- the guard -----------------------------------------------------------------------------------------------------


def confusion(expected: Sequence[str], found: Sequence[str], *, labels: Sequence[str]) -> list[list[int]]:
    """How often a message of the kind of the row was taken for the kind of the column."""
    return [[int(count) for count in row] for row in confusion_matrix(expected, found, labels=list(labels))]


def recalls(matrix: Sequence[Sequence[int]], *, labels: Sequence[str]) -> dict[str, float]:
    """The share of each kind that was taken for it; kinds without messages are left out."""
    rows = zip(labels, matrix, strict=True)
    return {label: rounded(row[number] / sum(row)) for number, (label, row) in enumerate(rows) if sum(row)}


# ---- calibration ---------------------------------------------------------------------------------------------------

SHIFTS = (-0.8, -0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6, 0.8)


def coverage_and_risk(answerable: Sequence[float], silent: Sequence[float]) -> Calibration:
    """What the evidence alone decides, for shifts of the threshold.

    ``coverage`` is the share of answerable questions that are answered, ``risk`` the share of questions without an
    answer that are; ``auroc`` the chance that an answerable one has more evidence than one without an answer.
    """
    good, bad = np.asarray(answerable), np.asarray(silent)
    curve = tuple(Point(step, rounded((good >= step).mean()), rounded((bad >= step).mean())) for step in SHIFTS)
    labels = [1] * len(good) + [0] * len(bad)
    return Calibration(curve, rounded(roc_auc_score(labels, np.concatenate((good, bad)))))


# ---- readability ---------------------------------------------------------------------------------------------------

READABILITY = {"en": ("en_US", "flesch_kincaid_grade"), "es": ("es", "fernandez_huerta")}


def readability(texts: Sequence[str], *, language: str) -> list[float] | None:
    """The English school grade (less is easier), or the Spanish ease (more is easier), of each text, by ``textstat``.

    None where textstat, which only development installs, is not there. Source: Kincaid 1975; Fernández Huerta 1959.
    """
    try:
        textstat = importlib.import_module("textstat")  # by name: it is no dependency of the program
    except ModuleNotFoundError:
        return None
    code, formula = READABILITY[language]
    textstat.set_lang(code)
    return [float(getattr(textstat, formula)(text)) for text in texts]


# ---- latency -------------------------------------------------------------------------------------------------------


def quantiles(values: Sequence[float]) -> Quantiles:
    """Median, 95th and 99th percentile and largest of some milliseconds."""
    at = np.quantile(np.asarray(values, dtype=np.float64), (0.5, 0.95, 0.99, 1.0))
    return Quantiles(*(round(float(value), 3) for value in at))
