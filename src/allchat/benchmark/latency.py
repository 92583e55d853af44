"""What one question and one cold start cost."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from allchat.benchmark.figures import AnswerOver, ColdStart, OneQuestion
from allchat.benchmark.timing import milliseconds, ratio, seconds
from allchat.chat import Chat
from allchat.errors import AllchatError
from allchat.search.model_files import packaged_folder
from allchat.search.onnx import ExportedEmbedder
from allchat.search.sentence_transformer import load_embedder

TURN = 20
"""Questions that one side of a comparison answers before the other has its turn."""

LAYERS, WIDTH, INNER = 6, 384, 1536
"""all-MiniLM-L6-v2's encoder: what its arithmetic is counted from."""

COLD_REFERENCE = (
    "import sys; from sentence_transformers import SentenceTransformer; "
    "SentenceTransformer(sys.argv[1], device='cpu', local_files_only=True).encode([sys.argv[2]])"
)

# One question


def one_question(chat: Chat, *, model: str, questions: Sequence[str]) -> OneQuestion:
    """A whole answer beside the embedding of its question through the same backend, the arithmetic limit of this
    machine, and sentence-transformers' embedding. Medians in ms, and the medians of the ratios question by question.

    The embedding is measured twice: many in a row, which keeps the network's weights in the processor's cache, and one
    after each answer, as a server meets it.
    """
    reference = load_embedder(model)
    served = chat.embedder
    if not isinstance(served, ExportedEmbedder):
        raise AllchatError("the model of this index could not be exported: there is nothing to compare. See the build.")
    sides: dict[str, Callable[[str], object]] = {
        "answer": chat.ask,
        "embedding": lambda question: served.encode([question]),
        "arithmetic limit": _limit(served),
        "sentence-transformers": lambda question: reference.encode([question]),
    }
    times = _in_turns(sides, questions=questions)
    stages: dict[str, list[float]] = {}
    for question in questions:
        for stage, ms in chat.ask(question).timings_ms.items():
            stages.setdefault(stage, []).append(ms)
        times.setdefault("embedding between answers", []).append(milliseconds(sides["embedding"], question))
    rows = {name: np.array(values) for name, values in times.items()}
    single = np.array([len(chat._search.wordings(question)) == 1 for question in questions])
    answer, embedding, limit = rows["answer"], rows["embedding"], rows["arithmetic limit"]
    inside = statistics.median(t / e for t, e in zip(stages["total"], stages["embed"], strict=False))
    return OneQuestion(
        questions=len(questions),
        median_ms={name: round(float(np.median(row)), 2) for name, row in rows.items()},
        p95_ms={name: round(float(np.quantile(row, 0.95)), 2) for name, row in rows.items()},
        stages_median_ms={stage: round(statistics.median(values), 3) for stage, values in stages.items()},
        answer_over=AnswerOver(
            embedding=ratio(answer, embedding),
            between_answers=ratio(np.array(stages["total"]), rows["embedding between answers"]),
            inside=round(inside, 2),
            limit=ratio(answer, limit),
            reference=ratio(answer, rows["sentence-transformers"]),
        ),
        share_searched_in_one_wording=round(float(single.mean()), 2),
        answer_over_embedding_where_one_wording=ratio(answer[single], embedding[single]) if single.any() else None,
        embedding_over_limit=ratio(embedding, limit),
    )


def _in_turns(sides: Mapping[str, Callable[[str], object]], *, questions: Sequence[str]) -> dict[str, list[float]]:
    """How long each side takes for each question, in ms, after a turn that is not counted."""
    for side in sides.values():
        for question in questions[:TURN]:
            side(question)
    times: dict[str, list[float]] = {name: [] for name in sides}
    for first in range(0, len(questions), TURN):
        for name, side in sides.items():
            times[name] += [milliseconds(side, question) for question in questions[first : first + TURN]]
    return times


def _limit(embedder: ExportedEmbedder) -> Callable[[str], object]:
    """Does as many multiplications as the model's encoder for a text, in matrices of a size that suits the machine.

    A layer has four WIDTH x WIDTH and two WIDTH x INNER products for each word piece: 21 million operations a piece.
    numpy takes as many cores as it finds.
    """
    size, weights = 512, LAYERS * (4 * WIDTH**2 + 2 * WIDTH * INNER)
    random = np.random.default_rng(0)
    other = random.standard_normal((size, size), dtype=np.float32)
    one = random.standard_normal((256 * weights // size**2 + 1, size), dtype=np.float32)
    return lambda question: one[: round(embedder.pieces(question) * weights / size**2)] @ other


# A new process


def cold_start(*, index: Path, corpus: Path, model: str, question: str, times: int) -> ColdStart:
    """Seconds from the start of a process to a printed answer, beside sentence-transformers' to a vector; in turns."""
    folder = packaged_folder() if not Path(model).is_dir() else Path(model)
    ask = [sys.executable, "-m", "allchat", "ask", question, f"--index={index}", f"--corpus={corpus}"]
    bare = [sys.executable, "-W", "ignore", "-c", COLD_REFERENCE, str(folder), question]
    asks, bares = [], []
    for _ in range(times):
        asks.append(seconds(ask))
        bares.append(seconds(bare))
    ask_s, bare_s = statistics.median(asks), statistics.median(bares)
    return ColdStart(round(ask_s, 2), round(bare_s, 2), ratio=round(ask_s / bare_s, 3))
