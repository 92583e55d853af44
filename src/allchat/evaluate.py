"""Evaluate: one offline run over suites, the same every time, to one report.

Every question is examined in a process of its own choosing; results are kept in the folder that the caller names, so
that an interrupted run goes on where it stopped. docs/evaluation.md describes suites, measures and the report.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from allchat.chat import Chat
from allchat.errors import QuestionError
from allchat.measures import columns, confusion, coverage_and_risk, figures_of, paired, quantiles, recalls, rounded
from allchat.outcomes import MUST, WITHHELD, Examiner, answer_hash, wording_results
from allchat.suites import GUARD_KINDS, Gate, Suite

SCHEMA: Final = 1
"""Version of ``report.json``: raised whenever the meaning of a field changes; fields may be added without."""

RESULTS = "results.jsonl"
EXTREMES = {"words": "most", "grade_en": "most", "ease_es": "least"}
LABELS = (*GUARD_KINDS, WITHHELD)
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Report = dict[str, Any]
Result = dict[str, Any]


# ---- the run -------------------------------------------------------------------------------------------------------


def evaluate(
    open_chat: Callable[[], Chat],
    suites: Sequence[Suite],
    *,
    out: Path | None = None,
    workers: int = 1,
    progress: bool = False,
) -> Report:
    """The report of a run over suites: see docs/evaluation.md for its fields.

    ``open_chat`` is called once in each process (and must be importable where ``workers`` is above 1). With ``out``
    the results are kept there, by what they depend on: index, program, suite and question. Twice the same gives the
    same report but for its ``timings``.

    Raises:
        AllchatError: the chat cannot be opened, a question cannot be asked, ``out`` cannot be written.
    """
    begun = time.perf_counter()
    chat = open_chat()
    context = {"program": program_hash(), "versions": chat.versions(), "contact": chat.contact.values()}
    jobs = [(_key(context, suite, row), suite, row) for suite in suites for row in suite.rows]
    kept = _Kept(out)
    waiting = [job for job in jobs if job[0] not in kept.results]
    with tqdm(total=len(jobs), initial=len(jobs) - len(waiting), unit="question", disable=not progress) as bar:
        for key, result in _examined(open_chat, chat, waiting, workers=workers):
            kept.add(key, result)
            bar.update()
    report = {
        "schema": SCHEMA,
        "program": context["program"],
        "versions": chat.versions(),
        "sources": {document.key: document.sha256 for document in chat.documents.values()},
        "suites": {suite.name: _suite_report(suite, _results(suite, jobs, kept)) for suite in suites},
    }
    found = [kept.results[key] for key, _, _ in jobs]
    report |= {"guard": _guard_report(found), "calibration": _calibration(jobs, kept)}
    reused = len(jobs) - len(waiting)
    report["timings"] = _timings(found, seconds=time.perf_counter() - begun, workers=workers, reused=reused)
    return report


def _results(suite: Suite, jobs: Iterable[tuple[str, Suite, Any]], kept: _Kept) -> list[Result] | None:
    if suite.task == "wording":
        return wording_results()
    return [kept.results[key] for key, of, _ in jobs if of is suite]


def program_hash() -> str:
    """sha256 over every file of this package, by name: another program's results are not reused."""
    lines = "".join(f"{name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n" for name, file in _files())
    return hashlib.sha256(lines.encode()).hexdigest()


def _files() -> list[tuple[str, Traversable]]:
    waiting, found = [("", files("allchat"))], []
    while waiting:
        name, place = waiting.pop()
        inside = [(f"{name}/{child.name}", child) for child in place.iterdir() if child.name != "__pycache__"]
        waiting += [pair for pair in inside if pair[1].is_dir()]
        found += [pair for pair in inside if not pair[1].is_dir()]
    return sorted(found, key=lambda pair: pair[0])


