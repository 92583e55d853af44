"""Classify: how far a message asks for information or advice, tells of an emergency, a crisis, low mood or fear.

Two witnesses are asked apart, so that the errors of one are not the other's. A multinomial logistic regression reads
the words of a message: rows of them as the rules read them, and parts of them as they were typed. A small network
(``network``) reads what inner layers of the embedding model make of its word pieces. Neither sees which rules are met.
``train.py`` makes both from messages of our own; they are shipped as the file ``model.npz``.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from allchat.errors import SettingsError
from allchat.guard.network import Network, Pieces
from allchat.guard.rules import ReadMessage
from allchat.spelling import fold

CLASSES = ("information", "advice", "emergency", "crisis", "support", "fear", "mention")
"""What a message can be to the classifier, in the order of all columns. Fear for a life and the mere mention of danger
are classes of their own, so that the boundary of a crisis and of an emergency is drawn against each of them."""

SHARES = {"words": 1.5, "parts": 1.5}
"""Lengths of the views of a message's words beside each other."""

WORDS_COUNT, NETWORK_COUNTS = 0.9, 1.0
"""How much the sums of either count where both are heard. Together more than one: two witnesses that err apart and
agree are surer than each (docs/decisions/0006-guard.md)."""

LONGEST_ROW = 3
SHORTEST_PART, LONGEST_PART = 2, 5
MODEL_WORDS = 2048
"""Words whose parts are remembered."""

MODEL_FILE = "model.npz"
STEPS = 127
"""Weights are kept as whole numbers of so many steps to either side."""

_WORD = re.compile(r"[a-z0-9']+")


class Scores(NamedTuple):
    """Probabilities in [0, 1] that sum to 1, in the order of ``CLASSES``."""

    information: float
    advice: float
    emergency: float
    crisis: float
    support: float
    fear: float = 0.0
    mention: float = 0.0

    @property
    def harmless(self) -> float:
        """How likely nothing is asked for or told of that must not be searched for."""
        return self.information + self.mention


