"""What every test stands on: no way out to another machine, one built index, one browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from no_network import refuse_outside_connections

# Before anything imports the libraries that read them.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

ROOT = Path(__file__).parents[1]
ATTEMPTS = refuse_outside_connections()


@pytest.fixture(autouse=True)
def outside_attempts() -> Iterator[list[str]]:
    """Fail the test in which something tried to reach another machine, even if the failure was swallowed."""
    ATTEMPTS.clear()
    yield ATTEMPTS
    assert not ATTEMPTS, f"tried to reach another machine: {ATTEMPTS}"


@pytest.fixture(scope="session")
def built_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of the real corpus, built once per run."""
    from allchat.chat import build

    return build(ROOT / "corpus", index=tmp_path_factory.mktemp("built") / "index")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of Debian's Chromium; without it the browser tests are skipped, and the run says so."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    return path
