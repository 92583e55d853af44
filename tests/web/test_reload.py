"""Follow: a running server goes over to a new index between two questions, or stays with the old one and says why."""

from __future__ import annotations

import gc
import hashlib
import logging
import shutil
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from serving import serving, until
from word_hash import WordHash

from allchat.audit import audit
from allchat.build import build
from allchat.chat import Chat
from allchat.records import Answer
from allchat.search.folder import CURRENT, Folder
from allchat.search.index import VECTORS_FILE, WORDS_FILE
from allchat.search.manifest import MANIFEST
from allchat.web.app import create_app
from allchat.web.reload import LOOK_SECONDS, LOOKS, Following
from allchat.web.staff.desk import Desk
from allchat.web.staff.login import Login
from allchat.web.staff.pages import Staff

ASKED = "which medicines are forbidden at home"
OLD, NEW = "Herbal teas.", "Herbal teas and roots."


@pytest.fixture
def index(corpus: Path, tmp_path: Path) -> Path:
    """The index of ``corpus``, both to be changed at will."""
    return build(corpus, index=tmp_path / "index", embedder=WordHash())


def following(index: Path, corpus: Path, embedder: Any = None) -> Following:
    return Following(lambda: Chat.open(index, corpus=corpus, embedder=embedder or WordHash()), index=index)


def reword(corpus: Path, old: str = OLD, new: str = NEW) -> None:
    """Give a source other words, and declare them as an operator does."""
    file, toml = corpus / "lists.txt", corpus / "corpus.toml"
    before = file.read_bytes()
    after = before.replace(old.encode(), new.encode())
    file.write_bytes(after)
    hashes = [hashlib.sha256(content).hexdigest() for content in (before, after)]
    toml.write_text(toml.read_text().replace(*hashes))


def rebuild(corpus: Path, index: Path) -> None:
    build(corpus, index=index, embedder=WordHash())


def states(answer: Answer, chat: Following) -> set[str]:
    return {check.state for check in audit(answer.to_dict(), documents=chat.documents).checks}


def test_a_new_index_answers_without_a_restart_and_old_answers_still_verify(corpus: Path, index: Path) -> None:
    chat = following(index, corpus)
    before = chat.ask(ASKED)
    assert not chat.look()
    (corpus / "lay_terms.toml").unlink()
    rebuild(corpus, index)
    assert chat.look()
    assert chat.ask(ASKED).versions["index"] != before.versions["index"]
    assert chat.ask(ASKED).versions["index"].startswith(Folder(index).current() or "none")
    assert states(before, chat) == {"holds"}
    assert not chat.look()


def test_a_source_that_changes_is_withheld_until_the_new_index_answers_from_it(corpus: Path, index: Path) -> None:
    for address in serving(chat := following(index, corpus), page=False):
        before = chat.ask(ASKED)
        reword(corpus)
        assert httpx.post(f"{address}/v1/ask", json={"question": ASKED}).status_code == 500
        rebuild(corpus, index)
        assert chat.look()
        after = httpx.post(f"{address}/v1/ask", json={"question": ASKED})
        assert (after.status_code, NEW in after.json()["text"]) == (200, True)
        assert states(before, chat) <= {"holds", "moved", "changed"}
        assert "changed" in states(before, chat)


class Held(WordHash):
    """Makes a question wait in the middle of its answer until it is let go."""

    def __init__(self) -> None:
        self.begun, self.free = threading.Event(), threading.Event()

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> NDArray[np.float32]:
        if any("at home" in text for text in texts):
            self.begun.set()
            assert self.free.wait(30)
        return super().encode(texts, progress=progress)


def test_a_question_that_is_being_answered_keeps_the_index_that_it_began_with(corpus: Path, index: Path) -> None:
    held = Held()
    chat = following(index, corpus, held)
    first = chat.now
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(chat.ask, ASKED)
        assert held.begun.wait(30)
        (corpus / "lay_terms.toml").unlink()
        rebuild(corpus, index)
        assert chat.look()
        held.free.set()
        assert answer.result().versions["index"] == first.index.version
        assert answer.result().kind == "answer"
    assert chat.ask(ASKED).versions["index"] != first.index.version


