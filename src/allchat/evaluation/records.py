"""The records of a run: what came of one question, and the report that is made of them.

``shapes.unshaped`` writes them as JSON in the order of their fields, ``shapes.shaped`` reads them back.
docs/evaluation.md says what each field of the report means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from allchat.records import Verdict
from allchat.shapes import Sparse

Outcomes = dict[str, float]
Gained = Mapping[str, Outcomes]
"""The outcomes of each of several systems for one question."""

Record = Mapping[str, object]
"""An answer record as it is saved, which is shown and not read; or the question and the error in its place."""

# ---- one question --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """A block that the search found."""

    block: str
    heading: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Traced:
    """How an answer came about: the verdict, the evidence and the best candidates."""

    verdict: Verdict
    searched: tuple[str, ...]
    margin: float | None
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What one question gave. ``found`` and ``expected`` are kinds of the guard, the latter for its suites alone;
    ``compared`` has what simpler systems gained, where the suite compares; ``record`` is None where nothing is asked.
    """

    id: str
    kind: str
    outcomes: Outcomes
    found: str = ""
    expected: str | None = None
    margin: float | None = None
    record: Record | None = None
    trace: Traced | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    compared: Mapping[str, Gained] = field(default_factory=dict)
    memory_mb: int = 0


# ---- the report ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figure:
    """The mean of an outcome over ``n`` questions, with a 95 % interval; or the most or least of it, without one."""

    value: float
    low: Sparse[float] = None
    high: Sparse[float] = None
    n: int = field(kw_only=True)


Figures = Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class GateReport:
    """A gate with what was measured, or None."""

    measure: str
    least: float | None
    most: float | None
    why: str
    value: float | None
    holds: bool


@dataclass(frozen=True, slots=True)
class Added:
    """What one system adds to another: the difference of the means, how many questions rose and fell, and p."""

    by: float
    rose: int
    fell: int
    p: float


@dataclass(frozen=True, slots=True)
class SystemReport:
    """The figures of one system, and what the first system adds to each; of the first itself that is None."""

    figures: Figures
    added: Sparse[Mapping[str, Added]] = None


@dataclass(frozen=True, slots=True)
class RowReport:
    """One question: ``answer`` is a hash of what was said; ``record`` and ``trace`` are there where it failed."""

    id: str
    kind: str
    outcomes: Outcomes
    failed: tuple[str, ...]
    answer: Sparse[str] = None
    record: Sparse[Record] = None
    trace: Sparse[Traced] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteReport:
    """The figures of one suite with its gates and rows; ``unmeasured`` says why there are none."""

    task: str
    what: str
    origin: str
    licence: str
    sha256: str
    looked_at: bool = True
    frozen: str = ""
    first_sight: Mapping[str, float] = field(default_factory=dict)
    questions: int
    figures: Figures
    gates: tuple[GateReport, ...] = ()
    unmeasured: Sparse[str] = None
    systems: Sparse[Mapping[str, SystemReport]] = None
    ablation: Sparse[Mapping[str, SystemReport]] = None
    failed: int = 0
    rows: tuple[RowReport, ...] = ()


@dataclass(frozen=True, slots=True)
class GuardReport:
    """How often a message of the kind of the row was taken for the kind of the column."""

    labels: tuple[str, ...]
    confusion: list[list[int]]
    recall: Mapping[str, float]
    n: int


@dataclass(frozen=True, slots=True)
class Point:
    """Coverage and risk where the threshold is shifted by so much."""

    shift: float
    coverage: float
    risk: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How well the evidence tells right answers from wrong ones."""

    curve: tuple[Point, ...]
    auroc: float


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Of some milliseconds."""

    p50: float
    p95: float
    p99: float
    most: float


@dataclass(frozen=True, slots=True)
class Step:
    """How many answers took longer than the step before, and at most so many milliseconds."""

    up_to: float
    answers: int


@dataclass(frozen=True, slots=True)
class Timings:
    """Everything that differs from run to run."""

    seconds: float
    workers: int
    reused: int
    peak_memory_mb: int
    stages_ms: Mapping[str, Quantiles]
    histogram_ms: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What a run measured."""

    schema: int
    program: str
    versions: Mapping[str, str]
    sources: Mapping[str, str]
    suites: Mapping[str, SuiteReport]
    guard: GuardReport | None
    calibration: Calibration | None
    timings: Timings
