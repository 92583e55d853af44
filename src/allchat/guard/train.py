"""Train: the guard's classifier from messages of our own. ``allchat guard train`` writes its file, nothing else does.

A corpus, its questions and its index have no part in it, so that a leaflet more never moves what is safe.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any

import numpy as np

from allchat.guard.classifier import CLASSES, Classifier, Weights, terms, weighted
from allchat.guard.network import Pieces
from allchat.guard.rules import ReadMessage
from allchat.guard.train_network import fitted_network
from allchat.languages.folders import WORDS_FILE, packaged_languages

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

LEAST_MESSAGES = 2
"""A term seen in fewer training messages says nothing that could be learnt."""

STRENGTH = 4.0
"""How closely the weights follow the messages (the inverse of the penalty), chosen by cross-validation."""

TEMPERATURE = 1.6
"""By what the sums are divided, so that a probability is what it says on writers who were not trained on."""

CODE = (
    "guard/classifier.py",
    "guard/matcher.py",
    "guard/network.py",
    "guard/numbers.py",
    "guard/reader.py",
    "guard/rule_files.py",
    "guard/rules.py",
    "guard/tokens.py",
    "guard/train.py",
    "guard/train_network.py",
    "languages/gloss.py",
    "search/onnx_export.py",
    "spelling.py",
)
"""The program's part of the key: how a message becomes terms, and terms weights."""


@dataclass(frozen=True, slots=True)
class Example:
    """A message of ours with the class that the classifier should see in it."""

    id: str
    text: str
    says: str


def training_examples() -> tuple[Example, ...]:
    """Our own messages that the classifier is trained on, file by file in the order of their names."""
    rows: list[dict[str, Any]] = [json.loads(line) for file in training_files() for line in _lines(file)]
    return tuple(Example(row["id"], row["text"], row["class"]) for row in rows)


def training_files() -> list[Traversable]:
    """The files of our own messages, in the order of their names."""
    folder = files("allchat") / "guard" / "training"
    return sorted((path for path in folder.iterdir() if path.name.endswith(".jsonl")), key=lambda path: path.name)


def _lines(file: Traversable) -> list[str]:
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def training_key(model: str) -> str:
    """What a classifier is made from: rules, messages, the program's part in it, and the embedding ``model``."""
    base = files("allchat")
    parts = [*_rules(), *training_files(), *(base / name for name in CODE)]
    hashes = [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in parts if path.is_file()]
    return hashlib.sha256("".join([*hashes, model]).encode()).hexdigest()


def _rules() -> Iterator[Traversable]:
    """The rule files and the known words, language by language."""
    for language in packaged_languages():
        yield from sorted(language.rules.iterdir(), key=lambda path: path.name)
        yield language.folder / WORDS_FILE


def train(
    messages: Sequence[ReadMessage],
    pieces: Sequence[Pieces],
    says: Sequence[str],
    *,
    key: str = "",
    model: str = "",
    temperature: float = TEMPERATURE,
) -> Classifier:
    """A classifier fitted to ``messages``, what the embedding model reads of the pieces of each, ``(p, l)``, and what
    each ``says``.

    Deterministic on one kind of processor. Every class counts as much as another, however many messages it has.
    """
    found = [terms(message) for message in messages]
    counts = Counter(term for views in found for view in views.values() for term in view)
    rows = {term: at for at, term in enumerate(sorted(term for term in counts if counts[term] >= LEAST_MESSAGES))}
    classes = [CLASSES.index(name) for name in says]
    words = fitted_words(term_features(found, rows), classes, temperature=temperature)
    return Classifier(rows, words, fitted_network(pieces, classes, count=len(CLASSES)), key, model)


def fitted_words(features: csr_matrix, classes: Sequence[int], *, temperature: float = TEMPERATURE) -> Weights:
    """The weights of the terms ``(n, t)`` of the messages; classes without a message are never likely."""
    from sklearn.linear_model import LogisticRegression  # heavy, and needed when training only
    from threadpoolctl import threadpool_limits

    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=1000, tol=1e-3)
    with threadpool_limits(1):  # sums in one order, and small enough that threads would wait for each other
        model.fit(features, classes)
    weights = np.zeros((features.shape[1], len(CLASSES)), dtype=np.float32)
    bias = np.full(len(CLASSES), -50.0, dtype=np.float32)
    weights[:, model.classes_] = model.coef_.T / temperature
    bias[model.classes_] = model.intercept_ / temperature
    return Weights(weights, bias)


def term_features(found: Sequence[Mapping[str, Sequence[str]]], rows: Mapping[str, int]) -> csr_matrix:
    """One row for each message: its terms in the columns of ``rows``."""
    from scipy.sparse import csr_matrix

    ends, columns, values = [0], array("i"), array("d")
    for views in found:
        known_views = {view: [rows[term] for term in said if term in rows] for view, said in views.items()}
        for weight, known in weighted(known_views):
            columns.extend(known)
            values.extend([weight] * len(known))
        ends.append(len(columns))
    return csr_matrix((values, columns, ends), shape=(len(found), len(rows)))
