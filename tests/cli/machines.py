"""Two machines that serve an index from a primary of PostgreSQL's and its replica, and families who ask both."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from commands import run
from deployed_site import free_ports
from places import ROOT
from postgres_server import Server
from word_hash import WordHash

from allchat.build import build
from allchat.search.shelf import bring, shelf_at

PATIENCE: Final = 240
"""Seconds that a step may take on a machine that is busy with other work."""

ENVIRONMENT: Final = {"PYTHONPATH": os.pathsep.join(sys.path)}
"""That of this process: its program and the tests' modules."""

Record = Mapping[str, Any]


def wait_for(condition: Callable[[], bool], what: str) -> None:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < PATIENCE, what
        time.sleep(0.05)


@dataclass(frozen=True)
class Version:
    """An index, built, and the corpus that it was built from."""

    index: Path
    corpus: Path

    @property
    def name(self) -> str:
        return (self.index / "current").read_text(encoding="ascii").strip()


@dataclass(frozen=True)
class Kind:
    """How an operator builds, publishes and serves."""

    command: tuple[str, ...]
    build: Callable[[Version], None]
    publish: Callable[[Version, str], None]


def _build(version: Version) -> None:
    assert run("build", index=version.index, corpus=version.corpus).exit_code == 0


def _publish(version: Version, store: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALLCHAT_STORE", store)
        said = run("build", index=version.index, corpus=version.corpus)
    assert f"{version.name} is in force" in said.output


def _build_small(version: Version) -> None:
    build(version.corpus, index=version.index, embedder=WordHash())


def _publish_small(version: Version, store: str) -> None:
    bring(version.index / version.name, shelf_at(version.index, store=store))


REAL: Final = Kind((sys.executable, "-m", "allchat", "serve"), _build, _publish)
QUICK: Final = Kind((sys.executable, str(Path(__file__).with_name("small_machine.py"))), _build_small, _publish_small)
"""``REAL`` by the commands; ``QUICK`` with the word-hash embedder, without the model's files and without the page."""


class Serving:
    """One machine: a server with a corpus, an index folder and an address of its own."""

    def __init__(self, folder: Path, *, command: Sequence[str], store: str, corpus: Path) -> None:
        self.folder, self.store, self._command = folder, store, command
        shutil.copytree(corpus, folder / "corpus")
        self.port = next(iter(free_ports(1)))
        self.address = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        paths = [f"--index={self.folder / 'index'}", f"--corpus={self.folder / 'corpus'}", f"--port={self.port}"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, *paths],
                env={**os.environ, **ENVIRONMENT, "ALLCHAT_STORE": self.store, "ALLCHAT_LOG_REQUESTS": "false"},
                stdout=log,
                stderr=log,
            )

    def end(self, how: int = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=PATIENCE)
            self._process = None

    def answers_from(self, version: Version | None = None) -> bool:
        """Whether it takes questions, and from that version."""
        try:
            told = httpx.get(f"{self.address}/readyz", timeout=30)
        except httpx.TransportError:
            return False
        return told.status_code == 200 and (version is None or told.json()["index"] == version.name)

    def take(self, corpus: Path) -> None:
        """Brings another corpus to this machine, as an operator does before its index is published."""
        shutil.copy(corpus / "corpus.toml", self.folder / "new.toml")
        (self.folder / "new.toml").replace(self.folder / "corpus" / "corpus.toml")


@dataclass(frozen=True)
class Told:
    """What came of one question: the answer, who gave it, and what was said before it was given."""

    question: int
    record: Record | None
    server: int
    refused: tuple[str, ...]


class Family:
    """Asks by turns of both servers, and once more of the other where one is away or says that it cannot answer."""

    def __init__(self, servers: Sequence[Serving], questions: Sequence[Record]) -> None:
        self._questions = questions
        self._clients = [httpx.Client(base_url=one.address, timeout=PATIENCE) for one in servers]

    def ask(self, number: int, *, first: int) -> Told:
        refused: list[str] = []
        for server in (first, 1 - first):
            try:
                told = self._clients[server].post("/v1/ask", json=self._questions[number])
            except httpx.TransportError as error:
                refused.append(f"{server}: {type(error).__name__}")
                continue
            if told.status_code == 200:
                return Told(number, told.json(), server, tuple(refused))
            refused.append(f"{server}: {told.status_code} {told.headers.get('retry-after')} {told.text}")
            if told.status_code != 503:
                break
        return Told(number, None, first, tuple(refused))

    def close(self) -> None:
        for client in self._clients:
            client.close()


