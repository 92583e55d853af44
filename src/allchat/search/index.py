"""The store in a folder: vectors in FAISS (the sources' rows as the model gives them, those of our questions as the map
moves them), everything else in SQLite (words in FTS5). Read-only.

A language besides English has rows of questions, a map and words of its own, beside the same rows of the sources: what
is asked in English finds what it would find without that language.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from allchat.errors import StoreError
from allchat.search.embedder import Vectors
from allchat.search.leads import LEADS_FILE, Leads, leads_of
from allchat.search.question_map import unpacked as unpacked_map
from allchat.search.store import COLUMNS, Near, Postings
from allchat.search.tables import Row, Tables
from allchat.search.terms import Terms, best_of, unpacked
from allchat.search.vectors import opened_vectors, search_vectors

VECTORS_FILE: Final = "vectors.faiss"
QUESTIONS_FILE: Final = "questions.faiss"
MAP_FILE: Final = "question_map.npy"
WORDS_FILE: Final = "words.sqlite"

ROW_FILES: Final = (LEADS_FILE, QUESTIONS_FILE, VECTORS_FILE, WORDS_FILE)
"""How the files end whose content is rows: they are read whole and at once, or become tables of a database."""


def file_name(name: str, language: str) -> str:
    """What a file of an index is called for a language: English has the plain names."""
    return name if language == "en" else f"{language}.{name}"


class Index(Tables):
    """A ``Store`` that has the rows and the words of one folder in this process's memory."""

    def __init__(
        self,
        folder: Path,
        *,
        manifest: Mapping[str, Any],
        version: str,
        read: Callable[[str], memoryview],
        language: str = "en",
        beside: Index | None = None,
    ) -> None:
        """``read`` gives the content of each of ``ROW_FILES``, for every language, once."""
        super().__init__()
        self.folder = folder
        self.manifest = manifest
        self.version = version
        self.language = language
        self._lock = threading.Lock()
        words, questions, leads = (file_name(name, language) for name in (WORDS_FILE, QUESTIONS_FILE, LEADS_FILE))
        own_map = folder / file_name(MAP_FILE, language)
        # Read whole: pages that SQLite fetched later would be those of whatever stands in the file by then.
        self._words = sqlite3.connect(":memory:", check_same_thread=False)
        self._words.deserialize(read(words))
        self._words.execute("PRAGMA query_only = 1")
        self._asked_rows = opened_vectors(read(questions))
        self._vectors: faiss.Index = opened_vectors(read(VECTORS_FILE)) if beside is None else beside._vectors
        self.question_map = unpacked_map(own_map) if own_map.exists() else None
        count = self._vectors.ntotal + self._asked_rows.ntotal
        self._leads = Leads(leads_of(read(leads), path=folder / leads), count=count)
        self.block_count = int(self._all("SELECT count(*) FROM blocks")[0][0])
        has_frequent = self._all("SELECT 1 FROM frequent LIMIT 1")
        self._terms = Terms() if has_frequent else None
        self.others: dict[str, Index] = {}
        for code in manifest.get("languages", ()) if beside is None else ():
            self.others[code] = Index(folder, manifest=manifest, version=version, read=read, language=code, beside=self)

    def of(self, language: str) -> Index | None:
        """The index of a language: itself, one of its ``others``, or None where nothing of ours is in that language."""
        return self if language == self.language else self.others.get(language)

    def _all(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        with self._lock:
            try:
                return self._words.execute(query, values).fetchall()
            except sqlite3.DatabaseError as error:
                raise StoreError(f"{self.folder / WORDS_FILE}: {error}. Run: allchat build --force") from error

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self._vectors.d)

    @property
    def connections(self) -> int:
        """See ``Store.connections``."""
        return 0

    def near(self, vectors: Vectors, *, limit: int) -> Near:
        """See ``Store.near``."""
        cosines, rows = self._nearest(vectors, limit=limit)
        return self._leads.near(cosines.ravel(), rows.ravel())

    def _nearest(self, vectors: Vectors, *, limit: int) -> tuple[Vectors, NDArray[np.intp]]:
        """Cosines and rows of the nearest of each kind for each query, ``(queries, found)``."""
        cosines, rows = search_vectors(self._vectors, vectors, limit=limit)
        if self._asked_rows.ntotal == 0:
            return cosines, rows
        asked = vectors if self.question_map is None else self.question_map.moved(vectors)
        more, numbers = search_vectors(self._asked_rows, asked, limit=limit)
        return np.hstack((cosines, more)), np.hstack((rows, numbers + self._vectors.ntotal))

    def postings(self, words: Sequence[str]) -> list[Postings]:
        """See ``Store.postings``."""
        return [self._postings(word) for word in words]

    def _postings(self, word: str) -> Postings:
        return self._frequent(word) or self._counted(word)

    def _frequent(self, word: str) -> Postings | None:
        """What the build counted of a word that stands in very many blocks; None of any other."""
        terms = () if self._terms is None else self._terms.of(word)
        query = "SELECT count, blocks, scores FROM frequent WHERE term = ?"
        found = self._all(query, terms) if len(terms) == 1 else []
        return unpacked(*found[0]) if found else None

    def _counted(self, word: str) -> Postings:
        """What FTS5 counts of a word now."""
        scores = ", ".join(["-bm25(words, ?, ?, ?)"] * len(COLUMNS))
        query = f"SELECT rowid, {scores} FROM words WHERE words MATCH ? ORDER BY rowid"  # noqa: S608 - our own names
        quoted = '"' + word.replace('"', "") + '"'
        rows = np.array(self._all(query, (*(w for three in COLUMNS for w in three), quoted)), dtype=np.float64)
        rows = rows.reshape(-1, 1 + len(COLUMNS))
        return best_of(rows[:, 0].astype(np.intp), rows[:, 1:])

    def vectors(self) -> Vectors:
        """All vector rows as they are searched, the sources' and then our questions', ``(n, d) float32``."""
        parts = [rows.reconstruct_n(0, rows.ntotal) for rows in (self._vectors, self._asked_rows)]
        return np.asarray(np.vstack(parts), dtype=np.float32)

    def close(self) -> None:
        """Lets go of the files."""
        for other in self.others.values():
            other.close()
        self._words.close()
