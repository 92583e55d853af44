"""The two things that an index is behind: a ``Store``, one version of it that never changes, and a ``Shelf``, the place
where versions lie and one of them is in force. Whoever searches knows no more than this of files and databases.

What holds of every store: numbers of blocks follow the order of documents and of reading, by which hits of equal score
are ordered; what is asked for together comes in one trip; fewer rows than were asked for means that there are no more.
``tests/search/test_stores.py`` holds all of them to it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from allchat.records import Applies, Block, Outline, Passage
from allchat.search.embedder import Vectors

COLUMNS: Final = ((0.5, 1.0, 0.0), (0.0, 0.0, 1.0))
"""BM25's weights for heading, body and questions: of the parts "words" and "question_words"."""

MOST_POSTINGS: Final = 1000
"""Blocks that are scored for one word: one that stands in more says little of each."""

KEPT_BLOCKS: Final = 4096
"""Blocks, headings and questions that an opened store remembers: a few megabytes at most."""


class Near(NamedTuple):
    """What vectors near to a query lead to, ``(m,)`` each: their cosines, grains (as numbers of ``GRAINS``), blocks,
    and sentences in them (-1 for coarser grains).
    """

    cosines: NDArray[np.float64]
    grains: NDArray[np.intp]
    blocks: NDArray[np.intp]
    sentences: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """Where a word stands: ``count`` blocks hold it; ``blocks`` ``(n,)`` are their numbers, ascending, and ``scores``
    ``(n, 2)`` what it says there, by ``COLUMNS``. Of a word in very many blocks the best ``MOST_POSTINGS`` are given.
    """

    count: int
    blocks: NDArray[np.intp]
    scores: NDArray[np.float64]

    def among(self, numbers: NDArray[np.intp]) -> int:
        """How many of some blocks are among ``blocks``."""
        places = np.searchsorted(self.blocks, numbers)
        inside = places < len(self.blocks)
        return int((self.blocks[places[inside]] == numbers[inside]).sum())

    def stands_in(self, numbers: Sequence[int]) -> bool:
        """Whether one of a few blocks is among ``blocks``."""
        places = np.searchsorted(self.blocks, numbers).tolist()
        near = ((place, number) for place, number in zip(places, numbers, strict=True) if place < len(self.blocks))
        return any(self.blocks[place] == number for place, number in near)


Hears = Callable[[float], None]
"""Is told how many seconds something took."""


class Store(Protocol):
    """One version of an index in one language, opened: read-only, safe to share between threads.

    Every method raises StoreError where the store cannot answer; none gives a part of an answer.
    """

    @property
    def folder(self) -> Path:
        """Where its files lie: the manifest, the judges, the exported model."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What it was built from, and the sha256 of each of its files."""

    @property
    def version(self) -> str:
        """The sha256 of the manifest."""

    @property
    def language(self) -> str:
        """The language that is asked in."""

    @property
    def others(self) -> Mapping[str, Store]:
        """The same version for questions in each other language."""

    @property
    def block_count(self) -> int:
        """How many blocks there are."""

    @property
    def dimension(self) -> int:
        """The length of a vector."""

    @property
    def connections(self) -> int:
        """How many connections to where it lies are in use at this moment; none of one that is in memory."""

    def near(self, vectors: Vectors, *, limit: int) -> Near:
        """What the vector rows nearest to each query lead to: all of the first query, the sources' rows before those of
        our questions and each most similar first, then all of the next.

        ``limit`` bounds the rows of each kind that are looked at for a query; a row that leads to several blocks is
        there for each.
        """

    def postings(self, words: Sequence[str]) -> list[Postings]:
        """For each word the blocks that hold it or its stem, with its BM25 as SQLite's FTS5 counts it. BM25 is a sum
        over words: a question's is that of its words.
        """

    def setting(self, name: str) -> Any:
        """A value that the build stored, or None."""

    def blocks(self, numbers: Iterable[int]) -> list[Block]:
        """The blocks of these numbers, in the order asked for."""

    def headings(self, blocks: Sequence[Block]) -> list[tuple[str, ...]]:
        """For each block the path of headings above it, outermost first."""

    def questions_of(self, blocks: Sequence[Block]) -> list[tuple[str, ...]]:
        """For each block our questions in the store's language that it answers, in the order of their file."""

    def questions(self) -> list[tuple[int, int, str]]:
        """All questions as (block, sentence or -1, text), in the order of the blocks."""

    def special(self) -> dict[Applies, NDArray[np.intp]]:
        """The blocks that do not speak for everyone, ascending, by what they apply to."""

    def asked(self) -> NDArray[np.bool_]:
        """For each block whether its source has questions of ours, ``(block_count,)``."""

    def told(self, fact: str) -> dict[str, str]:
        """A fact of each document (``title``, ``language``, ...), by its key."""

    def documents_of_blocks(self) -> list[str]:
        """For each block the key of its document, in their order."""

    def outline(self, document: str) -> Outline:
        """The outline of one document as it was when the index was built; an empty one where it is not known."""

    def passages(self, document: str) -> list[Passage]:
        """The passages of one document in reading order."""

    def passage_counts(self) -> dict[str, int]:
        """How many passages each document has."""

    def close(self) -> None:
        """Lets go of what it holds; whatever is asked afterwards is an error."""


