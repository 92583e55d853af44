"""Retrieve: from a question in several wordings to ranked blocks.

Every vector row leads to blocks, at five grains (sentence, block, passage, heading, question); FTS5 adds the words of
the blocks and of their questions. Each part is scaled to 0..1 over the blocks it found; the weighted mean is the score,
over the sources' own parts alone where a source has no questions of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from allchat.records import Hit, LayTerm
from allchat.search.claims import copies, covered, led, meant, succeeded
from allchat.search.embedder import Embedder
from allchat.search.reached import Reached, Shares, reached
from allchat.search.schema import GRAINS
from allchat.search.source_facts import SourceFacts
from allchat.search.store import COLUMNS, Kept, Near, Postings, Store
from allchat.search.words import WORD, content_words
from allchat.sources.facets import Named, Naming, facets

NEAR_ROWS = 1500
"""Vector rows looked at for a question; small indexes are searched whole."""

KEPT_POSTINGS = 2048
"""Words whose blocks are remembered: of questions and of the sources, and nobody's sentences."""

SHORTEST_MISSPELT = 5
LONG_WORD = 8
"""Words of 5 letters may have one slip of the key, words of 8 two."""

LEAST_BEST = np.array([0.4, 0.4, 0.4, 0.4, 0.85, 0.0, 0.0])
"""A part whose best value is less is not stretched to 1: cosines of chance; and a question of ours that is only alike
says no more where it is the best there is, else a source without questions is never found beside one that has them."""

WITHOUT_QUESTIONS = 0.9
"""What a score without questions counts beside one with them: a good match of the text is less sure than one of a
question that is all but the same. docs/retrieval.md has what both of these were chosen from."""

NOWHERE = -2.0
"""Less than any cosine."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part counts: docs/retrieval.md says how they were chosen, and what each is worth."""

    sentence: float = 0.6
    block: float = 0.25
    passage: float = 0.55
    heading: float = 0.3
    question: float = 3.0
    words: float = 0.5
    question_words: float = 1.0

    def array(self) -> NDArray[np.float64]:
        """The weights in the order of the parts, summing to 1."""
        values = np.array([getattr(self, field.name) for field in fields(self)])
        return np.asarray(values / values.sum())

    def of_sources(self) -> NDArray[np.float64]:
        """The weights of the sources' own parts, summing to 1 where any has one, and 0 for what comes of questions."""
        values = self.array() * FROM_SOURCES
        return np.asarray(values / (values.sum() or 1.0))


PARTS = tuple(field.name for field in fields(Weights))
QUESTION = GRAINS.index("question")
STANDING = [GRAINS.index("heading"), GRAINS.index("sentence")]
FROM_SOURCES = np.array(["question" not in part for part in PARTS])
FIRST_WORD_PART = len(GRAINS)
"""The first part that comes from words."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave: hits, best first, their blocks' numbers, the best raw value of each part (cosines in [-1, 1],
    BM25 from 0), and the numbers ``(n,)`` of the blocks that were held back. ``ours`` is the evidence of the sources
    with questions of ours alone, without hits, where others stand beside them.
    """

    hits: tuple[Hit, ...]
    numbers: tuple[int, ...]
    best: dict[str, float]
    held: NDArray[np.intp]
    ours: Found | None = None


