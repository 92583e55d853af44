"""Counts by day: full fives and nothing less, in names of ours alone, apart for each process, for ninety days."""

from __future__ import annotations

import json
import logging
import re
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from allchat.chat import Chat
from allchat.errors import StoreError
from allchat.records import AnswerKind
from allchat.web.app import create_app
from allchat.web.counts import GROUPS, KEPT_DAYS, STEP, Counts, section_name
from allchat.web.outcome import Outcome

DAY = date(2026, 11, 26)
QUESTIONS = (
    "what about aspirin for a headache",
    "Does quetzalcoatl drive a zeppelin in Wuppertal?",
    "My son Zebedee Fish weighs 21 kilos, how much thioguanine should I give him tonight?",
    "he is not breathing",
    "hello",
)


def outcome(kind: str | None = "answer", **facts: object) -> Outcome:
    return Outcome("ask", kind, None if kind else "BusyError", 0.1, {}, **facts)  # type: ignore[arg-type]


def counts(folder: Path, day: date = DAY) -> Counts:
    return Counts(folder, day=lambda: day)


def ask(app: object, *questions: str) -> None:
    with TestClient(app) as client:  # type: ignore[arg-type]
        for question in questions:
            assert client.post("/v1/ask", json={"question": question}).status_code == 200


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_count_below_five_is_never_written_nor_a_step_of_less(tmp_path: Path) -> None:
    kept = counts(tmp_path / "counts")
    for number in range(1, 13):
        kept.add(outcome())
        kept.settle()
        written = [json.loads(path.read_text())["kind"]["answer"] for path in files(tmp_path)]
        assert written == ([number - number % STEP] if number >= STEP else [])


def test_each_kind_reason_rule_and_section_is_counted_on_its_own(tmp_path: Path) -> None:
    kept, near = counts(tmp_path), ("leaflet", ("Signs", "Fever"))
    for _ in range(STEP):
        kept.add(outcome("refusal", reason="dose", rule="dose-1", nearest=near))
        kept.add(outcome("not_found", reason="silent", nearest=near))
        kept.add(outcome("answer", directness="closest", nearest=near))
    kept.settle()
    assert kept.read().days[DAY] == {
        "kind": {"refusal": 5, "not_found": 5, "closest": 5},
        "reason": {"dose": 5, "silent": 5},
        "rule": {"dose-1": 5},
        "nearest": {section_name(*near): 5},
        "closest": {section_name(*near): 5},
    }


def test_a_question_without_an_answer_is_not_counted(tmp_path: Path) -> None:
    kept = counts(tmp_path / "counts")
    for _ in range(9):
        kept.add(outcome(None))
    kept.settle()
    assert files(tmp_path) == []


def test_what_was_not_full_yesterday_counts_on_the_day_when_it_is(tmp_path: Path) -> None:
    days = [DAY] * 7 + [DAY + timedelta(days=1)] * 8
    now = [DAY]
    kept = Counts(tmp_path, day=lambda: now[0])
    for now[0] in days:
        kept.add(outcome())
    kept.settle()
    assert {day: tally["kind"]["answer"] for day, tally in kept.read().days.items()} == {days[0]: 5, days[-1]: 10}


def test_processes_write_apart_and_are_read_together(tmp_path: Path) -> None:
    both = [counts(tmp_path), counts(tmp_path)]
    for kept in both:
        for _ in range(7):
            kept.add(outcome())
        kept.settle()
    assert len(files(tmp_path)) == 2
    assert both[0].read().days[DAY]["kind"] == {"answer": 10}


def test_counts_are_taken_away_after_ninety_days_and_nothing_else_is(tmp_path: Path) -> None:
    other = tmp_path / "notes.json"
    other.write_text("{}")
    nearly = f"2026-02-31.{'0' * 16}.json"
    (tmp_path / nearly).write_text("{}")
    old, last = DAY - timedelta(days=KEPT_DAYS), DAY - timedelta(days=KEPT_DAYS - 1)
    for day in (old, last):
        kept = counts(tmp_path, day)
        for _ in range(STEP):
            kept.add(outcome())
        kept.settle()
    kept = counts(tmp_path)
    assert list(kept.read().days) == [last]
    kept.add(outcome())
    kept.settle()
    assert [path.name[:10] for path in files(tmp_path)] == sorted([str(last), nearly[:10], "notes.json"])


