"""Baselines: what simpler systems find in the same sources, behind one interface, so that a report can say how much the
whole program adds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from functools import cached_property, lru_cache
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from allchat.chat import Chat
from allchat.evaluation.metrics import DEPTH, comparable
from allchat.records import Document
from allchat.search.embedder import Embedder
from allchat.search.retriever import Search, Weights
from allchat.sources.text import clean

CHUNK_CHARACTERS: Final = 1000
CHUNK_OVERLAP: Final = 200
"""What most tutorials cut, LangChain's examples among them."""

NOTHING = Weights(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

Units = Mapping[str, str]
"""Every piece that a system could give: its key, and its words as gold spans are compared."""


class Remembering:
    """An embedder that encodes the same texts once: sixteen systems are asked the same question."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.name, self.fingerprint = embedder.name, embedder.fingerprint
        self.knows, self.fits = embedder.knows, embedder.fits
        self._remembered = lru_cache(maxsize=8)(embedder.encode)

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> NDArray[np.float32]:
        """See ``Embedder.encode``."""
        return self._embedder.encode(texts, progress=True) if progress else self._remembered(tuple(texts))


class System(Protocol):
    """A system that finds pieces of the sources for a question."""

    @property
    def name(self) -> str:
        """What it is called in a report."""

    @property
    def units(self) -> Units:
        """Every piece that it could give."""

    def rank(self, question: str, *, limit: int = DEPTH) -> list[str]:
        """The keys of the best pieces, best first, each once."""


class BlockSearch:
    """A search over the blocks of an index; ``plain`` searches the question as asked and in no other wording."""

    def __init__(self, name: str, search: Search, units: Units, *, plain: bool = False) -> None:
        self.name = name
        self.units = units
        self._search = search
        self._plain = plain

    def rank(self, question: str, *, limit: int = DEPTH) -> list[str]:
        """See ``System.rank``."""
        wordings = (question,) if self._plain else self._search.wordings(question)
        found = self._search.find(wordings, vectors=self._search.encode(wordings), limit=limit)
        return [hit.block.key for hit in found.hits]


class FixedChunks:
    """Texts cut every so many characters, one vector each, the nearest first; ties by document and place."""

    name = "fixed-size chunks"

    def __init__(self, documents: Iterable[Document], *, embedder: Embedder) -> None:
        cuts = [(document, start) for document in documents for start in chunk_starts(len(document.text))]
        self._embedder = embedder
        self._texts = [document.text[start : start + CHUNK_CHARACTERS] for document, start in cuts]
        self.units = {
            f"{document.key}:{start:07d}-{start + len(text):07d}": comparable(clean(text))
            for (document, start), text in zip(cuts, self._texts, strict=True)
        }
        self._keys = list(self.units)

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        return self._embedder.encode(self._texts)

    def rank(self, question: str, *, limit: int = DEPTH) -> list[str]:
        """See ``System.rank``."""
        cosines = self._vectors @ self._embedder.encode([question])[0]
        order = np.lexsort((np.arange(len(cosines)), -cosines))[:limit]
        return [self._keys[number] for number in order]


def chunk_starts(length: int) -> list[int]:
    """Where fixed-size chunks of a text begin; the last chunk reaches its end."""
    step = CHUNK_CHARACTERS - CHUNK_OVERLAP
    return list(range(0, max(1, length - CHUNK_OVERLAP), step))


def blocks_of(chat: Chat) -> Units:
    """Every block of a chat's sources."""
    return {
        block.key: comparable(clean(document.text[block.start : block.end]))
        for document in chat.documents.values()
        for block in chat.outline(document.key).blocks
    }


def relevant(units: Units, gold: Sequence[str]) -> dict[str, int]:
    """The pieces that hold a gold span, each of grade 1."""
    spans = [comparable(span) for span in gold]
    return {key: 1 for key, words in units.items() if any(span in words for span in spans)}


def systems(chat: Chat) -> dict[str, list[System]]:
    """What a report compares: ``systems`` are allchat's search, words alone, vectors alone, and fixed-size chunks;
    ``ablation`` is allchat's search without each of its parts, and with the sources' own vectors or words alone.
    """
    units, embedder = blocks_of(chat), Remembering(chat.embedder)
    weights = {
        "all parts": Weights(),
        **{f"without {field.name}": replace(Weights(), **{field.name: 0.0}) for field in fields(Weights)},
        "vectors of the sources alone": Weights(question=0.0, words=0.0, question_words=0.0),
        "words of the sources alone": replace(NOTHING, words=1.0),
        "without our questions": Weights(question=0.0, question_words=0.0),
    }
    plain = {"BM25 alone": replace(NOTHING, words=1.0), "dense alone": replace(NOTHING, block=1.0)}

    def search(chosen: Weights) -> Search:
        return chat.search(chosen, embedder=embedder)

    return {
        "systems": [
            BlockSearch("allchat", search(Weights()), units),
            *(BlockSearch(name, search(chosen), units, plain=True) for name, chosen in plain.items()),
            FixedChunks(chat.documents.values(), embedder=embedder),
        ],
        "ablation": [BlockSearch(name, search(chosen), units) for name, chosen in weights.items()],
    }
