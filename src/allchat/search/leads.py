"""Where rows of vectors lead: an array on disk, read as it is."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from allchat.errors import StoreError
from allchat.search.question_map import DAMAGED
from allchat.search.schema import Targets
from allchat.search.store import Near

LEADS_FILE: Final = "leads.npy"


def packed(targets: Targets) -> bytes:
    """The bytes of the file: row, grain, block and sentence, in the order of rows and of blocks."""
    file = io.BytesIO()
    np.save(file, np.array(sorted(targets), dtype="<i4").reshape(-1, 4))
    return file.getvalue()


class Leads:
    """What each of ``count`` rows leads to, of the lines that ``leads_of`` gives."""

    def __init__(self, lines: NDArray[np.int32], *, count: int) -> None:
        rows, *targets = np.ascontiguousarray(lines.T)
        self._targets = tuple(targets)
        self._first = np.searchsorted(rows, np.arange(count + 1)).astype(np.int32)

    def near(self, cosines: NDArray[np.float32], rows: NDArray[np.intp]) -> Near:
        """What rows lead to, each with its cosine, ``(n,)`` both, in their order."""
        first, after = self._first[rows], self._first[rows + 1]
        counts = after - first
        lines = np.repeat(first - np.concatenate(([0], np.cumsum(counts)))[:-1], counts) + np.arange(counts.sum())
        found = (column[lines].astype(np.intp) for column in self._targets)
        return Near(np.repeat(cosines.astype(np.float64), counts), *found)


def leads_of(content: memoryview, *, path: Path) -> NDArray[np.int32]:
    """The lines of the file that was at ``path``, ``(n, 4)``: row, grain, block, sentence.

    Raises:
        StoreError: it is damaged.
    """
    try:
        found = np.load(io.BytesIO(content))
    except (OSError, *DAMAGED) as error:
        raise StoreError(f"{path}: cannot be read ({error}). Run: allchat build --force") from error
    if found.ndim != 2 or found.shape[1] != 4 or found.dtype != np.int32:
        raise StoreError(f"{path}: is no list of rows. Run: allchat build --force")
    return np.asarray(found)
