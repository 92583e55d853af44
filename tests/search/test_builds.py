"""A build that fails or is killed leaves the old index whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from index_folders import OtherWordHash, current, files
from numpy.typing import NDArray
from places import SMALL
from word_hash import WordHash

from allchat.build import build
from allchat.chat import Chat
from allchat.errors import StoreError
from allchat.search.folder import CURRENT, current_inputs, open_index, write_index
from allchat.search.index import QUESTIONS_FILE, VECTORS_FILE, WORDS_FILE, Index
from allchat.search.kept_vectors import KEPT_FILE
from allchat.search.leads import LEADS_FILE
from allchat.search.manifest import MANIFEST
from allchat.search.schema import Contents


class Failing(WordHash):
    """Fails in the middle of the build, as a machine without memory does."""

    fingerprint = "f" * 64

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> NDArray[np.float32]:
        if len(texts) > 50:
            raise MemoryError("no memory left")
        return super().encode(texts, progress=progress)


def test_a_build_that_fails_leaves_the_old_index_whole(own: Path) -> None:
    before = files(own)
    with pytest.raises(MemoryError):
        build(SMALL, index=own, embedder=Failing())
    assert files(own) == before
    open_index(own).close()


def test_a_build_that_fails_at_its_end_leaves_the_old_index_whole(own: Path) -> None:
    before = files(own)

    def finish(built: Index) -> dict[str, bytes]:
        assert built.block_count == 0
        raise MemoryError("no memory left")

    with pytest.raises(MemoryError):
        write_index(Contents((), (), ()), folder=own, embedder=WordHash(), inputs={}, settings={}, finish=finish)
    assert files(own) == before


KILLED = """
import sys, time
from pathlib import Path
from word_hash import WordHash
from allchat.build import build
class Slow(WordHash):
    fingerprint = "5" * 64
    def encode(self, texts, *, progress=False):
        if len(texts) > 50:
            print("encoding", flush=True)
            time.sleep(60)
        return super().encode(texts)
build(Path(sys.argv[1]), index=Path(sys.argv[2]), embedder=Slow())
"""


@pytest.fixture
def running_build(own: Path) -> subprocess.Popen[str]:
    """Another process in the middle of a build of the same index."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(SMALL), str(own)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "encoding\n"
    yield process  # type: ignore[misc]
    process.kill()
    process.wait()
    process.stdout.close()


def test_two_builds_at_once_are_a_clear_error_and_a_killed_one_leaves_the_old_index(
    running_build: subprocess.Popen[str], own: Path
) -> None:
    before = files(own)
    with pytest.raises(StoreError, match=r"another build is running\. Wait for it to end"):
        build(SMALL, index=own, embedder=OtherWordHash())
    open_index(own).close()
    running_build.send_signal(signal.SIGKILL)
    running_build.wait()
    assert files(own) == before
    for _ in range(50):
        try:
            build(SMALL, index=own, embedder=OtherWordHash())
            break
        except StoreError:
            time.sleep(0.1)
    assert current_inputs(own)["model"]["sha256"] == "0" * 64  # type: ignore[index]


KILLED_WRITING = """
import sys, time
from pathlib import Path
import allchat.build
from word_hash import WordHash
class Next(WordHash):
    fingerprint = "5" * 64
corpus, index, place = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
replace, moved = Path.replace, []
def park(*arguments, **named):
    print("parked", flush=True)
    time.sleep(60)
def replace_or_park(path, target):
    if place == ("the switch" if path.name == "current" else f"file {len(moved) + 1}"):
        park()
    moved.append(path.name)
    return replace(path, target)
Path.replace = replace_or_park
if place == "finish":
    allchat.build._judge = park
allchat.build.build(corpus, index=index, embedder=Next())
"""


class NextWordHash(WordHash):
    """The model of the build that is killed: the next one writes to the same folder."""

    fingerprint = "5" * 64


@contextmanager
def parked_build(own: Path, place: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that has stopped at a place of its writing."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KILLED_WRITING, str(SMALL), str(own), place]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "parked\n"
            yield process
        finally:
            process.kill()


ROWS_AND_WORDS = {LEADS_FILE, QUESTIONS_FILE, VECTORS_FILE, WORDS_FILE}


@pytest.mark.parametrize(
    ("place", "aside", "in_place"),
    [
        ("finish", ROWS_AND_WORDS, set()),
        ("file 2", {KEPT_FILE, MANIFEST, *ROWS_AND_WORDS} - {LEADS_FILE}, {LEADS_FILE}),
        ("the switch", {CURRENT, KEPT_FILE}, {MANIFEST, *ROWS_AND_WORDS}),
    ],
)
def test_a_build_killed_while_it_writes_leaves_the_old_index_and_the_next_one_tidies_up(
    place: str, aside: set[str], in_place: set[str], own: Path
) -> None:
    before = files(own)
    with parked_build(own, place) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    after = files(own)
    written = [Path(name) for name in sorted(after.keys() - before.keys())]
    assert {path.name for path in written if path.parent.name.startswith(".building-")} == aside
    assert {path.name for path in written if not path.parent.name.startswith(".building-")} == in_place
    assert {name: after[name] for name in before} == before
    answer = Chat.open(own, corpus=SMALL, embedder=WordHash()).ask("which medicines are forbidden at home")
    assert (answer.kind, answer.versions["index"][:16]) == ("answer", current(own).name)
    build(SMALL, index=own, embedder=NextWordHash())
    assert current_inputs(own)["model"]["sha256"] == NextWordHash.fingerprint  # type: ignore[index]
    assert {path.name for path in own.iterdir()} == {".lock", CURRENT, KEPT_FILE, current(own).name}


FULL = """
import resource, sys
from pathlib import Path
from word_hash import WordHash
from allchat.build import build
from allchat.sources.chunking import encoding
from allchat.errors import StoreError
class Other(WordHash):
    fingerprint = "5" * 64
encoding()
size = int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    build(Path(sys.argv[1]), index=Path(sys.argv[2]), embedder=Other())
except StoreError as error:
    print(error)
"""


@pytest.mark.parametrize("size", [4096, 200_000, 300_000])
def test_a_full_disk_is_a_clear_error_and_leaves_the_old_index(size: int, own: Path) -> None:
    before = files(own)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", FULL, str(SMALL), str(own), str(size)],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    assert "cannot be written" in run.stdout
    assert "Free the disk" in run.stdout
    assert files(own) == before
    assert not [path for path in own.iterdir() if path.name.startswith(".building-")]


@pytest.mark.parametrize("folder", ["/proc/allchat", "/dev/null/index"])
def test_a_folder_that_cannot_be_written_is_a_clear_error(folder: str) -> None:
    with pytest.raises(StoreError, match=rf"{folder}: cannot be written .*mend its permissions"):
        build(SMALL, index=Path(folder), embedder=WordHash())


def test_a_lock_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / ".lock").mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        build(SMALL, index=tmp_path, embedder=WordHash())
