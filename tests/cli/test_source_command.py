"""allchat source and allchat init: what is asked, what is written, what is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from commands import run
from made_files import IMAGE, page, pdf

from allchat.cli.group import EXIT_BAD_INPUT, EXIT_BROKEN
from allchat.cli.main import cli
from allchat.sources.corpus import declared_sources

GIVEN = (
    "--publisher=City Hospital", "--url=https://example.org/v", "--rights=may be quoted", "--audience=families",
    "--revised=unknown",
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    assert run("init", tmp_path / "own").exit_code == 0
    monkeypatch.chdir(tmp_path / "own")
    (tmp_path / "own" / "v.html").write_bytes(
        page("<h1>Visiting us</h1><p>Come from two to four, and ring the bell.</p>")
    )
    (tmp_path / "own" / "scan.pdf").write_bytes(pdf(IMAGE))
    return tmp_path / "own"


def test_a_file_is_added_by_one_command_and_listed_checked_and_removed(home: Path) -> None:
    result = run("source", "add", "v.html", "--yes", *GIVEN)
    assert result.exit_code == 0, result.output
    assert "visiting-us: added" in result.output
    assert "Come from two to four" in (home / "corpus" / "reviews" / "visiting-us.html").read_text(encoding="utf-8")
    assert (
        "visiting-us\n  Visiting us\n  City Hospital; last revised unknown; allchat-html"
        in run("source", "list").output
    )
    assert run("source", "check").output == "visiting-us: holds\n"
    (home / "corpus" / "originals" / "visiting-us.html").write_bytes(b"<p>x")
    assert run("source", "check").exit_code == 1
    assert run("source", "remove", "visiting-us", "--yes").exit_code == 0
    assert declared_sources(home / "corpus") == []


def test_without_anybody_to_ask_a_missing_fact_is_named(home: Path) -> None:
    result = run("source", "add", "v.html", "--yes", *GIVEN[2:])
    assert result.exit_code == EXIT_BAD_INPUT
    assert "--publisher, --url" in result.output
    assert not (home / "corpus" / "reviews").exists()


def test_the_terminal_asks_for_what_is_missing_and_adds_nothing_unseen(home: Path) -> None:
    answers = "\n".join(["", "City Hospital", "https://example.org/v", "may be quoted", "", "unknown", "n"])
    result = CliRunner().invoke(cli, ["source", "add", "v.html"], input=answers)
    assert result.exit_code == 0, result.output
    assert "nothing was added" in result.output
    assert (home / "corpus" / "reviews" / "visiting-us.html").exists()
    assert declared_sources(home / "corpus") == []
    assert "audience: patients and their families (if not, use --audience)" in result.output
    again = CliRunner().invoke(cli, ["source", "add", "v.html"], input=f"{answers[:-1]}y")
    assert "visiting-us: added" in again.output
    assert declared_sources(home / "corpus")[0].display == "section"


def test_what_families_may_see_of_a_source_is_given_by_its_name(home: Path) -> None:
    assert run("source", "add", "v.html", "--yes", "--display=all", *GIVEN).exit_code == EXIT_BAD_INPUT
    assert run("source", "add", "v.html", "--yes", "--display=quote", *GIVEN).exit_code == 0
    assert declared_sources(home / "corpus")[0].display == "quote"


WORDS = ("Come from two to four", "ring the bell", "Ring twice")


def words_kept(folder: Path) -> set[str]:
    """The folders of a corpus, by the first part of their names, that hold words of the source."""
    files = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files_of(folder)}
    return {place.split("/")[0] for place, text in files.items() if any(word in text for word in WORDS)}


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def updated(home: Path) -> Path:
    """The corpus of a source whose text was replaced, with a question that could not go along."""
    run("source", "add", "v.html", "--yes", *GIVEN)
    table = '[[block]]\nbegins = "Come from two"\nquestions = ["When may I come?"]\n'
    (home / "corpus" / "questions").mkdir()
    (home / "corpus" / "questions" / "visiting-us.toml").write_text(table, encoding="utf-8")
    (home / "n.html").write_bytes(page("<h1>Visiting us</h1><p>Ring twice. Nobody is let in at night.</p>"))
    result = run("source", "update", "visiting-us", "n.html", "--revised=unknown", "--no-answers", "--apply")
    assert result.exit_code == 0, result.output
    assert {"archive", "converted", "parked", "updates"} <= words_kept(home / "corpus")
    return home / "corpus"


def test_a_withdrawn_source_leaves_its_notice_and_no_words_anywhere(updated: Path) -> None:
    result = run("source", "remove", "visiting-us", "--withdraw", "--yes")
    assert result.exit_code == 0, result.output
    assert words_kept(updated) == set()
    assert [path.name for path in files_of(updated) if "visiting-us" in path.read_text("utf-8")] == ["corpus.toml"]
    assert "[[withdrawn]]" in (updated / "corpus.toml").read_text(encoding="utf-8")
    assert declared_sources(updated) == []
    assert run("source", "undo", "--discard-edits").exit_code == EXIT_BROKEN


def test_a_removed_source_leaves_only_the_texts_that_saved_answers_lead_to(updated: Path) -> None:
    assert run("source", "remove", "visiting-us", "--yes").exit_code == 0
    assert words_kept(updated) == {"archive"}
    assert run("source", "undo", "--discard-edits").exit_code == EXIT_BROKEN
    assert declared_sources(updated) == []


def test_a_review_alone_adds_nothing(home: Path) -> None:
    assert "nothing was added" in run("source", "add", "v.html", "--review-only", *GIVEN).output
    assert declared_sources(home / "corpus") == []


def test_a_scan_is_refused_with_its_page(home: Path) -> None:
    result = run("source", "add", "scan.pdf", "--yes", *GIVEN)
    assert result.exit_code == EXIT_BROKEN
    assert "scan.pdf: page 1 has no text" in result.output


def test_init_does_not_write_over_a_folder_in_use(home: Path) -> None:
    result = run("init", home)
    assert result.exit_code == EXIT_BROKEN
    assert "is there already" in result.output


def test_verify_proves_a_quote_against_the_text_and_the_text_against_its_original(home: Path) -> None:
    run("source", "add", "v.html", "--yes", *GIVEN)
    (source,) = declared_sources(home / "corpus")
    text = (home / "corpus" / source.file).read_text(encoding="utf-8")
    quote = "Come from two to four, and ring the bell."
    start = text.index(quote)
    citation = {
        "number": 1, "document": source.id, "quote": quote, "start": start, "end": start + len(quote),
        "source_sha256": source.sha256,
    }  # fmt: skip
    (home / "a.json").write_text(json.dumps({"id": "a", "citations": [citation]}), encoding="utf-8")
    result = run("verify", "a.json")
    assert result.exit_code == 0, result.output
    assert "original of visiting-us: gives the text that is quoted" in result.output
    (home / "corpus" / "originals" / "visiting-us.html").write_bytes(
        page("<p>Come whenever you like, day or night.</p>")
    )
    result = run("verify", "a.json")
    assert result.exit_code == 1
    assert "original of visiting-us: originals/visiting-us.html was changed" in result.output
