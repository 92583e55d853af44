"""Report: what a run of ``evaluate`` measured, as JSON, as a page that stands alone, and as a summary in Markdown; and
what changed from one report to another.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from jinja2 import BaseLoader, Environment, StrictUndefined

from allchat.errors import QuestionError
from allchat.evaluation.metrics import Paired, paired
from allchat.evaluation.records import (
    Calibration,
    Figure,
    Figures,
    GateReport,
    Report,
    RowReport,
    SuiteReport,
    SystemReport,
    Timings,
)
from allchat.evaluation.summary import REPORT_SCHEMA
from allchat.shapes import shaped, unshaped

REPORT = "report.json"
LAWS = ("supported", "exact", "whole_thoughts", "undirected")
LISTED = 20
"""Questions that a difference names for each measure; all of them are in the reports."""

Pairs = Sequence[tuple[RowReport, RowReport]]
"""The questions that both reports have, before and after."""


def write_reports(report: Report, folder: Path) -> None:
    """Writes report.json, report.html and report.md.

    Raises:
        QuestionError: the folder cannot be written.
    """
    contents = {
        REPORT: json.dumps(unshaped(report), ensure_ascii=False, indent=1) + "\n",
        "report.html": page(report),
        "report.md": markdown(report) + "\n",
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_text(content, encoding="utf-8")
    except OSError as error:
        raise QuestionError(f"{folder}: cannot be written ({error.strerror}). Name another folder.") from error


def read_report(path: Path) -> Report:
    """The report of a file, or of the folder that holds its report.json.

    Raises:
        QuestionError: there is none, it is of another schema, or it is not whole.
    """
    file = path / REPORT if path.is_dir() else path
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise QuestionError(f"{file}: cannot be read ({error}). Write it with: allchat eval --out FOLDER") from error
    if not isinstance(report, dict) or report.get("schema") != REPORT_SCHEMA:
        found = report.get("schema") if isinstance(report, dict) else None
        raise QuestionError(
            f"{file}: is a report of schema {found}, this program reads {REPORT_SCHEMA}. Measure again."
        )
    try:
        return shaped(report, Report)
    except ValueError as error:
        raise QuestionError(f"{file}: is not a whole report ({error}). Measure again.") from error


# ---- gates ---------------------------------------------------------------------------------------------------------


def fallen_gates(report: Report) -> list[str]:
    """A line for every gate that does not hold."""
    return [
        f"gate fell: {name}, {gate.measure}: {_said(gate, suite)}. {gate.why}"
        for name, suite in report.suites.items()
        for gate in suite.gates
        if not gate.holds
    ]


def _said(gate: GateReport, suite: SuiteReport) -> str:
    bound = _bound(gate)
    if gate.value is not None:
        return f"{gate.value:g}, wanted is {bound}"
    return f"was not measured (measured are: {', '.join(suite.figures) or 'none'}), wanted is {bound}"


def _bound(gate: GateReport) -> str:
    return f"at least {gate.least}" if gate.least is not None else f"at most {gate.most}"


# ---- Markdown ------------------------------------------------------------------------------------------------------


def markdown(report: Report) -> str:
    """The figures with their intervals, suite by suite, and how much the whole program adds to simpler systems."""
    return "\n".join(_lines(report)).rstrip()


def _lines(report: Report) -> Iterator[str]:
    versions = ", ".join(f"{name} {version[:16]}" for name, version in report.versions.items())
    yield from ("# Evaluation", "", f"{versions}. 95 % intervals in brackets.", "")
    fallen = fallen_gates(report)
    gates = sum(len(suite.gates) for suite in report.suites.values())
    yield from (f"{gates - len(fallen)} of {gates} gates hold.", *(f"- {line}" for line in fallen), "")
    yield from _overview_lines(report)
    for name, suite in report.suites.items():
        yield from (f"## {name}", suite.what, "", f"{suite.questions} questions, {suite.failed} failed.", "")
        if suite.unmeasured:
            yield from (f"Not measured: {suite.unmeasured}", "")
        if suite.figures:
            yield from _figure_lines(suite.figures)
        for compared in (suite.systems, suite.ablation):
            if compared:
                yield from _system_lines(compared)
    yield from _calibration_lines(report.calibration)
    yield from _timing_lines(report.timings)


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """One measure of one suite; ``first`` is its figure at first sight, ``today`` the one of this report in words."""

    suite: str
    state: Literal["blind", "tuned"]
    frozen: str
    measure: str
    first: float | None
    today: str | None
    n: int
    gate: str | None
    holds: bool


def overview(report: Report) -> Iterator[OverviewRow]:
    """All suites in one table, blind ones first: each measure with a gate or a figure at first sight, today's figure
    with its interval. A law that holds is left out: it holds everywhere or a gate has fallen.
    """
    suites = sorted(report.suites.items(), key=lambda pair: pair[1].looked_at)
    for name, suite in suites:
        gates = {gate.measure: gate for gate in suite.gates}
        for measure in dict.fromkeys((*suite.first_sight, *gates)):
            gate, today = gates.get(measure), suite.figures.get(measure)
            if measure in LAWS and gate is not None and gate.holds:
                continue
            yield OverviewRow(
                suite=name,
                state="tuned" if suite.looked_at else "blind",
                frozen=suite.frozen or "no",
                measure=measure,
                first=suite.first_sight.get(measure),
                today=None if today is None else figure_text(today),
                n=0 if today is None else today.n,
                gate=None if gate is None else _bound(gate),
                holds=gate is None or gate.holds,
            )


def _overview_lines(report: Report) -> Iterator[str]:
    yield from ("## All suites", "", "Tuned: its losses were looked at, so its figures say what was mended.", "")
    yield from ("| suite | | frozen | measure | at first sight | today | of | gate |", "| --- " * 8 + "|")
    for row in overview(report):
        first = "not kept" if row.first is None else f"{row.first:g}"
        gate = (row.gate or "none") + ("" if row.holds else ": fell")
        kept = (row.suite, row.state, row.frozen, row.measure, first, row.today or "not measured")
        yield f"| {' | '.join(kept)} | {row.n} | {gate} |"
    yield ""


def figure_text(figure: Figure) -> str:
    """A figure with its interval."""
    interval = f" ({figure.low:.3f} to {figure.high:.3f})" if figure.low is not None else ""
    return f"{figure.value:.3f}{interval}"


def _figure_lines(figures: Figures) -> Iterator[str]:
    yield from ("| measure | value | of |", "| --- | --- | --- |")
    yield from (f"| {name} | {figure_text(figure)} | {figure.n} |" for name, figure in figures.items())
    yield ""


def _system_lines(systems: Mapping[str, SystemReport]) -> Iterator[str]:
    """One row a system; the last column says what the first system adds at the first place, with p of no difference."""
    measures = ("first", "first_three", "recall_at_10", "reciprocal_rank", "ndcg_at_10", "words_first")
    first = next(iter(systems.values())).figures
    kept = [measure for measure in measures if measure in first]
    yield f"| system | {' | '.join(kept)} | {next(iter(systems))} adds at first |"
    yield "| --- " * (len(kept) + 2) + "|"
    for name, system in systems.items():
        values = " | ".join(f"{system.figures[measure].value:.3f}" for measure in kept)
        added = (system.added or {}).get("first")
        gain = "" if added is None else f"{added.by:+.3f} (p {added.p:.3g})"
        yield f"| {name} | {values} | {gain} |"
    yield ""


def _calibration_lines(calibration: Calibration | None) -> Iterator[str]:
    if calibration is None:
        return
    yield from ("## Silence", f"Area under the curve {calibration.auroc:.3f}.", "")
    yield from ("| threshold | coverage | risk |", "| --- | --- | --- |")
    yield from (f"| {p.shift:+.1f} | {p.coverage:.3f} | {p.risk:.3f} |" for p in calibration.curve)
    yield ""


def _timing_lines(timings: Timings) -> Iterator[str]:
    yield from ("## Time and memory", f"{timings.seconds} seconds in all.")
    yield f"Each of {timings.workers} processes held at most {timings.peak_memory_mb} MiB."
    if timings.stages_ms:
        yield from ("", "| stage, ms | median | 95 % | most |", "| --- | --- | --- | --- |")
        for name, stage in timings.stages_ms.items():
            yield f"| {name} | {stage.p50:.1f} | {stage.p95:.1f} | {stage.most:.1f} |"


# ---- the page ------------------------------------------------------------------------------------------------------


def page(report: Report) -> str:
    """The report as one HTML page: no script, no font, no picture from outside; everything escaped."""
    environment = Environment(
        loader=BaseLoader(), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["shown"] = figure_text
    environment.filters["readable"] = lambda value: json.dumps(unshaped(value), ensure_ascii=False, indent=2)
    template = files("allchat").joinpath("evaluation/report.html.jinja").read_text(encoding="utf-8")
    return (
        environment.from_string(template).render(
            report=report, fallen=fallen_gates(report), overview=list(overview(report))
        )
        + "\n"
    )


# ---- differences ---------------------------------------------------------------------------------------------------


def difference(before: Report, after: Report) -> str:
    """What changed, as Markdown: for each suite the measures with a paired test, and the questions behind them."""
    lines = ["# Difference", ""]
    for name in dict.fromkeys((*before.suites, *after.suites)):
        lines += [f"## {name}", *_suite_difference(before.suites.get(name), after.suites.get(name)), ""]
    return "\n".join(lines).rstrip()


def _suite_difference(before: SuiteReport | None, after: SuiteReport | None) -> Iterator[str]:
    if before is None or after is None:
        yield "Only in the second report." if before is None else "Only in the first report."
        return
    if before.sha256 != after.sha256:
        yield "The questions of this suite are not the same in both: only those in both are compared."
        yield ""
    old = {row.id: row for row in before.rows}
    if not after.looked_at:
        yield from _blind_difference(before.figures, after.figures)
        return
    pairs = [(old[row.id], row) for row in after.rows if row.id in old]
    changed = [row.id for was, row in pairs if was.answer != row.answer]
    yield f"{len(pairs)} questions in both, {len(changed)} answered in other words."
    moved = {name: test for name, test in _tests(pairs).items() if test.rose or test.fell}
    if moved:
        yield from ("", "| measure | before | after | rose | fell | p |", "| --- | --- | --- | --- | --- | --- |")
        for name, test in moved.items():
            yield f"| {name} | {test.before:.3f} | {test.after:.3f} | {test.rose} | {test.fell} | {test.p:.3g} |"
        yield ""
        yield from _questions(pairs, moved)
    elif changed:
        yield f"- other words: {_listed(changed)}"


def _blind_difference(before: Figures, after: Figures) -> Iterator[str]:
    """The figures of a blind suite that moved; which questions are behind them is not told."""
    moved = [name for name in after if name in before and before[name].value != after[name].value]
    yield f"Blind: {len(moved)} figures moved, no question is named."
    for name in moved:
        yield f"- {name}: {figure_text(before[name])}, now {figure_text(after[name])}"


def _tests(pairs: Pairs) -> dict[str, Paired]:
    """The paired test of every measure that both reports have for a question."""
    names = dict.fromkeys(name for was, row in pairs for name in row.outcomes if name in was.outcomes)
    tests = {}
    for name in names:
        both = [(was.outcomes[name], row.outcomes[name]) for was, row in pairs if _has(name, was, row)]
        tests[name] = paired([old for old, _ in both], [new for _, new in both])
    return tests


def _has(name: str, *rows: RowReport) -> bool:
    return all(name in row.outcomes for row in rows)


def _questions(pairs: Pairs, moved: Mapping[str, Paired]) -> Iterator[str]:
    for name in moved:
        both = [(was.outcomes[name], row.outcomes[name], row.id) for was, row in pairs if _has(name, was, row)]
        for word, ids in (
            ("rose", [key for old, new, key in both if new > old]),
            ("fell", [key for old, new, key in both if new < old]),
        ):
            if ids:
                yield f"- {name} {word}: {_listed(ids)}"


def _listed(ids: list[str]) -> str:
    more = f", and {len(ids) - LISTED} more" if len(ids) > LISTED else ""
    return ", ".join(ids[:LISTED]) + more
