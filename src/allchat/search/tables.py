"""What a store keeps in tables, read back as records: the same tables and the same SQL in every engine."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allchat.records import Applies, Block, Furniture, Outline, Passage, Section, Span
from allchat.search.schema import BLOCK_COLUMNS, EVERYONE, applies_of, block_of
from allchat.search.store import KEPT_BLOCKS, Kept

Row = tuple[Any, ...]

MOST_VALUES = 10_000
"""Values of one query: both engines take 32,000."""


class Tables(ABC):
    """All of a ``Store`` that is no search. Questions come back to the same blocks: what was read of them is kept."""

    language: str

    def __init__(self) -> None:
        self._blocks = Kept(self._blocks_of, most=KEPT_BLOCKS)
        self._headings = Kept(self._headings_of, most=KEPT_BLOCKS)
        self._questions = Kept(self._questions_at, most=KEPT_BLOCKS)

    @abstractmethod
    def _all(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows that a query gives, ``?`` standing for each value."""

    def _among(self, query: str, keys: Sequence[Any], *, before: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query whose ``{}`` stands for some keys, with the values that come before them."""
        found: list[Row] = []
        for first in range(0, len(keys), MOST_VALUES):
            listed, values = self._listed(keys[first : first + MOST_VALUES])
            found += self._all(query.format(listed), [*before, *values])
        return found

    def _listed(self, keys: Sequence[Any]) -> tuple[str, Sequence[Any]]:
        """Some keys as a table, numbers or tuples, and the values in it."""
        one = f"({', '.join('?' * len(keys[0]))})" if isinstance(keys[0], tuple) else "(?)"
        values = [value for key in keys for value in (key if isinstance(key, tuple) else (key,))]
        return f"(VALUES {', '.join([one] * len(keys))})", values

    def setting(self, name: str) -> Any:
        """See ``Store.setting``."""
        found = self._all("SELECT value FROM settings WHERE name = ?", (name,))
        return json.loads(found[0][0]) if found else None

    def blocks(self, numbers: Iterable[int]) -> list[Block]:
        """See ``Store.blocks``."""
        return self._blocks(numbers)

    def _blocks_of(self, numbers: Sequence[int]) -> list[Block]:
        rows = self._among(f"SELECT {BLOCK_COLUMNS} FROM blocks WHERE id IN {{}} ORDER BY id", numbers)  # noqa: S608 - our own names
        query = 'SELECT block, start, "end" FROM sentences WHERE block IN {} ORDER BY block, number'
        spans: dict[int, list[Span]] = {}
        for block, start, end in self._among(query, numbers):
            spans.setdefault(block, []).append(Span(start, end))
        found = {row[0]: block_of(row, spans.get(row[0], [])) for row in rows}
        return [found[number] for number in numbers]

    def headings(self, blocks: Sequence[Block]) -> list[tuple[str, ...]]:
        """See ``Store.headings``."""
        return self._headings((block.document, block.section) for block in blocks)

    def _headings_of(self, sections: Sequence[tuple[str, int]]) -> list[tuple[str, ...]]:
        query = "SELECT document, number, heading FROM sections WHERE (document, number) IN {}"
        found = {(document, number): heading for document, number, heading in self._among(query, sections)}
        return [tuple(json.loads(found[section])) for section in sections]

    def questions_of(self, blocks: Sequence[Block]) -> list[tuple[str, ...]]:
        """See ``Store.questions_of``."""
        return self._questions((block.document, block.start) for block in blocks)

    def _questions_at(self, places: Sequence[tuple[str, int]]) -> list[tuple[str, ...]]:
        query = (
            "SELECT b.document, b.start, q.text FROM questions q JOIN blocks b ON b.id = q.block "
            "WHERE q.language = ? AND (b.document, b.start) IN {} ORDER BY q.id"
        )
        found: dict[tuple[str, int], list[str]] = {}
        for document, start, text in self._among(query, places, before=(self.language,)):
            found.setdefault((document, start), []).append(text)
        return [tuple(found.get(place, ())) for place in places]

    def questions(self) -> list[tuple[int, int, str]]:
        """See ``Store.questions``."""
        rows = self._all("SELECT block, sentence, text FROM questions ORDER BY id")
        return [(int(block), int(sentence), str(text)) for block, sentence, text in rows]

    def special(self) -> dict[Applies, NDArray[np.intp]]:
        """See ``Store.special``."""
        found: dict[Applies, list[int]] = {}
        for number, stored in self._all("SELECT id, applies FROM blocks WHERE applies != ? ORDER BY id", (EVERYONE,)):
            found.setdefault(applies_of(stored), []).append(number)
        return {applies: np.array(numbers, dtype=np.intp) for applies, numbers in found.items()}

    def _documents(self) -> list[tuple[str, int]]:
        """The documents that have blocks and how many each has, in the order of the blocks."""
        return [
            (str(document), int(count))
            for document, count, _ in self._all(
                "SELECT document, count(*), min(id) FROM blocks GROUP BY document ORDER BY min(id)"
            )
        ]

    def asked(self) -> NDArray[np.bool_]:
        """See ``Store.asked``."""
        query = "SELECT DISTINCT document FROM blocks WHERE id IN (SELECT block FROM questions)"
        asked, documents = {row[0] for row in self._all(query)}, self._documents()
        return np.repeat([key in asked for key, _ in documents], [count for _, count in documents]).astype(bool)

    def documents_of_blocks(self) -> list[str]:
        """See ``Store.documents_of_blocks``."""
        return [key for key, count in self._documents() for _ in range(count)]

    def told(self, fact: str) -> dict[str, str]:
        """See ``Store.told``."""
        rows = self._all("SELECT key, facts FROM documents ORDER BY key")
        return {key: str(json.loads(facts)[fact]) for key, facts in rows}

    def outline(self, document: str) -> Outline:
        """See ``Store.outline``."""
        sections = self._all(
            'SELECT number, heading, start, "end", applies FROM sections WHERE document = ? ORDER BY number',
            (document,),
        )
        numbers = [row[0] for row in self._all("SELECT id FROM blocks WHERE document = ? ORDER BY id", (document,))]
        furniture = self._all('SELECT start, "end", what FROM furniture WHERE document = ? ORDER BY start', (document,))
        return Outline(
            document,
            tuple(
                Section(document, number, tuple(json.loads(heading)), start, end, applies_of(applies))
                for number, heading, start, end, applies in sections
            ),
            tuple(self._blocks_of(numbers)),
            tuple(Furniture(*row) for row in furniture),
        )

    def passages(self, document: str) -> list[Passage]:
        """See ``Store.passages``."""
        query = 'SELECT document, section, start, "end", text, tokens FROM passages WHERE document = ? ORDER BY id'
        return [Passage(*row) for row in self._all(query, (document,))]

    def passage_counts(self) -> dict[str, int]:
        """See ``Store.passage_counts``."""
        return dict(self._all("SELECT document, count(*) FROM passages GROUP BY document ORDER BY document"))
