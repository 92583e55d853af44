"""Bench: what an answer costs, each figure beside what it is held against, measured in the same run.

Times drift with the machine and its other work: the ratios are what to trust. Whatever is compared is measured in
turns, a few questions each, so that both sides see the same machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from allchat.benchmark.figures import Building, Figures
from allchat.benchmark.latency import cold_start, one_question
from allchat.benchmark.load import CLIENTS, serving, steady_load
from allchat.benchmark.report import GOALS
from allchat.benchmark.scale import search_by_size
from allchat.benchmark.staff_forms import staff_forms
from allchat.benchmark.timing import machine, questions_of
from allchat.build import build
from allchat.chat import Chat
from allchat.search.folder import open_index
from allchat.sources.corpus import CORPUS_FILE, read_corpus
from allchat.sources.outline import outline_document

# Building


def building(*, corpus: Path, model: str) -> Building:
    """Seconds for a build of the corpus from nothing, by 1,000 vectors and by 1,000 passages, and of processor for it
    and for the build after a change of one line.
    """
    with tempfile.TemporaryDirectory() as folder:
        own, index = Path(shutil.copytree(corpus, Path(folder, "corpus"))), Path(folder, "index")
        begun, nothing = time.perf_counter(), _processor(lambda: build(own, index=index, model=model))
        seconds = time.perf_counter() - begun
        name = (index / "current").read_text(encoding="ascii").strip()
        counts: dict[str, int] = json.loads((index / name / "manifest.json").read_text(encoding="utf-8"))["counts"]
        change_a_line(own)
        told: list[str] = []
        changed = _processor(lambda: build(own, index=index, model=model, say=told.append))
    return Building(
        seconds=round(seconds, 1),
        processor_s=round(nothing, 1),
        after_one_line_processor_s=round(changed, 1),
        after_one_line=told[-1],
        **counts,
        seconds_per_1000_vectors=round(1000 * seconds / counts["vectors"], 2),
        seconds_per_1000_passages=round(1000 * seconds / counts["passages"], 1),
    )


def _processor(work: Callable[[], object]) -> float:
    """Seconds of processor, all threads together."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def change_a_line(corpus: Path) -> None:
    """Puts a sentence behind the last block of the first source and declares the source anew, as staff would."""
    document = read_corpus(corpus)[0]
    source, declared = corpus / document.file, corpus / CORPUS_FILE
    end = outline_document(document).blocks[-1].end
    source.write_bytes(f"{document.text[:end]} This line was changed.{document.text[end:]}".encode())
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    declared.write_text(declared.read_text(encoding="utf-8").replace(document.sha256, sha256), encoding="utf-8")


# All of it, and what is written


def run(
    *,
    index: Path,
    corpus: Path,
    model: str,
    sizes: Sequence[int],
    say: Callable[[str], None],
    quick: bool = False,
    questions: int = 400,
    asked: int = 10_000,
    soak: float = 600.0,
    builds: bool = True,
) -> Figures:
    """Every figure of one run: ``questions`` are compared one by one, ``asked`` of a server to see its memory, and
    for ``soak`` seconds ``CLIENTS`` ask without a pause.

    ``quick`` asks little of everything, to see that the command runs; without ``builds`` no index is built.
    """
    chat = Chat.open(index, corpus=corpus, model=model)
    rows = questions_of(chat, most=min(questions, 40) if quick else questions)
    real = open_index(index).vectors()
    before = machine()
    times, clients, counted = (1, (1, 8), min(asked, 100)) if quick else (3, (1, 8, CLIENTS), asked)
    say("one question ...")
    one = one_question(chat, model=model, questions=rows)
    say("cold start ...")
    cold = cold_start(index=index, corpus=corpus, model=model, question=rows[0], times=times)
    say("serving ...")
    served = serving(index=index, corpus=corpus, questions=rows, clients=clients, asked=counted)
    say("search by size ...")
    by_size = search_by_size(real, questions=rows, sizes=sizes, times=20 if quick else 100)
    figures = Figures(quick, before, GOALS, one, cold, served, by_size)
    if soak > 0 and not quick:
        say("steady load ...")
        many, single_ms = questions_of(chat, most=asked), served.throughput[0].median_ms
        steady = steady_load(
            index=index, corpus=corpus, questions=many, clients=CLIENTS, seconds=soak, single_ms=single_ms
        )
        figures = replace(figures, steady_load=steady)
    if builds and not quick:
        say("staff's forms ...")
        figures = replace(figures, staff_forms=staff_forms(chat, index=index, corpus=corpus, questions=rows))
        say("building ...")
        figures = replace(figures, building=building(corpus=corpus, model=model))
    return replace(figures, machine={**before, "load_after": os.getloadavg()[0]})
