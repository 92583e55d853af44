"""Servers that copy the index from a folder that they share: when they go over, what they refuse, what they keep."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from places import SMALL
from serving import serving
from shelves import in_shared_folder, made
from word_hash import WordHash

from allchat.build import build
from allchat.chat import Chat
from allchat.cli.doctor import index_findings
from allchat.errors import SettingsError, StoreError
from allchat.search.folder import CURRENT, Folder, only_build
from allchat.search.index import VECTORS_FILE, WORDS_FILE
from allchat.search.manifest import MANIFEST
from allchat.search.model_files import PACKAGED_MODEL
from allchat.search.shared_folder import SharedFolder
from allchat.search.shelf import bring, shelf_at
from allchat.settings import load_settings
from allchat.web.reload import Following

ASKED = "which medicines are forbidden at home"


class Site:
    """A machine that builds and a folder that it shares; ``server`` is another machine that serves from it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.there = folder, folder / "there"
        self.corpus = Path(shutil.copytree(SMALL, folder / "corpus"))
        self.there.mkdir()

    @property
    def url(self) -> str:
        return self.there.as_uri()

    def publish(self) -> str:
        """Builds the corpus and puts it in force in the shared folder."""
        built = self.folder / "built"
        build(self.corpus, index=built, embedder=WordHash())
        return bring(built / (Folder(built).current() or ""), shelf_at(built, store=self.url))

    def change(self) -> None:
        (self.corpus / "lay_terms.toml").unlink()

    def server(self, name: str = "here") -> Following:
        here = self.folder / name
        shelf = shelf_at(here, store=self.url)
        opening = lambda: Chat.open(here, corpus=self.corpus, embedder=WordHash(), shelf=shelf)  # noqa: E731
        return Following(opening, index=here, shelf=shelf)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def ready(address: str) -> dict[str, Any]:
    found = httpx.get(f"{address}/readyz")
    assert found.status_code == 200
    return dict(found.json())


def ask(address: str) -> str:
    """The index that a question is answered from."""
    answer = httpx.post(f"{address}/v1/ask", json={"question": ASKED})
    assert answer.status_code == 200
    assert answer.json()["citations"]
    return str(answer.json()["versions"]["index"])[:16]


# While it serves


@pytest.mark.slow
def test_servers_go_over_to_a_version_that_is_published_while_they_are_asked_and_lose_no_question(site: Site) -> None:
    first = site.publish()
    servers = [site.server("one"), site.server("other")]
    answered: list[str] = []
    end = threading.Event()

    def asking(address: str) -> None:
        while not end.is_set():
            answered.append(ask(address))

    for address in serving(servers[0], page=False):
        for other in serving(servers[1], page=False):
            assert ready(address) == ready(other) == {"ready": True, "index": first, "current": True}
            with ThreadPoolExecutor(2) as pool:
                tasks = [pool.submit(asking, one) for one in (address, other)]
                try:
                    site.change()
                    second = site.publish()
                    assert all(server.look() for server in servers)
                    assert ask(address) == ask(other) == second
                finally:
                    end.set()
                for task in tasks:
                    task.result()  # an answer that was lost there is an error here
            assert ready(address) == ready(other) == {"ready": True, "index": second, "current": True}
    assert set(answered) <= {first, second}
    assert len(answered) > 2


