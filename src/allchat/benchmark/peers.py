"""A whole answer beside what other libraries take for their search alone: each in a process of its own, in turns."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from allchat.benchmark.figures import PeerFigures
from allchat.benchmark.timing import machine
from allchat.errors import AllchatError
from allchat.search.model_files import PACKAGED_MODEL, model_folder
from allchat.sources.corpus import read_corpus

CHECKOUT = Path(__file__).parents[3]
PROGRAM = CHECKOUT / "examples" / "peers" / "peers.py"
PYTHON = CHECKOUT / ".cache" / "peers" / "bin" / "python"
"""What runs in each process, and the Python of those that are not allchat: "make peers" installs it."""

OURS, EMBEDDING = "allchat", "sentence_transformers"
PEERS = {"langchain": "LangChain with FAISS", "llama_index": "LlamaIndex", "haystack": "Haystack", "txtai": "txtai"}
NAMES = {OURS: "allchat, a whole answer", **PEERS, EMBEDDING: "sentence-transformers, the embedding alone"}
"""Each side by the name of its function in ``PROGRAM``, in the order of a round."""

ROUNDS, WARM = 3, 20
"""Turns of each side, and questions in each that are not counted."""

TUNED = ("OMP_", "MKL_", "OPENBLAS_", "KMP_", "TOKENIZERS_", "PYTHON")
"""Variables that would take a process's own defaults from it begin so."""


def peers(
    *, index: Path, corpus: Path, questions: Sequence[str], say: Callable[[str], None], rounds: int = ROUNDS
) -> PeerFigures:
    """Median ms of a question for each side in each round, and a whole answer of ours over each, the median of rounds.

    Raises:
        AllchatError: the peers are not installed, or one does not run.
    """
    if not PYTHON.is_file():
        raise AllchatError(f"{PYTHON}: is not there. Install the other libraries in a checkout: make peers.")
    warm = min(WARM, len(questions) // 2)
    told = {
        "index": str(index.absolute()),
        "corpus": str(corpus.absolute()),
        "texts": [document.text for document in read_corpus(corpus)],
        "model": str(model_folder(PACKAGED_MODEL)),
        "questions": list(questions),
        "warm": warm,
    }
    before = machine()
    times: dict[str, list[float]] = {side: [] for side in NAMES}
    for number in range(rounds):
        for side, name in NAMES.items():
            say(f"round {number + 1} of {rounds}: {name} ...")
            times[side].append(statistics.median(_times({**told, "side": side})))
    fastest = [min(row) for row in zip(*(times[side] for side in PEERS), strict=True)]
    return PeerFigures(
        machine={**before, "load_after": os.getloadavg()[0]},
        questions=len(questions) - warm,
        rounds=rounds,
        versions=_versions(),
        median_ms={side: tuple(round(value, 2) for value in rows) for side, rows in times.items()},
        answer_over={side: _over(times[OURS], rows) for side, rows in times.items() if side != OURS},
        answer_over_fastest_peer=_over(times[OURS], fastest),
    )


def _over(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return round(statistics.median(one / other for one, other in zip(ours, theirs, strict=True)), 2)


def _times(told: Mapping[str, object]) -> list[float]:
    """Milliseconds of each question in a new process, with nothing set that a user would not have set."""
    around = {name: value for name, value in os.environ.items() if not name.startswith(TUNED)}
    ours = told["side"] == OURS
    around |= {"HF_HUB_OFFLINE": "1", **({"PYTHONPATH": str(CHECKOUT / "src")} if ours else {})}
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable if ours else str(PYTHON), str(PROGRAM)],
        input=json.dumps(told), env=around, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise AllchatError(f"{told['side']}: does not run ({last}). Install the other libraries again: make peers.")
    times: list[float] = json.loads(done.stdout.splitlines()[-1])
    return times


def _versions() -> dict[str, str]:
    """The installed release of each package that was asked for."""
    lines = (PROGRAM.parent / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def peer_lines(figures: PeerFigures) -> list[str]:
    """The figures as lines: every round, then our ratio."""
    lines = []
    for side, name in NAMES.items():
        rows = ", ".join(f"{value:.2f}" for value in figures.median_ms[side])
        over = figures.answer_over.get(side)
        lines.append(f"{name}: {rows} ms" + (f"; our whole answer over it {over:.2f}" if over is not None else ""))
    fastest = figures.answer_over_fastest_peer
    return [*lines, f"our whole answer over the fastest peer's bare retrieval: {fastest:.2f} (goal 1.0, aim 0.6)"]
