"""Bench: what an answer costs, each figure beside what it is held against, measured in the same run.

Times drift with the machine and its other work: the ratios are what to trust. Whatever is compared is measured in
turns, a few questions each, so that both sides see the same machine.
"""

from __future__ import annotations

import gc
import http.client
import itertools
import json
import multiprocessing
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allchat.chat import HITS, Chat, build
from allchat.embed import ExportedEmbedder, load_embedder, packaged_folder
from allchat.errors import AllchatError
from allchat.index import Contents, open_index, search_name, search_vectors, vector_index, write_index
from allchat.records import Block, Document, Outline, Section
from allchat.retrieve import Search, content_words

Figures = dict[str, Any]
Vectors = NDArray[np.float32]

TURN = 20
"""Questions that one side of a comparison answers before the other has its turn."""

CLIENTS = 32
"""Who ask at once where a server is put under load."""

SAMPLED = 500
"""Questions under load between two looks at the memory."""

WORDS, IN_A_DOCUMENT = 40, 500
"""Of made texts: words of a block, blocks of a document."""

LAYERS, WIDTH, INNER = 6, 384, 1536
"""all-MiniLM-L6-v2's encoder: what its arithmetic is counted from."""

GOALS = {
    "answer / embedding the question": 1.3,
    "answer / sentence-transformers embedding": 0.6,
    "cold ask / cold sentence-transformers": 0.25,
    "serving memory, MB": 350,
    "search in a million, ms": 30,
}

COLD_REFERENCE = (
    "import sys; from sentence_transformers import SentenceTransformer; "
    "SentenceTransformer(sys.argv[1], device='cpu', local_files_only=True).encode([sys.argv[2]])"
)
SETTING = {"OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1"}


