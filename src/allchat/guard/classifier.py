"""Classify: how far a message reads as asking for information, as asking for advice, or as telling of an emergency.

A multinomial logistic regression over four views of a message: rows of its words as the rules read them, parts of its
words as they were typed, the lists of the rules that it meets, and its embedding. It is trained at build time on
messages of our own and serves where no rule foresaw the words.
"""

from __future__ import annotations

import json
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from allchat.guard.rules import ReadMessage
from allchat.spelling import fold

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


Vector = NDArray[np.float32]

KINDS = (None, "refusal", "urgent")
"""What a message is taken for, in the order of all columns: it goes on to the search, asks for advice, is urgent."""

SHARES = {"words": 1.5, "parts": 1.5, "lists": 1.0}
EMBEDDING_SHARE = 2.0
"""Lengths of the views of a message beside each other, chosen by cross-validation (docs/decisions/0006-guard.md)."""

LONGEST_ROW = 3
SHORTEST_PART, LONGEST_PART = 2, 5
MODEL_WORDS = 2048
"""Words whose parts are remembered."""

LEAST_MESSAGES = 2
"""A term seen in fewer training messages says nothing that could be learnt."""

UNREAD = frozenset(
    {
        "@alarm-words",
        "@vital-words",
        "@idle-alarm",
        "@mood",
        "@speaker",
        "@figure-of-speech",
        "@no-denial",
        "@told-signs",
    }
    | {"@our-subject", "@our-treatment", "@own-death", "<asks-our-subject>"}
)
"""Lists that weigh what the classifier finds, or tell small talk apart: broad ones, from which it learns noise."""

DECIMALS = 3
_WORD = re.compile(r"[a-z0-9']+")


class Scores(NamedTuple):
    """Probabilities in [0, 1] that sum to 1."""

    information: float
    advice: float
    emergency: float


def terms(message: ReadMessage) -> dict[str, tuple[str, ...]]:
    """The terms of each view of a message but its embedding; each once, in order of the alphabet."""
    found = {
        "words": _rows_of_words(message),
        "parts": {part for word in _typed(message) for part in _parts(word)},
        "lists": _lists(message),
    }
    return {view: tuple(sorted(said)) for view, said in found.items()}


def _rows_of_words(message: ReadMessage) -> set[str]:
    rows = [[_read(token.word, token.marks) for token in clause.tokens] for clause in message.clauses]
    return {
        f"w:{' '.join(row[at : at + n])}"
        for row in rows
        for n in range(1, LONGEST_ROW + 1)
        for at in range(len(row) - n + 1)
    }


def _lists(message: ReadMessage) -> set[str]:
    return {f"l:{label}" for label in message.labels - UNREAD if label[0] in "@<"}


def _typed(message: ReadMessage) -> set[str]:
    return set(_WORD.findall(fold(message.text)))


def _parts(word: str) -> Iterator[str]:
    """The parts of a word as it was typed, its ends marked by blanks."""
    whole = f" {word} "
    for n in range(SHORTEST_PART, LONGEST_PART + 1):
        for at in range(len(whole) - n + 1):
            yield f"p:{whole[at : at + n]}"


def _read(word: str, marks: tuple[str, ...]) -> str:
    """A word, or what a number was understood as: which number it is says nothing."""
    return marks[-1] if marks else word