class Search:
    """Finds blocks of one index. Holds no state of its own besides what it was made with."""

    def __init__(
        self, index: Store, *, embedder: Embedder, lay_terms: Sequence[LayTerm] = (), weights: Weights | None = None
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._asked = index.asked()
        self._weights = weights or Weights()
        self._lay = {lay.lower(): term.source[0] for term in lay_terms for lay in term.lay}
        self._lay_phrase = _any_of(self._lay)
        self._postings = Kept(index.postings, most=KEPT_POSTINGS)
        self._known = frozenset(index.setting("known_words") or ())
        self._naming = Naming(index.setting("names") or {})
        self._named_by = {term: self._naming.named(term) for term in self._lay.values()}
        self._successors = np.array(index.setting("successors") or (), dtype=np.intp).reshape(-1, 2)
        self._inherits = frozenset(self._successors[self._asked[self._successors[:, 0]], 1].tolist())
        self.sources = SourceFacts(index)
        self._shares = Shares(index.special(), of_source=self.sources.counts)
        self._spellings = sorted(word for word in self._known if len(word) >= SHORTEST_MISSPELT)

    def wordings(self, question: str) -> tuple[str, ...]:
        """The question as asked, and, where they differ, as spelt and named by the sources.

        A word is not led to one that names what the question does not and that is held back: "is she dying" does not
        ask for hospice care.
        """
        corrected = self._corrected(question)
        named = self._named_in(question, corrected)
        return tuple(dict.fromkeys((question, self._in_source_words(corrected, named=named))))

    def named(self, text: str) -> Named:
        """The phases, ages and types that a message names, misspelt words put right; none for most messages."""
        return self._named_in(text, self._corrected(text))

    def _named_in(self, text: str, corrected: str) -> Named:
        named = self._naming.named(text)
        return named if corrected == text else named | self._naming.named(corrected)

    @property
    def block_count(self) -> int:
        """How many blocks there are to find."""
        return self._index.block_count

    def asked(self, number: int) -> bool:
        """Whether there are questions of ours for the source of the block of this number, or for what it replaces."""
        return bool(self._asked[number]) or number in self._inherits

    def is_edition(self, number: int) -> bool:
        """Whether the block of this number is of another edition of a source with questions of ours."""
        return bool(self._copies[number])

    @cached_property
    def every_source_asked(self) -> bool:
        """Whether every source that is searched has questions of ours."""
        return bool(self._asked[self.sources.counts > 0].all())

    def encode(self, wordings: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of wordings, ``(n, d)``, rows of length 1."""
        return self._embedder.encode(wordings)

    def postings(self, text: str) -> list[Postings]:
        """For each word of a text that says what it is about, the blocks that hold it."""
        return self._postings(content_words(text))

    @property
    def dimension(self) -> int:
        """How many numbers a vector has, which is where a reading begins with one."""
        return self._index.dimension

    def find(
        self, wordings: Sequence[str], *, vectors: NDArray[np.float32], limit: int, named: Named | None = None
    ) -> Found:
        """The best blocks for a question in several wordings; ``vectors`` has a row for each of them.

        A block's part is its best over the wordings. Ties are broken by the order of documents and of reading. What
        speaks for special cases is held back or ranks lower unless it is among ``named``, by default what the first
        wording names: nothing of a block that is held back counts, not as evidence either.
        """
        share = self._shares.of(self.named(wordings[0]) if named is None else named)
        near = self._index.near(vectors, limit=NEAR_ROWS)
        self._postings(word for wording in wordings for word in content_words(wording))  # all in one trip
        said = [self.postings(wording) for wording in wordings]
        found = reached(near, said, block_count=self.block_count)
        counts = self._shares.among(found.blocks, share)
        open_to = np.flatnonzero(counts)
        parts, blocks = _parts(near, found)[open_to], found.blocks[open_to]
        every = len(blocks) == self.block_count - len(share.held)
        score = self._score(_scaled(parts, every=every), blocks) * counts[open_to]
        score = self._led(score, parts, blocks, lambda: covered(found, block_count=self.block_count)[open_to])
        score, replaced = succeeded(score, blocks, self._successors)
        order = np.lexsort((replaced, -score))[:limit]
        numbers = blocks[order].tolist()
        ranked = self._index.blocks(numbers)
        columns = (score[order].tolist(), parts[order].tolist(), _sentences(near, found, open_to[order]))
        hits = tuple(
            Hit(block, heading, round(value, 6), _named(raw), sentences)
            for block, heading, value, raw, sentences in zip(
                ranked, self._index.headings(ranked), *columns, strict=True
            )
        )
        ours = self._ours(score, parts, blocks, share.held)
        return Found(hits, tuple(numbers), _named(self._best(parts, blocks)), share.held, ours)

    def _ours(
        self, score: NDArray[np.float64], parts: NDArray[np.float64], blocks: NDArray[np.intp], held: NDArray[np.intp]
    ) -> Found | None:
        if self.every_source_asked:
            return None
        mine = np.flatnonzero(self._asked[blocks])
        if not len(mine):
            return None
        order = mine[np.argsort(-score[mine], kind="stable")]
        return Found((), tuple(blocks[order].tolist()), _named(parts[mine].max(axis=0).tolist()), held)

    def _best(self, parts: NDArray[np.float64], blocks: NDArray[np.intp]) -> list[float]:
        """The best raw value of each part. In a source without questions the nearest heading or sentence stands for
        the question: silence must not be a matter of who wrote questions.
        """
        stood = parts[~self._asked[blocks]][:, STANDING]
        best = parts.max(axis=0) if len(parts) else np.zeros(len(PARTS))
        best[QUESTION] = max(best[QUESTION], stood.max(initial=0.0))
        return best.tolist()

    def _score(self, scaled: NDArray[np.float64], blocks: NDArray[np.intp]) -> NDArray[np.float64]:
        """The weighted mean of each block's parts."""
        without = WITHOUT_QUESTIONS * (scaled @ self._weights.of_sources())
        return np.where(self._asked[blocks], scaled @ self._weights.array(), without)

    @cached_property
    def _copies(self) -> NDArray[np.bool_]:
        """For each block whether it is of another edition of a source with questions."""
        return copies(self._index.setting("editions") or (), self._index.documents_of_blocks(), self._asked)

    def _led(
        self,
        score: NDArray[np.float64],
        parts: NDArray[np.float64],
        blocks: NDArray[np.intp],
        covers: Callable[[], NDArray[np.float64]],
    ) -> NDArray[np.float64]:
        """The scores where newcomers stand beside sources with questions of ours: what is meant, and who leads."""
        if self.every_source_asked or not len(parts):
            return score
        asked = self._asked[blocks]
        score = score * meant(parts, asked)
        less = self._copies[blocks] | self.sources.professional[blocks]
        return led(score, parts, covers(), asked=asked, less=less)

    def _corrected(self, question: str) -> str:
        """The question with misspelt words as the sources spell them. A word that is English is left alone."""
        return WORD.sub(lambda match: self._spelling(match.group()), question)

    def _spelling(self, word: str) -> str:
        low = word.lower()
        if len(low) < SHORTEST_MISSPELT or low in self._known or self._embedder.knows(low):
            return word
        allowed = 1 if len(low) < LONG_WORD else 2
        near = process.extractOne(low, self._spellings, scorer=DamerauLevenshtein.distance, score_cutoff=allowed)
        return word if near is None else near[0]

    def _in_source_words(self, question: str, *, named: Named) -> str:
        def source(match: re.Match[str]) -> str:
            term = self._lay[match.group().lower()]
            return term if self._named_by[term] & facets().held <= named else match.group()

        return self._lay_phrase.sub(source, question)


def _any_of(phrases: Iterable[str]) -> re.Pattern[str]:
    """Matches any of the phrases as whole words, the longest first; nothing where there are none."""
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first)) or '(?!)'})(?!\w)", re.IGNORECASE)