class Shelf(Protocol):
    """Where the versions of one index lie. Each has a name: the beginning of its manifest's sha256."""

    @property
    def name(self) -> str:
        """What it is called where something is said of it."""

    @property
    def kind(self) -> str:
        """What kind of place it is, as the metrics call it: folder, shared, postgresql."""

    def hear(self, told: Hears) -> None:
        """From now on ``told`` is given the seconds of each query, waiting included, that a store of this shelf sends
        elsewhere; one that is in memory sends none.
        """

    def current(self) -> str | None:
        """The name of the version in force as it is noted, None where none is; nothing is checked."""

    def open(self, name: str | None = None) -> Store:
        """A version, by default the one in force, checked against its manifest.

        Raises:
            StoreError: there is none, it is of another format, or a part of it is missing or altered.
        """

    def write(self, made: Path) -> str:
        """Puts the version whose files a build made beside those that are there, and gives its name. It is not in force
        yet; of one that is there already no more is written than the files that are missing or altered.

        Raises:
            StoreError: it cannot be written; nothing that was there is touched.
        """

    def publish(self, name: str, *, instead_of: str | None) -> None:
        """Puts a version in force, in one step, if ``instead_of`` still is.

        Raises:
            StoreError: another version has come in force meanwhile, or there is none of that name.
        """

    def versions(self) -> list[str]:
        """The names of the versions that are there, the one in force among them."""

    def drop(self, name: str) -> None:
        """Removes a version that is not in force; does nothing where there is none of that name."""


Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """Values that are fetched together and remembered, the ``most`` that were asked for last."""

    def __init__(self, fetch: Callable[[list[Key]], Iterable[Value]], *, most: int) -> None:
        self._fetch = fetch
        self._most = most
        self._lock = threading.Lock()
        self._values: dict[Key, Value] = {}

    def __call__(self, keys: Iterable[Key]) -> list[Value]:
        """The value of each key, in the order of the keys. Those that are not remembered come in one trip."""
        wanted = list(keys)
        with self._lock:
            found = {key: self._values.pop(key) for key in dict.fromkeys(wanted) if key in self._values}
            self._values |= found
        missing = [key for key in dict.fromkeys(wanted) if key not in found]
        if missing:
            found |= zip(missing, self._fetch(missing), strict=True)
            with self._lock:
                self._values |= found
                for key in list(islice(self._values, max(0, len(self._values) - self._most))):
                    del self._values[key]
        return [found[key] for key in wanted]