class Asking:
    """Families who never stop until they are told to, and all that they were told; each waits a ``pause`` (seconds)
    between an answer and the next question.
    """

    def __init__(self, servers: Sequence[Serving], questions: Sequence[Record], *, families: int, pause: float) -> None:
        self.told: list[Told] = []
        self._families, self._pause = families, pause
        self._servers, self._questions = servers, questions
        self._numbers, self._over = itertools.count(), threading.Event()

    @contextmanager
    def going_on(self) -> Iterator[None]:
        with ThreadPoolExecutor(self._families) as pool:
            families = [pool.submit(self._ask) for _ in range(self._families)]
            try:
                yield
            finally:
                self._over.set()
        for one in families:
            one.result()

    def _ask(self) -> None:
        family = Family(self._servers, self._questions)
        while not self._over.is_set():
            number = next(self._numbers)
            self.told.append(family.ask(number % len(self._questions), first=number % 2))
            time.sleep(self._pause)
        family.close()


def without_times(record: Record) -> Record:
    return {name: value for name, value in record.items() if name not in ("id", "timings_ms")}


def quietly(servers: Sequence[Serving], questions: Sequence[Record]) -> list[Record]:
    """What every question is answered while nothing else happens; the servers that are there say the same."""
    family, given = Family(servers, questions), []
    there = [number for number, server in enumerate(servers) if server.answers_from()]
    for number in range(len(questions)):
        told = [family.ask(number, first=server) for server in there]
        assert [one.refused for one in told] == [()] * len(there)
        records = [without_times(one.record or {}) for one in told]
        assert records == records[:1] * len(there)
        given.append(records[0])
    family.close()
    return given


class Site:
    """The primary, its replica, two servers, and the steps that are taken while they are asked."""

    def __init__(self, folder: Path, *, kind: Kind, first: Version, held: ExitStack) -> None:
        self._kind = kind
        self.primary = Server()
        held.callback(self.primary.remove)
        for file in ("postgres.sql", "postgres-replica.sql"):
            self.primary.file(ROOT / "deploy" / file)
        self.replica = Server(primary=self.primary)
        held.callback(self.replica.remove)
        self._writes = self.primary.url("allchat", self.replica, user="allchat_writer", attributes="primary")
        self.publish(first)
        wait_for(lambda: self.replica.caught_up(self.primary), "the replica does not catch up")
        pairs = ((self.replica, self.primary), (self.primary, self.replica))
        self.servers = [
            Serving(
                folder / f"server-{n}",
                command=kind.command,
                store=near.url("allchat", far, user="allchat_reader"),
                corpus=first.corpus,
            )
            for n, (near, far) in enumerate(pairs)
        ]
        for one in self.servers:
            held.callback(one.end, signal.SIGKILL)
            one.start()
        self.all_answer_from(first)

    def publish(self, version: Version) -> None:
        """With a URL that finds whichever server is the primary."""
        self._kind.publish(version, self._writes)

    def all_answer_from(self, version: Version | None = None) -> None:
        for one in self.servers:
            wait_for(lambda one=one: one.answers_from(version), f"{one.address}: {version}")  # type: ignore[misc]

    def kill_a_server(self) -> None:
        self.servers[0].end(signal.SIGKILL)
        assert not self.servers[0].answers_from()

    def lose_a_server_and_start_it(self) -> None:
        self.kill_a_server()
        self.servers[0].start()
        self.all_answer_from()

    def restart(self, server: Server) -> None:
        server.stop(how=signal.SIGINT)
        time.sleep(1)
        server.start()

    def go_over_to(self, version: Version) -> None:
        for one in self.servers:
            one.take(version.corpus)
        self.publish(version)
        self.all_answer_from(version)

    def lose_the_primary(self) -> None:
        self.primary.stop()
        self.replica.sql("SELECT pg_promote()")
