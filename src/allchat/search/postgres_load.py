"""A version that a build made, copied into PostgreSQL: its tables, its rows of vectors, its words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
import psycopg
from psycopg import sql
from psycopg.types.numeric import Int4

from allchat.search.index import QUESTIONS_FILE, VECTORS_FILE, WORDS_FILE, file_name
from allchat.search.leads import LEADS_FILE, leads_of
from allchat.search.manifest import whole
from allchat.search.postgres import schema_of, written
from allchat.search.terms import Rows, packed, packed_places, row_lengths, rows_of, terms_of

_TABLES: Final = """
CREATE TABLE documents (key text COLLATE "C" PRIMARY KEY, facts text NOT NULL);
CREATE TABLE sections (document text COLLATE "C", number integer, heading text, start integer, "end" integer,
    applies text, PRIMARY KEY (document, number));
CREATE TABLE blocks (id integer PRIMARY KEY, document text COLLATE "C", section integer, kind text, start integer,
    "end" integer, leads text, items text, term text, applies text);
CREATE TABLE sentences (block integer, number integer, start integer, "end" integer, PRIMARY KEY (block, number));
CREATE TABLE passages (id integer PRIMARY KEY, document text COLLATE "C", section integer, start integer,
    "end" integer, text text, tokens integer);
CREATE TABLE furniture (document text COLLATE "C", start integer, "end" integer, what text,
    PRIMARY KEY (document, start));
CREATE TABLE questions (id integer PRIMARY KEY, block integer, sentence integer, text text, language text);
CREATE TABLE settings (name text PRIMARY KEY, value text NOT NULL);
"""
COPIED: Final = ("documents", "sections", "blocks", "sentences", "passages", "furniture", "questions", "settings")

_SEARCH: Final = """
CREATE TABLE words (term text COLLATE "C" PRIMARY KEY, count integer, blocks bytea, scores bytea, places bytea);
CREATE TABLE lengths (block integer PRIMARY KEY, tokens integer NOT NULL);
CREATE TABLE facts (name text PRIMARY KEY, value text NOT NULL);
CREATE INDEX block_places ON blocks (document, start);
CREATE INDEX passage_places ON passages (document);
CREATE INDEX asked_blocks ON questions (block);
"""

Cursor = psycopg.Cursor[Any]


def load(cursor: Cursor, made: Path, *, version: str, languages: Sequence[str]) -> int:
    """Makes and fills the schemas of a version, in the open transaction; gives how many cells a search reads."""
    sources = faiss.read_index(str(made / VECTORS_FILE))
    probes = []
    for language in ("en", *languages):
        cursor.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema_of(version, language))))
        cursor.execute(
            sql.SQL("SET LOCAL search_path = {}, public").format(sql.Identifier(schema_of(version, language)))
        )
        asked = faiss.read_index(str(made / file_name(QUESTIONS_FILE, language)))
        leads = _leads(made / file_name(LEADS_FILE, language), count=sources.ntotal + asked.ntotal)
        with closing(sqlite3.connect(made / file_name(WORDS_FILE, language))) as words:
            rows = _copy_tables(cursor, words)
        if language == "en":
            _vectors(cursor, "sources", sources, leads[: sources.ntotal])
        _vectors(cursor, "asked", asked, leads[sources.ntotal :])
        cells = {"source_cells": _cells(sources), "asked_cells": _cells(asked)}
        facts = {"blocks": rows.total, "mean_length": rows.mean, "dimension": sources.d, **cells}
        _copy(cursor, "facts", ((name, str(value)) for name, value in facts.items()))
        probes += [index.nprobe for index in (sources, asked) if isinstance(index, faiss.IndexIVF)]
    return max(probes, default=1)


def _copy_tables(cursor: Cursor, words: sqlite3.Connection) -> Rows:
    """Copies what a store reads as records, and the words; gives how many blocks there are, and how long."""
    cursor.execute(_TABLES)
    for table in COPIED:
        _copy(cursor, table, words.execute(f"SELECT * FROM {table}"))  # noqa: S608 - our own names
    cursor.execute(_SEARCH)
    terms = terms_of(words, pairs=True)
    _copy(cursor, "words", ((one.text, *packed(one.postings), packed_places(one.places)) for one in terms))
    lengths = row_lengths(words)
    _copy(cursor, "lengths", enumerate(lengths.astype(int).tolist()))
    return rows_of(lengths)


def _leads(path: Path, *, count: int) -> list[bytes]:
    """What each row leads to, as numbers: grain, block, sentence, and again for each block."""
    lines = leads_of(whole(path), path=path)
    parts = np.split(lines[:, 1:], np.searchsorted(lines[:, 0], np.arange(1, count)))
    return [part.astype("<i4").tobytes() for part in parts]


def _vectors(cursor: Cursor, table: str, index: faiss.Index, leads: Sequence[bytes]) -> None:
    """The rows of vectors: whole ones, by which they are scored, and past the exact search halves in cells."""
    cells = _cells(index)
    half = f", half halfvec({index.d})" if cells else ""
    cursor.execute(f"CREATE TABLE {table} (row integer PRIMARY KEY, leads bytea, whole vector({index.d}){half})")
    cursor.execute(f"ALTER TABLE {table} ALTER whole SET STORAGE PLAIN")
    with cursor.copy(f"COPY {table} (row, leads, whole) FROM STDIN (FORMAT BINARY)") as copy:
        for row in _rows(index, leads):
            copy.write_row(row)
    if cells:
        cursor.execute(f"UPDATE {table} SET half = whole::halfvec({index.d})")  # noqa: S608 - our own names
        cursor.execute(f"CREATE INDEX ON {table} USING ivfflat (half halfvec_ip_ops) WITH (lists = {cells})")


def _rows(index: faiss.Index, leads: Sequence[bytes]) -> Iterator[tuple[Int4, bytes, bytes]]:
    """The rows as a binary COPY takes them."""
    if isinstance(index, faiss.IndexIVF):
        index.make_direct_map()
    for row, lead in enumerate(leads):
        yield Int4(row), lead, bytes(written(np.asarray(index.reconstruct(row))))


def _cells(index: faiss.Index) -> int:
    return int(index.nlist) if isinstance(index, faiss.IndexIVF) else 0


def _copy(cursor: Cursor, table: str, rows: Iterable[Sequence[Any]]) -> None:
    with cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