def terms(message: ReadMessage) -> dict[str, tuple[str, ...]]:
    """The terms of each view of a message but its embedding; each once, in order of the alphabet."""
    found = {
        "words": _rows_of_words(message),
        "parts": {part for word in _typed(message) for part in _parts(word)},
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


KINDS: Mapping[str | None, tuple[str, ...]] = {
    None: ("information", "mention"),
    "refusal": ("advice",),
    "urgent": ("emergency", "crisis"),
    "support": ("support", "fear"),
}
"""The classes that speak for a kind of verdict."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What each term ``(t, 7) float32`` and no term ``(7,) float32`` says for each class."""

    terms: NDArray[np.float32]
    bias: NDArray[np.float32]

    def packed(self) -> dict[str, NDArray[Any]]:
        """The weights in a quarter of the space: whole steps of each class's greatest weight."""
        greatest = np.maximum(np.abs(self.terms).max(axis=0, initial=0.0), 1e-6).astype(np.float32)
        steps = np.rint(self.terms / greatest * STEPS).astype(np.int8)
        return {"steps": steps, "greatest": greatest, "bias": self.bias}

    @classmethod
    def unpacked(cls, held: Mapping[str, NDArray[Any]]) -> Weights:
        """What ``packed`` gave, to half a step."""
        steps, greatest = held["words_steps"], held["words_greatest"]
        return cls((steps * (greatest / STEPS)).astype(np.float32), held["words_bias"])


@dataclass(frozen=True)
class Classifier:
    """A trained classifier: ``words`` are the weights of the regression, ``network`` reads word pieces.

    ``terms`` leads a term to its row in the weights ``(t, 7) float32``, whose columns are in the order of ``CLASSES``.
    ``key`` is what it was made from, ``model`` the fingerprint of the embedding model that it knows.
    """

    terms: Mapping[str, int]
    words: Weights
    network: Network
    key: str = ""
    model: str = ""
    _part_rows: Callable[[str], frozenset[int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # A word has dozens of parts, and the same words come again.
        remembered = lru_cache(maxsize=MODEL_WORDS)(lambda word: frozenset(self._known(_parts(word))))
        object.__setattr__(self, "_part_rows", remembered)

    def scores(self, message: ReadMessage, pieces: Pieces | None) -> Scores:
        """How likely ``message`` is of each class; ``pieces`` ``(p, l) float32`` is what the embedding model
        reads of it (``PieceReader.read_pieces``), None: words decide.
        """
        sums = self.words.bias.astype(np.float64)
        for weight, rows in self._weighted(message):
            sums = sums + weight * self.words.terms[rows].sum(axis=0, dtype=np.float64)
        if pieces is not None:
            sums = WORDS_COUNT * sums + NETWORK_COUNTS * self.network.sums(pieces)
        odds = np.exp(sums - sums.max())
        return Scores(*(odds / odds.sum()).tolist())

    def telling(self, message: ReadMessage, *, kind: str | None, most: int = 5) -> tuple[str, ...]:
        """The words of ``message`` that speak most for a kind of verdict, the strongest first: a reader sees why."""
        columns = [CLASSES.index(name) for name in KINDS.get(kind, ())]
        if not columns:
            return ()
        said = [term for term in terms(message)["words"] if term in self.terms and _WORD.search(term, 2)]
        ranked = sorted((-float(self.words.terms[self.terms[term], columns].max()), term) for term in said)
        return tuple(term.removeprefix("w:") for weight, term in ranked[:most] if weight < 0)

    def _known(self, found: Iterable[str]) -> Iterator[int]:
        return (self.terms[term] for term in found if term in self.terms)

    def _weighted(self, message: ReadMessage) -> Iterator[tuple[float, list[int]]]:
        return weighted(
            {
                "words": self._known(_rows_of_words(message)),
                "parts": frozenset[int]().union(*map(self._part_rows, _typed(message))),
            }
        )

    def to_bytes(self) -> bytes:
        """The classifier as a file, the same for the same weights."""
        arrays: dict[str, Any] = {
            "terms": np.frombuffer("\n".join(self.terms).encode(), dtype=np.uint8),
            "names": np.array([self.key, self.model]),
        }
        arrays |= {f"words_{name}": value for name, value in self.words.packed().items()}
        arrays |= {f"network_{name}": value for name, value in self.network.packed().items()}
        held = BytesIO()
        np.savez_compressed(held, **arrays)
        return held.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Classifier:
        """The classifier that ``to_bytes`` wrote.

        Raises:
            ValueError: it is not what ``to_bytes`` writes.
        """
        try:
            with np.load(BytesIO(content), allow_pickle=False) as held:
                rows = {term: at for at, term in enumerate(held["terms"].tobytes().decode().split("\n"))}
                key, model = map(str, held["names"])
                return cls(rows, Weights.unpacked(held), Network.unpacked(held), key, model)
        except (KeyError, EOFError, TypeError, RuntimeError, MemoryError, BadZipFile, zlib.error) as error:
            raise ValueError("it holds no classifier") from error


def weighted(views: Mapping[str, Iterable[int]]) -> Iterator[tuple[float, list[int]]]:
    """For each view the rows of its known terms and the weight of each: a view is as long as its share, however many
    it has. The rows are in one order, for one sum.
    """
    for view, share in SHARES.items():
        known = sorted(views[view])
        if known:
            yield share / len(known) ** 0.5, known


@cache
def packaged_classifier() -> Classifier:
    """The classifier that comes with allchat.

    Raises:
        SettingsError: its file is missing or damaged.
    """
    path = files("allchat") / "guard" / MODEL_FILE
    try:
        return Classifier.from_bytes(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: cannot be read ({error}). Install allchat again, or run: make guard") from error
