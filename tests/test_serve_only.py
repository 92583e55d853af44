"""What serves is small and whole: an environment without the extra "build" answers from an index that is there, and
says what it cannot do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from environments import (
    built_wheel,
    clean_environment,
    install_wheel,
    linked_environment,
    megabytes,
    posted,
    run,
    served_by,
)
from licences import runtime
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from places import ROOT

from allchat.chat import Chat
from allchat.program import BUILDING, TO_BUILD

QUESTION = "What is a spinal tap?"
MOST_MEGABYTES = 700
INSTALLER = 20
"""Megabytes of an empty environment with its pip."""

pytestmark = pytest.mark.slow


def test_the_extra_is_what_the_program_says_that_building_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert sorted(Requirement(text).name for text in project["optional-dependencies"]["build"]) == sorted(BUILDING)


def test_what_serves_takes_less_than_700_megabytes_and_holds_nothing_that_only_builds() -> None:
    served = runtime(builds=False)
    assert set(map(canonicalize_name, BUILDING)) & set(served) == set()
    assert 300 < megabytes(served.values()) < MOST_MEGABYTES - INSTALLER
    assert megabytes(runtime().values()) > 2 * MOST_MEGABYTES  # the measure sees what was left out


@pytest.fixture(scope="module")
def serve_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command ``allchat`` in an environment of what serves."""
    folder = linked_environment(tmp_path_factory.mktemp("serves"), builds=False)
    install_wheel(built_wheel(tmp_path_factory.mktemp("wheel")), folder)
    return folder / "bin" / "allchat"


def said(command: Path, *words: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(command), *map(str, words)], cwd=cwd, env=clean_environment(), capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("module", ["torch", "sentence_transformers", "sklearn", "scipy", "onnx", "tiktoken"])
def test_what_only_builds_is_not_there(module: str, serve_only: Path) -> None:
    done = said(serve_only.with_name("python"), "-c", f"import {module}")
    assert f"No module named '{module}'" in done.stderr


def test_a_question_gets_the_very_answer_that_a_whole_environment_gives(serve_only: Path, built_index: Path) -> None:
    told = json.loads(run(serve_only, "ask", QUESTION, "--json", f"--index={built_index}", cwd=ROOT))
    here = Chat.open(built_index, corpus=ROOT / "corpus").ask(QUESTION).to_dict()
    del told["timings_ms"], here["timings_ms"]
    assert told == json.loads(json.dumps(here))
    assert told["citations"]


@pytest.fixture
def server(serve_only: Path, built_index: Path) -> Iterator[str]:
    command = [str(serve_only), "serve", "--port=0", f"--index={built_index}"]
    with served_by(command, cwd=ROOT, around=clean_environment()) as address:
        yield address


def test_the_server_answers_at_its_page_and_its_address(server: str) -> None:
    answered = json.loads(posted(f"{server}/v1/ask", json.dumps({"question": QUESTION}).encode()))
    assert answered["citations"]
    event = json.loads(
        posted(f"{server}/gradio_api/run/ask", json.dumps({"data": [QUESTION, "[]", "{}", "en"]}).encode())
    )
    assert answered["citations"][0]["quote"][:20] in json.dumps(event, ensure_ascii=False)


@pytest.mark.parametrize(
    "words", [["build", "--index", "new"], ["guard", "train", "--out", "new"], ["eval"], ["bench", "--quick"]]
)
def test_what_needs_the_extra_names_it_and_changes_nothing(words: list[str], serve_only: Path, tmp_path: Path) -> None:
    done = said(serve_only, *words, *([f"--corpus={ROOT / 'corpus'}"] if words[0] == "build" else []), cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "torch" in done.stderr
    assert done.stderr.endswith(f"{TO_BUILD}\n")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "new" / "current").exists()


def test_doctor_finds_no_problem_and_notes_that_nothing_can_be_built(serve_only: Path, built_index: Path) -> None:
    done = said(serve_only, "doctor", "--json", f"--index={built_index}")
    found = json.loads(done.stdout)["findings"]
    assert [finding for finding in found if finding["state"] in ("problem", "warning")] == []
    notes = {finding["about"]: finding["what"] for finding in found if finding["state"] == "note"}
    assert "cannot build an index" in notes["building"]
    assert "its export in the index is served" in notes["model"]
    assert done.returncode == 0


@pytest.mark.skipif(
    not os.environ.get("WHEEL_FROM_NETWORK"), reason="WHEEL_FROM_NETWORK is not set: nothing was installed from outside"
)
def test_a_real_installation_is_as_small(tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "env", cwd=tmp_path)
    wheel = built_wheel(tmp_path / "wheel")
    pip = (tmp_path / "env" / "bin" / "python", "-m", "pip", "-q", "install", "-c", ROOT / "constraints.txt")
    run(*pip, wheel, cwd=tmp_path)
    blocks = sum(path.lstat().st_blocks for path in (tmp_path / "env").rglob("*"))
    assert blocks * 512 / 10**6 < MOST_MEGABYTES
