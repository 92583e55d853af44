"""What every test stands on: no way out to another machine, one built index, one browser."""

from __future__ import annotations

import io
import logging
import os
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from no_network import refuse_outside_connections
from places import ROOT, SMALL
from word_hash import WordHash

if TYPE_CHECKING:
    from allchat.chat import Chat

# Before anything imports the libraries that read them.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

ATTEMPTS = refuse_outside_connections()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, so that no worker ends long after another."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def outside_attempts() -> Iterator[list[str]]:
    """Fail the test in which something tried to reach another machine, even if the failure was swallowed."""
    ATTEMPTS.clear()
    yield ATTEMPTS
    assert not ATTEMPTS, f"tried to reach another machine: {ATTEMPTS}"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged, with the process's logging as it was put back at the end."""
    from allchat.web.logs import configure_logs

    root, own = logging.getLogger(), logging.getLogger("allchat")
    before = (root.handlers, root.level, own.level, warnings.showwarning)
    stream = io.StringIO()
    configure_logs(stream=stream)
    yield stream
    root.handlers, warnings.showwarning = before[0], before[3]
    root.setLevel(before[1])
    own.setLevel(before[2])


@pytest.fixture(scope="session")
def built_index() -> Path:
    """The index of the real corpus, kept between runs and built anew when anything it depends on changed."""
    from allchat.build import build

    return build(ROOT / "corpus", index=ROOT / ".cache" / "test-index")


@pytest.fixture(scope="session")
def small_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of ``tests/corpus_small`` with the word-hash embedder; not to be changed."""
    from allchat.build import build

    return build(SMALL, index=tmp_path_factory.mktemp("small") / "index", embedder=WordHash())


@pytest.fixture(scope="session")
def small_chat(small_index: Path) -> Chat:
    """Answers from ``tests/corpus_small`` within milliseconds."""
    from allchat.chat import Chat

    return Chat.open(small_index, corpus=SMALL, embedder=WordHash())


@pytest.fixture(scope="session")
def word_chat(tmp_path_factory: pytest.TempPathFactory) -> Chat:
    """Answers from the real texts alone with the word-hash embedder. A map of our questions and a judge of our examples
    take a real model's vectors to mean anything, and a minute to learn.
    """
    from allchat.build import build
    from allchat.chat import Chat

    folder = tmp_path_factory.mktemp("words")
    shutil.copytree(ROOT / "corpus", folder / "corpus", ignore=shutil.ignore_patterns("calibration.toml", "questions"))
    index = build(folder / "corpus", index=folder / "index", embedder=WordHash())
    return Chat.open(index, embedder=WordHash())


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A copy of ``tests/corpus_small`` that a test may change."""
    return Path(shutil.copytree(SMALL, tmp_path / "corpus"))


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of Debian's Chromium; without it the browser tests are skipped, and the run says so."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    return path
