"""allchat eval: figures, gates, and the difference of two reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import ASKED, run
from places import SMALL

from allchat.cli.group import EXIT_BAD_INPUT


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SMALL.parent)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "suites" / "kinds"
    folder.mkdir(parents=True)
    rows = [{"id": "a", "text": "hello", "kind": "chat"}, {"id": "b", "text": ASKED, "kind": "chat"}]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "suite.toml").write_text(
        'task = "guard"\nwhat = "Kinds."\norigin = "o"\nlicence = "l"\nfiles = ["rows.jsonl"]\n'
        '[[gate]]\nmeasure = "right"\nleast = 0.9\nwhy = "Both should be."\n'
    )
    return folder


def test_eval_prints_figures_and_fails_only_where_gates_are_asked_for(
    model_index: Path, suite: Path, tmp_path: Path
) -> None:
    shown = run("eval", suite, "--workers=1", index=model_index)
    assert shown.exit_code == 0
    assert "| right | 0.500 (0.000 to 1.000) | 2 |" in shown.stdout
    assert "gate fell: kinds, right: 0.5, wanted is at least 0.9. Both should be." in shown.stderr
    gated = run("eval", suite.parent, "--workers=1", "--gate", "--out", tmp_path / "out", index=model_index)
    assert gated.exit_code == 1
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"report.json", "report.html", "report.md", "results.jsonl"}


def test_eval_diff_compares_two_reports(model_index: Path, suite: Path, tmp_path: Path) -> None:
    run("eval", suite, "--workers=1", "--out", tmp_path / "out", index=model_index)
    same = run("eval", "diff", tmp_path / "out", tmp_path / "out" / "report.json")
    assert same.exit_code == 0
    assert "2 questions in both, 0 answered in other words." in same.stdout
    assert run("eval", "diff", tmp_path, tmp_path).exit_code == EXIT_BAD_INPUT


def test_eval_of_what_is_no_suite_is_bad_input(model_index: Path, tmp_path: Path) -> None:
    result = run("eval", tmp_path, index=model_index)
    assert result.exit_code == EXIT_BAD_INPUT
    assert "holds no suite.toml" in result.stderr
    assert "diff" in run("eval", "--help").stdout
