"""An opened index: vectors in FAISS (the sources' rows as the model gives them, those of our questions as the map moves
them), everything else in SQLite (words in FTS5). Read-only.

A language besides English has rows of questions, a map and words of its own, beside the same rows of the sources: what
is asked in English finds what it would find without that language.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray

from allchat.errors import StoreError
from allchat.records import Applies, Block, Furniture, Outline, Passage, Section, Span
from allchat.search.embedder import Vectors
from allchat.search.question_map import unpacked
from allchat.search.schema import BLOCK_COLUMNS, EVERYONE, applies_of, block_of
from allchat.search.vectors import search_vectors

VECTORS_FILE: Final = "vectors.faiss"
QUESTIONS_FILE: Final = "questions.faiss"
MAP_FILE: Final = "question_map.npy"
WORDS_FILE: Final = "words.sqlite"

KEPT_BLOCKS: Final = 4096
"""Blocks, headings and questions that an opened index remembers."""

MOST_POSTINGS: Final = 1000
"""Blocks that are scored for one word: one that stands in more says little of each."""


def file_name(name: str, language: str) -> str:
    """What a file of an index is called for a language: English has the plain names."""
    return name if language == "en" else f"{language}.{name}"


class Near(NamedTuple):
    """What vectors near to a query lead to, ``(m,)`` each: their cosines, grains (as numbers of ``GRAINS``), blocks,
    and sentences in them (-1 for coarser grains).
    """

    cosines: NDArray[np.float64]
    grains: NDArray[np.intp]
    blocks: NDArray[np.intp]
    sentences: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """Where a word stands: ``count`` blocks hold it; ``blocks`` ``(n,)`` are their numbers, ascending, and ``scores``
    ``(n, weights)`` what it says there. Of a word in very many blocks the best ``MOST_POSTINGS`` are given.
    """

    count: int
    blocks: NDArray[np.intp]
    scores: NDArray[np.float64]

    def among(self, numbers: NDArray[np.intp]) -> int:
        """How many of some blocks are among ``blocks``."""
        return int(np.isin(numbers, self.blocks).sum())

    def stands_in(self, numbers: Sequence[int]) -> bool:
        """Whether one of a few blocks is among ``blocks``."""
        places = np.searchsorted(self.blocks, numbers).tolist()
        near = ((place, number) for place, number in zip(places, numbers, strict=True) if place < len(self.blocks))
        return any(self.blocks[place] == number for place, number in near)


class Index:
    """An opened index: read-only, safe to share between threads."""

    def __init__(
        self,
        folder: Path,
        *,
        manifest: Mapping[str, Any],
        version: str,
        language: str = "en",
        beside: Index | None = None,
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.version = version
        self.language = language
        self._lock = threading.Lock()
        words, questions, own_map = (
            folder / file_name(name, language) for name in (WORDS_FILE, QUESTIONS_FILE, MAP_FILE)
        )
        # Read whole: pages that SQLite fetched later would be those of whatever stands in the file by then.
        self._words = sqlite3.connect(":memory:", check_same_thread=False)
        self._words.deserialize(words.read_bytes())
        self._words.execute("PRAGMA query_only = 1")
        self._vectors: faiss.Index = faiss.read_index(str(folder / VECTORS_FILE)) if beside is None else beside._vectors
        self._questions = faiss.read_index(str(questions))
        self.question_map = unpacked(own_map) if own_map.exists() else None
        lines = np.array(self._all("SELECT row, grain, block, sentence FROM rows ORDER BY row, block"), dtype=np.intp)
        rows, *targets = np.ascontiguousarray(lines.reshape(-1, 4).T)
        self._targets = tuple(targets)
        self._first = np.searchsorted(rows, np.arange(self._vectors.ntotal + self._questions.ntotal + 1))
        self.block_count = int(self._all("SELECT count(*) FROM blocks")[0][0])
        # Questions come back to the same blocks: what was read of them once is kept, a few megabytes at most.
        self._one_block = lru_cache(maxsize=KEPT_BLOCKS)(lambda number: self._blocks(number, number))
        self._headings = lru_cache(maxsize=KEPT_BLOCKS)(self._heading)
        self._questions_at = lru_cache(maxsize=KEPT_BLOCKS)(self._asked_at)
        self.others: dict[str, Index] = {}
        if beside is None:
            self.others = {code: self.other(code) for code in manifest.get("languages", ())}

    def other(self, language: str) -> Index:
        """The same folder for questions in another language."""
        return Index(self.folder, manifest=self.manifest, version=self.version, language=language, beside=self)

    def of(self, language: str) -> Index | None:
        """The index of a language: itself, one of its ``others``, or None where nothing of ours is in that language."""
        return self if language == self.language else self.others.get(language)

    def _all(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._words.execute(query, values).fetchall()
            except sqlite3.DatabaseError as error:
                raise StoreError(f"{self.folder / WORDS_FILE}: {error}. Run: allchat build --force") from error

    def near(self, vectors: Vectors, *, limit: int) -> Near:
        """What the vector rows nearest to each query lead to: all of the first query, the sources' rows before those of
        our questions and each most similar first, then all of the next.

        ``limit`` bounds the rows of each kind that are looked at for a query; a row that leads to several blocks is
        there for each.
        """
        found, numbers = self._nearest(vectors, limit=limit)
        # An approximate search that finds fewer rows in its cells says -1 for the rest.
        cosines, rows = found[numbers >= 0].astype(np.float64), numbers[numbers >= 0]
        first, after = self._first[rows], self._first[rows + 1]
        counts = after - first
        lines = np.repeat(first - np.concatenate(([0], np.cumsum(counts)))[:-1], counts) + np.arange(counts.sum())
        return Near(np.repeat(cosines, counts), *(column[lines] for column in self._targets))

    def _nearest(self, vectors: Vectors, *, limit: int) -> tuple[Vectors, NDArray[np.intp]]:
        """Cosines and rows of the nearest of each kind for each query, ``(queries, found)``."""
        cosines, rows = search_vectors(self._vectors, vectors, limit=limit)
        if self._questions.ntotal == 0:
            return cosines, rows
        asked = vectors if self.question_map is None else self.question_map.moved(vectors)
        more, numbers = search_vectors(self._questions, asked, limit=limit)
        numbers = np.where(numbers < 0, numbers, numbers + self._vectors.ntotal)
        return np.hstack((cosines, more)), np.hstack((rows, numbers))

    def postings(self, word: str, *, weights: Sequence[tuple[float, float, float]]) -> Postings:
        """The blocks that hold a word or its stem, with its BM25 for each of several ``weights`` of the columns
        heading, body and questions. BM25 is a sum over words: a question's is that of its words.
        """
        scores = ", ".join(["-bm25(words, ?, ?, ?)"] * len(weights))
        query = f"SELECT rowid, {scores} FROM words WHERE words MATCH ? ORDER BY rowid"  # noqa: S608 - our own names
        quoted = '"' + word.replace('"', "") + '"'
        rows = np.array(self._all(query, (*(w for three in weights for w in three), quoted)), dtype=np.float64)
        rows = rows.reshape(-1, 1 + len(weights))
        kept = rows
        if len(rows) > MOST_POSTINGS:
            kept = rows[np.sort(np.argpartition(-rows[:, 1:].sum(axis=1), MOST_POSTINGS)[:MOST_POSTINGS])]
        return Postings(len(rows), kept[:, 0].astype(np.intp), np.ascontiguousarray(kept[:, 1:]))

    def setting(self, name: str) -> Any:
        """A value that the build stored beside the words, or None."""
        found = self._all("SELECT value FROM settings WHERE name = ?", (name,))
        return json.loads(found[0][0]) if found else None

    def block(self, number: int) -> Block:
        """The block of that number (0 to ``block_count - 1``, in the order of documents and of reading)."""
        return self.blocks([number])[0]

    def blocks(self, numbers: Iterable[int]) -> list[Block]:
        """The blocks of these numbers, in the order asked for."""
        wanted = list(numbers)
        found = {number: block for number in dict.fromkeys(wanted) for block in self._one_block(number)}
        return [found[number] for number in wanted]

    def _blocks(self, first: int, last: int) -> list[Block]:
        rows = self._all(f"SELECT {BLOCK_COLUMNS} FROM blocks WHERE id BETWEEN ? AND ? ORDER BY id", (first, last))  # noqa: S608 - our own names
        query = 'SELECT block, start, "end" FROM sentences WHERE block BETWEEN ? AND ? ORDER BY block, number'
        spans: dict[int, list[Span]] = {}
        for block, start, end in self._all(query, (first, last)):
            spans.setdefault(block, []).append(Span(start, end))
        return [block_of(row, spans.get(row[0], [])) for row in rows]

    def special(self) -> dict[Applies, NDArray[np.intp]]:
        """The blocks that do not speak for everyone, ascending, by what they apply to."""
        found: dict[Applies, list[int]] = {}
        for number, stored in self._all("SELECT id, applies FROM blocks WHERE applies != ? ORDER BY id", (EVERYONE,)):
            found.setdefault(applies_of(stored), []).append(number)
        return {applies: np.array(numbers, dtype=np.intp) for applies, numbers in found.items()}

    def questions(self) -> list[tuple[int, int, str]]:
        """All questions as (block, sentence or -1, text), in the order of the blocks."""
        return [
            (int(b), int(s), str(t)) for b, s, t in self._all("SELECT block, sentence, text FROM questions ORDER BY id")
        ]

    def asked(self) -> NDArray[np.bool_]:
        """For each block whether its source has questions of ours, ``(block_count,)``."""
        query = (
            "SELECT id, document IN (SELECT b.document FROM questions q JOIN blocks b ON b.id = q.block) "
            "FROM blocks ORDER BY id"
        )
        return np.array([asked for _, asked in self._all(query)], dtype=bool)

    def titles(self) -> dict[str, str]:
        """The title of each document, by its key."""
        return {key: str(json.loads(facts)["title"]) for key, facts in self._all("SELECT key, facts FROM documents")}

    def documents_of_blocks(self) -> list[str]:
        """For each block the key of its document, in their order."""
        return [str(document) for (document,) in self._all("SELECT document FROM blocks ORDER BY id")]

    def questions_of(self, block: Block) -> list[str]:
        """Our questions in the index's language that a block answers, in the order of their file."""
        return list(self._questions_at(block.document, block.start))

    def _asked_at(self, document: str, start: int) -> tuple[str, ...]:
        query = (
            "SELECT q.text FROM questions q JOIN blocks b ON b.id = q.block WHERE b.document = ? AND b.start = ? "
            "AND q.language = ? ORDER BY q.id"
        )
        return tuple(str(row[0]) for row in self._all(query, (document, start, self.language)))

    def heading(self, block: Block) -> tuple[str, ...]:
        """The path of headings above a block, outermost first."""
        return self._headings(block.document, block.section)

    def _heading(self, document: str, section: int) -> tuple[str, ...]:
        rows = self._all("SELECT heading FROM sections WHERE document = ? AND number = ?", (document, section))
        return tuple(json.loads(rows[0][0]))

    def outline(self, document: str) -> Outline:
        """The outline of one document as it was when the index was built."""
        sections = self._all(
            'SELECT number, heading, start, "end", applies FROM sections WHERE document = ? ORDER BY number',
            (document,),
        )
        first, last = self._all(
            "SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM blocks WHERE document = ?", (document,)
        )[0]
        furniture = self._all('SELECT start, "end", what FROM furniture WHERE document = ? ORDER BY start', (document,))
        return Outline(
            document,
            tuple(
                Section(document, number, tuple(json.loads(heading)), start, end, applies_of(applies))
                for number, heading, start, end, applies in sections
            ),
            tuple(self._blocks(first, last)),
            tuple(Furniture(*row) for row in furniture),
        )

    def vectors(self) -> Vectors:
        """All vector rows as they are searched, the sources' and then our questions', ``(n, d) float32``."""
        parts = [rows.reconstruct_n(0, rows.ntotal) for rows in (self._vectors, self._questions)]
        return np.asarray(np.vstack(parts), dtype=np.float32)

    def passages(self, document: str) -> list[Passage]:
        """The passages of one document in reading order."""
        query = 'SELECT document, section, start, "end", text, tokens FROM passages WHERE document = ? ORDER BY id'
        return [Passage(*row) for row in self._all(query, (document,))]

    def shortest_passage(self) -> str | None:
        """The text of the shortest passage, None where there is none."""
        found = self._all("SELECT text FROM passages ORDER BY length(text), id LIMIT 1")
        return str(found[0][0]) if found else None

    def passage_counts(self) -> dict[str, int]:
        """How many passages each document has."""
        return dict(self._all("SELECT document, count(*) FROM passages GROUP BY document ORDER BY document"))

    def close(self) -> None:
        """Lets go of the files."""
        for other in self.others.values():
            other.close()
        self._words.close()
