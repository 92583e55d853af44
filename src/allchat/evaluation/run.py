"""Evaluate: one offline run over suites, the same every time, to one report.

Every question is examined in a process of its own choosing; results are kept in the folder that the caller names, so
that an interrupted run goes on where it stopped. docs/evaluation.md describes suites, measures and the report.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from allchat.chat import Chat
from allchat.errors import QuestionError
from allchat.evaluation.records import Report, Result
from allchat.evaluation.results import Kept
from allchat.evaluation.scoring import Examiner, wording_results
from allchat.evaluation.suites import Row, Suite
from allchat.evaluation.summary import REPORT_SCHEMA, calibration, guard_report, memory_mb, suite_report, timings
from allchat.program import program_hash

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

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
    program, versions = program_hash(), chat.versions()
    context = {"program": program, "versions": versions, "contact": chat.contact.values()}
    jobs = [(_key(context, suite, row), suite, row) for suite in suites for row in suite.rows]
    kept = Kept(out)
    waiting = [job for job in jobs if job[0] not in kept.results]
    with tqdm(total=len(jobs), initial=len(jobs) - len(waiting), unit="question", disable=not progress) as bar:
        found = _examined(open_chat, chat, waiting, workers=workers)
        for (key, result), (_, suite, _) in zip(found, waiting, strict=True):
            kept.add(key, result, on_disk=suite.looked_at)
            bar.update()
    asked = [(suite, kept.results[key]) for key, suite, _ in jobs]
    results, reused = [result for _, result in asked], len(jobs) - len(waiting)
    return Report(
        schema=REPORT_SCHEMA,
        program=program,
        versions=versions,
        sources={document.key: document.sha256 for document in chat.documents.values()},
        suites={suite.name: suite_report(suite, _results(suite, asked)) for suite in suites},
        guard=guard_report(results),
        calibration=calibration(asked),
        timings=timings(results, seconds=time.perf_counter() - begun, workers=workers, reused=reused),
    )


def _results(suite: Suite, asked: Iterable[tuple[Suite, Result]]) -> list[Result] | None:
    if suite.task == "wording":
        return wording_results()
    return [result for of, result in asked if of is suite]


def _key(context: Mapping[str, object], suite: Suite, row: Row) -> str:
    asked = {"task": suite.task, "accept": suite.accept, "compare": suite.compare, "row": row.as_written(), **context}
    return hashlib.sha256(json.dumps(asked, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


# ---- in one process or several -------------------------------------------------------------------------------------


_EXAMINERS: list[Examiner] = []
"""The one examiner of a worker process: a pool hands its workers functions and rows, and nothing that stays."""


def _examined(
    open_chat: Callable[[], Chat], chat: Chat, jobs: Sequence[tuple[str, Suite, Row]], *, workers: int
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


def _examine(job: tuple[Suite, Row]) -> Result:
    return _measured(_EXAMINERS[0], *job)


def _measured(examiner: Examiner, suite: Suite, row: Row) -> Result:
    try:
        return replace(examiner.examine(suite, row), memory_mb=memory_mb())
    except QuestionError as error:
        raise QuestionError(f"suite {suite.name}, row {row.id}: {error}") from error
