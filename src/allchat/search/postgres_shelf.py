"""The shelf in PostgreSQL: versions in schemas of their own, one of them in force, everything by transactions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from allchat.errors import StoreError
from allchat.search.copies import fetched, tidy
from allchat.search.folder import NAME_DIGITS
from allchat.search.index import ROW_FILES
from allchat.search.manifest import MANIFEST, checked_manifest, sha256_of
from allchat.search.postgres import LEAST_SERVER, LEAST_VECTOR, PostgresStore, schema_of
from allchat.search.postgres_connections import Address
from allchat.search.postgres_load import load
from allchat.search.store import Hears

READERS: Final = "allchat_reader"
"""The role that servers read with, where there is one: it is given the right to read what is written."""

_LOCK: Final = 7_110_822
"""Whoever writes or publishes holds this lock of PostgreSQL's until its transaction ends."""

_SHELF: Final = f"""
CREATE SCHEMA IF NOT EXISTS allchat;
CREATE TABLE IF NOT EXISTS allchat.versions (name text PRIMARY KEY, probes integer NOT NULL,
    languages text[] NOT NULL, made timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS allchat.files (version text REFERENCES allchat.versions ON DELETE CASCADE, name text,
    content bytea NOT NULL, PRIMARY KEY (version, name));
CREATE TABLE IF NOT EXISTS allchat.current (single boolean PRIMARY KEY DEFAULT true CHECK (single),
    name text NOT NULL REFERENCES allchat.versions);
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{READERS}') THEN
        GRANT USAGE ON SCHEMA allchat TO {READERS};
        GRANT SELECT ON ALL TABLES IN SCHEMA allchat TO {READERS};
    END IF;
END $$;
"""


class PostgresShelf:
    """The ``Shelf`` in a database. Files that are loaded from disk, as the model is, are fetched into ``folder``."""

    kind: Final = "postgresql"

    def __init__(self, url: str, *, folder: Path) -> None:
        self._address = Address(url)
        self._folder = folder
        self._told: Hears = lambda _: None

    @property
    def name(self) -> str:
        """See ``Shelf.name``."""
        return self._address.name

    def hear(self, told: Hears) -> None:
        """See ``Shelf.hear``."""
        self._told = told

    def _tell(self, seconds: float) -> None:
        self._told(seconds)

    def current(self) -> str | None:
        """See ``Shelf.current``."""
        with self._connected() as cursor:
            return _current(cursor)

    def open(self, name: str | None = None) -> PostgresStore:
        """See ``Shelf.open``."""
        with self._connected() as cursor:
            name = name or _current(cursor)
            if name is None:
                raise StoreError(f"{self.name}: holds no index. Run: allchat build")
            rows = _if_any(cursor, "SELECT probes FROM allchat.versions WHERE name = %s", name)
            if not rows:
                raise StoreError(f"{self.name}: holds no index {name}. Run: allchat build")
            manifest, version = self._files(cursor, name)
            tidy(self._folder, there=_versions(cursor))
        return PostgresStore(
            self._address,
            folder=self._folder / name,
            manifest=manifest,
            version=version,
            probes=rows[0][0],
            told=self._tell,
        )

    def write(self, made: Path) -> str:
        """See ``Shelf.write``. All of it is one transaction: who is killed in the middle of it leaves nothing."""
        name = sha256_of(made / MANIFEST)[:NAME_DIGITS]
        manifest, _ = checked_manifest(made, name=name)
        with self._connected() as cursor, cursor.connection.transaction():
            self._lock(cursor)
            cursor.execute(_SHELF)
            if not cursor.execute("SELECT 1 FROM allchat.versions WHERE name = %s", (name,)).fetchone():
                languages = ["en", *manifest["languages"]]
                probes = load(cursor, made, version=name, languages=manifest["languages"])
                cursor.execute("INSERT INTO allchat.versions VALUES (%s, %s, %s)", (name, probes, languages))
                _let_read(cursor, [schema_of(name, language) for language in languages])
            _write_files(cursor, made, name, {MANIFEST: name, **manifest["files"]})
        return name

    def publish(self, name: str, *, instead_of: str | None) -> None:
        """See ``Shelf.publish``."""
        with self._connected() as cursor, cursor.connection.transaction():
            self._lock(cursor)
            if _current(cursor) != instead_of:
                raise StoreError(f"{self.name}: another index came in force meanwhile. Run: allchat build")
            if not _if_any(cursor, "SELECT 1 FROM allchat.versions WHERE name = %s", name):
                raise StoreError(f"{self.name}: holds no index {name}. Run: allchat build")
            cursor.execute(
                "INSERT INTO allchat.current VALUES (true, %s) ON CONFLICT (single) DO UPDATE SET name = EXCLUDED.name",
                (name,),
            )

    def versions(self) -> list[str]:
        """See ``Shelf.versions``."""
        with self._connected() as cursor:
            return _versions(cursor)

    def drop(self, name: str) -> None:
        """See ``Shelf.drop``."""
        with self._connected() as cursor, cursor.connection.transaction():
            self._lock(cursor)
            rows = _if_any(cursor, "SELECT languages FROM allchat.versions WHERE name = %s", name)
            if not rows or _current(cursor) == name:
                return
            for language in rows[0][0]:
                schema = sql.Identifier(schema_of(name, language))
                cursor.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(schema))
            cursor.execute("DELETE FROM allchat.versions WHERE name = %s", (name,))

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Cursor[Any]]:
        told = self._address.conninfo(lock_timeout="60s")
        with self._address.errors(), psycopg.connect(told, autocommit=True) as one:
            _check(one, self.name)
            with one.cursor() as cursor:
                yield cursor

    def _lock(self, cursor: psycopg.Cursor[Any]) -> None:
        (got,) = cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,)).fetchone() or (False,)
        if not got:
            raise StoreError(f"{self.name}: another build is running. Wait for it to end.")

    def _files(self, cursor: psycopg.Cursor[Any], name: str) -> tuple[dict[str, Any], str]:
        """The manifest of a version and its sha256; its files are fetched where they are not there or were altered."""

        def read(file: str) -> Iterator[bytes]:
            query = "SELECT content FROM allchat.files WHERE version = %s AND name = %s"
            row = cursor.execute(query, (name, file), binary=True).fetchone()
            yield from row or ()

        return fetched(self._folder / name, read, origin=self.name, wanted=_is_kept)


