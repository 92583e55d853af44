"""Machines that serve an index from PostgreSQL: what they hold, keep and say of themselves."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from places import SMALL
from postgres_server import Server, missing
from serving import until
from shelves import in_postgres, made
from word_hash import WordHash

from allchat.build import build
from allchat.chat import Chat
from allchat.cli.doctor import index_findings
from allchat.errors import StoreError
from allchat.search.folder import Folder
from allchat.search.manifest import MANIFEST
from allchat.search.model_files import PACKAGED_MODEL
from allchat.search.shelf import bring, shelf_at
from allchat.web.app import create_app
from allchat.web.reload import Following

if missing() is not None:
    pytest.skip(f"not tested: {missing()}", allow_module_level=True)


def connections(on: Server) -> int:
    return int(on.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'allchat'"))


def test_an_index_that_is_not_used_or_no_longer_used_holds_no_connection(own_server: Server, tmp_path: Path) -> None:
    corpus, index = Path(shutil.copytree(SMALL, tmp_path / "corpus")), tmp_path / "index"
    shelf = in_postgres(tmp_path / "files", on=own_server)

    def built() -> None:
        build(corpus, index=index, embedder=WordHash())
        bring(index / (Folder(index).current() or ""), shelf)

    built()
    opening = lambda: Chat.open(index, corpus=corpus, embedder=WordHash(), shelf=shelf)  # noqa: E731
    chat = Following(opening, index=index, shelf=shelf)
    held = connections(own_server)
    assert held > 0
    (corpus / "lay_terms.toml").unlink()
    with pytest.raises(StoreError, match="was built from other word files"):
        opening()
    until(lambda: connections(own_server) == held)
    built()
    assert chat.look()
    until(lambda: connections(own_server) == held)
    chat.now.index.close()
    until(lambda: connections(own_server) == 0)


def test_the_metrics_tell_the_time_of_queries_the_connections_in_use_and_a_store_that_is_away(
    own_server: Server, tmp_path: Path
) -> None:
    index, shelf = tmp_path / "index", in_postgres(tmp_path / "files", on=own_server)
    build(SMALL, index=index, embedder=WordHash())
    name = bring(index / (Folder(index).current() or ""), shelf)
    opening = lambda: Chat.open(index, corpus=SMALL, embedder=WordHash(), shelf=shelf)  # noqa: E731
    chat = Following(opening, index=index, shelf=shelf)
    with TestClient(create_app(chat, page=False), client=("127.0.0.1", 5)) as client:

        def figure(name: str) -> float:
            (line,) = (line for line in client.get("/metrics").text.splitlines() if line.startswith(f"{name} "))
            return float(line.split()[1])

        assert f'allchat_index_info{{store="postgresql",version="{name}"}} 1.0' in client.get("/metrics").text
        before = figure("allchat_store_query_seconds_count")
        assert client.post("/v1/ask", json={"question": "which medicines are forbidden"}).status_code == 200
        asked, seconds = (figure(f"allchat_store_query_seconds_{part}") for part in ("count", "sum"))
        assert asked > before
        assert 0 < seconds < 60
        with chat.now.index._pool.connection():
            assert figure("allchat_store_connections") == 1
        until(lambda: figure("allchat_store_connections") == 0)
        own_server.stop()
        chat.look()
        assert (figure("allchat_store_reachable"), figure("allchat_index_current")) == (0, 0)
        own_server.start()
        chat.look()
        assert (figure("allchat_store_reachable"), figure("allchat_index_current")) == (1, 1)
    chat.now.index.close()


def test_a_question_whose_version_was_removed_is_answered_by_the_one_that_came_after(
    own_server: Server, tmp_path: Path
) -> None:
    index, shelf = tmp_path / "index", in_postgres(tmp_path / "files", on=own_server)

    def published(tokens: int) -> str:
        build(SMALL, index=index, embedder=WordHash(), passage_tokens=tokens)
        return bring(index / (Folder(index).current() or ""), shelf)

    before = published(200)
    opening = lambda: Chat.open(index, corpus=SMALL, embedder=WordHash(), shelf=shelf)  # noqa: E731
    chat = Following(opening, index=index, shelf=shelf)
    published(100)
    after = published(50)  # before this machine looked
    assert before not in shelf.versions()
    assert chat.version == before
    assert chat.ask("how often is the fever thermometer read").versions["index"].startswith(after)
    assert chat.version == after
    chat.now.index.close()


def test_readiness_tells_within_seconds_that_the_store_is_lost_and_that_it_is_back(
    own_server: Server, tmp_path: Path
) -> None:
    index, shelf = tmp_path / "index", in_postgres(tmp_path / "files", on=own_server)
    build(SMALL, index=index, embedder=WordHash())
    bring(index / (Folder(index).current() or ""), shelf)
    opening = lambda: Chat.open(index, corpus=SMALL, embedder=WordHash(), shelf=shelf)  # noqa: E731
    chat = Following(opening, index=index, shelf=shelf)
    with TestClient(create_app(chat, page=False)) as client, chat.watching(seconds=0.1, sound=3600):
        status = lambda: client.get("/readyz").status_code  # noqa: E731
        assert status() == 200
        own_server.stop()
        until(lambda: status() == 503)
        asked = client.post("/v1/ask", json={"question": "which medicines are forbidden at home"})
        assert (asked.status_code, asked.headers["retry-after"]) == (503, "30")
        own_server.start()
        until(lambda: status() == 200)
    chat.now.index.close()


def test_doctor_on_a_machine_that_only_serves_looks_at_the_index_in_the_store(
    own_server: Server, tmp_path: Path
) -> None:
    url, built = own_server.database("doctor"), build(SMALL, index=tmp_path / "built", embedder=WordHash())
    version = Folder(built).current() or ""
    bring(built / version, shelf_at(tmp_path / "built", store=url))

    def told(index: Path) -> dict[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        how = {"corpus": SMALL, "model": PACKAGED_MODEL, "passage_tokens": 200}
        for one in index_findings(index, store=url, **how):
            found.setdefault(one.about, []).append((one.state, one.what))
        return found

    here = told(tmp_path / "here")
    assert [state for state, _ in here["store"]] == ["good"]
    assert f"{version} is in force" in here["store"][0][1]
    assert here["index"][-1][1].startswith(f"stale. PostgreSQL at {own_server.folder}/doctor: version {version}, here")
    assert "from other model." in here["index"][-1][1]  # the tests' own embedder
    (tmp_path / "built" / "current").write_text("0123456789abcdef")
    assert [state for state, _ in told(tmp_path / "built")["store"]] == ["problem"]
    own_server.stop()
    (only,) = told(tmp_path / "here").values()
    assert only[0][0] == "problem"
    assert "cannot be reached" in only[0][1]


def test_a_machine_keeps_the_files_of_no_version_that_the_store_has_let_go(own_server: Server, tmp_path: Path) -> None:
    here = tmp_path / "here"
    shelf, opened = in_postgres(here, on=own_server), []
    for number in range(3):
        files = made(tmp_path / f"made-{number}", inputs={"version": number}, finish=lambda _: {"decision.npy": b"it"})
        opened.append(bring(files, shelf))
        (here / f"beside-{number}").mkdir(parents=True)
        shelf.open().close()
        assert Folder(here).versions() == sorted(opened[-2:])
    assert sorted(path.name for path in here.iterdir() if path.name.startswith("beside")) == [
        f"beside-{number}" for number in range(3)
    ]


def test_of_a_file_that_cannot_be_brought_here_nothing_stays(
    own_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = in_postgres(tmp_path / "here", on=own_server)
    name = bring(made(tmp_path / "made", finish=lambda _: {"decision.npy": b"it"}), shelf)
    opened = Path.open

    def full(path: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if path.name != "decision.npy" or mode != "wb":
            return opened(path, mode, *rest, **named)
        with opened(path, mode) as half:
            half.write(b"i")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(StoreError, match=r"cannot be written .*Free the disk"):
        shelf.open()
    assert [path.name for path in (tmp_path / "here" / name).iterdir()] == [MANIFEST]