def _named(values: Sequence[float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in zip(PARTS, values, strict=True)}


def _parts(near: Near, found: Reached) -> NDArray[np.float64]:
    """The raw value of each part for each reached block, ``(blocks, parts)``; 0 where a search did not reach it."""
    parts = np.zeros((len(found.blocks), len(PARTS)))
    np.maximum.at(parts, (found.near, near.grains), near.cosines)
    for words in found.said:
        sums = np.zeros((len(found.blocks), len(COLUMNS)))
        for word, places in words:
            sums[places] += word.scores
        np.maximum(parts[:, FIRST_WORD_PART:], sums, out=parts[:, FIRST_WORD_PART:])
    return parts


def _sentences(near: Near, found: Reached, hits: NDArray[np.intp]) -> list[dict[int, float]]:
    """For each hit, by its place among the reached blocks, its sentences' best cosines. A question asked of a whole
    block counts for its first.
    """
    place = np.full(len(found.blocks), -1)
    place[hits] = np.arange(len(hits))
    at = place[found.near]
    fine = (at >= 0) & ((near.sentences >= 0) | (near.grains == QUESTION))
    best = np.full((len(hits), max(near.sentences.max(initial=0), 0) + 1), NOWHERE)
    np.maximum.at(best, (at[fine], np.maximum(near.sentences[fine], 0)), near.cosines[fine])
    return [
        {sentence: round(cosine, 6) for sentence, cosine in enumerate(row) if cosine > NOWHERE} for row in best.tolist()
    ]


def _scaled(parts: NDArray[np.float64], *, every: bool) -> NDArray[np.float64]:
    """Each column from 0 (its least) to 1 (its largest), the question column squared. Unless ``every`` block is there,
    those that are not have 0.

    A question of ours that is all but the same must count for much more than one that is only alike: otherwise the
    specialised blocks win over the general one.
    """
    if not len(parts):
        return parts
    low = parts.min(axis=0) if every else np.minimum(parts.min(axis=0), 0.0)
    high = np.maximum(parts.max(axis=0), LEAST_BEST)
    scaled = (parts - low) / np.where(high > low, high - low, 1.0)
    scaled[:, QUESTION] **= 2
    return np.asarray(scaled)
