"""Connections to PostgreSQL: where it is, which of several servers is asked, and what is said when none answers."""

from __future__ import annotations

import os
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

import psycopg
from psycopg.adapt import AdaptersMap
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from allchat.errors import GoneError, SettingsError, StoreError

SECONDS: Final = 5
"""How long a query may take, and a question waits for a connection; to connect, 3."""

GRACE_SECONDS: Final = 2
"""How much later a connection is given up whose server has not kept that limit itself: it hangs, or is cut off."""

MOST_CONNECTIONS: Final = 8
"""Of one process, for each language: a question holds one for as long as one query takes."""

_USUAL: Final = {
    "application_name": "allchat",
    "connect_timeout": "3",
    "keepalives_idle": "5",  # a server whose machine is gone says nothing at all
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}


Answered = TypeVar("Answered")


class Address:
    """Where a database is, and how it is called in what we say: never with a password.

    Raises:
        SettingsError: the URL cannot be read, or holds a password.
    """

    def __init__(self, url: str) -> None:
        try:
            parts = conninfo_to_dict(url)
        except psycopg.ProgrammingError as error:
            raise SettingsError("store: is no URL of PostgreSQL's. Write postgresql://USER@HOST/DATABASE") from error
        if "password" in parts:
            raise SettingsError(
                "store: holds a password. Take it out; put it into the file that PGPASSFILE names, or into PGPASSWORD."
            )
        if parts.get("target_session_attrs") == "read-write":
            parts["target_session_attrs"] = "primary"  # ours only read, which libpq would take for a server that must
        self._parts = {**_USUAL, **parts}
        self.name = f"PostgreSQL at {parts.get('host', 'localhost')}/{parts.get('dbname', '')}"

    def conninfo(self, **options: object) -> str:
        """What libpq is told, with the server's settings for each connection."""
        told = " ".join(f"-c {name}={value}" for name, value in options.items())
        return make_conninfo("", **self._parts, options=f"{self._parts.get('options', '')} {told}".strip())

    @contextmanager
    def errors(self) -> Iterator[None]:
        """What goes wrong inside is told as a StoreError."""
        try:
            yield
        except psycopg.Error as error:
            raise self.told(error) from error

    def told(self, error: psycopg.Error) -> StoreError:
        """What is said of an error of PostgreSQL's."""
        lines = str(error).strip().splitlines() or [type(error).__name__]
        fact = lines[0].rstrip(".")
        unsafe = [line for line in lines if any(words in line for words in _UNSAFE)]
        if unsafe and isinstance(error, psycopg.OperationalError):
            return StoreError(
                f"{self.name}: no safe connection ({unsafe[0].rstrip('.')}). Name the certificate of its CA as "
                "sslrootcert=FILE, the server as its own certificate does, and sslmode=verify-full."
            )
        if isinstance(error, psycopg.errors.UndefinedTable):
            return GoneError(f"{self.name}: the version is gone ({fact}). Run: allchat build")
        said = next(said for kind, said in _SAID if isinstance(error, kind))
        return StoreError(f"{self.name}: {said.format(fact=fact, seconds=SECONDS)}")


_UNSAFE: Final = ("certificate", "does not support SSL")
"""What libpq's lines hold where a server cannot be trusted; one that is away has others, with or without SSL."""

_SAID: Final[tuple[tuple[type[psycopg.Error], str], ...]] = (
    (psycopg.errors.QueryCanceled, "did not answer within {seconds} seconds. Ask again."),
    (psycopg.errors.InsufficientPrivilege, "a right is missing ({fact}). See deploy/postgres.sql."),
    (
        psycopg.errors.ReadOnlySqlTransaction,
        "is a replica, which takes no version. Name the primary, or all servers with target_session_attrs=primary.",
    ),
    (psycopg.OperationalError, "cannot be reached ({fact}). Start it, or wait."),
    (psycopg.Error, "{fact}. See its log."),
)
"""The first kind that an error is of, and what is said of it."""


