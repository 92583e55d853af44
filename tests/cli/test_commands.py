"""The command line: every command in process, wrong input at each door, and exit codes that keep their word."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from commands import ASKED, lines_of, run
from places import SMALL

from allchat.cli.answers import batch_question, readable
from allchat.cli.group import EXIT_BAD_INPUT, EXIT_BROKEN
from allchat.errors import QuestionError
from allchat.parts import Fixed, Line, Part, Parts, Quoted
from allchat.records import Answer, Citation, Lead


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SMALL.parent)


# ask


def test_ask_prints_the_quotes_and_where_they_stand(model_index: Path) -> None:
    result = run("ask", ASKED, index=model_index)
    assert result.exit_code == 0
    assert "      - not while platelets are low." in result.stdout
    assert "[1] lists.txt, characters " in result.stdout
    assert "last revised: 2022-09-02" in result.stdout
    assert not [line for line in result.stdout.splitlines() if line.startswith(">")]


def test_ask_json_prints_the_record(model_index: Path) -> None:
    result = run("ask", "--json", "and at night?", "--history", "What is a wig?", index=model_index)
    record = json.loads(result.stdout)
    assert list(record) == [name for name in Answer.__dataclass_fields__ if name != "parts"]
    assert record["question"] == "and at night?"


@pytest.mark.parametrize("question", ["", "🧸\x00", "fever " * 3400, "what is \udcff?"])
def test_ask_refuses_what_is_no_question(question: str, model_index: Path) -> None:
    result = run("ask", question, index=model_index)
    assert result.exit_code == EXIT_BAD_INPUT
    assert result.stderr.startswith("allchat: the question ")
    assert result.stdout == ""


# no index, a broken index, broken settings


@pytest.mark.parametrize("command", [("ask", ASKED), ("corpus",), ("serve",)])
def test_without_an_index_every_command_says_what_to_run(command: tuple[str, ...], tmp_path: Path) -> None:
    result = run(*command, index=tmp_path / "nowhere")
    assert result.exit_code == EXIT_BROKEN
    assert result.stderr.endswith("holds no index. Run: allchat build\n")
    assert result.stdout == ""


def test_a_corrupt_index_is_an_error_and_no_answer(model_index: Path, tmp_path: Path) -> None:
    index = Path(shutil.copytree(model_index, tmp_path / "index"))
    vectors = next(index.rglob("vectors.faiss"))
    vectors.write_bytes(vectors.read_bytes()[:-1] + b"!")
    result = run("ask", ASKED, index=index)
    assert result.exit_code == EXIT_BROKEN
    assert "vectors.faiss: is not the file that was built" in result.stderr


def test_a_corpus_that_changed_since_the_build_is_an_error(model_index: Path, tmp_path: Path) -> None:
    corpus = Path(shutil.copytree(SMALL, tmp_path / "corpus"))
    (corpus / "lay_terms.toml").unlink()
    result = run("ask", ASKED, index=model_index, corpus=corpus)
    assert result.exit_code == EXIT_BROKEN
    assert "was built from other word files than there are now. Run: allchat build" in result.stderr


def test_a_missing_corpus_is_an_error(model_index: Path, tmp_path: Path) -> None:
    result = run("ask", ASKED, index=model_index, corpus=tmp_path)
    assert result.exit_code == EXIT_BROKEN
    assert "there is no such file" in result.stderr


def test_a_wrong_setting_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s.toml").write_text("colour = 1\n")
    result = run("ask", ASKED, "--settings", tmp_path / "s.toml")
    assert result.exit_code == EXIT_BROKEN
    assert "setting colour: there is no such setting" in result.stderr
    monkeypatch.setenv("ALLCHAT_COLOUR", "blue")
    assert run("build").exit_code == EXIT_BROKEN


def test_a_model_that_is_not_there_is_an_error(
    model_index: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ALLCHAT_MODEL", str(tmp_path))
    result = run("ask", ASKED, index=model_index)
    assert result.exit_code == EXIT_BROKEN
    assert "holds no sentence-transformers model" in result.stderr


# batch


def test_batch_answers_in_the_same_order_with_the_same_ids(saved: Path) -> None:
    rows = lines_of(saved)
    assert [row["id"] for row in rows] == ["a", "b", "c"]
    assert [row["kind"] for row in rows] == ["answer", "chat", "answer"]


BAD_LINES = {
    "{": "is not JSON",
    "[1]": "is not an object",
    '{"id": 1, "question": "x"}': "is not an object with",
    '{"id": "x"}': "is not an object with",
    '{"id": "x", "question": ""}': "has no words",
    '{"id": "x", "question": "' + "fever " * 3400 + '"}': "the most is",
    '{"id": "x", "question": "what is \\ud83d?"}': "half a character",
    '{"id": "\\ud83d", "question": "what is ALL?"}': "half a character",
    '{"id": "x", "question": "what?", "history": ["\\ud83d"]}': "half a character",
    '{"id": "x", "question": "what?", "history": "what"}': "is not a list of strings",
    '{"id": "x", "question": "what?", "history": [1]}': "is not a list of strings",
    "[" * 100_000: "nests too deep",
}


@pytest.mark.parametrize("line", BAD_LINES, ids=lambda line: line[:30])
def test_a_line_that_is_no_question_is_refused_with_the_reason(line: str) -> None:
    fact = BAD_LINES[line]
    if fact in ("has no words", "the most is"):
        assert batch_question(line.encode())["question"] is not None
    else:
        with pytest.raises(QuestionError, match=fact):
            batch_question(line.encode())


def test_a_broken_line_is_reported_with_its_number_and_the_others_are_answered(
    model_index: Path, tmp_path: Path
) -> None:
    good = [
        json.dumps({"id": f"q{n}", "question": question}) for n, question in enumerate((ASKED, "hello", "thank you"))
    ]
    lines = [
        b"\xef\xbb\xbf" + good[0].encode(),
        b"",
        *(line.encode() for line in BAD_LINES),
        b"\xff",
        good[1].encode(),
        good[2].encode(),
    ]
    (tmp_path / "q.jsonl").write_bytes(b"\r\n".join(lines))
    result = run("batch", tmp_path / "q.jsonl", "--out", tmp_path / "a.jsonl", index=model_index)
    assert result.exit_code == 1
    assert [row["id"] for row in lines_of(tmp_path / "a.jsonl")] == ["q0", "q1", "q2"]
    reported = [line for line in result.stderr.splitlines() if line.startswith("line ")]
    assert [int(line.split()[1].rstrip(":")) for line in reported] == list(range(3, 3 + len(BAD_LINES) + 1))
    assert f"{len(BAD_LINES) + 1} of " in result.stderr.splitlines()[-1]


def test_batch_without_a_file_or_with_a_place_it_cannot_write_is_bad_input(model_index: Path, tmp_path: Path) -> None:
    assert run("batch", tmp_path / "nowhere", "--out", tmp_path / "a").exit_code == EXIT_BAD_INPUT
    (tmp_path / "q.jsonl").write_text("")
    result = run("batch", tmp_path / "q.jsonl", "--out", tmp_path / "no" / "a", index=model_index)
    assert result.exit_code == EXIT_BAD_INPUT
    assert "cannot be written (No such file or directory). Name another file." in result.stderr


def test_an_empty_batch_gives_an_empty_file(model_index: Path, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text("\n \n")
    assert run("batch", tmp_path / "q.jsonl", "--out", tmp_path / "a", index=model_index).exit_code == 0
    assert (tmp_path / "a").read_bytes() == b""


def test_a_quote_that_does_not_hold_stops_with_its_own_exit_code(model_index: Path, tmp_path: Path) -> None:
    """The source changes between the opening of the corpus and the answer: simulated by a file that is read anew."""
    from allchat.chat import Chat
    from allchat.errors import VerificationError

    corpus = Path(shutil.copytree(SMALL, tmp_path / "corpus"))
    chat = Chat.open(model_index, corpus=corpus)
    for path in corpus.glob("*.txt"):
        path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(VerificationError):
        chat.ask(ASKED)
    result = run("ask", ASKED, index=model_index, corpus=corpus)
    assert result.exit_code == EXIT_BROKEN
    assert "the file was changed" in result.stderr


# build, corpus, help


def test_build_says_whether_it_built_and_what_stopped_it(built: tuple[Path, Result], corpus: Path) -> None:
    index, first = built
    assert first.exit_code == 0
    assert f"{index}: built (" in first.stdout
    assert f"{index}: up to date (" in run("build", index=index, corpus=corpus).stdout
    (corpus / "bom.txt").unlink()
    broken = run("build", index=index, corpus=corpus)
    assert broken.exit_code == EXIT_BROKEN
    assert "bom.txt: cannot be read" in broken.stderr
    assert run("build", index=index).exit_code == 0


def test_corpus_lists_every_source_with_its_facts(model_index: Path) -> None:
    listed = run("corpus", index=model_index).stdout
    for fact in (
        "lists\n", "headings-only\n", "last revised: 2022-09-02", "last revised: date not stated in this copy",
        "passages: 0, sha256: ", "rights: Ours; no medical fact", "https://example.org/bom",
    ):  # fmt: skip
        assert fact in listed


def test_help_documents_every_command_and_every_exit_code() -> None:
    text = run("--help").stdout
    for word in ("ask", "batch", "build", "corpus", "doctor", "eval", "serve", "verify", "Exit codes:"):
        assert word in text
    for code in (0, 1, EXIT_BAD_INPUT, EXIT_BROKEN):
        assert f"\n    {code}  " in text
    assert run("--version").stdout.endswith("0.1.0\n")


@pytest.mark.parametrize("arguments", [("ask",), ("nonsense",), ("ask", "x", "--colour"), ("batch", "x")])
def test_a_command_that_is_not_understood_is_bad_input(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == EXIT_BAD_INPUT


# What a terminal shows


def made(*parts: Part) -> Answer:
    return Answer("q", "q", "q", "answer", None, "", (), ("A notice.",), ("What next?",), {}, {}, parts=Parts(parts))


def test_a_terminal_shows_quotes_indented_with_their_nesting_and_their_own_words() -> None:
    lines = (Line("Do **not** give:", None, 1), Line("a <b>", 0, 1), Line("nested", 1, 1, ends=True))
    answer = made(Fixed("x", "en", "**Lead.**"), Quoted((), lines), Fixed("x", "en", "End."))
    assert readable(answer).splitlines() == [
        "Lead.", "", "    Do **not** give:", "", "    - a <b>", "      - nested [1]", "", "End.", "", "A notice.", "",
        "You could also ask:", "  - What next?",
    ]  # fmt: skip


def test_a_terminal_shows_the_quotes_on_request_apart_with_their_lead() -> None:
    cite = Citation(
        2, "d", "d.txt", "The title", "P", "u", None, (), "Mouth check.", 20, 32, "0", 1.0, "", "r",
        Lead("The checks are:", 2, 17),
    )  # fmt: skip
    shown = readable(replace(made(Fixed("x", "en", "**Lead.**")), further=(cite,))).splitlines()
    at = shown.index("More from the sources:")
    assert shown[at + 2 : at + 4] == ["The title", "    The checks are: Mouth check. [2]"]
    assert "[2] d.txt, characters 2 to 17 and characters 20 to 32" in shown


def test_long_lines_are_broken_below_their_own_beginning() -> None:
    shown = readable(made(Quoted((), (Line("word " * 30, 0, 1),))), width=40).splitlines()
    assert shown[0].startswith("    - word")
    assert shown[1].startswith("      word")
    assert all(len(line) <= 40 for line in shown[:3])
