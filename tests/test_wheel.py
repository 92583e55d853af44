"""A wheel of this repository, installed in a fresh environment, gives a deployment of one's own that answers."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import urllib.request
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from places import ROOT

FROM_THE_NETWORK = "ALLCHAT_TEST_NETWORK"
"""Where this is set, the libraries too are installed anew: several gigabytes. Else they are those of this environment,
and only allchat itself comes from the wheel."""

LEAFLET = """# Visiting hours

You may visit your child from two to four in the afternoon.

# Parking

Park behind the house, please, and ring the bell at the door.
"""
FACTS = ("--publisher=City Hospital", "--url=https://example.org", "--rights=may be quoted", "--revised=unknown")

pytestmark = [pytest.mark.slow, pytest.mark.soak]


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints; the environment's own paths do not reach it."""
    around = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ALLCHAT"))}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=around, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("src", "pyproject.toml", "README.md", "LICENSE"):
        origin = ROOT / name
        shutil.copytree(origin, folder / name, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__")) if (
            origin.is_dir()
        ) else shutil.copy(origin, folder / name)
    pip: Sequence[str] = (sys.executable, "-m", "pip", "-q")
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, folder, cwd=folder)
    return next(folder.glob("allchat-*.whl"))


@pytest.fixture(scope="module")
def allchat(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command."""
    fresh = tmp_path_factory.mktemp("fresh")
    venv.create(fresh, with_pip=False)
    pip = (sys.executable, "-m", "pip", "-q", "--python", fresh / "bin" / "python", "install")
    if os.environ.get(FROM_THE_NETWORK):
        run(*pip, "-c", ROOT / "constraints.txt", wheel, cwd=fresh)
    else:
        run(*pip, "--no-deps", "--no-index", wheel, cwd=fresh)
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


QUESTION = "When may I visit my child?"
QUOTE = "You may visit your child from two to four in the afternoon."


def test_the_command_answers_from_a_leaflet_that_was_added(allchat: Path, home: Path) -> None:
    answer = json.loads(run(allchat, "ask", QUESTION, "--json", cwd=home))
    assert [citation["quote"] for citation in answer["citations"]][:1] == [QUOTE]


@pytest.fixture
def server(allchat: Path, home: Path) -> Iterator[str]:
    around = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ALLCHAT"))}
    command = [str(allchat), "serve", "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(command, cwd=home, env=around, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as serving:
        assert serving.stdout is not None
        said = []
        for line in serving.stdout:
            said.append(line.decode())
            if found := re.search(r"http://127\.0\.0\.1:\d+", said[-1]):
                yield found.group()
                break
        else:
            pytest.fail("".join(said))
        serving.terminate()
        serving.wait(timeout=30)


def test_the_server_answers_and_shows_its_page(server: str) -> None:
    asked = urllib.request.Request(  # noqa: S310 - this machine's own server
        f"{server}/v1/ask", json.dumps({"question": QUESTION}).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=60) as answered:  # noqa: S310
        assert json.load(answered)["citations"][0]["quote"] == QUOTE
    with urllib.request.urlopen(server, timeout=60) as page:  # noqa: S310
        assert b"allchat" in page.read()
