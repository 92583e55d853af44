"""Retrieve: from a question in several wordings to ranked blocks.

Every vector row leads to blocks, at five grains (sentence, block, passage, heading, question); FTS5 adds the words of the
blocks and of their questions. Each part is scaled to 0..1 over the blocks it found, and the weighted mean is the score.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from allchat.embed import Embedder
from allchat.index import Index
from allchat.records import Hit, LayTerm

NEAR_ROWS = 4000
"""Vector rows looked at for a question; small indexes are searched whole."""

WORD_MATCHES = 400
"""Blocks that FTS5 gives for a question."""

STOP_WORDS = frozenset(
    "a about am an and any are as at be been but by can could did do does for from had has have he her him his how i if in is it "
    "its just may me might my of on or our out she should so some tell than that the their them then there these they this "
    "those to us was we were what what's when where which who whom whose why will with would you your please explain mean "
    "means s t m re ve d ll don doesn didn isn aren".split()
)
"""Words of the question's form: they say how it is asked, not what for."""

SHORTEST_MISSPELT = 5
LONG_WORD = 8
"""Words of 5 letters may have one slip of the key, words of 8 two."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part counts. Chosen by cross-validation on development data: docs/retrieval.md."""

    sentence: float = 0.7
    block: float = 0.5
    passage: float = 0.2
    heading: float = 0.3
    question: float = 3.0
    words: float = 0.5
    question_words: float = 1.0

    def array(self) -> NDArray[np.float64]:
        """The weights in the order of the parts, summing to 1."""
        values = np.array([getattr(self, field.name) for field in fields(self)])
        return values / values.sum()


PARTS = tuple(field.name for field in fields(Weights))


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave: hits, best first, and the best raw value of each part (cosines in [-1, 1], BM25 from 0)."""

    hits: tuple[Hit, ...]
    best: dict[str, float]


class Search:
    """Finds blocks of one index. Holds no state of its own besides what it was made with."""

    def __init__(self, index: Index, *, embedder: Embedder, lay_terms: Sequence[LayTerm] = (), weights: Weights | None = None) -> None:
        self._index = index
        self._embedder = embedder
        self._weights = (weights or Weights()).array()
        self._lay = [(_phrase(lay), term.source) for term in lay_terms for lay in sorted(term.lay, key=len, reverse=True)]
        self._known = frozenset(index.setting("known_words") or ())
        self._spellings = sorted(word for word in self._known if len(word) >= SHORTEST_MISSPELT)

    def wordings(self, question: str) -> tuple[str, ...]:
        """The question as asked, and, where they differ, as spelt and named by the sources."""
        corrected = self._corrected(question)
        return tuple(dict.fromkeys((question, self._in_source_words(corrected))))

    def find(self, wordings: Sequence[str], *, vectors: NDArray[np.float32], limit: int) -> Found:
        """The best blocks for a question in several wordings; ``vectors`` has a row for each of them.

        A block's part is its best over the wordings. Ties are broken by the order of documents and of reading.
        """
        parts, sentences = self._parts(wordings, vectors)
        score = _scaled(parts) @ self._weights
        order = np.lexsort((np.arange(len(score)), -score))[:limit]
        blocks = self._index.blocks(int(number) for number in order)
        hits = tuple(
            Hit(
                block,
                self._index.heading(block),
                round(float(score[number]), 6),
                {name: round(float(value), 6) for name, value in zip(PARTS, parts[number], strict=True)},
                sentences.get(int(number), {}),
            )
            for number, block in zip(order, blocks, strict=True)
        )
        best = parts.max(axis=0) if len(parts) else np.zeros(len(PARTS))
        return Found(hits, {name: round(float(value), 6) for name, value in zip(PARTS, best, strict=True)})

    def _parts(self, wordings: Sequence[str], vectors: NDArray[np.float32]) -> tuple[NDArray[np.float64], dict[int, dict[int, float]]]:
        parts = np.zeros((self._index.block_count, len(PARTS)))
        sentences: dict[int, dict[int, float]] = {}
        for lines in self._index.near(vectors, limit=NEAR_ROWS):
            grains, blocks = lines[:, 1].astype(int), lines[:, 2].astype(int)
            np.maximum.at(parts, (blocks, grains), lines[:, 0])
            _note_sentences(sentences, lines)
        for wording in wordings:
            self._add_words(parts, content_words(wording))
        return parts, sentences

    def _add_words(self, parts: NDArray[np.float64], words: Sequence[str]) -> None:
        expression = " OR ".join(f'"{word}"' for word in words)
        for column, weights in ((PARTS.index("words"), (0.5, 1.0, 0.0)), (PARTS.index("question_words"), (0.0, 0.0, 1.0))):
            for block, score in self._index.matching(expression, limit=WORD_MATCHES, weights=weights):
                parts[block, column] = max(parts[block, column], score)

    def _corrected(self, question: str) -> str:
        """The question with misspelt words as the sources spell them. A word that is English is left alone."""
        return _WORD.sub(lambda match: self._spelling(match.group()), question)

    def _spelling(self, word: str) -> str:
        low = word.lower()
        if len(low) < SHORTEST_MISSPELT or low in self._known or self._embedder.knows(low):
            return word
        allowed = 1 if len(low) < LONG_WORD else 2
        near = process.extractOne(low, self._spellings, scorer=DamerauLevenshtein.distance, score_cutoff=allowed)
        return word if near is None else near[0]

    def _in_source_words(self, question: str) -> str:
        for pattern, source in self._lay:
            question = pattern.sub(source[0], question)
        return question


def content_words(text: str) -> list[str]:
    """The words of a text that say what it is about, lower case, each once, in order. All of them where none is left."""
    words = list(dict.fromkeys(word.lower().replace("’", "'") for word in _WORD.findall(text)))  # noqa: RUF001
    return [word for word in words if word not in STOP_WORDS] or words


def _phrase(lay: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(lay)}(?!\w)", re.IGNORECASE)


def _note_sentences(sentences: dict[int, dict[int, float]], lines: NDArray[np.float64]) -> None:
    fine = lines[lines[:, 3] >= 0]
    for cosine, _, block, sentence in fine:
        scores = sentences.setdefault(int(block), {})
        scores[int(sentence)] = max(scores.get(int(sentence), -1.0), round(float(cosine), 6))


def _scaled(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each column from 0 (its least) to 1 (its largest)."""
    if not len(parts):
        return parts
    low, high = parts.min(axis=0), parts.max(axis=0)
    return (parts - low) / np.where(high > low, high - low, 1.0)