@pytest.mark.slow
def test_questions_that_never_stop_all_get_whole_answers_of_one_index_or_the_other(corpus: Path, index: Path) -> None:
    chat, answers = following(index, corpus), list[dict[str, Any]]()
    terms = (corpus / "lay_terms.toml").read_bytes()
    for address in serving(chat, page=False):
        end = threading.Event()

        def ask(address: str = address, end: threading.Event = end) -> None:
            with httpx.Client(timeout=60) as client:
                while not end.is_set():
                    response = client.post(f"{address}/v1/ask", json={"question": ASKED})
                    answers.append({"status": response.status_code, **response.json()})

        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask) for _ in range(4)]
            for content in (b"", terms, b""):
                (corpus / "lay_terms.toml").write_bytes(content)
                rebuild(corpus, index)
                assert chat.look()
                reached = len(answers) + 8
                while len(answers) < reached and not any(task.done() for task in asking):
                    time.sleep(0.01)
            end.set()
            for task in asking:
                task.result()
    assert {answer["status"] for answer in answers} == {200}
    assert len({answer["versions"]["index"] for answer in answers}) == 2
    assert len({answer["text"] for answer in answers}) == 1


def altered(name: str) -> Callable[[Path, Path], None]:
    def alter(index: Path, _corpus: Path) -> None:
        path = index / (Folder(index).current() or "") / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    return alter


def half_written(index: Path, _corpus: Path) -> None:
    path = index / (Folder(index).current() or "") / WORDS_FILE
    path.write_bytes(path.read_bytes()[:5000])