def test_a_version_that_is_broken_or_half_there_is_refused_and_the_old_one_answers_on(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    first, server = site.publish(), site.server()
    for address in serving(server, page=False):
        site.change()
        second = site.publish()
        (site.there / second / WORDS_FILE).rename(whole := site.folder / "whole")
        for harm in ("gone", "half", "other"):
            if harm == "half":
                (site.there / second / WORDS_FILE).write_bytes(whole.read_bytes()[:1000])
            if harm == "other":
                (site.there / second / WORDS_FILE).write_bytes(whole.read_bytes()[::-1])
            server._failed = None  # as when a minute has passed
            assert not server.look()
            assert ready(address) == {"ready": True, "index": first, "current": False}
            assert ask(address) == first
        (told,) = (record.message for record in caplog.records if "the old one answers on" in record.message)
        assert f"{WORDS_FILE} of {second} is missing or altered" in told
        (site.there / second / WORDS_FILE).write_bytes(whole.read_bytes())
        server._failed = None
        assert server.look()
        assert ask(address) == second
        assert ready(address)["current"]


def test_a_folder_that_is_away_is_told_and_costs_no_answer(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    first, server = site.publish(), site.server()
    for address in serving(server, page=False):
        away = site.there.rename(site.folder / "away")
        assert not server.look()
        assert server.check()
        assert ready(address) == {"ready": True, "index": first, "current": False}
        assert ask(address) == first
        assert "which index is in force cannot be told" in caplog.text
        site.there.mkdir()  # as where nothing is mounted
        assert not server.look()
        assert "holds no index, or is not mounted" in caplog.text
        site.there.rmdir()
        away.rename(site.there)
        assert not server.look()
        assert ready(address)["current"]


# At the start


def test_a_server_that_starts_while_the_folder_is_away_answers_as_it_did_last(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    first = site.publish()
    site.server().now.index.close()
    away = site.there.rename(site.folder / "away")
    with pytest.raises(StoreError, match=r"shared folder .* cannot be read .*Mount it"):
        site.server("another")  # it never had one
    server = site.server()
    assert server.version == first
    assert (server.current, server.reachable) == (False, False)
    assert f"{first} is answered from as it was here last" in caplog.text
    away.rename(site.there)
    site.change()
    second = site.publish()
    assert server.look()
    assert server.version == second


def test_a_server_that_starts_beside_a_broken_version_answers_from_the_one_before(site: Site) -> None:
    first = site.publish()
    site.server().now.index.close()
    second = site.there / (SharedFolder(site.url, folder=site.folder / "built").write(other(site)))
    (second / VECTORS_FILE).write_bytes(b"half")
    (site.there / CURRENT).write_text(second.name)
    server = site.server()
    assert (server.version, server.current, server.reachable) == (first, False, True)
    assert not server.look()  # and it is not opened again and again
    assert not server.current


def other(site: Site) -> Path:
    return made(site.folder / "made", inputs={"version": 2})


# Files


def test_of_copies_only_those_stay_whose_version_is_still_there(site: Site) -> None:
    here, names = site.folder / "here", []
    shelf = in_shared_folder(here)
    for number in range(3):
        names.append(bring(made(site.folder / f"made-{number}", inputs={"version": number}), shelf))
        shelf.open().close()
    bring(made(site.folder / "made-again", inputs={"version": 2}), shelf)
    assert shelf.versions() == sorted(names[1:])
    assert Folder(here).versions() == sorted(names[1:])


def test_a_copy_that_was_altered_is_made_again(site: Site) -> None:
    shelf = in_shared_folder(here := site.folder / "here")
    name = bring(other(site), shelf)
    shelf.open().close()
    for file in (MANIFEST, WORDS_FILE):
        (here / name / file).write_bytes(b"altered")
        shelf.open().close()


def test_who_writes_again_mends_what_is_broken_there(site: Site) -> None:
    site.publish()
    for file in (MANIFEST, WORDS_FILE):
        next(site.there.glob(f"*/{file}")).write_bytes(b"broken")
        site.publish()
        site.server(f"after {file}").now.index.close()


def test_a_copy_for_which_the_disk_has_no_room_is_an_error_and_leaves_no_half(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = in_shared_folder(here := site.folder / "here")
    name, opened = bring(other(site), shelf), Path.open

    def full(path: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if path.is_relative_to(here) and mode == "wb" and path.name == WORDS_FILE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return opened(path, mode, *rest, **named)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", full)
        with pytest.raises(StoreError, match=r"cannot be written .*Free the disk"):
            shelf.open()
    assert not [path.name for path in (here / name).iterdir() if WORDS_FILE in path.name or path.is_dir()]
    shelf.open().close()


def test_a_build_that_was_altered_since_is_not_brought_there(site: Site) -> None:
    shelf, files = in_shared_folder(site.folder / "here"), other(site)
    (files / WORDS_FILE).write_bytes(b"altered")
    with pytest.raises(StoreError, match=rf"{WORDS_FILE} of \w+ is missing or altered\. Run: allchat build --force"):
        shelf.write(files)
    assert shelf.versions() == []


def test_two_who_publish_at_once_are_told_apart(site: Site) -> None:
    shelf = in_shared_folder(site.folder / "here")
    files = other(site)
    with only_build(Path(shelf.name.removeprefix("shared folder "))):
        for harm in (lambda: shelf.write(files), lambda: shelf.publish("0" * 16, instead_of=None)):
            with pytest.raises(StoreError, match="another build is running"):
                harm()


def test_doctor_tells_what_is_in_force_there_and_whether_it_is_what_was_built_here(site: Site) -> None:
    def told(index: Path) -> Iterator[tuple[str, str]]:
        for one in index_findings(index, store=site.url, corpus=site.corpus, model=PACKAGED_MODEL, passage_tokens=200):
            if one.about == "store":
                yield one.state, one.what

    name = site.publish()
    for index in (site.folder / "here", site.folder / "built"):
        ((state, what),) = told(index)
        assert (state, f"{name} is in force" in what) == ("good", True)
    (site.there / name / WORDS_FILE).unlink()
    assert [state for state, _ in told(site.folder / "new")] == ["problem"]
    (site.there / CURRENT).unlink()
    assert next(told(site.folder / "here"))[0] == "problem"


# The URL


@pytest.mark.parametrize("url", ["file:///", "file:///a?b=c", "file:///a#b"])
def test_a_url_that_names_no_folder_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="names no folder of this machine"):
        shelf_at(tmp_path, store=url)


def test_the_index_folder_itself_is_no_shared_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is the index folder itself"):
        shelf_at(tmp_path, store=tmp_path.as_uri())


def test_a_folder_with_a_space_in_its_name_is_found(tmp_path: Path) -> None:
    url = (tmp_path / "two words").as_uri()
    assert load_settings(store=url).store == url
    assert shelf_at(tmp_path, store=url).name == f"shared folder {tmp_path}/two words"
    refuse: Callable[[], object] = lambda: load_settings(store="file://server/folder")  # noqa: E731
    with pytest.raises(SettingsError, match="setting store"):
        refuse()
