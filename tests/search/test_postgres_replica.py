"""A primary of PostgreSQL's and a streaming replica behind one URL: what is read where, and what is never opened."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from places import ROOT, SMALL
from postgres_server import Server, missing
from serving import until
from shelves import made, two_searches
from word_hash import WordHash

from allchat.build import build
from allchat.chat import Chat
from allchat.errors import StoreError
from allchat.search.folder import Folder
from allchat.search.shelf import bring
from allchat.web.reload import Following

if missing() is not None:
    pytest.skip(f"not tested: {missing()}", allow_module_level=True)

from allchat.search import postgres_connections
from allchat.search.postgres_shelf import PostgresShelf


@dataclass
class Pair:
    """A primary, its replica, and the database that is in both."""

    primary: Server
    replica: Server
    folder: Path

    def shelf(self, *servers: Server, attributes: str = "any") -> PostgresShelf:
        """As a machine sees it that asks these servers, the first that answers."""
        first, *others = servers
        return PostgresShelf(first.url("allchat", *others, attributes=attributes), folder=self.folder)

    def bring(self, number: int) -> str:
        """Puts a version in force, on the primary."""
        return bring(made(self.folder / f"made-{number}", inputs={"version": number}), self.shelf(self.primary))

    def lag(self, *, behind: bool) -> None:
        """Lets the replica keep what arrives, and show nothing of it for an hour; or go on."""
        self.replica.sql(f"ALTER SYSTEM SET recovery_min_apply_delay = '{'1h' if behind else '0'}'")
        self.replica.sql("SELECT pg_reload_conf()")
        if not behind:
            self.catch_up()

    def catch_up(self) -> None:
        until(lambda: self.replica.caught_up(self.primary))


@pytest.fixture
def pair(own_server: Server, tmp_path: Path) -> Iterator[Pair]:
    for file in ("postgres.sql", "postgres-replica.sql"):
        own_server.file(ROOT / "deploy" / file)
    replica = Server(primary=own_server)
    both = Pair(own_server, replica, tmp_path)
    both.bring(1)
    both.catch_up()
    yield both
    replica.remove()


def test_a_version_that_a_replica_does_not_have_yet_is_not_opened_there(pair: Pair) -> None:
    before = pair.shelf(pair.replica).current()
    pair.lag(behind=True)
    after = pair.bring(2)
    for servers in ((pair.replica,), (pair.replica, pair.primary)):
        shelf = pair.shelf(*servers)
        assert shelf.current() == before
        with pytest.raises(StoreError, match=f"holds no index {after}"):
            shelf.open(after)
        store = shelf.open()
        assert store.folder.name == before
        assert two_searches(store)
        store.close()
    pair.lag(behind=False)
    assert pair.shelf(pair.replica).current() == after


def test_a_server_goes_over_when_its_replica_has_the_version_and_answers_from_the_one_before_until_then(
    pair: Pair,
) -> None:
    corpus, index = SMALL, pair.folder / "index"
    build(corpus, index=index, embedder=WordHash())
    writing, shelf = (pair.shelf(one) for one in (pair.primary, pair.replica))
    before = bring(index / (Folder(index).current() or ""), writing)
    pair.catch_up()
    opening = lambda: Chat.open(index, corpus=corpus, embedder=WordHash(), shelf=shelf)  # noqa: E731
    chat = Following(opening, index=index, shelf=shelf)
    pair.lag(behind=True)
    build(corpus, index=index, embedder=WordHash(), passage_tokens=50)
    after = bring(index / (Folder(index).current() or ""), writing)
    assert not chat.look()
    assert (chat.version, chat.current) == (before, True)
    assert chat.ask("which medicines are forbidden at home").kind == "answer"
    pair.lag(behind=False)
    assert chat.look()
    assert chat.version == after
    chat.now.index.close()


def test_a_store_is_asked_only_where_its_version_is(pair: Pair) -> None:
    pair.replica.stop(how=signal.SIGINT)
    after = pair.bring(2)
    store = pair.shelf(pair.replica, pair.primary).open()
    assert store.folder.name == after
    wanted = two_searches(store)
    pair.primary.sql("ALTER SYSTEM SET wal_keep_size = '0'")
    pair.replica.start(recovery_min_apply_delay="1h")
    assert pair.replica.sql("SELECT name FROM allchat.current", database="allchat") != after
    store._pool.drain()  # as connections are replaced in time
    assert two_searches(store) == wanted
    store.close()


def test_a_version_that_was_lost_with_the_primary_gives_way_to_the_one_before(pair: Pair) -> None:
    index = pair.folder / "index"
    build(SMALL, index=index, embedder=WordHash())
    shelf = pair.shelf(pair.primary, pair.replica)
    before = bring(index / (Folder(index).current() or ""), shelf)
    pair.catch_up()
    pair.lag(behind=True)
    build(SMALL, index=index, embedder=WordHash(), passage_tokens=50)
    bring(index / (Folder(index).current() or ""), shelf)
    opening = lambda: Chat.open(index, corpus=SMALL, embedder=WordHash(), shelf=shelf)  # noqa: E731
    chat = Following(opening, index=index, shelf=shelf)
    assert chat.version != before
    pair.primary.stop()
    answer = chat.ask("which medicines are forbidden at home")
    assert answer.versions["index"].startswith(before)
    assert (answer.kind, chat.version) == ("answer", before)
    chat.now.index.close()


def test_a_server_that_hangs_costs_no_answer_where_another_has_the_version(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_connections, "SECONDS", 4)
    monkeypatch.setattr(postgres_connections, "GRACE_SECONDS", 0)
    store = pair.shelf(pair.primary, pair.replica).open()
    wanted = two_searches(store)
    with pair.primary.hanging():
        begun = time.monotonic()
        assert two_searches(store) == wanted
        assert 4 < time.monotonic() - begun < 15
    store.close()


def test_what_is_published_at_a_replica_is_an_error_that_says_where_to(pair: Pair) -> None:
    files = made(pair.folder / "made", inputs={"version": 2})
    with pytest.raises(StoreError, match=r"is a replica.*target_session_attrs=primary"):
        pair.shelf(pair.replica).write(files)
    shelf = pair.shelf(pair.replica, pair.primary, attributes="primary")
    assert bring(files, shelf) == shelf.current()


def test_every_way_to_choose_among_servers_can_be_read_with(pair: Pair) -> None:
    for attributes in ("any", "primary", "read-write", "prefer-standby", "standby"):
        store = pair.shelf(pair.replica, pair.primary, attributes=attributes).open()
        assert two_searches(store)
        store.close()


def test_a_replica_is_promoted_where_the_primary_is_lost_and_takes_the_next_version(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_connections, "SECONDS", 2)
    store = pair.shelf(pair.primary, pair.replica).open()
    wanted = two_searches(store)
    pair.primary.stop()
    assert two_searches(store) == wanted
    shelf = pair.shelf(pair.primary, pair.replica, attributes="primary")
    with pytest.raises(StoreError, match="cannot be reached"):
        shelf.current()
    pair.replica.sql("SELECT pg_promote()")
    assert bring(made(pair.folder / "made", inputs={"version": 2}), shelf) == shelf.current()
    assert two_searches(store) == wanted
    store.close()
