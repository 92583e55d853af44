"""Vectors, readings and what was found, kept from one build to the next by the hash of their text: only what is new is
embedded and searched for.

The file stands in the index folder beside the versions and is no part of any: who deletes it pays for one build.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from allchat.search.embedder import Reader, Vectors

KEPT_FILE: Final = "kept_vectors.bin"

LAYOUT: Final = "3"
"""Raised whenever what stands in the file changes: one of another layout is left aside."""

HASH_BYTES: Final = 32

READ: Final = "read "
"""What stands before a text in the hash of its reading, and before no text in that of its vector."""

Row = NDArray[Any]
_Made = Callable[[Sequence[str]], Row]


class KeptVectors:
    """An embedder that asks another for those texts alone whose vectors (or readings) it does not have.

    ``embedder`` must give a text the same numbers in whatever company it comes; ``key`` says all that a vector depends
    on besides its text. Nothing is taken from a file that is damaged or of another key.
    """

    def __init__(self, embedder: Reader, *, key: str, kept: Path | None = None) -> None:
        self._embedder = embedder
        self._key = f"{LAYOUT} {key}"
        self._rows = {} if kept is None else _read(kept, key=self._key)
        self._used: set[bytes] = set()
        self._texts: set[bytes] = set()
        self.embedded = 0
        self.name = embedder.name
        self.fingerprint = embedder.fingerprint
        self.knows = embedder.knows
        self.fits = embedder.fits

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """See ``Embedder.encode``."""
        return self._embedded(texts, partial(self._embedder.encode, progress=progress), under="")

    def read(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """See ``Reader.read``."""
        return self._embedded(texts, partial(self._embedder.read, progress=progress), under=READ)

    def keep(self, texts: Sequence[str], make: _Made, *, under: str) -> Row:
        """The rows ``(n, w)`` of texts, made for those alone that are not kept under these words, which say all that
        a row depends on besides its text.
        """
        if not texts:
            return make([])
        names = _names(texts, under=under)
        new = {name: text for name, text in zip(names, texts, strict=True) if name not in self._rows}
        if new:
            self._rows.update(zip(new, make(list(new.values())), strict=True))
        self._used.update(names)
        return np.stack([self._rows[name] for name in names])

    def _embedded(self, texts: Sequence[str], make: _Made, *, under: str) -> Vectors:
        before = len(self._rows)
        rows = self.keep(texts, make, under=under)
        self.embedded += len(self._rows) - before
        self._texts.update(_names(texts, under=under))
        return rows

    @property
    def count(self) -> int:
        """How many different texts were to be embedded."""
        return len(self._texts)

    def packed(self) -> bytes:
        """The file for the next build: what this one asked for, behind its sha256. Same texts, same bytes."""
        file = io.BytesIO()
        np.save(file, np.frombuffer(self._key.encode(), dtype=np.uint8))
        alike: dict[tuple[int, str], list[bytes]] = {}
        for name in sorted(self._used):
            alike.setdefault((len(self._rows[name]), self._rows[name].dtype.str), []).append(name)
        for _, names in sorted(alike.items()):
            np.save(file, np.frombuffer(b"".join(names), dtype=np.uint8).reshape(-1, HASH_BYTES))
            np.save(file, np.stack([self._rows[name] for name in names]))
        content = file.getvalue()
        return hashlib.sha256(content).digest() + content


def _names(texts: Sequence[str], *, under: str) -> list[bytes]:
    return [hashlib.sha256(f"{under}{text}".encode()).digest() for text in texts]


def _read(path: Path, *, key: str) -> dict[bytes, Row]:
    """The rows of a file by the hash of their text; none where it cannot be trusted: then all is embedded anew."""
    try:
        content = path.read_bytes()
    except OSError:
        return {}
    whole = hashlib.sha256(content[HASH_BYTES:]).digest() == content[:HASH_BYTES]
    return dict(_rows(content[HASH_BYTES:], key=key)) if whole else {}


def _rows(content: bytes, *, key: str) -> Iterator[tuple[bytes, Row]]:
    """The rows behind the key: those of each width and kind with their hashes."""
    file = io.BytesIO(content)
    if np.load(file).tobytes().decode() != key:
        return
    while file.tell() < len(content):
        names, rows = np.load(file), np.load(file)
        yield from ((name.tobytes(), row) for name, row in zip(names, rows, strict=True))
