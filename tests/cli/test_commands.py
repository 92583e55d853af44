"""The command line: every command in process, wrong input at each door, and exit codes that keep their word."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from places import SMALL

from allchat.audit import saved_records
from allchat.cli.answers import batch_question, readable
from allchat.cli.group import EXIT_BAD_INPUT, EXIT_BROKEN
from allchat.cli.main import cli
from allchat.errors import QuestionError
from allchat.records import Answer

ASKED = "which medicines are forbidden at home"


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SMALL.parent)


def run(*arguments: str | Path, index: Path | None = None, corpus: Path = SMALL) -> Result:
    options = [] if index is None else [f"--index={index}", f"--corpus={corpus}"]
    result = CliRunner().invoke(cli, [*map(str, arguments), *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The index of the small corpus with the real model, and what ``allchat build`` said."""
    index = tmp_path_factory.mktemp("model") / "index"
    return index, run("build", index=index)


@pytest.fixture(scope="module")
def model_index(built: tuple[Path, Result]) -> Path:
    return built[0]


@pytest.fixture(scope="module")
def saved(model_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A batch of answers, once for all tests that read it."""
    folder = tmp_path_factory.mktemp("saved")
    rows = [
        {"id": "a", "question": ASKED},
        {"id": "b", "question": "hello"},
        {"id": "c", "question": "how often is the fever thermometer read"},
    ]
    (folder / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = run("batch", folder / "q.jsonl", "--out", folder / "a.jsonl", index=model_index)
    assert result.exit_code == 0, result.output
    return folder / "a.jsonl"


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
    assert list(record) == list(Answer.__dataclass_fields__)
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


# verify


def test_verify_says_that_saved_answers_hold(saved: Path) -> None:
    result = run("verify", saved, index=Path("none"))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].startswith("a [1] holds: lists, characters ")


def test_verify_reads_one_record_as_ask_prints_it(model_index: Path, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(run("ask", "--json", ASKED, index=model_index).stdout, encoding="utf-8")
    assert run("verify", tmp_path / "a.json", index=Path("none")).exit_code == 0


def test_verify_tells_moved_changed_and_gone_apart(saved: Path, tmp_path: Path) -> None:
    rows = lines_of(saved)
    first = rows[0]["citations"][0]
    cases = [
        {**first, "start": first["start"] + 1},
        {**first, "quote": first["quote"].replace("e", "a")},
        {**first, "document": "withdrawn"},
    ]
    (tmp_path / "a.jsonl").write_text(json.dumps({**rows[0], "citations": cases}), encoding="utf-8")
    result = run("verify", tmp_path / "a.jsonl", index=Path("none"))
    assert result.exit_code == 1
    states = [line.split("] ")[1].split(":")[0] for line in result.stdout.splitlines() if line.startswith("a [")]
    assert states == ["moved", "changed", "gone"]
    assert "    now:   " in result.stdout
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
    assert altered.stderr == "allchat: 1 bundles are not what was written.\n"


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


# eval


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


# serve


@pytest.mark.slow
def test_serve_opens_every_door_with_the_settings_and_logs_no_word(model_index: Path) -> None:
    command = [sys.executable, "-m", "allchat", "serve", f"--index={model_index}", f"--corpus={SMALL}", "--port=0"]
    secret = {"ALLCHAT_METRICS_TOKEN": "a-token", "ALLCHAT_QUESTION_SECONDS": "25"}
    with subprocess.Popen(
        command, env={**os.environ, **secret}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[2]
        with httpx.Client(base_url=address, transport=httpx.HTTPTransport(retries=100), timeout=60) as client:
            answer = client.post("/v1/ask", json={"question": ASKED, "id": "zebrafish"}).json()
            status = [client.get(path).status_code for path in ("/", "/readyz", "/v1/openapi.json", "/metrics")]
            counts = client.get("/metrics", headers={"authorization": "Bearer a-token"}).text
        process.send_signal(signal.SIGTERM)
        said, logged = process.communicate(timeout=60)
    assert (answer["kind"], answer["id"]) == ("answer", "zebrafish")
    assert status == [200, 200, 200, 403]
    assert 'allchat_questions_total{door="ask",kind="answer"} 1.0' in counts
    lines = [json.loads(line) for line in logged.splitlines()]
    assert [line["event"] for line in lines if line.get("route") in (None, "/v1/ask")] == ["question", "request"]
    assert "medicines" not in said + logged
    assert "zebrafish" not in said + logged


@pytest.mark.slow
def test_serve_goes_over_to_an_index_that_is_built_meanwhile(model_index: Path, corpus: Path, tmp_path: Path) -> None:
    index = Path(shutil.copytree(model_index, tmp_path / "index"))
    command = [sys.executable, "-m", "allchat", "serve", f"--index={index}", f"--corpus={corpus}", "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[2]
        with httpx.Client(base_url=address, transport=httpx.HTTPTransport(retries=100), timeout=60) as client:

            def version() -> str:
                return str(client.post("/v1/ask", json={"question": ASKED}).json()["versions"]["index"])

            before = version()
            (corpus / "lay_terms.toml").write_text("")
            assert run("build", index=index, corpus=corpus).exit_code == 0
            after = (index / "current").read_text().strip()
            for _ in range(600):
                if version().startswith(after):
                    break
                time.sleep(0.1)
            assert version().startswith(after)
            assert not before.startswith(after)
        process.send_signal(signal.SIGTERM)
        _, logged = process.communicate(timeout=60)
    assert f"the index {after} answers from now on" in logged


# What a terminal shows


def made(text: str) -> Answer:
    return Answer("q", "q", "q", "answer", None, text, (), ("A notice.",), ("What next?",), {}, {})


def test_a_terminal_shows_quotes_indented_with_their_nesting_and_their_own_words() -> None:
    text = "**Lead.**\n\n> Do \\*\\*not\\*\\* give:\n>\n> - a \\<b\\>\n>   - nested [1]\n\nEnd."
    assert readable(made(text)).splitlines() == [
        "Lead.", "", "    Do **not** give:", "", "    - a <b>", "      - nested [1]", "", "End.", "", "A notice.", "",
        "You could also ask:", "  - What next?",
    ]  # fmt: skip


def test_long_lines_are_broken_below_their_own_beginning() -> None:
    shown = readable(made("> - " + "word " * 30), width=40).splitlines()
    assert shown[0].startswith("    - word")
    assert shown[1].startswith("      word")
    assert all(len(line) <= 40 for line in shown[:3])


def test_a_staff_password_that_is_too_short_is_refused_before_anything_is_served(
    model_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLCHAT_STAFF_PASSWORD", "short")
    result = run("serve", index=model_index)
    assert result.exit_code == EXIT_BROKEN
    assert "ALLCHAT_STAFF_PASSWORD in the environment: it is shorter than 12 characters" in result.stderr