def _key(context: Mapping[str, Any], suite: Suite, row: Mapping[str, Any]) -> str:
    asked = {"task": suite.task, "accept": suite.accept, "compare": suite.compare, "row": row, **context}
    return hashlib.sha256(json.dumps(asked, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


class _Kept:
    """Results that are there already, and a file that each new one is added to at once."""

    def __init__(self, out: Path | None) -> None:
        self.results: dict[str, Result] = {}
        self._path = None if out is None else out / RESULTS
        if self._path is not None:
            _make(self._path.parent)
            self.results = dict(_read_results(self._path))

    def add(self, key: str, result: Result) -> None:
        self.results[key] = result
        if self._path is not None:
            line = json.dumps({"key": key, "result": result}, ensure_ascii=False)
            with _writing(self._path), self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")


def _make(folder: Path) -> None:
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise QuestionError(f"{path}: cannot be written ({error.strerror}). Name another folder.") from error


def _read_results(path: Path) -> Iterator[tuple[str, Result]]:
    """The results of an earlier run; a last line that was cut short by an interruption is passed over and removed."""
    if not path.exists():
        return
    content = path.read_text(encoding="utf-8", errors="replace")
    whole = content[: content.rfind("\n") + 1]
    if whole != content:
        path.write_text(whole, encoding="utf-8")
    for line in whole.split("\n"):
        try:
            row = json.loads(line) if line else None
        except ValueError as error:
            raise QuestionError(f"{path}: holds a line that is no result ({error}). Remove the file.") from error
        if row:
            yield row["key"], row["result"]


# ---- in one process or several -------------------------------------------------------------------------------------


_EXAMINERS: list[Examiner] = []
"""The one examiner of a worker process: a pool hands its workers functions and rows, and nothing that stays."""


def _examined(
    open_chat: Callable[[], Chat], chat: Chat, jobs: Sequence[tuple[str, Suite, Any]], *, workers: int
) -> Iterator[tuple[str, Result]]:
    """Each job's key and result, in the order of the jobs."""
    if not jobs:
        return
    if workers == 1:
        examiner = Examiner(chat)
        yield from ((key, _measured(examiner, suite, row)) for key, suite, row in jobs)
        return
    bare = [(_without_rows(suite), row) for _, suite, row in jobs]
    with (
        _one_thread_each(),
        ProcessPoolExecutor(workers, get_context("spawn"), initializer=_open, initargs=(open_chat,)) as pool,
    ):
        found = pool.map(_examine, bare, chunksize=4)
        yield from ((key, result) for (key, _, _), result in zip(jobs, found, strict=True))


def _without_rows(suite: Suite) -> Suite:
    return replace(suite, rows=(), gates=())


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Worker processes are started with one thread each, so that they do not fight for the cores."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _open(open_chat: Callable[[], Chat]) -> None:
    _EXAMINERS[:] = [Examiner(open_chat())]


def _examine(job: tuple[Suite, Mapping[str, Any]]) -> Result:
    return _measured(_EXAMINERS[0], *job)


def _measured(examiner: Examiner, suite: Suite, row: Mapping[str, Any]) -> Result:
    try:
        return examiner.examine(suite, row) | {"memory_mb": _memory()}
    except QuestionError as error:
        raise QuestionError(f"suite {suite.name}, row {row['id']}: {error}") from error


def _memory() -> int:
    """The most memory that this process has held, in MiB."""
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


# ---- the report ----------------------------------------------------------------------------------------------------


def _suite_report(suite: Suite, results: Sequence[Result] | None) -> Report:
    figures = {} if results is None else _figures(results)
    report: Report = {
        "task": suite.task,
        "what": suite.what,
        "origin": suite.origin,
        "licence": suite.licence,
        "sha256": suite.sha256,
        "figures": figures,
        "gates": [_gate_report(gate, figures) for gate in suite.gates],
    }
    if results is None:
        return report | {"unmeasured": "textstat is not installed. Run: pip install textstat==0.7.8", "rows": []}
    if suite.compare:
        report |= {name: systems_report([result[name] for result in results]) for name in ("systems", "ablation")}
    return report | {"rows": [_row(result) for result in results]}


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


def _guard_report(results: Sequence[Result]) -> Report | None:
    """What the guard took messages for, over all suites that say what it should."""
    asked = [result for result in results if result["expected"] is not None]
    if not asked:
        return None
    matrix = confusion([r["expected"] for r in asked], [r["found"] for r in asked], labels=LABELS)
    return {"labels": list(LABELS), "confusion": matrix, "recall": recalls(matrix, labels=LABELS), "n": len(asked)}


def _calibration(jobs: Iterable[tuple[str, Suite, Any]], kept: _Kept) -> Report | None:
    margins: dict[str, list[float]] = {"answers": [], "silence": []}
    for key, suite, _ in jobs:
        margin = kept.results[key]["margin"]
        if suite.task in margins and suite.calibrates and margin is not None:
            margins[suite.task].append(margin)
    if not all(margins.values()):
        return None
    return coverage_and_risk(margins["answers"], margins["silence"])


def _timings(results: Sequence[Result], *, seconds: float, workers: int, reused: int) -> Report:
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
