"""The store in PostgreSQL beside the one in a folder, and what goes wrong with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from places import ROOT, SMALL
from postgres_server import Server, missing
from serving import until
from shelves import database, filled, in_postgres, made, server, two_searches
from word_hash import WordHash

from allchat.chat import Chat
from allchat.errors import SettingsError, StoreError
from allchat.parsing import parse_json
from allchat.records import Answer
from allchat.search.folder import Folder
from allchat.search.manifest import MANIFEST
from allchat.search.shelf import bring, shelf_at
from allchat.settings import load_settings
from allchat.web.reload import Following

if missing() is not None:
    pytest.skip(f"not tested: {missing()}", allow_module_level=True)

from allchat.search import postgres_connections, postgres_shelf
from allchat.search.postgres_shelf import PostgresShelf

if TYPE_CHECKING:
    from allchat.search.postgres import PostgresStore


# The same as in the folder


def questions(name: str, *, every: int) -> Sequence[str]:
    lines = (ROOT / "tests" / "questions" / f"{name}.jsonl").read_bytes().splitlines()
    return [str(parse_json(line)["text"]) for line in lines[::every]]


def said(answer: Answer) -> dict[str, object]:
    """What a family reads, and from where."""
    record = answer.to_dict()
    cited = [[cut[name] for name in ("document", "quote", "start", "end")] for cut in record["citations"]]
    further = [[cut[name] for name in ("document", "start", "end")] for cut in record["further"]]
    return {**{name: record[name] for name in ("kind", "text", "suggestions", "notices")}, "cut": [cited, further]}


@pytest.mark.slow
def test_both_stores_give_the_same_answers_and_scores_within_a_hair(built_index: Path, tmp_path: Path) -> None:
    folder = Chat.open(built_index, corpus=ROOT / "corpus")
    shelf = in_postgres(tmp_path)
    bring(built_index / (Folder(built_index).current() or ""), shelf)
    chat = Chat.open(built_index, corpus=ROOT / "corpus", shelf=shelf)
    assert chat.index.version == folder.index.version
    asked = [
        text
        for name, every in (("answers", 8), ("answers_es", 8), ("near_misses", 8), ("other_subjects", 10))
        for text in questions(name, every=every)
    ]
    assert len(asked) > 70
    for text in asked:
        one, other = folder.ask(text), chat.ask(text)
        assert said(one) == said(other)
        scores = [[cut.score for cut in answer.citations] for answer in (one, other)]
        assert scores[0] == pytest.approx(scores[1], abs=1e-4)
    chat.index.close()


def test_of_older_versions_only_the_one_before_stays(tmp_path: Path) -> None:
    shelf = in_postgres(tmp_path / "files")
    names = [bring(made(tmp_path / f"made-{n}", inputs={"version": n}), shelf) for n in range(3)]
    assert shelf.current() == names[2]
    assert set(shelf.versions()) == set(names[1:])
    assert bring(made(tmp_path / "again", inputs={"version": 2}), shelf) == names[2]
    assert shelf.current() == names[2]
    assert set(shelf.versions()) == set(names[1:])  # servers may still answer from the one before


# Files that are fetched


def test_a_file_that_was_altered_here_is_fetched_again_and_one_altered_there_is_an_error_until_it_is_built_again(
    tmp_path: Path,
) -> None:
    name_there = database()
    shelf = PostgresShelf(server().database(name_there), folder=tmp_path / "files")
    name = bring(made(tmp_path / "made", finish=lambda _: {"decision.npy": b"whole"}), shelf)
    shelf.open().close()
    kept = tmp_path / "files" / name
    whole = {path.name: path.read_bytes() for path in kept.iterdir()}
    assert whole.keys() == {MANIFEST, "decision.npy"}  # rows and words stay there
    for file in whole:
        (kept / file).write_bytes(b"altered")
    shelf.open().close()
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == whole
    (kept / "decision.npy").unlink()
    server().sql("UPDATE allchat.files SET content = 'altered' WHERE name = 'decision.npy'", database=name_there)
    with pytest.raises(StoreError, match=r"decision\.npy of .* is missing or altered\. Run: allchat build --force"):
        shelf.open()
    server().sql("DELETE FROM allchat.files WHERE name = 'manifest.json'", database=name_there)
    assert bring(tmp_path / "made" / name, shelf) == name
    shelf.open().close()
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == whole


# Faults


def test_a_server_that_is_away_at_the_start_is_an_error_that_names_it(own_server: Server, tmp_path: Path) -> None:
    shelf = filled(tmp_path, on=own_server)
    own_server.stop()
    for ask in (shelf.current, shelf.open):
        with pytest.raises(StoreError, match=r"PostgreSQL at .* cannot be reached .*Start it, or wait"):
            ask()


def test_a_store_that_is_lost_is_an_error_and_answers_when_it_is_back(
    own_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_connections, "SECONDS", 2)
    store = filled(tmp_path, on=own_server).open()
    wanted, near = store.postings(["hair"])[0].blocks.tolist(), two_searches(store)
    own_server.stop()
    for lost in (lambda: store.postings(["hair"]), lambda: two_searches(store)):
        with pytest.raises(StoreError, match="cannot be reached"):
            lost()
    own_server.start()
    assert store.postings(["hair"])[0].blocks.tolist() == wanted
    assert two_searches(store) == near
    store.close()


def test_a_server_that_is_restarted_between_two_questions_costs_no_answer(own_server: Server, tmp_path: Path) -> None:
    store = filled(tmp_path, on=own_server).open()
    for again in (lambda: store.blocks([0, 1])[:1], lambda: two_searches(store)):
        wanted = again()
        own_server.stop(how=signal.SIGINT)
        own_server.start()
        assert again() == wanted
    store.close()


def test_a_chat_that_follows_says_so_when_its_store_is_lost_and_goes_on_when_it_is_back(
    own_server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from allchat.build import build

    monkeypatch.setattr(postgres_connections, "SECONDS", 2)
    index = build(SMALL, index=tmp_path / "index", embedder=WordHash())
    shelf = in_postgres(tmp_path / "files", on=own_server)
    bring(index / (Folder(index).current() or ""), shelf)
    opening = lambda: Chat.open(index, corpus=SMALL, embedder=WordHash(), shelf=shelf)  # noqa: E731
    chat = Following(opening, index=index, shelf=shelf)
    asked = "which medicines are forbidden at home"
    wanted = chat.ask(asked).text
    own_server.stop()
    for _ in range(2):  # as often as it is watched
        assert not chat.look()
        assert not chat.check()
    told = [record.message for record in caplog.records if "PostgreSQL at" in record.message]
    assert [line.split(":")[0] for line in told] == [
        "which index is in force cannot be told, the one that was answers on",
        "no question can be answered",
    ]
    with pytest.raises(StoreError, match=r"PostgreSQL at .* cannot be reached"):
        chat.ask(asked)
    assert chat.ask("My child is not breathing").kind == "urgent"
    own_server.start()
    assert chat.check()
    assert chat.ask(asked).text == wanted
    chat.now.index.close()


def test_a_missing_extension_an_old_one_and_an_old_server_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = made(tmp_path / "made")
    with pytest.raises(StoreError, match=r"has no extension vector\. As its superuser: CREATE EXTENSION vector"):
        in_postgres(tmp_path, extension=False).write(files)
    shelf = in_postgres(tmp_path)
    monkeypatch.setattr(postgres_shelf, "LEAST_VECTOR", (9, 1))
    with pytest.raises(StoreError, match=r"has pgvector 0\.\d+\.\d+, allchat needs 9\.1 or newer"):
        shelf.write(files)
    monkeypatch.setattr(postgres_shelf, "LEAST_SERVER", 99)
    with pytest.raises(StoreError, match="is version 18, allchat needs 99 or newer"):
        shelf.write(files)


def test_a_query_that_takes_too_long_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_connections, "SECONDS", 1)
    store = filled(tmp_path).open()
    with pytest.raises(StoreError, match="did not answer within 1 seconds"):
        store._all("SELECT pg_sleep(3)")
    assert store.blocks([0])
    store.close()


def test_who_reads_may_not_write_and_who_may_not_read_is_told(own_server: Server, tmp_path: Path) -> None:
    owner, files = own_server, made(tmp_path / "made")
    owner.file(ROOT / "deploy" / "postgres.sql")
    owner.sql("CREATE ROLE stranger LOGIN")
    shelf = PostgresShelf(owner.url("allchat", user="allchat_writer"), folder=tmp_path)
    name = bring(files, shelf)
    reading = PostgresShelf(owner.url("allchat", user=postgres_shelf.READERS), folder=tmp_path)
    opened: PostgresStore = reading.open()
    assert opened.postings(["hair"])[0].count
    opened.close()
    other = made(tmp_path / "other", inputs={"version": 2})
    for harm in (lambda: reading.write(other), lambda: reading.publish(name, instead_of=name)):
        with pytest.raises(StoreError, match="a right is missing"):
            harm()
    assert shelf.current() == name
    with pytest.raises(StoreError, match="permission denied"):
        PostgresShelf(owner.url("allchat", user="stranger"), folder=tmp_path).open()


KILLED = """
import sys, time
from pathlib import Path
from allchat.search import postgres_load
from allchat.search.postgres_shelf import PostgresShelf
def park(*arguments):
    print("parked", flush=True)
    time.sleep(60)
