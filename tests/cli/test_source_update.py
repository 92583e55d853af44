"""allchat source update: what it says of our answers before and after, without changing anything."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

import pytest
from click.testing import Result
from commands import run

SUITE = 'task = "answers"\nwhat = "w"\norigin = "o"\nlicence = "l"\nfiles = ["rows.jsonl"]\n'
GONE = ("how often is the fever thermometer read", "It is read twice a day.")
STANDS = ("which medicines are forbidden at home", "Herbal teas.")
UNSEEN = ("a question that nobody looks at", "Herbal teas.")


@pytest.fixture
def suites(tmp_path: Path) -> Path:
    """Two questions on a source, and a blind suite."""
    for name, looked_at, asked in (("ours", True, (GONE, STANDS)), ("blind", False, (UNSEEN,))):
        (tmp_path / "suites" / name).mkdir(parents=True)
        rows = [{"id": f"{name}-{n}", "text": text, "gold": [gold]} for n, (text, gold) in enumerate(asked)]
        content = "\n".join(map(json.dumps, rows))
        frozen = (
            f'looked_at = false\nfrozen = "2026-01-01"\nsha256 = "{hashlib.sha256(content.encode()).hexdigest()}"\n'
        )
        declared = SUITE if looked_at else f"{SUITE}{frozen}"
        (tmp_path / "suites" / name / "suite.toml").write_text(declared, encoding="utf-8")
        (tmp_path / "suites" / name / "rows.jsonl").write_text(content, encoding="utf-8")
    return tmp_path / "suites"


@pytest.fixture
def aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where an update puts what it builds to measure."""
    (tmp_path / "aside").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "aside"))
    return tmp_path / "aside"


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def updated(corpus: Path, index: Path, *options: str | Path) -> Result:
    """An update to a text in which what is read twice a day is read no more."""
    new = corpus.parent / "new.txt"
    text = (corpus / "lists.txt").read_text(encoding="utf-8")
    new.write_text(text.replace(" It is read twice a day.", ""), encoding="utf-8")
    return run("source", "update", "lists", new, "--revised=2025-01-01", *options, index=index, corpus=corpus)


def test_our_answers_are_told_before_and_after_and_nothing_is_changed(
    corpus: Path, model_index: Path, suites: Path, aside: Path
) -> None:
    before = bytes_of(corpus), bytes_of(model_index)
    result = updated(corpus, model_index, f"--suites={suites}")
    assert result.exit_code == 0, result.output
    said = result.stdout
    assert "all questions: 2, 1.000 before, 0.500 after" in said
    assert "all gold stands: 1, 1.000 before, 1.000 after" in said
    assert "none: 1, 1.000 before, 0.000 after" in said
    assert f"- ours ours-0 (of its gold none stands): {GONE[0]}" in said
    assert "Test questions whose place is lost: 1" in said
    assert UNSEEN[0] not in said
    assert "Nothing was changed." in said
    assert (bytes_of(corpus), bytes_of(model_index)) == before
    assert list(aside.iterdir()) == []
