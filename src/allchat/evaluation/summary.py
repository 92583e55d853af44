"""Results to the figures of a report: intervals, gates, confusion, calibration, timings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

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
from allchat.evaluation.results import Kept, Report, Result
from allchat.evaluation.scoring import MUST, WITHHELD, answer_hash
from allchat.evaluation.suites import GUARD_KINDS, Gate, Suite

REPORT_SCHEMA: Final = 1
"""Version of ``report.json``: raised whenever the meaning of a field changes; fields may be added without."""

EXTREMES = {"words": "most", "grade_en": "most", "ease_es": "least"}
LABELS = (*GUARD_KINDS, WITHHELD)

# ---- the report ----------------------------------------------------------------------------------------------------


def suite_report(suite: Suite, results: Sequence[Result] | None) -> Report:
    """The figures of one suite, with their gates."""
    figures = {} if results is None else _figures(results)
    report: Report = {
        "task": suite.task,
        "what": suite.what,
        "origin": suite.origin,
        "licence": suite.licence,
        "sha256": suite.sha256,
        "looked_at": suite.looked_at,
        "frozen": suite.frozen,
        "first_sight": dict(suite.first_sight),
        "questions": len(results or ()),
        "figures": figures,
        "gates": [_gate_report(gate, figures) for gate in suite.gates],
    }
    if results is None:
        return report | {
            "unmeasured": "textstat is not installed. Run: pip install textstat==0.7.8",
            "rows": [],
            "failed": 0,
        }
    if suite.compare:
        report |= {name: systems_report([result[name] for result in results]) for name in ("systems", "ablation")}
    rows = [_row(result) for result in results]
    report["failed"] = sum(bool(row["failed"]) for row in rows)
    return report | {"rows": rows if suite.looked_at else []}  # whoever sees a loss of a blind suite tunes it


def _figures(results: Sequence[Result]) -> dict[str, Any]:
    """The mean of every outcome with its interval, and the extremes of some."""
    rows = [result["outcomes"] for result in results]
    figures = dict(figures_of(rows))
    for name, values in columns(rows).items():
        if name in EXTREMES:
            extreme = max(values) if EXTREMES[name] == "most" else min(values)
            figures[f"{name}_{EXTREMES[name]}"] = {"value": rounded(extreme), "n": len(values)}
    return figures


def _gate_report(gate: Gate, figures: Mapping[str, Any]) -> dict[str, Any]:
    """A gate with what was measured; one whose measure is not among the figures has no value and does not hold."""
    value = figures.get(gate.measure, {}).get("value")
    return {**gate.model_dump(), "value": value, "holds": gate.holds(value)}


def systems_report(results: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, Any]:
    """For each system the figures, and what the first system adds to it, question by question."""
    first = next(iter(results[0]))
    report: dict[str, Any] = {}
    own = columns([result[first] for result in results])
    for name in results[0]:
        rows = [result[name] for result in results]
        report[name] = {"figures": figures_of(rows)}
        if name != first:
            report[name]["added"] = {
                measure: paired(values, own[measure]).to_dict() for measure, values in columns(rows).items()
            }
    return report


def _row(result: Result) -> dict[str, Any]:
    """A question's line in a report; its whole record where it failed."""
    failed = [name for name in MUST if result["outcomes"].get(name) == 0.0]
    row = {"id": result["id"], "kind": result["kind"], "outcomes": result["outcomes"], "failed": failed}
    if "record" in result:
        row["answer"] = answer_hash(result)
    if failed:
        row |= {"record": result["record"], "trace": result["trace"]}
    return row


def guard_report(results: Sequence[Result]) -> Report | None:
    """What the guard took messages for, over all suites that say what it should."""
    asked = [result for result in results if result["expected"] is not None]
    if not asked:
        return None
    matrix = confusion([r["expected"] for r in asked], [r["found"] for r in asked], labels=LABELS)
    return {"labels": list(LABELS), "confusion": matrix, "recall": recalls(matrix, labels=LABELS), "n": len(asked)}


def calibration(jobs: Iterable[tuple[str, Suite, Any]], kept: Kept) -> Report | None:
    """How well the margin of the evidence tells right answers from wrong ones."""
    margins: dict[str, list[float]] = {"answers": [], "silence": []}
    for key, suite, _ in jobs:
        margin = kept.results[key]["margin"]
        if suite.task in margins and suite.calibrates and margin is not None:
            margins[suite.task].append(margin)
    if not all(margins.values()):
        return None
    return coverage_and_risk(margins["answers"], margins["silence"])


def timings(results: Sequence[Result], *, seconds: float, workers: int, reused: int) -> Report:
    """Everything that differs from run to run."""
    stages = columns([result["timings_ms"] for result in results])
    return {
        "seconds": round(seconds, 1),
        "workers": workers,
        "reused": reused,
        "peak_memory_mb": max((result["memory_mb"] for result in results), default=0),
        "stages_ms": {name: quantiles(values) for name, values in stages.items()},
        "histogram_ms": _histogram(stages.get("total", ())),
    }


def _histogram(values: Sequence[float]) -> list[dict[str, float]]:
    """How many answers took up to each bound, in milliseconds; the bounds double."""
    bounds = [float(2**power) for power in range(14)]
    return [
        {"up_to": bound, "answers": sum(low < value <= bound for value in values)}
        for low, bound in zip([0.0, *bounds], bounds, strict=False)
    ]
