"""Vectors in FAISS: exact while there are few, in cells whose recall is measured where there are many."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import faiss
import numpy as np
from numpy.typing import NDArray

from allchat.search.embedder import Vectors

EXACT_ROWS: Final = 10_000
"""Vectors up to which search is exact. There it takes about 0.5 ms, a tenth of a question (docs/performance.md)."""

RECALL: Final = 0.97
"""Least share of the ten nearest rows that an approximate search finds on its own probes; 0.95 is promised."""

PROBED: Final = 256
"""Rows that an approximate search is measured on when it is built."""


def vector_index(vectors: Vectors, *, exact_rows: int = EXACT_ROWS) -> faiss.Index:
    """A search by inner product over ``(n, d)`` unit vectors: exact up to ``exact_rows`` rows, then approximate.

    The approximate one (FAISS's inverted file, as many cells as the root of n) looks into as few cells as give
    ``RECALL`` of the ten nearest on ``PROBED`` rows of its own that are moved a little, as questions lie near what they
    ask for. The same vectors give the same index.
    """
    vectors = np.ascontiguousarray(vectors)
    exact = faiss.IndexFlatIP(vectors.shape[1])
    if len(vectors) <= exact_rows:
        exact.add(vectors)
        return exact
    cells = 2 ** round(math.log2(math.sqrt(len(vectors))))
    index = faiss.IndexIVFFlat(exact, vectors.shape[1], cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.max_points_per_centroid = 64  # a quarter of the default: a million rows are trained on in seconds
    index.train(vectors)
    index.add(vectors)
    queries = _moved(vectors)
    nearest = _nearest(queries, vectors)
    index.nprobe = next(
        (cells_read for cells_read in _doubling(cells) if _recall(index, queries, nearest, cells_read) >= RECALL), cells
    )
    return index


def opened_vectors(content: memoryview) -> faiss.Index:
    """The index that ``write_vectors`` wrote. Its rows stay where they are in ``content``: they are not copied."""
    there = np.frombuffer(content, dtype=np.uint8)
    index = faiss.read_index(faiss.ZeroCopyIOReader(faiss.swig_ptr(there), len(there)))  # type: ignore[attr-defined]
    faiss.add_to_referenced_objects(index, there)  # type: ignore[attr-defined] # lives as long as what looks into it
    return index


def search_vectors(index: faiss.Index, queries: Vectors, *, limit: int) -> tuple[Vectors, NDArray[np.int64]]:
    """Cosines and rows of the ``limit`` nearest for each query, most similar first, on this thread alone.

    ``(queries, found)``: fewer are found where there are fewer rows, and for no other reason.
    """
    if index.ntotal == 0 or len(queries) == 0:
        return np.zeros((len(queries), 0), dtype=np.float32), np.zeros((len(queries), 0), dtype=np.int64)
    # FAISS's threads wait for each other: on a busy machine that takes fifty times as long as the search.
    faiss.omp_set_num_threads(1)
    queries, limit = np.ascontiguousarray(queries), min(limit, index.ntotal)
    cosines, rows = index.search(queries, limit)
    if isinstance(index, faiss.IndexIVF):
        wider = faiss.SearchParametersIVF()
        wider.nprobe = index.nprobe
        while (rows < 0).any() and wider.nprobe < index.nlist:  # its cells hold fewer rows than are asked for
            wider.nprobe *= 2
            cosines, rows = index.search(queries, limit, params=wider)
    return cosines, rows


def search_name(index: faiss.Index) -> str:
    """How an index of vectors searches, in words."""
    return f"{index.nlist} cells, {index.nprobe} read" if isinstance(index, faiss.IndexIVF) else "exact"


def _moved(vectors: Vectors) -> Vectors:
    """``PROBED`` rows spread over ``vectors``, each turned by a fixed random amount to a cosine of about 0.8."""
    rows = vectors[np.linspace(0, len(vectors) - 1, PROBED).astype(np.int64)]
    noise = np.random.default_rng(0).standard_normal(rows.shape).astype(np.float32)
    moved = rows + 0.75 * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), dtype=np.float32)


def _nearest(queries: Vectors, vectors: Vectors) -> NDArray[np.int64]:
    """The rows of the ten nearest vectors of each query, by exact search."""
    return np.asarray(faiss.knn(queries, vectors, 10, metric=faiss.METRIC_INNER_PRODUCT)[1])


def _doubling(most: int) -> Iterator[int]:
    cells = 1
    while cells < most:
        yield cells
        cells *= 2


def _recall(index: faiss.IndexIVFFlat, queries: Vectors, nearest: NDArray[np.int64], cells: int) -> float:
    index.nprobe = cells
    found = index.search(queries, nearest.shape[1])[1]
    return float(np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found, nearest, strict=True)]))


def write_vectors(path: Path, vectors: Vectors) -> None:
    """The vectors as a FAISS index, at a path."""
    index = vector_index(vectors)
    path.write_bytes(faiss.serialize_index(index).tobytes())  # faiss.write_index says nothing of a full disk
