"""What a search costs in indexes of any size, with made texts."""

from __future__ import annotations

import gc
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from allchat.answering.pipeline import HITS
from allchat.benchmark.figures import BySize
from allchat.benchmark.timing import Vectors, milliseconds, resident_mb
from allchat.records import Block, Document, Outline, Section
from allchat.search.folder import open_index, write_index
from allchat.search.retriever import Search
from allchat.search.schema import Contents
from allchat.search.vectors import search_name, search_vectors, vector_index
from allchat.search.words import content_words

BLOCK_WORDS, IN_A_DOCUMENT = 40, 500
"""Of made texts: words of a block, blocks of a document."""

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
        size = (min(IN_A_DOCUMENT, count - first), BLOCK_WORDS)
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


def search_by_size(
    real: Vectors, *, questions: Sequence[str], sizes: Sequence[int], times: int = 100
) -> tuple[BySize, ...]:
    """What an index of each size takes, of made vectors and made words: ms for ten hits among the vectors and, beside
    it, by exact search, which recall@10 is held against; ms for the whole search of a question, vectors, words and
    scores, the first time and where its words are remembered; MB; seconds to build and to open. Each size in a process
    of its own.
    """
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        return tuple(pool.apply(_one_size, (real, questions, size, times)) for size in sizes)


def _one_size(real: Vectors, questions: Sequence[str], size: int, times: int) -> BySize:
    vectors, queries = made_vectors(real, count=size), made_vectors(real, count=times, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        contents, begun = made_contents(questions, count=size), time.perf_counter()
        write_index(contents, folder=Path(folder), embedder=_Given(vectors), inputs={}, settings={})
        seconds = time.perf_counter() - begun
        del contents
        gc.collect()
        before, begun = resident_mb(os.getpid()), time.perf_counter()
        index = open_index(Path(folder))
        opened = time.perf_counter() - begun
        taken = resident_mb(os.getpid()) - before
        search = Search(index, embedder=_Given(vectors))
        asked = [(questions[n % len(questions)],) for n in range(times)]
        first, again = (
            [
                milliseconds(lambda n: search.find(asked[n], vectors=queries[n : n + 1], limit=HITS), n)
                for n in range(times)
            ]
            for _ in range(2)
        )
        chosen, exact = index._vectors, vector_index(vectors, exact_rows=size)
        ten = min(10, size)
        found, wanted = (search_vectors(one, queries, limit=ten)[1] for one in (chosen, exact))
        recall = np.mean([len(set(a) & set(b)) / ten for a, b in zip(found, wanted, strict=True)])
        return BySize(
            vectors=size,
            search=search_name(chosen),
            median_ms=_median_ms(partial(search_vectors, chosen, limit=ten), queries),
            exact_median_ms=_median_ms(partial(search_vectors, exact, limit=ten), queries),
            recall_at_10=round(float(recall), 4),
            whole_median_ms=round(statistics.median(again), 3),
            whole_p95_ms=round(float(np.quantile(again, 0.95)), 3),
            whole_first_median_ms=round(statistics.median(first), 3),
            # Pages that were freed before may have been taken again: it is at least the rows.
            memory_mb=round(max(taken, size * real.shape[1] * 4 / 2**20), 1),
            build_s=round(seconds, 2),
            open_s=round(opened, 2),
        )


def _median_ms(search: Callable[[Vectors], object], queries: Vectors) -> float:
    return round(statistics.median(milliseconds(search, query[None]) for query in queries), 3)
