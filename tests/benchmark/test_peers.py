"""The comparison with other libraries: each side is there and pinned, its figures are what was measured, and the
command says what to do where they are not installed.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from places import ROOT

from allchat.benchmark import peers
from allchat.benchmark.figures import PeerFigures
from allchat.cli.group import EXIT_BROKEN
from allchat.cli.main import cli
from allchat.shapes import shaped

WHERE = [f"--corpus={ROOT / 'corpus'}"]


def test_every_side_is_a_function_of_the_program_and_every_package_is_pinned() -> None:
    tree = ast.parse(peers.PROGRAM.read_text(encoding="utf-8"))
    assert [node.name for node in tree.body if isinstance(node, ast.FunctionDef)] == [*peers.NAMES, "main"]
    lines = (peers.PROGRAM.parent / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"#.*|[a-z-]+==[0-9.]+", line)] == []
    ours = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    for name in ("torch", "sentence-transformers", "faiss-cpu"):  # a difference is the program's, not the libraries'
        assert set(lines) & {line for line in ours if line.startswith(f"{name}==")}, name


def test_without_them_the_command_says_how_to_install_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(peers, "PYTHON", tmp_path / "python")
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(cli, ["bench", "--peers", *WHERE])
    assert result.exit_code == EXIT_BROKEN
    assert result.stderr.endswith("Install the other libraries in a checkout: make peers.\n")


def test_a_ratio_is_the_median_of_the_rounds_and_the_fastest_is_of_each_round() -> None:
    assert peers._over([10.0, 20.0, 90.0], [10.0, 10.0, 10.0]) == 2.0
    over = {side: 1.0 for side in peers.NAMES if side != peers.OURS}
    figures = PeerFigures(
        machine={},
        questions=2,
        rounds=2,
        versions={},
        median_ms=dict.fromkeys(peers.NAMES, (8.0, 9.5)),
        answer_over=over,
        answer_over_fastest_peer=1.25,
    )
    lines = peers.peer_lines(figures)
    assert lines[0] == "allchat, a whole answer: 8.00, 9.50 ms"
    assert lines[-1].startswith("our whole answer over the fastest peer's bare retrieval: 1.25 ")
    assert len(lines) == len(peers.NAMES) + 1


@pytest.mark.slow
def test_each_side_answers_in_a_process_of_its_own(built_index: Path) -> None:
    if not peers.PYTHON.is_file():
        pytest.skip("the other libraries are not installed: make peers")
    questions = ["what is a lumbar puncture", "what is remission", "what are platelets", "what is a blast"]
    said: list[str] = []
    figures = peers.peers(index=built_index, corpus=ROOT / "corpus", questions=questions, say=said.append, rounds=1)
    assert figures.questions == 2
    assert len(said) == len(peers.NAMES)
    assert all(times[0] > 0 for times in figures.median_ms.values())
    assert set(figures.answer_over) == set(peers.NAMES) - {peers.OURS}


def test_the_document_says_what_the_file_of_figures_says() -> None:
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    shown = text.split("<!-- peers -->\n```text\n")[1].split("\n```\n<!-- /peers -->")[0]
    figures = json.loads((ROOT / "docs" / "performance" / "peers.json").read_text(encoding="utf-8"))
    assert shown.splitlines() == peers.peer_lines(shaped(figures, PeerFigures))
