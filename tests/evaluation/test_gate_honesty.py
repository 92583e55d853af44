"""The gate falls when a defect is planted: five defects, five failures, each in the figure that is there to see it."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_languages import copied_english, english_of, rule_file
from places import ROOT

import allchat.answering.compose
import allchat.answering.turn
from allchat.answering.quotes import Quote
from allchat.chat import Chat
from allchat.evaluation.report import fallen_gates
from allchat.evaluation.run import evaluate
from allchat.evaluation.suites import Suite, read_suite
from allchat.guard.guard import Guard
from allchat.records import Answer, Citation

pytestmark = pytest.mark.slow
Plant = Callable[[Chat, pytest.MonkeyPatch, Path], Chat]


def some(name: str, every: int) -> Suite:
    """A suite of ours with one of so many rows, and without what takes long."""
    suite = read_suite(ROOT / "tests" / "suites" / name)
    return replace(suite, rows=suite.rows[::every], compare=False)


SUITES = (some("answers", 2), some("near_misses", 3), some("urgent", 4), some("advice", 20))


@pytest.fixture(scope="module")
def chat(built_index: Path) -> Chat:
    return Chat.open(built_index, corpus=ROOT / "corpus")


def fallen(chat: Chat, suites: Sequence[Suite] = SUITES) -> set[tuple[str, str]]:
    """The (suite, measure) of each gate that does not hold."""
    report = evaluate(lambda: chat, suites)
    found = {(name, gate.measure) for name, suite in report.suites.items() for gate in suite.gates if not gate.holds}
    assert len(fallen_gates(report)) == len(found)
    return found


def broken_offset(chat: Chat, monkeypatch: pytest.MonkeyPatch, _: Path) -> Chat:
    """Every quote is said to stand one character further; verification lets nothing of it out."""
    make: Callable[..., Citation] = allchat.answering.compose._citation

    def shifted(*arguments: Any) -> Citation:
        citation = make(*arguments)
        return replace(citation, start=citation.start + 1, end=citation.end + 1)

    monkeypatch.setattr(allchat.answering.compose, "_citation", shifted)
    return chat


def broken_offset_and_no_verification(chat: Chat, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Chat:
    """The same, and what re-cuts every quote is asleep."""
    monkeypatch.setattr(allchat.answering.turn, "verify_quotes", lambda *_, **__: None)
    return broken_offset(chat, monkeypatch, folder)


def dropped_lead_line(chat: Chat, monkeypatch: pytest.MonkeyPatch, _: Path) -> Chat:
    """List items come without the line that introduces them."""
    make = allchat.answering.turn.compose

    def without_leads(quotes: Sequence[Quote], **named: Any) -> Any:
        return make([replace(quote, leads=()) for quote in quotes], **named)

    monkeypatch.setattr(allchat.answering.turn, "compose", without_leads)
    return chat


def guard_rule_removed(chat: Chat, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Chat:
    """The rules that know a fever are gone."""
    english = copied_english(folder)
    path = rule_file(english, "urgent.toml")
    head, *tables = path.read_text(encoding="utf-8").split("[[rule]]")
    kept = [table for table in tables if tomllib.loads(table)["reason"] != "fever"]
    assert 0 < len(kept) < len(tables)
    path.write_text("[[rule]]".join([head, *kept]), encoding="utf-8")
    guard = Guard.load(english_of(english), classifier=chat._guard._classifier, model=chat.embedder.fingerprint)
    monkeypatch.setattr(chat, "_guard", guard)
    return chat


def threshold_lowered(chat: Chat, monkeypatch: pytest.MonkeyPatch, _: Path) -> Chat:
    """Weak evidence is taken for an answer."""
    assert chat.english.judge is not None
    monkeypatch.setattr(
        chat,
        "english",
        replace(chat.english, judge=replace(chat.english.judge, threshold=chat.english.judge.threshold - 1.2)),
    )
    return chat


def threshold_raised(chat: Chat, monkeypatch: pytest.MonkeyPatch, _: Path) -> Chat:
    """Good evidence is taken for none."""
    assert chat.english.judge is not None
    monkeypatch.setattr(
        chat,
        "english",
        replace(chat.english, judge=replace(chat.english.judge, threshold=chat.english.judge.threshold + 0.8)),
    )
    return chat


def shuffled_citations(chat: Chat, monkeypatch: pytest.MonkeyPatch, _: Path) -> Chat:
    """Each quote carries the number of another one of the same answer: every quote is real, every number wrong."""
    explain = Chat.explain

    def shuffled(self: Chat, *arguments: Any, **named: Any) -> Any:
        answer, trace = explain(self, *arguments, **named)
        return turned(answer), trace

    monkeypatch.setattr(Chat, "explain", shuffled)
    return chat


def turned(answer: Answer) -> Answer:
    """The numbers of an answer's citations, each moved on to the next citation."""
    numbers = [citation.number for citation in answer.citations]
    moved = [*numbers[1:], *numbers[:1]]
    changed = (replace(c, number=number) for c, number in zip(answer.citations, moved, strict=True))
    return dataclasses.replace(answer, citations=tuple(changed))


def test_without_a_defect_every_gate_holds(chat: Chat) -> None:
    assert fallen(chat) == set()


@pytest.mark.parametrize(
    ("plant", "seen"),
    [
        (broken_offset, ("answers", "gold_in_answer")),
        (broken_offset_and_no_verification, ("answers", "exact")),
        (dropped_lead_line, ("answers", "whole_thoughts")),
        (guard_rule_removed, ("urgent", "recall_urgent")),
        (threshold_lowered, ("near_misses", "not_direct")),
        (threshold_raised, ("answers", "unanswered")),
        (shuffled_citations, ("answers", "supported")),
    ],
)
def test_a_planted_defect_makes_the_gate_fall(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, plant: Plant, seen: tuple[str, str]
) -> None:
    suites = [suite for suite in SUITES if suite.name == seen[0]]
    assert seen in fallen(plant(chat, monkeypatch, tmp_path), suites)
