"""Other harnesses against a real server, with the very files of ``examples/``: openai, lm-eval, inspect-ai, promptfoo.

They live in ``.cache/clients`` (``make clients``), because they need other versions of some packages than allchat.
Without them these tests are skipped, and the run says so. Each is run twice: against a chat whose answers hold what the
questions expect, and against one whose answers do not, so that a harness that only seems to measure is found out.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from places import ROOT
from serving import serving
from small_chat import SmallChat

from allchat.chat import Chat

CLIENTS = ROOT / ".cache" / "clients"
pytestmark = [pytest.mark.slow, pytest.mark.soak]


@pytest.fixture(scope="module")
def good(small_chat: Chat) -> Iterator[str]:
    yield from serving(small_chat, page=False)


@pytest.fixture(scope="module")
def bad() -> Iterator[str]:
    yield from serving(SmallChat(), page=False)


def run(program: str, *arguments: object, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a harness from the project's folder, told to stay offline and to write into ``folder`` alone."""
    path = CLIENTS / program
    if not path.exists():
        pytest.skip(f"{program} is not installed: make clients")
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    environment = {
        **kept,
        "HOME": str(folder),
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "PROMPTFOO_DISABLE_UPDATE": "1",
        "NO_COLOR": "1",
        **more,
    }
    return subprocess.run(
        [path, *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_examples_for_openais_client_prints_an_answer_and_its_citations(good: str, tmp_path: Path) -> None:
    done = run("venv/bin/python", "examples/openai_client.py", "What is bone marrow?", good, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "kind: answer" in done.stdout
    assert "[1] furniture.txt, characters" in done.stdout


def lm_eval(address: str, folder: Path) -> float:
    done = run(
        "venv/bin/lm-eval", "run", "--include_path", "examples/lm_eval", "--tasks", "allchat",
        "--model", "local-chat-completions", "--apply_chat_template",
        "--model_args", f"model=allchat,base_url={address}/v1/chat/completions", "--output_path", folder / "out",
        folder=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (report,) = (folder / "out").rglob("results_*.json")
    figures: dict[str, Any] = json.loads(report.read_text())["results"]["allchat"]
    return float(figures["says_what_is_expected,none"])


def test_lm_eval_measures_it(good: str, bad: str, tmp_path: Path) -> None:
    assert lm_eval(good, tmp_path / "good") == 1.0
    assert lm_eval(bad, tmp_path / "bad") < 0.5


def inspect_ai(address: str, folder: Path) -> float:
    done = run(
        "venv/bin/inspect", "eval", "examples/inspect_allchat.py", "--model", "openai-api/local/allchat",
        "--model-base-url", f"{address}/v1", "--display", "none", "--log-format", "json", "--log-dir", folder / "logs",
        folder=folder, LOCAL_API_KEY="none",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (log,) = (folder / "logs").glob("*.json")
    found = json.loads(log.read_text())
    assert found["status"] == "success"
    return float(found["results"]["scores"][0]["metrics"]["accuracy"]["value"])


def test_inspect_ai_measures_it(good: str, bad: str, tmp_path: Path) -> None:
    assert inspect_ai(good, tmp_path / "good") == 1.0
    assert inspect_ai(bad, tmp_path / "bad") < 0.5


def promptfoo(address: str, folder: Path) -> tuple[int, dict[str, int]]:
    folder.mkdir()
    done = run(
        "node_modules/.bin/promptfoo", "eval", "-c", "examples/promptfoo.yaml", "--no-cache", "--no-table",
        "--no-progress-bar", "-o", folder / "out.json",
        folder=folder, OPENAI_BASE_URL=f"{address}/v1", OPENAI_API_KEY="none",
    )  # fmt: skip
    stats = json.loads((folder / "out.json").read_text())["results"]["stats"]
    return done.returncode, {name: stats[name] for name in ("successes", "failures", "errors")}


def test_promptfoos_assertions_hold(good: str, bad: str, tmp_path: Path) -> None:
    assert promptfoo(good, tmp_path / "good") == (0, {"successes": 8, "failures": 0, "errors": 0})
    code, stats = promptfoo(bad, tmp_path / "bad")
    assert code == 100
    assert stats["failures"] >= 6
    assert stats["errors"] == 0