class Holding(psycopg.Connection[Any]):
    """A connection to a server that has a version. Of the servers that a URL names the first that answers is asked; a
    replica that does not have the version yet is passed over.
    """

    @classmethod
    def connect(  # type: ignore[override]  # a pool calls it with what it was given
        cls, conninfo: str = "", *, schema: str, failed: list[psycopg.Error], **how: Any
    ) -> Holding:
        """A new connection; ``failed`` holds why there was none the last time.

        Raises:
            psycopg.Error: no server answers, or none of them has the schema.
        """
        try:
            found = cls._first(conninfo, schema, how)
        except psycopg.Error as error:
            failed[:] = [type(error)(str(error))]  # without the frames that it holds
            raise
        failed.clear()
        return found

    @classmethod
    def _first(cls, conninfo: str, schema: str, how: dict[str, Any]) -> Holding:
        one = super().connect(conninfo, **how)
        if one._holds(schema):
            return one
        for server in _servers(conninfo):
            with suppress(psycopg.OperationalError):  # it is away: the next one
                one = super().connect(server, **how)
                if one._holds(schema):
                    return one
        raise psycopg.errors.UndefinedTable(f"no server has {schema}")

    def _holds(self, schema: str) -> bool:
        there = self.execute("SELECT to_regclass(%s) IS NOT NULL", (f"{schema}.facts",)).fetchone()
        if there == (True,):
            return True
        self.close()
        return False


def _servers(conninfo: str) -> list[str]:
    """What each of the servers alone is told that are named together, in their order."""
    parts = conninfo_to_dict(conninfo)
    named = {name: str(parts[name]).split(",") for name in {"host", "hostaddr", "port"} & parts.keys()}
    return [
        make_conninfo("", **(parts | {name: values[n % len(values)] for name, values in named.items()}))
        for n in range(max(map(len, named.values()), default=1))
    ]


class _Deadlines:
    """Breaks off connections whose server has not kept the limit of a query itself. Knows no pool: one that nobody
    uses any more must be given up, while this is watched by a thread.
    """

    def __init__(self) -> None:
        self._running: dict[int, tuple[float, Holding]] = {}
        self._lock, self.over = threading.Lock(), threading.Event()

    @contextmanager
    def kept(self, one: Holding) -> Iterator[None]:
        """While the block runs the connection is watched."""
        self._running[id(one)] = time.monotonic() + SECONDS + GRACE_SECONDS, one
        try:
            yield
        finally:
            with self._lock:  # who is being broken off is not given back: its socket could be another's by then
                del self._running[id(one)]

    def watch(self) -> None:
        """Looks at all of them twice a second, until it is over."""
        while not self.over.wait(0.5):
            with self._lock:
                for until, one in list(self._running.values()):
                    if time.monotonic() > until:
                        _break_off(one)


def _break_off(one: Holding) -> None:
    """Whoever waits for an answer on a connection is told that it was lost."""
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(one.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


class VersionPool(ConnectionPool[Holding]):
    """Connections to servers that have the schema of a version. What is asked only reads."""

    def __init__(self, address: Address, *, schema: str, probes: int, adapters: AdaptersMap) -> None:
        self._address = address
        self._failed: list[psycopg.Error] = []
        self._deadlines = _Deadlines()
        weakref.finalize(self, self._deadlines.over.set)
        options: dict[str, object] = {
            "search_path": f"{schema},public",
            "statement_timeout": f"{SECONDS}s",
            "default_transaction_read_only": "on",
            "ivfflat.iterative_scan": "relaxed_order",
            "ivfflat.probes": probes,
            "enable_seqscan": "off",  # cells are read also where the planner thinks them dear
            "max_parallel_workers_per_gather": 0,  # to start a process takes longer than to read 10,000 rows
        }
        how: dict[str, Any] = {"autocommit": True, "context": adapters, "prepare_threshold": 1}
        how |= {"schema": schema, "failed": self._failed}
        super().__init__(
            address.conninfo(**options),
            connection_class=Holding,
            kwargs=how,
            min_size=1,
            max_size=MOST_CONNECTIONS,
            timeout=SECONDS,
            reconnect_timeout=SECONDS,
            open=False,
        )
        with address.errors():
            self.open()
        threading.Thread(target=self._deadlines.watch, name="allchat-deadlines", daemon=True).start()

    def ask(self, asked: Callable[[Holding], Answered]) -> Answered:
        """What ``asked`` gives of a connection. One that was lost meanwhile, as when its server restarts, or whose
        server hangs, is tried once more on another: what reads may be asked twice.

        Raises:
            StoreError: no server answers, or none in time; a GoneError: none has the version any more.
        """
        with self._address.errors():
            try:
                return self._once(asked)
            except psycopg.errors.QueryCanceled:
                raise
            except psycopg.OperationalError:
                self.drain()  # the others lead to the same server
                return self._once(asked)

    def _once(self, asked: Callable[[Holding], Answered]) -> Answered:
        try:
            with self.connection() as one, self._deadlines.kept(one):
                return asked(one)
        except PoolTimeout as error:
            raise self._address.told(self._failed[0] if self._failed else error) from error
