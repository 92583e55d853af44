"""A small real embedder for tests: a hashed bag of words, a function of the text alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from allchat.search.embedder import Readings

DIMENSIONS = 384
WINDOW = 120
"""Words that it reads of a text: short, so that the window is met in small texts."""


class WordHash:
    """Texts that share words are near each other. A text without words is a fixed direction of its own."""

    name = "word-hash"
    fingerprint = hashlib.sha256(b"word-hash 1").hexdigest()

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> NDArray[np.float32]:
        """See ``allchat.search.sentence_transformer.Embedder``: ``(n, 384) float32``, rows of length 1."""
        del progress
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in enumerate(texts):
            words = self._words(text)[:WINDOW]
            for word in words:
                digest = hashlib.blake2b(word.encode(), digest_size=4).digest()
                vectors[row, int.from_bytes(digest, "big") % (DIMENSIONS - 1)] += 1.0
            if not words:
                vectors[row, DIMENSIONS - 1] = 1.0
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def read(self, texts: Sequence[str], *, progress: bool = False) -> NDArray[np.float32]:
        """It has no inner layers: the vectors alone."""
        return self.encode(texts, progress=progress)

    def read_pieces(self, texts: Sequence[str], *, progress: bool = False) -> Readings:
        """It has no pieces either."""
        return Readings(self.read(texts, progress=progress))

    def knows(self, word: str) -> bool:
        """No word is known beyond those of the corpus."""
        del word
        return False

    def fits(self, text: str) -> bool:
        """Whether all words lie within the window."""
        return len(self._words(text)) <= WINDOW

    def _words(self, text: str) -> list[str]:
        return re.findall(r"\w+", text.lower())