@dataclass(frozen=True)
class Classifier:
    """Weights of a trained classifier.

    ``terms`` leads a term to its row in ``term_weights`` ``(t, 3) float64``; ``vector_weights`` is ``(384, 3) float64``
    and ``bias`` ``(3,) float64``. Columns are in the order of ``KINDS``.
    """

    terms: Mapping[str, int]
    term_weights: NDArray[np.float64]
    vector_weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    _part_rows: Callable[[str], frozenset[int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # A word has dozens of parts, and the same words come again.
        remembered = lru_cache(maxsize=MODEL_WORDS)(lambda word: frozenset(self._known(_parts(word))))
        object.__setattr__(self, "_part_rows", remembered)

    def scores(self, message: ReadMessage, vector: Vector) -> Scores:
        """How likely ``message``, whose embedding is ``vector`` ``(384,) float32``, is of each kind."""
        sums = self.bias + EMBEDDING_SHARE * (vector.astype(np.float64) @ self.vector_weights)
        for weight, rows in self._weighted(message):
            sums = sums + weight * self.term_weights[rows].sum(axis=0)
        odds = np.exp(sums - sums.max())
        return Scores(*(odds / odds.sum()).tolist())

    def telling(self, message: ReadMessage, *, kind: str | None, most: int = 5) -> tuple[str, ...]:
        """The words of ``message`` that speak most for ``kind``, the strongest first, so that a reader sees why."""
        if kind not in KINDS:
            return ()
        column = KINDS.index(kind)
        said = [term for term in terms(message)["words"] if term in self.terms and _WORD.search(term, 2)]
        ranked = sorted((-float(self.term_weights[self.terms[term], column]), term) for term in said)
        return tuple(term.removeprefix("w:") for weight, term in ranked[:most] if weight < 0)

    def _known(self, found: Iterable[str]) -> Iterator[int]:
        return (self.terms[term] for term in found if term in self.terms)

    def _weighted(self, message: ReadMessage) -> Iterator[tuple[float, list[int]]]:
        return _weighted(
            {
                "words": self._known(_rows_of_words(message)),
                "parts": frozenset[int]().union(*map(self._part_rows, _typed(message))),
                "lists": self._known(_lists(message)),
            }
        )

    def to_json(self) -> str:
        """The classifier as text, the same for the same weights."""
        return json.dumps(
            {
                "terms": list(self.terms),
                "term_weights": self.term_weights.tolist(),
                "vector_weights": self.vector_weights.tolist(),
                "bias": self.bias.tolist(),
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> Classifier:
        """The classifier that ``to_json`` wrote.

        Raises:
            ValueError: it is not what ``to_json`` writes.
        """
        try:
            held = json.loads(text)
            rows = {str(term): at for at, term in enumerate(held["terms"])}
            weights = [np.array(held[name], dtype=np.float64) for name in ("term_weights", "vector_weights", "bias")]
        except (KeyError, TypeError, OverflowError, RecursionError) as error:
            raise ValueError("it holds no classifier") from error
        return cls(rows, *weights)


def _weighted(views: Mapping[str, Iterable[int]]) -> Iterator[tuple[float, list[int]]]:
    """For each view the rows of its known terms and the weight of each: a view is as long as its share, however many
    it has. The rows are in one order, for one sum.
    """
    for view, share in SHARES.items():
        known = sorted(views[view])
        if known:
            yield share / len(known) ** 0.5, known


def train(messages: Sequence[ReadMessage], vectors: Vector, kinds: Sequence[str | None]) -> Classifier:
    """A classifier fitted to ``messages`` with their ``vectors`` ``(n, 384) float32`` and ``kinds``. Deterministic.

    Every kind counts as much as another, however many messages it has.
    """
    from sklearn.linear_model import LogisticRegression  # heavy, and needed when building only
    from threadpoolctl import threadpool_limits

    found = [terms(message) for message in messages]
    counts = Counter(term for views in found for view in views.values() for term in view)
    rows = {term: at for at, term in enumerate(sorted(term for term in counts if counts[term] >= LEAST_MESSAGES))}
    features = _features(found, vectors, rows)
    model = LogisticRegression(C=4.0, class_weight="balanced", max_iter=1000, tol=1e-3)
    with threadpool_limits(1):  # sums in one order, and small enough that threads would wait for each other
        model.fit(features, [KINDS.index(kind) for kind in kinds])
    weights = np.round(model.coef_.T, DECIMALS)
    return Classifier(rows, weights[: len(rows)], weights[len(rows) :], np.round(model.intercept_, DECIMALS))


def _features(found: Sequence[Mapping[str, Sequence[str]]], vectors: Vector, rows: Mapping[str, int]) -> csr_matrix:
    """One row for each message: its terms in the columns of ``rows``, then its embedding."""
    from scipy.sparse import csr_matrix, hstack

    ends, columns, values = [0], array("i"), array("d")
    for views in found:
        known_views = {view: [rows[term] for term in said if term in rows] for view, said in views.items()}
        for weight, known in _weighted(known_views):
            columns.extend(known)
            values.extend([weight] * len(known))
        ends.append(len(columns))
    said = csr_matrix((values, columns, ends), shape=(len(found), len(rows)))
    return csr_matrix(hstack([said, EMBEDDING_SHARE * vectors.astype(np.float64)]))


@dataclass(frozen=True, slots=True)
class Example:
    """A message of ours with what the guard should make of it."""

    id: str
    text: str
    kind: str | None
    reason: str | None


def training_examples() -> tuple[Example, ...]:
    """Our own examples that the classifier is trained on, in the order of the file."""
    text = (files("allchat") / "guard" / "training" / "examples.jsonl").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines() if line.strip()]
    return tuple(Example(row["id"], row["text"], row["kind"], row["reason"]) for row in rows)
