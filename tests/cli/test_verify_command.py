"""allchat verify: saved answers hold, have moved, have changed or are gone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import ASKED, lines_of, run
from places import SMALL

from allchat.audit import saved_records
from allchat.cli.group import EXIT_BAD_INPUT


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SMALL.parent)


def test_verify_says_that_saved_answers_hold(saved: Path) -> None:
    result = run("verify", saved, index=Path("none"))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].startswith("a [1] holds: lists, characters ")


def test_verify_reads_one_record_as_ask_prints_it(model_index: Path, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(run("ask", "--json", ASKED, index=model_index).stdout, encoding="utf-8")
    assert run("verify", tmp_path / "a.json", index=Path("none")).exit_code == 0


def test_verify_tells_a_record_that_was_altered_and_a_source_that_is_gone(saved: Path, tmp_path: Path) -> None:
    rows = lines_of(saved)
    first = rows[0]["citations"][0]
    cases = [
        {**first, "start": first["start"] + 1},
        {**first, "quote": first["quote"].replace("e", "a")},
        {**first, "document": "withdrawn"},
    ]
    (tmp_path / "a.jsonl").write_text(json.dumps({**rows[0], "citations": cases, "further": []}), encoding="utf-8")
    result = run("verify", tmp_path / "a.jsonl", index=Path("none"))
    assert result.exit_code == 1
    states = [line.split("] ")[1].split(":")[0] for line in result.stdout.splitlines() if line.startswith("a [")]
    assert states == ["record altered", "record altered", "gone"]
    assert "    its text says there: " in result.stdout
    assert "[-Harbal taas.-] {+Herbal teas.+}" in result.stdout
    assert result.stderr == "allchat: 3 citations do not hold as saved.\n"


def test_an_audit_bundle_is_verified_offline_and_an_altered_one_is_told(model_index: Path, tmp_path: Path) -> None:
    file = tmp_path / "bundle.json"
    asked = run("ask", ASKED, "--bundle", file, index=model_index)
    assert asked.exit_code == 0
    assert asked.stdout == run("ask", ASKED, index=model_index).stdout
    checked = run("verify", file, index=Path("none"))
    assert checked.exit_code == 0
    assert "q [1] holds: lists, characters " in checked.stdout
    assert "q source lists: same" in checked.stdout
    file.write_text(file.read_text(encoding="utf-8").replace('"margin": ', '"margin": 1'), encoding="utf-8")
    altered = run("verify", file, index=Path("none"))
    assert altered.exit_code == 1
    assert "q altered: this bundle is not what was written" in altered.stdout
    assert altered.stderr == "allchat: 1 saved answers are not what was written.\n"


def test_a_bundle_that_cannot_be_written_is_bad_input(model_index: Path, tmp_path: Path) -> None:
    result = run("ask", ASKED, "--bundle", tmp_path / "no" / "b.json", index=model_index)
    assert result.exit_code == EXIT_BAD_INPUT
    assert "cannot be written (No such file or directory). Name another file." in result.stderr
    assert result.stdout == ""


NO_ANSWERS = (
    b"{",
    b"\xff",
    b"[]",
    b"[" * 100_000,
    b'{"id": "x"}',
    b'{"id": "x", "citations": [1]}',
    b'{"id": "x", "citations": "none"}',
    b'{"id": "\\ud83d", "citations": []}',
    b'{"id": "x", "citations": [{"number": 1, "document": "d", "quote": 1}]}',
    b'{"format": "allchat audit bundle", "schema": 1, "answer": {"id": "x", "citations": []}}',
    b'{"format": "allchat audit bundle", "schema": 1, "sources": [1], "answer": {"id": "", "citations": []}}',
)


@pytest.mark.parametrize("content", NO_ANSWERS, ids=lambda content: repr(content[:30]))
def test_verify_refuses_a_file_that_holds_no_answers(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    result = run("verify", tmp_path / "a.json", index=Path("none"))
    assert result.exit_code == EXIT_BAD_INPUT
    assert "Save it with ask --json or batch." in result.stderr


def test_a_line_separator_inside_a_saved_answer_ends_no_line() -> None:
    row = {"id": "a\u2028b\x85c", "citations": []}
    content = "\n".join([json.dumps(row, ensure_ascii=False)] * 2).encode()
    assert list(saved_records(content)) == [row, row]
