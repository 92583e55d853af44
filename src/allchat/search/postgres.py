"""The store in PostgreSQL with pgvector: a schema for each language of a version, rows that never change.

Vectors are searched exactly up to ``EXACT_ROWS``, past that by ``halfvec`` in IVFFlat's cells, whose rows are scored
from the whole vectors. Words are arrays of postings with FTS5's own numbers. docs/decisions/0015-stores.md says why.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import Format

from allchat.search.embedder import Vectors
from allchat.search.index import MAP_FILE, file_name
from allchat.search.postgres_connections import Address, Holding, VersionPool
from allchat.search.question_map import unpacked as unpacked_map
from allchat.search.store import Hears, Near, Postings
from allchat.search.tables import Row, Tables
from allchat.search.terms import SUFFIXES, Rows, Terms, bm25, phrase, unpacked, unpacked_places

LEAST_SERVER, LEAST_VECTOR = 15, (0, 8)
"""The oldest PostgreSQL and pgvector: IVFFlat goes on into further cells where its own hold too few rows since 0.8."""

LEAD_BYTES: Final = 12
"""Of grain, block and sentence, which a row leads to once or more."""

NO_PLACE: Final = np.zeros(0, dtype=np.int64)
NOWHERE: Final = Postings(0, np.zeros(0, dtype=np.intp), np.zeros((0, 2)))


class PostgresStore(Tables):
    """A ``Store`` in the schemas of one version; its files lie in ``folder``, checked against the manifest."""

    def __init__(
        self,
        address: Address,
        *,
        folder: Path,
        manifest: Mapping[str, Any],
        version: str,
        probes: int,
        told: Hears,
        language: str = "en",
        beside: PostgresStore | None = None,
    ) -> None:
        super().__init__()
        self.folder, self.manifest, self.version, self.language = folder, manifest, version, language
        self._told = told
        self._terms: Terms = Terms() if beside is None else beside._terms
        own_map = folder / file_name(MAP_FILE, language)
        self._map = unpacked_map(own_map) if own_map.exists() else None
        schema = schema_of(folder.name, language)
        self._pool = VersionPool(address, schema=schema, probes=probes, adapters=_ADAPTERS)
        self.others: dict[str, PostgresStore] = {}
        try:
            rows: list[tuple[str, str]] = [(name, value) for name, value in self._all("SELECT name, value FROM facts")]
            facts = dict(rows)
            self.block_count, self.dimension = int(facts["blocks"]), int(facts["dimension"])
            self._lengths = Rows(self.block_count, float(facts["mean_length"]), self._lengths_of)
            sources = f"{schema_of(folder.name, 'en')}.sources"
            self._tables = {sources: bool(int(facts["source_cells"])), "asked": bool(int(facts["asked_cells"]))}
            for code in manifest["languages"] if beside is None else ():
                self.others[code] = PostgresStore(
                    address,
                    folder=folder,
                    manifest=manifest,
                    version=version,
                    probes=probes,
                    told=told,
                    language=code,
                    beside=self,
                )
        except BaseException:
            self.close()
            raise

    def _all(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        """See ``Tables``."""
        return self._together([(query, values)])[0]

    def _together(self, queries: Sequence[tuple[str, Sequence[Any]]]) -> list[list[Row]]:
        """The rows of each query, in one trip."""
        begun = time.perf_counter()
        try:
            return self._pool.ask(partial(_rows, queries))
        finally:
            self._told(time.perf_counter() - begun)

    def _listed(self, keys: Sequence[Any]) -> tuple[str, Sequence[Any]]:
        """See ``Tables``. Arrays: however many keys there are, the query is the same and is planned once."""
        columns = list(zip(*keys, strict=True)) if isinstance(keys[0], tuple) else [keys]
        types = ["?::text[]" if isinstance(column[0], str) else "?::integer[]" for column in columns]
        return f"(SELECT * FROM unnest({', '.join(types)}))", [list(column) for column in columns]  # noqa: S608 - our own names

    @property
    def connections(self) -> int:
        """See ``Store.connections``."""
        pool = self._pool.get_stats()
        return pool["pool_size"] - pool["pool_available"] + sum(other.connections for other in self.others.values())

    def near(self, vectors: Vectors, *, limit: int) -> Near:
        """See ``Store.near``."""
        moved = vectors if self._map is None else self._map.moved(vectors)
        queries = [
            self._nearest(table, written(vector), limit)
            for pair in zip(vectors, moved, strict=True)
            for table, vector in zip(self._tables, pair, strict=True)
        ]
        rows = [row for found in self._together(queries) for row in found]
        leads = [lead for _, lead in rows]
        targets = np.frombuffer(b"".join(leads), dtype="<i4").reshape(-1, 3).T.astype(np.intp)
        counts = [len(lead) // LEAD_BYTES for lead in leads]
        return Near(np.repeat(np.array([cosine for cosine, _ in rows], dtype=np.float64), counts), *targets)

    def _nearest(self, table: str, vector: Sent, limit: int) -> tuple[str, Sequence[Any]]:
        """What asks for the rows of a table that are nearest to a vector."""
        if not self._tables[table]:
            query = f"SELECT -(whole <#> ?::vector) AS cosine, leads FROM {table} ORDER BY 1 DESC, row LIMIT ?"  # noqa: S608 - our own names
            return query, (vector, limit)
        query = (
            f"SELECT cosine, leads FROM (SELECT row, -(whole <#> ?::vector) AS cosine, leads FROM {table} "  # noqa: S608
            "ORDER BY half <#> ?::vector::halfvec LIMIT ?) AS nearest ORDER BY cosine DESC, row"
        )
        return query, (vector, vector, limit)

    def postings(self, words: Sequence[str]) -> list[Postings]:
        """See ``Store.postings``."""
        cut = [self._terms.of(word) for word in words]
        terms = [" ".join(parts) for parts in cut]
        rows = self._all("SELECT term, count, blocks, scores FROM words WHERE term = ANY(?)", (terms,)) if terms else []
        found = {term: unpacked(*packed) for term, *packed in rows}
        for parts in {parts for parts in cut if len(parts) > 1 and not (len(parts) == 2 and parts[1] in SUFFIXES)}:
            found[" ".join(parts)] = self._phrase(parts)
        return [found.get(term, NOWHERE) for term in terms]

    def _phrase(self, parts: Sequence[str]) -> Postings:
        """The postings of terms that stand one behind the other, as those of "o'clock" do. Such words are rare: they
        are not counted beforehand, as "child's" is.
        """
        rows = self._all("SELECT term, places FROM words WHERE term = ANY(?)", (list(parts),))
        places = {term: unpacked_places(stored) for term, stored in rows}
        together = phrase([places.get(part, NO_PLACE) for part in parts])
        return bm25(together, rows=self._lengths) if len(together) else NOWHERE

    def _lengths_of(self, blocks: NDArray[np.int64]) -> NDArray[np.float64]:
        rows = self._among("SELECT tokens FROM lengths WHERE block IN {} ORDER BY block", blocks.tolist())
        return np.array([tokens for (tokens,) in rows], dtype=np.float64)

    def close(self) -> None:
        """Gives the connections back."""
        for other in self.others.values():
            other.close()
        self._pool.close()


def _rows(queries: Sequence[tuple[str, Sequence[Any]]], one: Holding) -> list[list[Row]]:
    with one.pipeline() if len(queries) > 1 else nullcontext():
        sent = [one.execute(query.replace("?", "%s"), values, binary=True) for query, values in queries]
        return [answered.fetchall() for answered in sent]


def schema_of(version: str, language: str) -> str:
    """What the schema of a version is called for a language."""
    return f"allchat_{version}_{language}"


class Sent(bytes):
    """A vector in pgvector's own form: how many numbers, nothing, the numbers."""


class _SentAsItIs(Dumper):
    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        return obj


_ADAPTERS = AdaptersMap(psycopg.adapters)
_ADAPTERS.register_dumper(Sent, _SentAsItIs)


def written(vector: Vectors) -> Sent:
    """A vector as pgvector takes it, each number to the last bit."""
    return Sent(struct.pack(">HH", len(vector), 0) + vector.astype(">f4").tobytes())