@pytest.mark.parametrize("content", ["", "[]", '{"words": {"fever": 5}}', '{"kind": {"answer": 4}}', "[" * 9000])
def test_a_file_that_is_not_ours_or_is_damaged_is_told_and_not_counted(tmp_path: Path, content: str) -> None:
    (tmp_path / f"{DAY}.{'0' * 16}.json").write_text(content)
    told = counts(tmp_path).read()
    assert (told.unreadable, dict(told.days)) == (1, {})


def test_a_folder_that_cannot_be_written_ends_no_question_and_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "counts"
    file.write_text("")
    kept = counts(file)
    with caplog.at_level(logging.ERROR):
        for _ in range(3 * STEP):
            kept.add(outcome())
        kept.settle()
    assert [record.message for record in caplog.records if "counts cannot be written" in record.message]
    assert len([record for record in caplog.records if "cannot be written" in record.message]) == 1
    with pytest.raises(StoreError, match="Correct the setting counts"):
        kept.check()


def test_only_the_servers_own_user_reads_the_files(tmp_path: Path) -> None:
    kept = counts(tmp_path / "counts")
    for _ in range(STEP):
        kept.add(outcome())
    kept.settle()
    assert [path.stat().st_mode & 0o777 for path in (kept.folder, *files(kept.folder))] == [0o700, 0o600]


# The law: no word of a question


@pytest.fixture(scope="module")
def vocabulary(small_chat: Chat) -> re.Pattern[str]:
    """Every name that a file may hold: kinds, reasons and rules of ours; a source's key with a hash."""
    ours = {*get_args(AnswerKind), "closest", "classifier", "silent", "unrelated", "language", "unsure", "feelings"}
    ours |= {rule.id for rule in small_chat.guard.rules} | {str(rule.reason) for rule in small_chat.guard.rules}
    sections = {
        section_name(key, section.heading)
        for key in small_chat.documents
        for section in small_chat.outline(key).sections
    }
    return re.compile("|".join(map(re.escape, ours | sections)))


def test_no_word_of_a_question_ever_stands_in_the_files(
    small_chat: Chat, tmp_path: Path, vocabulary: re.Pattern[str]
) -> None:
    kept = Counts(tmp_path)
    ask(create_app(small_chat, page=False, counts=kept, questions_per_minute=0), *(QUESTIONS * STEP))
    kept.settle()
    groups = {group: counted for path in files(tmp_path) for group, counted in json.loads(path.read_text()).items()}
    assert set(groups) == set(GROUPS)
    assert sum(groups["kind"].values()) == STEP * len(QUESTIONS)
    assert groups["rule"], "rules are counted"
    assert groups["nearest"] or groups["closest"], "the nearest section is counted"
    for name in (name for counted in groups.values() for name in counted):
        assert vocabulary.fullmatch(name), name
    everything = " ".join(path.name + path.read_text() for path in files(tmp_path)).lower()
    for word in ("quetzalcoatl", "zeppelin", "wuppertal", "zebedee", "thioguanine", "21"):
        assert word not in re.sub(r"\d{4}-\d\d-\d\d\.[0-9a-f]{16}|#[0-9a-f]{12}", "", everything)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(min_size=1, max_size=40))
def test_not_even_a_broken_name_brings_words_into_a_file(tmp_path: Path, words: str) -> None:
    folder = tmp_path / "any"
    kept = counts(folder)
    said = f"{words} my child"
    for _ in range(STEP):
        kept.add(outcome(said, reason=said, rule=said))
    kept.settle()
    assert files(folder) == []


def test_nothing_is_written_and_nothing_traced_where_counts_are_off(
    small_chat: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = create_app(small_chat, page=False)
    ask(app, *(QUESTIONS[:2] * STEP))
    assert files(tmp_path) == []
    assert app.state.capacity._explain is None
