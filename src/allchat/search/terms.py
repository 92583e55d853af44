"""The terms that SQLite's FTS5 makes of words, and its BM25 of terms, counted once at build.

A word that stands nearly everywhere costs FTS5 a tenth of a second in a million blocks, each time that it is asked for.
The numbers here are FTS5's own, to the last bit. Source: SQLite, ext/fts5/fts5_aux.c, fts5Bm25Function.
"""

from __future__ import annotations

import math
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
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
    """A term and where it stands: its blocks, and, as ``_instances`` counts them, each place; none of a pair."""

    text: str
    postings: Postings
    places: NDArray[np.int64] = np.zeros(0, dtype=np.int64)


class Rows(NamedTuple):
    """What a term's places are held against: how many rows there are, and how long, in tokens: in the mean, and some of
    them by their numbers.
    """

    total: int
    mean: float
    lengths_of: Callable[[NDArray[np.int64]], NDArray[np.float64]]


def terms_of(connection: sqlite3.Connection, *, least: int = 1, pairs: bool = False) -> Iterator[Term]:
    """The terms that stand in at least so many rows of the FTS5 table ``words``, in order;
    with ``pairs`` also those of a term and one of ``SUFFIXES`` behind it, as "don't" and "child's" are cut.
    """
    connection.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, words, row)")
    connection.execute("CREATE VIRTUAL TABLE temp.instances USING fts5vocab(main, words, instance)")
    try:
        rows = rows_of(row_lengths(connection))
        frequent = connection.execute("SELECT term FROM vocabulary WHERE doc >= ? ORDER BY term", (least,)).fetchall()
        behind = {suffix: _instances(connection, suffix) for suffix in SUFFIXES if pairs}
        anywhere = np.sort(np.concatenate([*behind.values(), np.zeros(0, dtype=np.int64)]))
        for (term,) in frequent:
            instances = _instances(connection, term)
            yield Term(term, bm25(instances, rows=rows), instances)
            before = _stands_before(instances, anywhere)
            for suffix, places in behind.items() if before else ():
                both = phrase([instances, places])
                if len(both):
                    yield Term(f"{term} {suffix}", bm25(both, rows=rows))
    finally:
        connection.execute("DROP TABLE temp.vocabulary")
        connection.execute("DROP TABLE temp.instances")


def phrase(places: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """The places of the first of some terms behind which all the others stand, in their order."""
    found = places[0]
    for behind, others in enumerate(places[1:], start=1):
        found = found[np.isin(found + behind, others)]
    return found


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


def rows_of(lengths: NDArray[np.float64]) -> Rows:
    """What the lengths of all rows say."""
    return Rows(len(lengths), float(lengths.sum()) / max(1, len(lengths)), lengths.__getitem__)


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


def bm25(places: NDArray[np.int64], *, rows: Rows) -> Postings:
    """FTS5's BM25 of a term by where it stands, by each of ``COLUMNS``; at most ``MOST_POSTINGS`` blocks."""
    instances = places >> OFFSET
    blocks, at = np.unique(instances // 4, return_inverse=True)
    idf = math.log((rows.total - len(blocks) + 0.5) / (len(blocks) + 0.5))
    idf = idf if idf > 0 else LEAST_IDF
    length = K1 * (1 - B + B * rows.lengths_of(blocks) / rows.mean)
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


def packed_places(places: NDArray[np.int64]) -> bytes:
    """Places as a table holds them: the steps from each to the next, which are small, compressed."""
    return zlib.compress(np.diff(places, prepend=0).astype("<i8").tobytes(), level=1)


def unpacked_places(stored: bytes) -> NDArray[np.int64]:
    """What ``packed_places`` made."""
    return np.cumsum(np.frombuffer(zlib.decompress(stored), dtype="<i8"))
