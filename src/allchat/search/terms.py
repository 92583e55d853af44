"""The terms that SQLite's FTS5 makes of words, and its BM25 of terms, counted once at build.

A word that stands nearly everywhere costs FTS5 a tenth of a second in a million blocks, each time that it is asked for.
The numbers here are FTS5's own, to the last bit. Source: SQLite, ext/fts5/fts5_aux.c, fts5Bm25Function.
"""

from __future__ import annotations

import math
import sqlite3
import threading
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from allchat.search.store import COLUMNS, MOST_POSTINGS, Postings

TOKENIZER: Final = "porter unicode61 remove_diacritics 2"

K1, B, LEAST_IDF = 1.2, 0.75, 1e-6
"""FTS5's."""


SUFFIXES: Final = ("d", "ll", "m", "re", "s", "t", "ve")
"""What FTS5 leaves of the second half of a word with an apostrophe."""

OFFSET: Final = 24
"""Bits for the number of a token in its column."""


class Terms:
    """Cuts words into terms as FTS5 does, with FTS5 itself. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._words = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._words.executescript(
            f"CREATE VIRTUAL TABLE one USING fts5(word, content = '', tokenize = '{TOKENIZER}');"
            "CREATE VIRTUAL TABLE terms USING fts5vocab(one, instance); BEGIN"
        )

    def of(self, word: str) -> tuple[str, ...]:
        """The terms of a word in their order: one for most, two for "don't", none for a mark."""
        with self._lock:
            self._words.execute("INSERT INTO one(rowid, word) VALUES (1, ?)", (word,))
            found = self._words.execute("SELECT term FROM terms ORDER BY offset").fetchall()
            self._words.execute("INSERT INTO one(one) VALUES ('delete-all')")
        return tuple(str(term) for (term,) in found)


class Term(NamedTuple):
    """A term and where it stands."""

    text: str
    postings: Postings


def terms_of(connection: sqlite3.Connection, *, least: int = 1, pairs: bool = False) -> Iterator[Term]:
    """The terms that stand in at least so many rows of the FTS5 table ``words``, in order;
    with ``pairs`` also those of a term and one of ``SUFFIXES`` behind it, as "don't" and "child's" are cut.
    """
    connection.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, words, row)")
    connection.execute("CREATE VIRTUAL TABLE temp.instances USING fts5vocab(main, words, instance)")
    try:
        lengths = row_lengths(connection)
        frequent = connection.execute("SELECT term FROM vocabulary WHERE doc >= ? ORDER BY term", (least,)).fetchall()
        behind = {suffix: _instances(connection, suffix) for suffix in SUFFIXES if pairs}
        anywhere = np.sort(np.concatenate([*behind.values(), np.zeros(0, dtype=np.int64)]))
        for (term,) in frequent:
            instances = _instances(connection, term)
            yield Term(term, bm25(instances >> OFFSET, lengths=lengths))
            before = _stands_before(instances, anywhere)
            for suffix, places in behind.items() if before else ():
                both = instances[np.isin(instances + 1, places)]
                if len(both):
                    yield Term(f"{term} {suffix}", bm25(both >> OFFSET, lengths=lengths))
    finally:
        connection.execute("DROP TABLE temp.vocabulary")
        connection.execute("DROP TABLE temp.instances")


def _stands_before(instances: NDArray[np.int64], places: NDArray[np.int64]) -> bool:
    """Whether one of some places, ascending, is right behind one of the instances."""
    found = np.searchsorted(places, instances + 1)
    inside = found < len(places)
    return bool((places[found[inside]] == instances[inside] + 1).any())


def _instances(connection: sqlite3.Connection, term: str) -> NDArray[np.int64]:
    """Where a term stands, each time: four times the row and the number of the column, shifted by ``OFFSET``, and the
    token's own number there.
    """
    column = "CASE col WHEN 'heading' THEN 0 WHEN 'body' THEN 1 ELSE 2 END"
    query = f"SELECT (4 * doc + {column} << {OFFSET}) + offset FROM instances WHERE term = ?"  # noqa: S608 - our own names
    found = connection.execute(query, (term,))
    return np.fromiter((place for (place,) in found), dtype=np.int64)


def row_lengths(connection: sqlite3.Connection) -> NDArray[np.float64]:
    """How many tokens each row of ``words`` has, ``(rows,)``."""
    sizes = connection.execute("SELECT sz FROM words_docsize ORDER BY id")
    return np.fromiter((_total(size) for (size,) in sizes), dtype=np.float64)


def _total(size: bytes) -> int:
    """The sum of the numbers in SQLite's packing: seven bits a byte, the highest bit where another follows."""
    total = number = 0
    for byte in size:
        number = number << 7 | byte & 127
        if byte < 128:
            total, number = total + number, 0
    return total


def bm25(instances: NDArray[np.int64], *, lengths: NDArray[np.float64]) -> Postings:
    """FTS5's BM25 of a term that stands at ``instances`` (four times the row and the number of the column), by each of
    ``COLUMNS``; at most ``MOST_POSTINGS`` blocks.
    """
    blocks, at = np.unique(instances // 4, return_inverse=True)
    idf = math.log((len(lengths) - len(blocks) + 0.5) / (len(blocks) + 0.5))
    idf = idf if idf > 0 else LEAST_IDF
    length = K1 * (1 - B + B * lengths[blocks] / (float(lengths.sum()) / len(lengths)))
    scores = np.empty((len(blocks), len(COLUMNS)))
    for part, weights in enumerate(COLUMNS):
        often = np.bincount(at, weights=np.array(weights)[instances % 4], minlength=len(blocks))
        scores[:, part] = idf * ((often * (K1 + 1.0)) / (often + length))
    return best_of(blocks.astype(np.intp), scores)


def best_of(blocks: NDArray[np.intp], scores: NDArray[np.float64]) -> Postings:
    """The blocks of a word, ascending, with their scores ``(n, 2)``: the best where they are very many."""
    count = len(blocks)
    if count > MOST_POSTINGS:
        kept = np.sort(np.argpartition(-scores.sum(axis=1), MOST_POSTINGS)[:MOST_POSTINGS])
        blocks, scores = blocks[kept], scores[kept]
    return Postings(count, blocks, np.ascontiguousarray(scores))


def packed(postings: Postings) -> tuple[int, bytes, bytes]:
    """Count, blocks and scores as a table holds them."""
    return postings.count, postings.blocks.astype("<i4").tobytes(), postings.scores.astype("<f8").tobytes()


def unpacked(count: int, blocks: bytes, scores: bytes) -> Postings:
    """What ``packed`` made."""
    numbers = np.frombuffer(blocks, dtype="<i4").astype(np.intp)
    return Postings(count, numbers, np.frombuffer(scores, dtype="<f8").reshape(-1, len(COLUMNS)))
