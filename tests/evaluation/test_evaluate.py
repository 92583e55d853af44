"""The run: the same report twice, in one process or several, after an interruption; and a BEIR folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from places import SMALL
from word_hash import WordHash

from allchat.chat import Chat
from allchat.errors import QuestionError, VerificationError
from allchat.evaluation import run as module
from allchat.evaluation.beir import evaluate_beir, is_beir, read_queries, read_relevant
from allchat.evaluation.records import Outcomes, Report, Result
from allchat.evaluation.report import markdown, page
from allchat.evaluation.results import RESULTS
from allchat.evaluation.run import evaluate, program_hash
from allchat.evaluation.scoring import Examiner
from allchat.evaluation.suites import Gate, Row, Suite
from allchat.evaluation.summary import REPORT_SCHEMA
from allchat.shapes import unshaped

ASKED = "which medicines are forbidden at home"
GOLD = "Do not give any of these"
ROWS: dict[str, tuple[dict[str, Any], ...]] = {
    "answers": (
        {"id": "found", "text": ASKED, "gold": [GOLD], "gold_all": [[GOLD], ["nowhere"]]},
        {"id": "lost", "text": ASKED, "gold": ["nowhere"]},
    ),
    "silence": (
        {"id": "answered", "text": ASKED, "kind": "not_found"},
        {"id": "silent", "text": "hello", "accept": ["chat"]},
    ),
    "conversation": (
        {"id": "next", "text": ASKED, "history": ["What is a wig?"], "gold": [GOLD]},
        {"id": "alone", "text": ASKED, "history": ["What is a wig?"], "standalone": True},
    ),
    "guard": (
        {"id": "fever", "text": "my son has a fever of 101", "kind": "urgent"},
        {"id": "dose", "text": "should I stop his 6-MP tonight?", "kind": "urgent"},
        {"id": "asked", "text": ASKED, "kind": None},
    ),
}


def suite(task: str, *gates: Gate, rows: Sequence[dict[str, Any]] | None = None, **changes: Any) -> Suite:
    asked = ROWS.get(task, ()) if rows is None else rows
    named: dict[str, Any] = {
        "name": task, "task": task, "what": "w.", "origin": "o", "licence": "l", "accept": {}, "compare": False,
        "calibrates": True, "gates": gates, "rows": tuple(map(Row.model_validate, asked)),
    }  # fmt: skip
    return Suite(**{**named, **changes})


SUITES = (suite("answers", compare=True), suite("silence"), suite("conversation"), suite("guard"))


Open = Callable[[], Chat]


def open_small(index: Path) -> Chat:
    """At the top of a module, so that another process can be told to call it."""
    return Chat.open(index, corpus=SMALL, embedder=WordHash())


def plain(report: Report) -> str:
    return json.dumps({name: value for name, value in unshaped(report).items() if name != "timings"})


@pytest.fixture(scope="module")
def opened(small_chat: Chat) -> Open:
    """Gives a chat that is open already: opening one takes longer than to ask it."""
    return lambda: small_chat


@pytest.fixture(scope="module")
def report(opened: Open) -> Report:
    return evaluate(opened, SUITES)


def outcomes(report: Report, name: str) -> dict[str, Outcomes]:
    return {row.id: row.outcomes for row in report.suites[name].rows}


# Outcomes


def test_an_answer_is_held_against_its_gold(report: Report) -> None:
    found = outcomes(report, "answers")
    assert (found["found"]["gold_in_answer"], found["found"]["gold_complete"]) == (1.0, 0.0)
    assert found["lost"]["gold_in_answer"] == 0.0
    assert found["found"]["words"] == found["lost"]["words"] > 10
    assert "gold_complete" not in found["lost"]


def test_silence_is_every_kind_but_an_answer(report: Report) -> None:
    assert outcomes(report, "silence") == {
        "answered": {
            "supported": 1.0,
            "exact": 1.0,
            "whole_thoughts": 1.0,
            "silent": 0.0,
            "not_direct": 0.0,
            "closest": 0.0,
            "kind_right": 0.0,
        },
        "silent": {"supported": 1.0, "silent": 1.0, "not_direct": 1.0, "closest": 0.0, "kind_right": 1.0},
    }


def test_a_question_that_stands_alone_is_asked_without_its_history_too(report: Report) -> None:
    found = outcomes(report, "conversation")
    assert found["next"]["gold_in_answer"] == 1.0
    assert found["alone"]["unchanged"] == 1.0
    assert "gold_in_answer" not in found["alone"]


def test_the_guard_is_held_against_the_kind_and_each_kind_has_its_recall(report: Report) -> None:
    found = outcomes(report, "guard")
    assert (found["fever"]["right"], found["dose"]["right"], found["asked"]["right"]) == (1.0, 0.0, 1.0)
    assert report.suites["guard"].figures["recall_urgent"].value == 0.5
    assert (found["asked"]["false_alarm"], found["asked"]["not_urgent"]) == (0.0, 1.0)
    assert report.guard is not None
    assert report.guard.recall == {"urgent": 0.5, "search": 1.0}
    assert sum(map(sum, report.guard.confusion)) == report.guard.n == 3


def test_the_crisis_line_that_is_shown_to_fear_is_counted_and_another_alarm_is_not(opened: Open) -> None:
    row = {"kind": None, "right": ["search"], "measure": "fear"}
    texts = {"crisis": "I want to die", "fever": "my son has a fever of 101", "asked": ASKED}
    told = suite("guard", rows=tuple({"id": name, "text": text, **row} for name, text in texts.items()))
    found = outcomes(evaluate(opened, [told]), "guard")
    assert {name: found[name]["crisis_line_fear"] for name in texts} == {"crisis": 1.0, "fever": 0.0, "asked": 0.0}


def test_kinds_that_are_accepted_are_right(opened: Open) -> None:
    accepting = suite("guard", accept={"urgent": ("refusal",)})
    found = outcomes(evaluate(opened, [accepting]), "guard")
    assert found["dose"]["right"] == 1.0


def test_only_a_failed_question_brings_its_record(report: Report) -> None:
    rows = {row.id: row for row in report.suites["answers"].rows}
    assert rows["found"].failed == ("gold_complete",)
    lost = rows["lost"]
    assert lost.failed == ("gold_in_answer",)
    assert lost.record is not None
    assert lost.record["question"] == ASKED
    assert lost.trace is not None
    assert lost.trace.candidates
    asked = {row["id"]: row for row in unshaped(report)["suites"]["guard"]["rows"]}["asked"]
    assert (asked["failed"], "record" in asked) == ([], False)


def test_systems_are_compared_on_the_same_questions(report: Report) -> None:
    suites = unshaped(report)["suites"]
    systems = suites["answers"]["systems"]
    assert systems["allchat"] == {"figures": ANY}
    assert systems["allchat"]["figures"]["first_three"] == {"value": 0.5, "low": 0.0, "high": 1.0, "n": 2}
    assert set(systems["BM25 alone"]["added"]["first"]) == {"by", "rose", "fell", "p"}
    assert "systems" not in suites["guard"]


def test_an_answer_that_was_withheld_fails_and_the_other_questions_are_still_compared(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    explain = Chat.explain

    def broken(self: Chat, question: str, **named: Any) -> Any:
        if named["id"] == "lost":
            raise VerificationError("the quote is not there")
        return explain(self, question, **named)

    monkeypatch.setattr(Chat, "explain", broken)
    found = evaluate(opened, SUITES[:1]).suites["answers"]
    assert found.rows[1].failed == ("gold_in_answer", "supported", "exact")
    assert found.rows[1].record == {"question": ASKED, "error": "the quote is not there"}
    assert {system.figures["first"].n for system in (found.systems or {}).values()} == {1}


def test_coverage_and_risk_stand_on_the_suites_that_calibrate(report: Report, opened: Open) -> None:
    assert report.calibration is not None
    assert report.calibration.curve[4].shift == 0.0
    quiet = evaluate(opened, [suite("answers"), suite("silence", calibrates=False)])
    assert quiet.calibration is None


def test_our_own_words_are_a_suite_without_rows(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    easy = Gate(measure="grade_en_most", most=6, why="w")
    words = suite("wording", easy)
    found = evaluate(opened, [words]).suites["wording"]
    assert found.gates[0].holds
    grades = [row.outcomes["grade_en"] for row in found.rows if "grade_en" in row.outcomes]
    assert unshaped(found.figures["grade_en_most"]) == {"value": max(grades), "n": len(grades)}
    monkeypatch.setattr(module, "wording_results", lambda: None)
    unmeasured = evaluate(opened, [words]).suites["wording"]
    assert "textstat is not installed" in (unmeasured.unmeasured or "")
    assert (unmeasured.gates[0].value, unmeasured.gates[0].holds) == (None, False)


# The same every time


def test_twice_gives_the_same_report_but_for_its_timings(report: Report, opened: Open) -> None:
    again = evaluate(opened, SUITES)
    assert plain(again) == plain(report)
    assert report.schema == REPORT_SCHEMA
    assert report.program == program_hash()


@pytest.mark.slow
def test_two_processes_give_the_same_report_as_one(report: Report, small_index: Path, tmp_path: Path) -> None:
    several = evaluate(partial(open_small, small_index), SUITES, workers=2, out=tmp_path)
    assert plain(several) == plain(report)
    assert several.timings.workers == 2


def test_an_interrupted_run_goes_on_where_it_stopped(
    report: Report, opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examine, asked = Examiner.examine, []

    def stopping(self: Examiner, of: Suite, row: Row) -> Result:
        asked.append(row.id)
        if len(asked) == 5:
            raise KeyboardInterrupt
        return examine(self, of, row)

    monkeypatch.setattr(Examiner, "examine", stopping)
    with pytest.raises(KeyboardInterrupt):
        evaluate(opened, SUITES, out=tmp_path)
    kept = tmp_path / RESULTS
    kept.write_text(kept.read_text(encoding="utf-8") + '{"key": "cut sho', encoding="utf-8")
    finished = evaluate(opened, SUITES, out=tmp_path)
    assert plain(finished) == plain(report)
    assert finished.timings.reused == 4
    assert len(asked) == 5 + sum(map(len, ROWS.values())) - 4
    assert evaluate(opened, SUITES, out=tmp_path).timings.reused == 9


def test_results_of_another_program_or_another_row_are_not_reused(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate(opened, [suite("guard")], out=tmp_path)
    changed = tuple({**row, "text": row["text"] + "!"} for row in ROWS["guard"])
    assert evaluate(opened, [suite("guard", rows=changed)], out=tmp_path).timings.reused == 0
    monkeypatch.setattr(module, "program_hash", lambda: "another")
    assert evaluate(opened, [suite("guard")], out=tmp_path).timings.reused == 0


def test_results_that_cannot_be_read_or_written_are_errors(opened: Open, tmp_path: Path) -> None:
    for line in ("no json", "[]", '{"key": "k", "result": {"id": "a", "kind": "chat", "outcomes": {"right": "yes"}}}'):
        (tmp_path / RESULTS).write_text(f"{line}\n")
        with pytest.raises(QuestionError, match="holds a line that is no result"):
            evaluate(opened, [suite("guard")], out=tmp_path)
    with pytest.raises(QuestionError, match="cannot be written"):
        evaluate(opened, [suite("guard")], out=tmp_path / RESULTS)


def test_a_question_that_cannot_be_asked_is_named(opened: Open) -> None:
    with pytest.raises(QuestionError, match="suite guard, row x: the question has no words"):
        evaluate(opened, [suite("guard", rows=({"id": "x", "text": "?", "kind": None},))])


# BEIR


@pytest.fixture
def beir(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "boats"
    (folder / "qrels").mkdir(parents=True)
    documents = [("d1", "Hens", "Hens lay eggs in the barn."), ("d2", "", "Boats float on the water of the lake.")]
    lines = [json.dumps({"_id": key, "title": title, "text": text}) for key, title, text in documents]
    (folder / "corpus.jsonl").write_text("\n".join(lines))
    queries = [{"_id": "q1", "text": "what floats on water"}, {"_id": "q2", "text": "where are eggs"}]
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td2\t1\nq2\td1\t1\n")
    return folder


def test_a_beir_folder_is_searched_with_the_same_index_and_code(beir: Path, tmp_path: Path) -> None:
    assert is_beir(beir)
    out = tmp_path / "out"
    report = evaluate_beir(beir, embedder=WordHash(), out=out)
    suite = report.suites["boats"]
    assert suite.figures["ndcg_at_10"].value == 1.0
    assert set(suite.systems or ()) == {"allchat", "BM25 alone", "dense alone"}
    assert "2 questions, 0 failed." in markdown(report)
    assert "Beside simpler systems" in page(report)
    built = {path: path.stat().st_mtime_ns for path in (out / "index").rglob("*.sqlite")}
    assert plain(evaluate_beir(beir, embedder=WordHash(), out=out)) == plain(report)
    assert {path: path.stat().st_mtime_ns for path in (out / "index").rglob("*.sqlite")} == built


@pytest.mark.parametrize(
    ("name", "content", "fact"),
    [
        ("corpus.jsonl", '{"_id": "d1"}', r"corpus\.jsonl, row 1: has no _id or no text"),
        ("queries.jsonl", "[]", r"queries\.jsonl, row 1: has no _id or no text"),
        ("qrels/test.tsv", "head\nq1\td1\n", r"test\.tsv: cannot be read"),
    ],
)
def test_a_beir_folder_that_is_none_is_an_error(beir: Path, name: str, content: str, fact: str) -> None:
    (beir / name).write_text(content)
    with pytest.raises(QuestionError, match=fact):
        evaluate_beir(beir, embedder=WordHash())


def test_a_beir_folder_is_read_as_it_is_laid_out(beir: Path) -> None:
    assert read_queries(beir) == {"q1": "what floats on water", "q2": "where are eggs"}
    assert read_relevant(beir / "qrels" / "test.tsv") == {"q1": {"d2": 1}, "q2": {"d1": 1}}