def questions_of(chat: Chat, *, most: int) -> list[str]:
    """Questions of families from the index, spread over the sources."""
    asked = list(dict.fromkeys(text for _, _, text in chat.index.questions()))
    if not asked:
        raise AllchatError("the index holds no questions to measure with. Build it from a corpus that has some.")
    return asked[:: max(1, len(asked) // most)][:most]


def machine() -> Figures:
    """What the figures were measured on."""
    cpu = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    libraries = ("onnxruntime", "tokenizers", "faiss-cpu", "numpy", "torch", "sentence-transformers")
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": cpu.group(1) if cpu else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        **{name: version(name) for name in ("allchat", *libraries)},
    }


# One question


def one_question(chat: Chat, *, model: str, questions: Sequence[str]) -> Figures:
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
    for side in sides.values():
        for question in questions[:TURN]:
            side(question)
    times: dict[str, list[float]] = {name: [] for name in sides}
    stages: dict[str, list[float]] = {}
    for first in range(0, len(questions), TURN):
        for name, side in sides.items():
            times[name] += [_ms(side, question) for question in questions[first : first + TURN]]
    for question in questions:
        for stage, ms in chat.ask(question).timings_ms.items():
            stages.setdefault(stage, []).append(ms)
        times.setdefault("embedding between answers", []).append(_ms(sides["embedding"], question))
    rows = {name: np.array(values) for name, values in times.items()}
    single = np.array([len(chat._search.wordings(question)) == 1 for question in questions])
    return {
        "questions": len(questions),
        "median_ms": {name: round(float(np.median(row)), 2) for name, row in rows.items()},
        "p95_ms": {name: round(float(np.quantile(row, 0.95)), 2) for name, row in rows.items()},
        "stages_median_ms": {stage: round(statistics.median(values), 3) for stage, values in stages.items()},
        "answer_over": {
            "embedding the question": _ratio(rows["answer"], rows["embedding"]),
            "embedding between answers": _ratio(np.array(stages["total"]), rows["embedding between answers"]),
            "the embedding inside it": round(
                statistics.median(t / e for t, e in zip(stages["total"], stages["embed"], strict=False)), 2
            ),
            "arithmetic limit": _ratio(rows["answer"], rows["arithmetic limit"]),
            "sentence-transformers": _ratio(rows["answer"], rows["sentence-transformers"]),
        },
        "share_searched_in_one_wording": round(float(single.mean()), 2),
        "answer_over_embedding_where_one_wording": _ratio(rows["answer"][single], rows["embedding"][single])
        if single.any()
        else None,
        "embedding_over_limit": _ratio(rows["embedding"], rows["arithmetic limit"]),
    }


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


def _ms(run: Callable[[Any], object], asked: Any) -> float:
    begun = time.perf_counter()
    run(asked)
    return 1000 * (time.perf_counter() - begun)


def _ratio(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return round(float(np.median(one / other)), 2)


# A new process


def cold_start(*, index: Path, corpus: Path, model: str, question: str, times: int) -> Figures:
    """Seconds from the start of a process to a printed answer, beside sentence-transformers' to a vector; in turns."""
    folder = packaged_folder() if not Path(model).is_dir() else Path(model)
    ask = [sys.executable, "-m", "allchat", "ask", question, f"--index={index}", f"--corpus={corpus}"]
    bare = [sys.executable, "-W", "ignore", "-c", COLD_REFERENCE, str(folder), question]
    asks, bares = [], []
    for _ in range(times):
        asks.append(_seconds(ask))
        bares.append(_seconds(bare))
    return {
        "ask_s": round(statistics.median(asks), 2),
        "sentence_transformers_s": round(statistics.median(bares), 2),
        "ratio": round(statistics.median(asks) / statistics.median(bares), 3),
    }


def _seconds(command: Sequence[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **SETTING})  # noqa: S603 - our own words
    return time.perf_counter() - begun


# A server


@contextmanager
def _server(index: Path, corpus: Path) -> Iterator[tuple[int, int]]:
    """A real server on this machine, as ``(port, process id)``."""
    command = [sys.executable, "-m", "allchat", "serve", "--port=0", f"--index={index}", f"--corpus={corpus}"]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)  # noqa: S603 - our own words
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = re.search(r"http://[^:]+:(\d+)", line)
            if not found:
                raise AllchatError(f"the server did not start ({line.strip()}). Run: allchat serve")
            port = int(found.group(1))
            _wait_until_ready(port)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(30)
            if process.stdout:
                process.stdout.close()


def _wait_until_ready(port: int) -> None:
    for _ in range(300):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AllchatError("the server was not ready within half a minute. Run: allchat serve")


def serving(*, index: Path, corpus: Path, questions: Sequence[str], clients: Sequence[int], asked: int) -> Figures:
    """Answers per second and latency at some numbers of clients, then the memory of the process over ``asked``
    questions more. Clients run on this machine too and take their part of it.
    """
    with _server(index, corpus) as (port, process):
        load = [
            _load(port, questions, clients=count, taken=iter(range(min(asked, 100 + 20 * count)))) for count in clients
        ]
        memory: list[tuple[int, float]] = []
        step = max(1, asked // 50)
        for done in range(0, asked, step):
            _load(port, questions, clients=4, taken=iter(range(done, done + step)))
            memory.append((done + step, resident_mb(process)))
    return {"throughput": load, "memory": _growth(memory)}


def steady_load(
    *, index: Path, corpus: Path, questions: Sequence[str], clients: int, seconds: float, single_ms: float
) -> Figures:
    """``clients`` who ask one question after another for ``seconds``: what they were told, how long it took, and the
    memory of the server. ``most_p95_ms`` is five times what one client alone waits, times the clients for each core.
    """
    memory: list[tuple[int, float]] = []
    with _server(index, corpus) as (port, process):
        taken = _numbers(seconds, every=SAMPLED, see=lambda number: memory.append((number, resident_mb(process))))
        figures = _load(port, questions, clients=clients, taken=taken)
        memory.append((figures["questions"], resident_mb(process)))
    bound = 5 * single_ms * clients / len(os.sched_getaffinity(0))
    return {**figures, "seconds": seconds, "most_p95_ms": round(bound, 1), "memory": _growth(memory)}


def _numbers(seconds: float, *, every: int, see: Callable[[int], None]) -> Iterator[int]:
    """The numbers from 0 on until the time is over; ``see`` is shown one of so many."""
    ended = time.monotonic() + seconds
    for number in itertools.count():
        if time.monotonic() >= ended:
            return
        if number % every == every - 1:
            see(number)
        yield number


def _load(port: int, questions: Sequence[str], *, clients: int, taken: Iterator[int]) -> Figures:
    lock, times, statuses = threading.Lock(), list[float](), dict[int, int]()

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while True:
            with lock:
                number = next(taken, None)
            if number is None:
                return
            body = json.dumps({"question": questions[number % len(questions)]})
            begun = time.perf_counter()
            connection.request("POST", "/v1/ask", body, {"content-type": "application/json"})
            response = connection.getresponse()
            response.read()
            with lock:
                times.append(1000 * (time.perf_counter() - begun))
                statuses[response.status] = statuses.get(response.status, 0) + 1

    begun = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        for done in [pool.submit(client) for _ in range(clients)]:
            done.result()
    seconds = time.perf_counter() - begun
    return {
        "clients": clients,
        "questions": len(times),
        "answers_per_second": round(len(times) / seconds, 1),
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(float(np.quantile(times, 0.95)), 1),
        "statuses": {str(status): count for status, count in sorted(statuses.items())},
    }


def resident_mb(process: int) -> float:
    """The resident memory of a process, in MB."""
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _growth(memory: Sequence[tuple[int, float]]) -> Figures:
    """The memory, and how it grows over the second half: MB per 1,000 questions, with the standard error of that."""
    half = np.array(memory[len(memory) // 2 :])
    slope = error = 0.0
    if len(half) > 2:
        (slope, _), covariance = np.polyfit(half[:, 0] / 1000, half[:, 1], 1, cov=True)
        error = float(np.sqrt(covariance[0, 0]))
    return {
        "questions": memory[-1][0],
        "first_mb": round(memory[0][1], 1),
        "last_mb": round(memory[-1][1], 1),
        "most_mb": round(max(mb for _, mb in memory), 1),
        "slope_mb_per_1000": round(float(slope), 3),
        "slope_error": round(error, 3),
        "samples": [[asked, round(mb, 1)] for asked, mb in memory],
    }


# Building


def building(*, corpus: Path, model: str) -> Figures:
    """Seconds for a whole build of the corpus, by 1,000 vectors and by 1,000 passages."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        index = build(corpus, index=Path(folder, "index"), model=model)
        seconds = time.perf_counter() - begun
        name = (index / "current").read_text(encoding="ascii").strip()
        counts = json.loads((index / name / "manifest.json").read_text(encoding="utf-8"))["counts"]
    return {
        "seconds": round(seconds, 1),
        **counts,
        "seconds_per_1000_vectors": round(1000 * seconds / counts["vectors"], 2),
        "seconds_per_1000_passages": round(1000 * seconds / counts["passages"], 1),
    }


# Size


def made_vectors(real: Vectors, *, count: int, seed: int = 0) -> Vectors:
    """Vectors in clusters, as texts lie: each between two rows of a real index (passages of one subject are alike), and
    turned from there at random. Not real text: they measure time, memory and recall, not the quality of answers.
    """
    random = np.random.default_rng(seed)
    made = np.empty((count, real.shape[1]), dtype=np.float32)
    for first in range(0, count, 50_000):
        size = min(50_000, count - first)
        share = random.random((size, 1), dtype=np.float32)
        one, other = (real[random.integers(len(real), size=size)] for _ in range(2))
        noise = random.standard_normal((size, real.shape[1]), dtype=np.float32)
        rows = share * one + (1 - share) * other + 0.5 * noise / np.linalg.norm(noise, axis=1, keepdims=True)
        made[first : first + size] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return made


def made_contents(questions: Sequence[str], *, count: int, seed: int = 0) -> Contents:
    """``count`` blocks of ``WORDS`` words each, ``IN_A_DOCUMENT`` to a document: the words of ``questions`` as often as
    they stand there, and among them rare ones, the rarer the more of them, as in any large collection of texts.
    """
    random = np.random.default_rng(seed)
    common = np.array([word for question in questions for word in content_words(question)])
    documents, outlines = [], []
    for first in range(0, count, IN_A_DOCUMENT):
        size = (min(IN_A_DOCUMENT, count - first), WORDS)
        rare = np.char.add("rare", np.minimum(random.zipf(1.2, size), 10**6).astype(str))
        rows = np.where(random.random(size) < 0.1, rare, common[random.integers(len(common), size=size)])
        lines = [" ".join(row) for row in rows.tolist()]
        ends = np.cumsum([len(line) + 1 for line in lines]).tolist()
        key, text = f"made-{first:07d}", "\n".join(lines)
        blocks = tuple(
            Block(key, 0, "paragraph", end - len(line) - 1, end - 1, ()) for line, end in zip(lines, ends, strict=True)
        )
        documents.append(_made_document(key, text))
        outlines.append(Outline(key, (Section(key, 0, (), 0, len(text)),), blocks, ()))
    return Contents(tuple(documents), tuple(outlines), ())


def _made_document(key: str, text: str) -> Document:
    return Document(
        key,
        f"{key}.txt",
        "made",
        "made",
        "made",
        "made",
        None,
        "made",
        "en",
        "made",
        "made",
        "made",
        sha256="",
        text=text,
    )


class _Given:
    """Stands for a model: gives vectors that were made before."""

    name = fingerprint = "made"

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """See ``Embedder.encode``."""
        del progress
        return self._vectors[: len(texts)]

    def knows(self, word: str) -> bool:
        """See ``Embedder.knows``."""
        return bool(word)

    def fits(self, text: str) -> bool:
        """See ``Embedder.fits``."""
        return bool(text)


def search_by_size(real: Vectors, *, questions: Sequence[str], sizes: Sequence[int], times: int = 100) -> list[Figures]:
    """What an index of each size takes, of made vectors and made words: ms for ten hits among the vectors and, beside
    it, by exact search, which recall@10 is held against; ms for the whole search of a question, vectors, words and
    scores, the first time and where its words are remembered; MB; seconds to build. Each size in a process of its own.
    """
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        return [pool.apply(_one_size, (real, questions, size, times)) for size in sizes]


def _one_size(real: Vectors, questions: Sequence[str], size: int, times: int) -> Figures:
    vectors, queries = made_vectors(real, count=size), made_vectors(real, count=times, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        contents, begun = made_contents(questions, count=size), time.perf_counter()
        write_index(contents, folder=Path(folder), embedder=_Given(vectors), inputs={}, settings={})
        seconds = time.perf_counter() - begun
        del contents
        gc.collect()
        before = resident_mb(os.getpid())
        index = open_index(Path(folder))
        taken = resident_mb(os.getpid()) - before
        search = Search(index, embedder=_Given(vectors))
        asked = [(questions[n % len(questions)],) for n in range(times)]
        first, again = (
            [_ms(lambda n: search.find(asked[n], vectors=queries[n : n + 1], limit=HITS), n) for n in range(times)]
            for _ in range(2)
        )
        chosen, exact = index._vectors, vector_index(vectors, exact_rows=size)
        ten = min(10, size)
        found, wanted = (search_vectors(one, queries, limit=ten)[1] for one in (chosen, exact))
        recall = np.mean([len(set(a) & set(b)) / ten for a, b in zip(found, wanted, strict=True)])
        return {
            "vectors": size,
            "search": search_name(chosen),
            "median_ms": round(statistics.median(_search_ms(chosen, query, ten) for query in queries), 3),
            "exact_median_ms": round(statistics.median(_search_ms(exact, query, ten) for query in queries), 3),
            "recall_at_10": round(float(recall), 4),
            "whole_median_ms": round(statistics.median(again), 3),
            "whole_p95_ms": round(float(np.quantile(again, 0.95)), 3),
            "whole_first_median_ms": round(statistics.median(first), 3),
            # Pages that were freed before may have been taken again: it is at least the rows.
            "memory_mb": round(max(taken, size * real.shape[1] * 4 / 2**20), 1),
            "build_s": round(seconds, 2),
        }


def _search_ms(index: Any, query: Vectors, count: int) -> float:
    begun = time.perf_counter()
    search_vectors(index, query[None], limit=count)
    return 1000 * (time.perf_counter() - begun)


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
    real = chat.index.vectors()
    figures: Figures = {"quick": quick, "machine": machine(), "goals": GOALS}
    parts: dict[str, Callable[[], Any]] = {
        "one question": lambda: one_question(chat, model=model, questions=rows),
        "cold start": lambda: cold_start(
            index=index, corpus=corpus, model=model, question=rows[0], times=1 if quick else 3
        ),
        "serving": lambda: serving(
            index=index,
            corpus=corpus,
            questions=rows,
            clients=(1, 8) if quick else (1, 8, CLIENTS),
            asked=min(asked, 100) if quick else asked,
        ),
        "search by size": lambda: search_by_size(real, questions=rows, sizes=sizes, times=20 if quick else 100),
    }
    if soak > 0 and not quick:
        parts["steady load"] = lambda: steady_load(
            index=index,
            corpus=corpus,
            questions=questions_of(chat, most=asked),
            clients=CLIENTS,
            seconds=soak,
            single_ms=figures["serving"]["throughput"][0]["median_ms"],
        )
    if builds and not quick:
        parts["building"] = lambda: building(corpus=corpus, model=model)
    for name, measure in parts.items():
        say(f"{name} ...")
        figures[name] = measure()
    figures["machine"]["load_after"] = os.getloadavg()[0]
    return figures


def summary(figures: Mapping[str, Any]) -> list[str]:
    """The figures as lines, each ratio with its goal."""
    one, cold, served = figures["one question"], figures["cold start"], figures["serving"]
    memory, over = served["memory"], one["answer_over"]
    ms = ", ".join(f"{name} {value} ms" for name, value in one["median_ms"].items())
    seconds = f"{cold['ask_s']} s and {cold['sentence_transformers_s']} s"
    inside = f"where it has one wording {one['answer_over_embedding_where_one_wording']}"
    lines = [
        f"one question: {ms}",
        f"answer over embedding the question: {over['embedding the question']} (goal 1.3), {inside}",
        f"answer over embedding the question between answers: {over['embedding between answers']}",
        f"answer over the embedding inside it: {over['the embedding inside it']}",
        f"answer over the arithmetic limit: {over['arithmetic limit']}",
        f"answer over sentence-transformers' embedding: {over['sentence-transformers']} (goal 0.6)",
        f"cold ask over cold sentence-transformers: {cold['ratio']} (goal 0.25), {seconds}",
    ]
    lines += [
        f"{row['clients']} clients: {row['answers_per_second']} answers/s, median {row['median_ms']} ms, "
        f"p95 {row['p95_ms']} ms, statuses {row['statuses']}"
        for row in served["throughput"]
    ]
    slope = f"{memory['slope_mb_per_1000']} +- {memory['slope_error']} MB per 1,000 over the second half"
    lines.append(f"memory after {memory['questions']} questions: {memory['last_mb']} MB (goal 350), {slope}")
    if "steady load" in figures:
        row = figures["steady load"]
        memory = row["memory"]
        lines.append(
            f"{row['clients']} clients for {row['seconds']:g} s: {row['answers_per_second']} answers/s, statuses "
            f"{row['statuses']}, p95 {row['p95_ms']} ms (at most {row['most_p95_ms']}), "
            f"memory {memory['first_mb']} to {memory['last_mb']} MB, "
            f"{memory['slope_mb_per_1000']} +- {memory['slope_error']} MB per 1,000 over the second half"
        )
    lines += [
        f"{row['vectors']} vectors ({row['search']}): {row['median_ms']} ms, exact {row['exact_median_ms']} ms, "
        f"recall@10 {row['recall_at_10']}; with words and scores {row['whole_median_ms']} ms, p95 "
        f"{row['whole_p95_ms']} ms (words not seen before: {row['whole_first_median_ms']} ms); {row['memory_mb']} MB, "
        f"built in {row['build_s']} s"
        for row in figures["search by size"]
    ]
    if "building" in figures:
        built = figures["building"]
        lines.append(
            f"build: {built['seconds_per_1000_vectors']} s per 1,000 vectors, {built['vectors']} vectors for "
            f"{built['passages']} passages"
        )
    return lines


def plot(figures: Mapping[str, Any], folder: Path) -> list[Path]:
    """Two pictures (SVG) of a run: search by size, and memory by questions. The same figures give the same bytes.

    Raises:
        AllchatError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
    except ModuleNotFoundError as error:
        raise AllchatError("plots need matplotlib. Install it: pip install matplotlib") from error
    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "allchat", "font.size": 9})
    folder.mkdir(parents=True, exist_ok=True)
    rows = figures["search by size"]
    sizes = [row["vectors"] for row in rows]
    lines = {"exact": [row["exact_median_ms"] for row in rows], "chosen by size": [row["median_ms"] for row in rows]}
    samples = figures["serving"]["memory"]["samples"]
    asked = [number for number, _ in samples]
    return [
        _picture(folder / "search.svg", sizes, lines, "vectors", "ms for ten hits", log=True),
        _picture(folder / "memory.svg", asked, {"server": [mb for _, mb in samples]}, "questions", "resident MB"),
    ]


def _picture(
    path: Path, across: Sequence[float], lines: Mapping[str, Sequence[float]], x: str, y: str, *, log: bool = False
) -> Path:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    for name, values in lines.items():
        axes.plot(across, values, marker="o", markersize=3, label=name)
    axes.set(xlabel=x, ylabel=y)
    if log:
        axes.set(xscale="log", yscale="log")
    else:
        axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    figure.savefig(path, format="svg", metadata={"Date": None})
    return path
