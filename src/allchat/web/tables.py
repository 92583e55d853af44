"""Table rows of a converted text, "Ward 3: Visiting: 2 to 4 pm; Rules: no child under 12", as cells again.

A row carries its header in its words. Where rows that stand together carry the same names, they are shown as the table
that they were; every cell is a cut of the text, and a name stands once, in the head.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

Cut = tuple[int, int]

LONGEST_NAME = 60
"""Characters of a column's or row's name; a sentence with a colon in it is none."""

_PART = re.compile(r"; ")


class Marked(Protocol):
    """Characters that are marked."""

    @property
    def start(self) -> int:
        """The first one."""

    @property
    def end(self) -> int:
        """The one behind the last."""


@dataclass(frozen=True, slots=True)
class Table:
    """``names`` are the cuts of the columns' names; each row has the cut of its own name, and its cells by column."""

    names: tuple[Cut, ...]
    rows: tuple[tuple[Cut, dict[int, Cut]], ...]

    def shows(self, mark: Marked) -> bool:
        """Whether a mark begins and ends in cells, and not in a name that is left out, or is elsewhere."""
        cuts = [cut for head, cells in self.rows for cut in (head, *cells.values())]
        first, last = min(cut[0] for cut in cuts), max(cut[1] for cut in cuts)
        begins = mark.start < first or mark.start >= last or any(start <= mark.start < end for start, end in cuts)
        ends = mark.end <= first or mark.end > last or any(start < mark.end <= end for start, end in cuts)
        return begins and ends


def is_row(line: Cut, *, text: str) -> bool:
    """Whether a line may be a row: a name, and cells each under a name."""
    return _row(line, text) is not None


def table_of(lines: Sequence[Cut], *, text: str) -> Table | None:
    """The table that lines (two or more) were, or None where they do not carry the same names."""
    rows = [row for line in lines if (row := _row(line, text)) is not None]
    if len(rows) < 2 or len(rows) < len(lines):
        return None
    named = [[text[slice(*name)] for name, _ in parts] for _, parts in rows]
    said = Counter(name for names in named for name in set(names))
    names = _in_order([[name for name in row if said[name] * 2 > len(rows)] for row in named])
    cells = [_cells(parts, names, text) for _, parts in rows]
    if not names or not all(cells):
        return None
    first = {text[slice(*name)]: name for _, parts in reversed(rows) for name, _ in parts}
    return Table(tuple(first[name] for name in names), tuple(zip([head for head, _ in rows], cells, strict=True)))


def _in_order(rows: Sequence[Sequence[str]]) -> list[str]:
    """The names of the columns: those of the longest row, if every row has them in this order."""
    names = max(rows, key=len)
    places = {name: number for number, name in enumerate(names)}
    fits = all(name in places for row in rows for name in row) and all(
        places[one] < places[other] for row in rows for one, other in pairwise(row)
    )
    return list(names) if fits else []


def _row(line: Cut, text: str) -> tuple[Cut, list[tuple[Cut, Cut]]] | None:
    """A row's own name, and its parts, each with what may be its column's name; None where it is no row."""
    start, end = line
    colon = text.find(": ", start, end)
    if not 0 < colon - start <= LONGEST_NAME:
        return None
    edges = [colon + 2, *(found.end() for found in _PART.finditer(text, colon + 2, end)), end + 2]
    parts: list[tuple[Cut, Cut]] = []
    for begin, after in pairwise(edges):
        stop = after - 2
        named = text.find(": ", begin, stop)
        if 0 < named - begin <= LONGEST_NAME:
            parts.append(((begin, named), (named + 2, stop)))
        elif parts:  # the cell before has a semicolon in it
            parts[-1] = parts[-1][0], (parts[-1][1][0], stop)
        else:
            return None
    return (start, colon), parts


def _cells(parts: Sequence[tuple[Cut, Cut]], names: Sequence[str], text: str) -> dict[int, Cut]:
    """A row's cells by column; a part that names none goes on with the cell before it. Empty where the first does."""
    cells: dict[int, Cut] = {}
    last = -1
    for name, cell in parts:
        if text[slice(*name)] in names:
            last = names.index(text[slice(*name)])
            cells[last] = cell
        elif last < 0:
            return {}
        else:
            cells[last] = cells[last][0], cell[1]
    return cells
