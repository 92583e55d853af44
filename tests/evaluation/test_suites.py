"""Suites: ours can be read and say what they are, and what is not a suite is an error that says where and why."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from places import ROOT
from test_stability import MESSAGES, REWORDINGS

from allchat.errors import QuestionError
from allchat.evaluation.suites import Gate, read_rows, read_suite, read_suites

OURS = ROOT / "tests" / "suites"
WANTED = {
    "answers", "near_misses", "other_subjects", "conversation", "premises", "advice", "urgent", "frames", "harmless",
    "everyday", "smalltalk", "injections", "stability", "wording", "blind",
    "blind_answers", "blind_guard_en", "blind_guard_es", "blind_near_misses", "blind_other_subjects",
    "blind_answers_2", "blind_answers_es", "blind_conversations",
}  # fmt: skip
PLAIN = 'task = "guard"\nwhat = "w"\norigin = "o"\nlicence = "l"\nfiles = ["rows.jsonl"]\n'


def made(folder: Path, declared: str = PLAIN, *rows: object) -> Path:
    (folder / "suite.toml").write_text(declared, encoding="utf-8")
    kept = rows or ({"id": "a", "text": "hello", "kind": "chat"},)
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, kept)), encoding="utf-8")
    return folder


def test_our_suites_are_there_and_each_is_named_in_full() -> None:
    suites = {suite.name: suite for suite in read_suites(OURS)}
    assert set(suites) == WANTED
    for suite in suites.values():
        assert suite.what.endswith(".")
        assert suite.licence == "Apache-2.0"
        assert suite.gates, suite.name
        assert suite.rows or suite.task == "wording"


def test_the_gates_are_never_below_the_aims_that_the_guard_and_the_readme_state() -> None:
    least = {(s.name, gate.measure): gate.least for s in read_suites(OURS) for gate in s.gates}
    aims = {("urgent", "recall_urgent"): 0.99, ("advice", "recall_refusal"): 0.97, ("stability", "recall_urgent"): 1.0}
    assert {key: least[key] for key in aims} == aims
    laws = {key: value for key, value in least.items() if key[1] in ("supported", "exact", "whole_thoughts")}
    assert set(laws.values()) == {1.0}
    assert {name for name, measure in laws if measure == "supported"} == WANTED - {"wording"}


def test_the_stability_suite_is_what_the_rewordings_give() -> None:
    expected = [(reword(text), kind) for text, kind in MESSAGES for reword in REWORDINGS.values()]
    assert [(row.text, row.kind) for row in read_suite(OURS / "stability").rows] == expected


def test_every_suite_of_ours_says_whether_its_losses_were_looked_at_and_blind_ones_are_frozen() -> None:
    for path in OURS.glob("*/suite.toml"):
        assert "looked_at = " in path.read_text(encoding="utf-8"), path
    blind = [suite for suite in read_suites(OURS) if not suite.looked_at]
    assert sum(len(suite.rows) for suite in blind) == 1192
    assert {suite.frozen for suite in blind} == {"2026-11-26"}


FROZEN = 'looked_at = false\nfrozen = "2026-11-26"\nsha256 = "{}"\n'


def test_a_blind_suite_whose_rows_are_not_those_that_were_frozen_is_an_error(tmp_path: Path) -> None:
    rows = made(tmp_path) / "rows.jsonl"
    sha256 = hashlib.sha256(rows.read_bytes()).hexdigest()
    made(tmp_path, PLAIN + FROZEN.format(sha256))
    assert not read_suite(tmp_path).looked_at
    made(tmp_path, PLAIN + FROZEN.format(sha256), {"id": "a", "text": "hello you", "kind": "chat"})
    with pytest.raises(QuestionError, match=r"its rows are not those that were frozen \(2026-11-26\)"):
        read_suite(tmp_path)
    made(tmp_path, PLAIN + "looked_at = false\n")
    with pytest.raises(QuestionError, match="says when it was frozen, and the sha256 of its files"):
        read_suite(tmp_path)


def test_a_label_says_what_is_right_for_its_rows_and_a_suite_may_take_some_labels_alone(tmp_path: Path) -> None:
    labels = 'only = ["fear", "info"]\n[label.fear]\nright = ["support", "search"]\n[label.info]\nright = ["search"]\n'
    rows = [
        {"id": "a", "question": "i am afraid", "label": "fear"},
        {"id": "b", "text": "what is a port", "label": "info", "form": "general"},
        {"id": "c", "text": "not asked for", "label": "mention"},
    ]
    fear, info = read_suite(made(tmp_path, PLAIN + labels, *rows)).rows
    assert (fear.text, fear.kind, fear.right) == ("i am afraid", "support", ["support", "search"])
    assert (info.kind, info.measure) == (None, "info_general")
    with pytest.raises(QuestionError, match="there is no kind 'calm'"):
        read_suite(made(tmp_path, PLAIN + '[label.fear]\nright = ["calm"]\n', *rows))


def test_a_folder_of_suites_and_a_suite_are_read_alike(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    folder = made(tmp_path / "one")
    assert read_suites(tmp_path) == read_suites(folder) == (read_suite(folder),)


def test_the_hash_is_of_the_rows_alone(tmp_path: Path) -> None:
    first = read_suite(made(tmp_path)).sha256
    assert read_suite(made(tmp_path, PLAIN.replace('"w"', '"other"'))).sha256 == first
    assert read_suite(made(tmp_path, PLAIN, {"id": "a", "text": "hi", "kind": "chat"})).sha256 != first


def test_the_hash_is_of_every_field_that_a_row_has_and_of_no_other(tmp_path: Path) -> None:
    row = {"id": "a", "text": "hello", "kind": None, "why": ["ours", 1.0, {"deep": None}]}
    written = json.dumps([row], ensure_ascii=False, sort_keys=True)
    assert read_suite(made(tmp_path, PLAIN, row)).sha256 == hashlib.sha256(written.encode()).hexdigest()


@pytest.mark.parametrize(
    ("declared", "fact"),
    [
        (PLAIN.replace("guard", "quiz"), "task: Input should be"),
        (PLAIN + "colour = 1\n", "colour: unknown key"),
        (PLAIN.replace('licence = "l"\n', ""), "licence: Field required"),
        (PLAIN.replace('files = ["rows.jsonl"]\n', ""), "files: names no file"),
        (PLAIN.replace("rows.jsonl", "none.jsonl"), "none.jsonl: cannot be read"),
        (PLAIN + '[accept]\nrefusal = ["alarm"]\n', "accept or label: there is no kind 'alarm'"),
        (PLAIN + '[[gate]]\nmeasure = "right"\nwhy = "w"\n', "a gate has either least or most"),
        (
            PLAIN + '[[gate]]\nmeasure = "right"\nleast = 0.5\nmost = 1.0\nwhy = "w"\n',
            "a gate has either least or most",
        ),
        ("task = \n", r"suite.toml: cannot be read"),
    ],
)
def test_a_declaration_that_does_not_fit_is_an_error_with_the_reason(tmp_path: Path, declared: str, fact: str) -> None:
    with pytest.raises(QuestionError, match=fact):
        read_suite(made(tmp_path, declared))


@pytest.mark.parametrize(
    ("task", "row", "fact"),
    [
        ("guard", [1], 'row 1: is not an object with "id" and "text"'),
        ("guard", {"id": "a", "text": 1}, 'row 1: is not an object with "id" and "text"'),
        ("guard", {"id": "a", "text": "t"}, '"kind" is none of'),
        ("guard", {"id": "a", "text": "t", "kind": "answer"}, '"kind" is none of'),
        ("answers", {"id": "a", "text": "t"}, '"gold" is missing'),
        ("answers", {"id": "a", "text": "t", "gold": "g"}, '"gold" is not a list of strings'),
        ("conversation", {"id": "a", "text": "t", "gold": ["g"], "history": [1]}, '"history" is not a list of strings'),
        ("conversation", {"id": "a", "text": "t", "standalone": "yes"}, '"standalone" is neither true nor false'),
        ("answers", {"id": "a", "text": "t", "gold_all": ["g"]}, '"gold_all" is not a list of lists of strings'),
        ("silence", {"id": "a", "text": "t", "accept": "chat"}, '"accept" is not a list of strings'),
    ],
)
def test_a_row_that_does_not_fit_is_an_error_with_its_number(tmp_path: Path, task: str, row: object, fact: str) -> None:
    with pytest.raises(QuestionError, match=fact):
        read_suite(made(tmp_path, PLAIN.replace("guard", task), row))


def test_an_id_that_stands_twice_is_an_error(tmp_path: Path) -> None:
    row = {"id": "a", "text": "t", "kind": None}
    with pytest.raises(QuestionError, match="the id 'a' stands twice"):
        read_suite(made(tmp_path, PLAIN, row, row))


def test_a_folder_without_suites_and_no_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(QuestionError, match=r"holds no suite\.toml"):
        read_suites(tmp_path)
    with pytest.raises(QuestionError, match="there is no such folder"):
        read_suites(tmp_path / "none")


def test_a_file_that_is_not_json_lines_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text("{not json\n")
    with pytest.raises(QuestionError, match=r"q\.jsonl"):
        read_rows(tmp_path / "q.jsonl")


def test_a_gate_holds_at_its_bound_and_never_without_a_value() -> None:
    least, most = Gate(measure="m", least=0.5, why="w"), Gate(measure="m", most=0.0, why="w")
    assert [least.holds(value) for value in (0.5, 0.49, None)] == [True, False, False]
    assert [most.holds(value) for value in (0.0, 0.01, None)] == [True, False, False]