FAULTS = {
    "one byte of the vectors": altered(VECTORS_FILE),
    "one byte of the words": altered(WORDS_FILE),
    "one byte of the manifest": altered(MANIFEST),
    "half of a file": half_written,
    "its folder gone": lambda index, _: shutil.rmtree(index / (Folder(index).current() or "")),
    "no pointer": lambda index, _: (index / CURRENT).unlink(),
    "a pointer to nowhere": lambda index, _: (index / CURRENT).write_text("0123456789abcdef"),
    "a corpus that is gone": lambda _, corpus: (corpus / "corpus.toml").rename(corpus / "away.toml"),
    "a corpus that it is not of": lambda _, corpus: (corpus / "lay_terms.toml").write_text("# other"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_new_index_leaves_the_old_one_answering_and_the_log_says_so_once(
    fault: str, corpus: Path, index: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chat = following(index, corpus)
    before = chat.ask(ASKED)
    (corpus / "lay_terms.toml").write_text("")
    rebuild(corpus, index)
    FAULTS[fault](index, corpus)
    with caplog.at_level(logging.INFO, logger="allchat"):
        assert [chat.look() for _ in range(3)] == [False] * 3
    (line,) = caplog.messages
    assert line.startswith("the new index is not used, the old one answers on: ")
    assert str(corpus) in line or str(index) in line
    assert chat.ask(ASKED).text == before.text


def test_a_mended_index_is_gone_over_to(corpus: Path, index: Path, caplog: pytest.LogCaptureFixture) -> None:
    chat = following(index, corpus)
    first = Folder(index).current()
    (corpus / "lay_terms.toml").write_text("")
    rebuild(corpus, index)
    altered(WORDS_FILE)(index, corpus)
    assert not chat.look()
    rebuild(corpus, index)
    with caplog.at_level(logging.INFO, logger="allchat"):
        assert chat.look()
    assert caplog.messages[1:] == [f"{index}: the index {Folder(index).current()} answers from now on"]
    assert Folder(index).current() != first


def test_an_index_that_stays_unusable_is_opened_again_only_when_it_changes_or_after_a_pause(
    corpus: Path, index: Path
) -> None:
    opened = list[str | None]()

    def opening() -> Chat:
        opened.append(Folder(index).current())
        return Chat.open(index, corpus=corpus, embedder=WordHash())

    chat = Following(opening, index=index)
    (corpus / "lay_terms.toml").write_text("")
    rebuild(corpus, index)
    altered(WORDS_FILE)(index, corpus)
    broken = Folder(index).current()
    assert LOOKS * LOOK_SECONDS == 60
    assert not any(chat.look() for _ in range(2 * LOOKS))
    assert opened[1:] == [broken] * 2
    (index / CURRENT).write_text("0123456789abcdef")
    assert not any(chat.look() for _ in range(LOOKS))
    assert opened[3:] == ["0123456789abcdef"]
    (index / CURRENT).write_text(broken or "")
    assert not chat.look()
    rebuild(corpus, index)
    assert Folder(index).current() == broken
    assert chat.look()
    assert opened[4:] == [broken] * 2


@pytest.mark.parametrize("pointer", [b"", b"\0", b"../..", b"x" * 5000])
def test_a_pointer_that_no_file_can_have_leaves_the_old_index_answering(
    pointer: bytes, corpus: Path, index: Path
) -> None:
    chat = following(index, corpus)
    (index / CURRENT).write_bytes(pointer)
    assert not any(chat.look() for _ in range(2))
    assert chat.ask(ASKED).kind == "answer"


def test_an_index_of_another_program_waits_for_a_restart(
    corpus: Path, index: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    chat = following(index, corpus)
    monkeypatch.setattr("allchat.build.BUILDERS", ("chat.py",))
    rebuild(corpus, index)
    assert not chat.look()
    assert "was built by another version of allchat. Restart this server." in caplog.text


def test_a_fault_without_a_name_of_ours_does_not_end_the_watching(
    corpus: Path, index: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened = [lambda: Chat.open(index, corpus=corpus, embedder=WordHash())]

    def opening() -> Chat:
        return opened[0]()

    def taken_away() -> Chat:
        raise FileNotFoundError(index)

    chat = Following(opening, index=index)
    (corpus / "lay_terms.toml").write_text("")
    rebuild(corpus, index)
    opened.insert(0, taken_away)
    with chat.watching(seconds=0.01):
        until(lambda: "FileNotFoundError" in caplog.text)
        del opened[0]
        until(lambda: chat.now.index.folder.name == Folder(index).current())
    assert not [thread for thread in threading.enumerate() if thread.name == "allchat-following"]


def test_a_source_page_shows_the_new_words_and_an_old_link_says_that_they_changed(corpus: Path, index: Path) -> None:
    chat = following(index, corpus)
    client = TestClient(create_app(chat, page=False))
    cited = chat.ask(ASKED).citations[0]
    link = f"/source/lists?start={cited.start}&end={cited.end}&sha256={cited.source_sha256}"
    assert "<mark" in client.get(link).text
    reword(corpus)
    rebuild(corpus, index)
    assert chat.look()
    page = client.get(link).text
    assert "<mark" not in page
    assert NEW in page


def test_the_staffs_pages_show_the_new_sources_and_keep_nothing_of_the_old(corpus: Path, index: Path) -> None:
    chat = following(index, corpus)
    staff = Staff(Desk(chat), Login("a long password"))
    before = staff.desk._views["lists"].document.sha256
    assert staff.desk._views is staff.desk._views
    reword(corpus)
    rebuild(corpus, index)
    assert chat.look()
    gc.collect()
    assert staff.desk._views["lists"].document.sha256 != before
    assert len(staff.desk._kept) == 1


def test_the_chat_that_was_is_let_go(corpus: Path, index: Path) -> None:
    chat = following(index, corpus)
    chat.ask(ASKED)
    old = weakref.ref(chat.now)
    (corpus / "lay_terms.toml").write_text("")
    rebuild(corpus, index)
    assert chat.look()
    assert old() is None
