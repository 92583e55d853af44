"""A known vector: whether a model and an index still are what they were built as, asked while they serve."""

from __future__ import annotations

import numpy as np

from allchat.search.embedder import Embedder
from allchat.search.onnx import PARITY
from allchat.search.store import Store

LEAST_COSINE = 0.999
"""Least cosine of a text of the index and its own row: the row may be of an embedder that counts in another order."""


class KnownVector:
    """One text of an index whose row is known: the shortest of its passages, as the build embedded it.

    Weights, rows and words are in this process's own memory, so that no file that is written to can change them. What
    can is the memory itself, or a fault of a library: then every answer may be wrong, and nothing else would tell.
    """

    def __init__(self, index: Store, *, embedder: Embedder) -> None:
        self._index = index
        self._embedder = embedder
        self._text = str(index.setting("known_text") or "")
        self._vector = embedder.encode([self._text])

    def holds(self) -> bool:
        """Whether the text has the vector that it had, and the index finds its own row with it."""
        vector = self._embedder.encode([self._text])
        if not float((vector * self._vector).sum()) >= PARITY:
            return False
        found = self._index.near(vector, limit=1).cosines
        return not self._text or bool(np.max(found, initial=-1.0) >= LEAST_COSINE)
