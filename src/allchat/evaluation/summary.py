"""Results to the figures of a report: intervals, gates, confusion, calibration, timings."""

from __future__ import annotations

import resource
from collections.abc import Iterable, Sequence
from typing import Final

from allchat.evaluation.metrics import (
    columns,
    confusion,
    coverage_and_risk,
    figures_of,
    paired,
    quantiles,
    recalls,
    rounded,
)
from allchat.evaluation.records import (
    Calibration,
    Figure,
    Figures,
    Gained,
    GateReport,
    GuardReport,
    Result,
    RowReport,
    Step,
    SuiteReport,
    SystemReport,
    Timings,
)
from allchat.evaluation.scoring import MUST, WITHHELD, answer_hash
from allchat.evaluation.suites import GUARD_KINDS, Gate, Suite

REPORT_SCHEMA: Final = 1
"""Version of ``report.json``: raised whenever the meaning of a field changes; fields may be added without."""

EXTREMES = {"words": "most", "grade_en": "most", "ease_es": "least"}
LABELS = (*GUARD_KINDS, WITHHELD)

# ---- the report ----------------------------------------------------------------------------------------------------


def suite_report(suite: Suite, results: Sequence[Result] | None) -> SuiteReport:
    """The figures of one suite, with their gates."""
    figures = _figures(results or ())
    rows = tuple(map(_row, results or ()))
    compared = {
        name: systems_report(gained)
        for name in ("systems", "ablation")
        if (gained := [result.compared[name] for result in results or () if name in result.compared])
    }
    return SuiteReport(
        task=suite.task,
        what=suite.what,
        origin=suite.origin,
        licence=suite.licence,
        sha256=suite.sha256,
        looked_at=suite.looked_at,
        frozen=suite.frozen,
        first_sight=suite.first_sight,
        questions=len(rows),
        figures=figures,
        gates=tuple(_gate_report(gate, figures.get(gate.measure)) for gate in suite.gates),
        unmeasured="textstat is not installed. Run: pip install textstat==0.7.8" if results is None else None,
        systems=compared.get("systems"),
        ablation=compared.get("ablation"),
        failed=sum(bool(row.failed) for row in rows),
        rows=rows if suite.looked_at else (),  # whoever sees a loss of a blind suite tunes it
    )


def _figures(results: Sequence[Result]) -> Figures:
    """The mean of every outcome with its interval, and the extremes of some."""
    rows = [result.outcomes for result in results]
    figures = dict(figures_of(rows))
    for name, values in columns(rows).items():
        if name in EXTREMES:
            extreme = max(values) if EXTREMES[name] == "most" else min(values)
            figures[f"{name}_{EXTREMES[name]}"] = Figure(rounded(extreme), n=len(values))
    return figures


def _gate_report(gate: Gate, figure: Figure | None) -> GateReport:
    """A gate with what was measured; one whose measure is not among the figures has no value and does not hold."""
    value = None if figure is None else figure.value
    return GateReport(gate.measure, gate.least, gate.most, gate.why, value, gate.holds(value))


def systems_report(results: Sequence[Gained]) -> dict[str, SystemReport]:
    """For each system the figures, and what the first system adds to it, question by question."""
    first = next(iter(results[0]))
    own = columns([result[first] for result in results])
    report = {}
    for name in results[0]:
        rows = [result[name] for result in results]
        added = {measure: paired(values, own[measure]).added() for measure, values in columns(rows).items()}
        report[name] = SystemReport(figures_of(rows), None if name == first else added)
    return report


def _row(result: Result) -> RowReport:
    """A question's line in a report; its whole record where it failed."""
    failed = tuple(name for name in MUST if result.outcomes.get(name) == 0.0)
    return RowReport(
        result.id,
        result.kind,
        result.outcomes,
        failed,
        answer=None if result.record is None else answer_hash(result.kind, result.record),
        record=result.record if failed else None,
        trace=result.trace if failed else None,
    )


def guard_report(results: Sequence[Result]) -> GuardReport | None:
    """What the guard took messages for, over all suites that say what it should."""
    asked = [(result.expected, result.found) for result in results if result.expected is not None]
    if not asked:
        return None
    matrix = confusion([expected for expected, _ in asked], [found for _, found in asked], labels=LABELS)
    return GuardReport(LABELS, matrix, recalls(matrix, labels=LABELS), len(asked))


def calibration(asked: Iterable[tuple[Suite, Result]]) -> Calibration | None:
    """How well the margin of the evidence tells right answers from wrong ones."""
    margins: dict[str, list[float]] = {"answers": [], "silence": []}
    for suite, result in asked:
        if suite.task in margins and suite.calibrates and result.margin is not None:
            margins[suite.task].append(result.margin)
    if not all(margins.values()):
        return None
    return coverage_and_risk(margins["answers"], margins["silence"])


def timings(results: Sequence[Result], *, seconds: float, workers: int, reused: int) -> Timings:
    """Everything that differs from run to run."""
    stages = columns([result.timings_ms for result in results])
    return Timings(
        seconds=round(seconds, 1),
        workers=workers,
        reused=reused,
        peak_memory_mb=max((result.memory_mb for result in results), default=memory_mb()),
        stages_ms={name: quantiles(values) for name, values in stages.items()},
        histogram_ms=_histogram(stages.get("total", ())),
    )


def memory_mb() -> int:
    """The most memory that this process has held, in MiB."""
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def _histogram(values: Sequence[float]) -> tuple[Step, ...]:
    """How many answers took up to each bound, in milliseconds; the bounds double."""
    bounds = [float(2**power) for power in range(14)]
    return tuple(
        Step(bound, sum(low < value <= bound for value in values))
        for low, bound in zip([0.0, *bounds], bounds, strict=False)
    )
