"""Faults of the machine below allchat: a full disk, a file that may not be read, a clock that jumps."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from places import ROOT, SMALL
from word_hash import WordHash

from allchat.build import build
from allchat.chat import Chat
from allchat.search.folder import CURRENT, open_index
from allchat.search.kept_vectors import KEPT_FILE
from allchat.web.app import create_app

HELD_TO_PERMISSIONS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
"""Root may read and write what it likes; without these capabilities it is held to permissions like all others."""

OTHER = """
import sys
from pathlib import Path
from word_hash import WordHash
from allchat.chat import Chat; from allchat.build import build
from allchat.errors import AllchatError
class Other(WordHash):
    fingerprint = "5" * 64
what, corpus, index = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
try:
    if what == "build":
        build(corpus, index=index, embedder=Other())
    print(Chat.open(index, corpus=corpus, embedder=WordHash()).ask("which medicines are forbidden at home").kind)
except AllchatError as error:
    print(f"{type(error).__name__}: {error}")
"""


def elsewhere(what: str, corpus: Path, index: Path) -> str:
    """What a process of its own says that builds or only opens, and may do only what permissions allow."""
    held = HELD_TO_PERMISSIONS if os.geteuid() == 0 else []
    if held and not shutil.which(held[0]):
        pytest.skip("root is held to permissions by setpriv, which is not installed: apt-get install util-linux")
    run = subprocess.run(
        [*held, sys.executable, "-c", OTHER, what, str(corpus), str(index)],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def own(corpus: Path, tmp_path: Path) -> Path:
    """The index of ``corpus``, both of this test alone."""
    return build(corpus, index=tmp_path / "index", embedder=WordHash())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of eight megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk cannot be mounted by this user")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_leaves_the_old_index_whole_and_nothing_behind(small_disk: Path) -> None:
    index = build(SMALL, index=small_disk / "index", embedder=WordHash())
    before = files(index)
    free = os.statvfs(small_disk)
    (small_disk / "others").write_bytes(bytes(free.f_bavail * free.f_frsize - 100_000))
    said = elsewhere("build", SMALL, index)
    assert said.startswith(f"StoreError: {index}: cannot be written (")
    assert said.endswith("Free the disk or mend its permissions; the old index is whole.")
    assert files(index) == before
    assert sorted(path.name for path in index.iterdir()) == sorted(
        [".lock", CURRENT, KEPT_FILE, (index / CURRENT).read_text().strip()]
    )
    open_index(index).close()


@pytest.mark.parametrize("name", ["words.sqlite", "vectors.faiss", "manifest.json", CURRENT, "lists.txt"])
def test_what_may_not_be_read_is_an_error_that_names_it(name: str, own: Path, corpus: Path) -> None:
    (closed,) = (path for folder in (own, corpus) for path in folder.rglob(name))
    closed.chmod(0)
    said = elsewhere("open", corpus, own)
    assert f"{closed}: cannot be read" in said
    assert "Permission denied" in said


def test_a_build_that_may_not_write_leaves_the_old_index_answering(own: Path, corpus: Path) -> None:
    before = files(own)
    own.chmod(0o555)
    said = elsewhere("build", corpus, own)
    own.chmod(0o755)
    assert said.startswith(f"StoreError: {own}: cannot be written (")
    assert "Permission denied" in said
    assert files(own) == before
    assert elsewhere("open", corpus, own) == "answer"


@pytest.mark.parametrize("years", [-40, 40])
def test_a_clock_that_jumps_changes_no_answer_no_limit_and_no_age_below_nothing(
    years: int, small_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = Chat.open(small_index, corpus=SMALL, embedder=WordHash())
    app = create_app(chat, page=False, questions_per_minute=3, metrics_token="t")  # noqa: S106
    client = TestClient(app, client=("203.0.113.7", 1))
    body = {"question": "which medicines are forbidden at home"}
    answers = [client.post("/v1/ask", json=body)]
    real = time.time()
    monkeypatch.setattr(time, "time", lambda: real + years * 365 * 86400)
    answers += [client.post("/v1/ask", json=body) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert len({answer.json()["text"] for answer in answers[:3]}) == 1
    shown = client.get("/metrics", headers={"authorization": "Bearer t"}).text
    (age,) = re.findall(r"^allchat_index_age_seconds (\S+)$", shown, re.MULTILINE)
    assert float(age) >= 0


def test_every_test_that_the_list_of_faults_names_is_there() -> None:
    rows = (ROOT / "docs/operations.md").read_text(encoding="utf-8").partition("## Faults")[2].partition("\n## ")[0]
    lines = [line for line in rows.splitlines() if line.startswith("| ")][2:]
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", rows)
    assert len(named) == len(lines) > 20
    for file, name in named:
        (path,) = (ROOT / "tests").rglob(file)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{file}::{name}"