def _is_kept(file: str) -> bool:
    """Whether a file of a version stays a file."""
    return not file.endswith(ROW_FILES)


def _write_files(cursor: psycopg.Cursor[Any], made: Path, version: str, files: Mapping[str, str]) -> None:
    """Writes those of a version's files that are not there or were altered; each is given with its hash, or with the
    beginning of that.
    """
    query = "SELECT name, encode(sha256(content), 'hex') FROM allchat.files WHERE version = %s"
    there: dict[str, str] = dict(cursor.execute(query, (version,)).fetchall())
    for file, sha256 in files.items():
        if _is_kept(file) and not there.get(file, "").startswith(sha256):
            query = (
                "INSERT INTO allchat.files VALUES (%s, %s, %s) "
                "ON CONFLICT (version, name) DO UPDATE SET content = EXCLUDED.content"
            )
            cursor.execute(query, (version, file, (made / file).read_bytes()), binary=True)


def _check(connection: psycopg.Connection[Any], name: str) -> None:
    """Raises StoreError where the server or its pgvector is missing or too old."""
    if connection.info.server_version < 10_000 * LEAST_SERVER:
        found = connection.info.server_version // 10_000
        raise StoreError(f"{name}: is version {found}, allchat needs {LEAST_SERVER} or newer. Upgrade the server.")
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    if row is None:
        raise StoreError(f"{name}: has no extension vector. As its superuser: CREATE EXTENSION vector")
    if tuple(map(int, str(row[0]).split(".")[:2])) < LEAST_VECTOR:
        needed = ".".join(map(str, LEAST_VECTOR))
        raise StoreError(f"{name}: has pgvector {row[0]}, allchat needs {needed} or newer. Upgrade it.")


def _if_any(cursor: psycopg.Cursor[Any], query: str, *values: object) -> list[Any]:
    """The rows of a query; none where nothing was ever written there."""
    there = cursor.execute("SELECT to_regclass('allchat.current')").fetchone()
    return cursor.execute(query, values).fetchall() if there and there[0] else []


def _versions(cursor: psycopg.Cursor[Any]) -> list[str]:
    return [str(name) for (name,) in _if_any(cursor, "SELECT name FROM allchat.versions ORDER BY made, name")]


def _current(cursor: psycopg.Cursor[Any]) -> str | None:
    rows = _if_any(cursor, "SELECT name FROM allchat.current")
    return str(rows[0][0]) if rows else None


def _let_read(cursor: psycopg.Cursor[Any], schemas: list[str]) -> None:
    if not cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (READERS,)).fetchone():
        return
    for schema in schemas:
        names = {"schema": sql.Identifier(schema), "readers": sql.Identifier(READERS)}
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA {schema} TO {readers}").format(**names))
        cursor.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {readers}").format(**names))
