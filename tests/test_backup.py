"""Backup, upgrade and rollback as docs/operations.md says them: its lines are run, on a deployment in a folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT, SMALL

import allchat

QUESTION = "which medicines are forbidden at home"
PLACES = ("/opt/allchat", "/var/lib/allchat", "/var/backups")

pytestmark = pytest.mark.slow


def lines(name: str) -> str:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    return text.split(f"<!-- {name} -->\n```sh\n")[1].split(f"```\n<!-- /{name} -->")[0]


def shell(text: str, *, home: Path, program: Path | None = None) -> str:
    """What lines of the document print, in a deployment under ``home``, by the allchat of the folder ``program``."""
    for place in PLACES:
        text = text.replace(place, f"{home}{place}")
    command = f'set -eu\nallchat() {{ "{sys.executable}" -m allchat "$@"; }}\n{text}'
    path = str(program or Path(allchat.__path__[0]).parent)
    done = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "PYTHONPATH": path},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr + (f"\nexit {done.returncode}" if done.returncode else "")


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment with its index built, not to be changed."""
    folder = tmp_path_factory.mktemp("built")
    for place in PLACES:
        Path(f"{folder}{place}").mkdir(parents=True)
    shutil.copytree(SMALL, f"{folder}/opt/allchat/corpus")
    said = shell("allchat build --corpus /opt/allchat/corpus --index /var/lib/allchat/index", home=folder)
    assert "built" in said
    return folder


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    """The same for one test."""
    return Path(shutil.copytree(built, tmp_path / "home"))


def asked(home: Path, *, index: str = "index", program: Path | None = None) -> str:
    words = f'allchat ask "{QUESTION}" --json --corpus /opt/allchat/corpus --index /var/lib/allchat/{index}'
    return shell(words, home=home, program=program)


def answered(home: Path, *, index: str = "index", program: Path | None = None) -> dict[str, object]:
    answer = dict(json.loads(asked(home, index=index, program=program)))
    return {name: value for name, value in answer.items() if name not in ("timings_ms", "versions")}


def test_what_was_backed_up_comes_back_byte_for_byte_and_answers_the_same(home: Path) -> None:
    before, was = files(home), answered(home)
    assert shell(lines("backup"), home=home) == ""
    (home / "opt/allchat/corpus/lists.txt").write_text("lost")
    shutil.rmtree(home / "var/lib/allchat/index")
    assert "exit 3" in asked(home)
    said = shell(lines("restore"), home=home)
    assert "up to date" in said
    assert "No problem found" in said
    after = {name: content for name, content in files(home).items() if not name.startswith("var/backups/")}
    assert after == before
    assert answered(home) == was


def test_a_new_version_builds_beside_the_old_one_and_the_way_back_is_open(home: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    shutil.copytree(Path(allchat.__path__[0]), new / "allchat", ignore=shutil.ignore_patterns("__pycache__"))
    with (new / "allchat" / "build.py").open("a") as file:
        file.write("\n# another version\n")
    before, was = files(home / "var/lib/allchat/index"), answered(home)
    refused = asked(home, program=new)
    assert "was built from other program than there are now. Run: allchat build" in refused
    assert refused.endswith("exit 3")
    built = "allchat build --corpus /opt/allchat/corpus --index /var/lib/allchat/index-new"
    assert "built" in shell(built, home=home, program=new)
    assert answered(home, index="index-new", program=new) == was
    assert files(home / "var/lib/allchat/index") == before
    assert answered(home) == was
    assert asked(home, index="index-new").endswith("exit 3")
