"""What the index and the search need of an embedding model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """What the index and the search need of an embedding model."""

    @property
    def name(self) -> str:
        """The model's name, recorded in the index."""

    @property
    def fingerprint(self) -> str:
        """sha256 over the model's files, recorded in the index."""

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """``(n, d) float32``, rows of length 1 in the order of ``texts``; ``(0, d)`` for no texts."""

    def knows(self, word: str) -> bool:
        """Whether a lower-case word is a whole word of the model's vocabulary, and so no misspelling."""

    def fits(self, text: str) -> bool:
        """Whether the model reads the whole text: what lies past its window is not embedded."""


class Readings(NamedTuple):
    """What a model reads of ``n`` texts: each as a whole, ``(n, r)``, and of each its word pieces, ``(p, l) float32``:
    what inner layers make of them, side by side, the text's two end marks among them. No pieces where there are no
    layers.
    """

    whole: Vectors
    pieces: tuple[Vectors, ...] = ()


class Reader(Embedder, Protocol):
    """An embedding model that learnt parts are fitted with: they read more of a text than its vector."""

    def read(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """``(n, r) float32``, what the judge reads: the vectors as ``encode`` gives them and, behind each, what inner
        layers of the network make of the text, in pieces of length 1. The vectors alone where there are no layers.
        """


class PieceReader(Reader, Protocol):
    """An embedding model that questions are asked with: the guard reads a message piece by piece."""

    def read_pieces(self, texts: Sequence[str], *, progress: bool = False) -> Readings:
        """``read`` and what the guard reads, at the cost of one."""