postgres_load._vectors = park
PostgresShelf(sys.argv[1], folder=Path(sys.argv[2])).write(Path(sys.argv[3]))
"""


def test_a_load_that_is_killed_leaves_nothing_and_holds_nobody_up(tmp_path: Path) -> None:
    files, name = made(tmp_path / "made"), database()
    url = server().database(name)
    shelf = PostgresShelf(url, folder=tmp_path)
    command = [sys.executable, "-c", KILLED, url, str(tmp_path), str(files)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "parked\n"
        with pytest.raises(StoreError, match="another build is running"):
            shelf.write(files)
        process.kill()

    def brought() -> bool:
        try:
            return bring(files, shelf) == files.name
        except StoreError:  # the server has not noticed yet
            assert shelf.versions() == []
            return False

    until(brought)
    assert shelf.current() == files.name
    schemas = server().sql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'allchat_%'", database=name)
    assert schemas == "1"


# The URL


@pytest.mark.parametrize(
    "url", ["postgresql://nurse:hush@db/allchat", "postgresql://db/allchat?password=hush", "postgres://:hush@db/x"]
)
def test_a_url_with_a_password_is_refused_and_not_repeated(url: str, tmp_path: Path) -> None:
    for refuse in (lambda: load_settings(store=url), lambda: shelf_at(tmp_path, store=url)):
        with pytest.raises(SettingsError, match="holds a password") as refused:
            refuse()
        assert "hush" not in str(refused.value)


def test_a_url_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="setting store"):
        load_settings(store="mysql://db/allchat")
    with pytest.raises(SettingsError, match="is no URL of PostgreSQL's"):
        shelf_at(tmp_path, store="postgresql://db/allchat?nothing=such")
    assert isinstance(shelf_at(tmp_path), Folder)
