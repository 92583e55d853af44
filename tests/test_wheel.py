"""A wheel of this repository, installed in a fresh environment, gives a deployment of one's own that answers."""

from __future__ import annotations

import json
import os
import sys
import sysconfig
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from environments import built_wheel, clean_environment, install_wheel, posted, run, served_by
from places import ROOT

FROM_THE_NETWORK = "WHEEL_FROM_NETWORK"
"""Where this is set, the libraries too are installed anew: several gigabytes. Else they are those of this environment,
and only allchat itself comes from the wheel."""

LEAFLET = """# Visiting hours

You may visit your child from two to four in the afternoon.

# Parking

Park behind the house, please, and ring the bell at the door.
"""
FACTS = ("--publisher=City Hospital", "--url=https://example.org", "--rights=may be quoted", "--revised=unknown")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def allchat(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command."""
    fresh = tmp_path_factory.mktemp("fresh")
    venv.create(fresh, with_pip=False)
    if os.environ.get(FROM_THE_NETWORK):
        pip = (sys.executable, "-m", "pip", "-q", "--python", fresh / "bin" / "python", "install")
        run(*pip, "-c", ROOT / "constraints.txt", f"{wheel}[build]", cwd=fresh)
    else:
        install_wheel(wheel, fresh)
        (packages,) = fresh.glob("lib/python*/site-packages")
        # A .pth file that lies there is not read, so that this environment's own allchat is not seen.
        (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    origin = run(fresh / "bin" / "python", "-c", "import allchat; print(allchat.__file__)", cwd=fresh)
    assert Path(origin.strip()).is_relative_to(fresh.resolve())
    return fresh / "bin" / "allchat"


@pytest.fixture(scope="module")
def home(allchat: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment with one leaflet, built."""
    folder = tmp_path_factory.mktemp("hospital")
    run(allchat, "init", "own", cwd=folder)
    (folder / "own" / "leaflet.md").write_text(LEAFLET, encoding="utf-8")
    run(allchat, "source", "add", "leaflet.md", "--yes", "--language=en", *FACTS, cwd=folder / "own")
    run(allchat, "build", cwd=folder / "own")
    return folder / "own"


QUESTION = "What are the visiting hours?"
QUOTE = "You may visit your child from two to four in the afternoon."


def test_the_command_answers_from_a_leaflet_that_was_added(allchat: Path, home: Path) -> None:
    answer = json.loads(run(allchat, "ask", QUESTION, "--json", cwd=home))
    assert [citation["quote"] for citation in answer["citations"]][:1] == [QUOTE]


@pytest.fixture
def server(allchat: Path, home: Path) -> Iterator[str]:
    command = [str(allchat), "serve", "--host", "127.0.0.1", "--port", "0"]
    with served_by(command, cwd=home, around=clean_environment()) as address:
        yield address


def test_the_server_answers_and_shows_its_page(server: str) -> None:
    answered = json.loads(posted(f"{server}/v1/ask", json.dumps({"question": QUESTION}).encode()))
    assert answered["citations"][0]["quote"] == QUOTE
    with urllib.request.urlopen(server, timeout=60) as page:  # noqa: S310
        assert b"allchat" in page.read()
