"""Tables as rows that carry their header: "Ward 3: Visiting: 2 to 4 pm; Rules: children under 12 may not enter"."""

from __future__ import annotations

import re
from collections.abc import Sequence

_LETTER = re.compile(r"[^\W\d_]{2}")


def rows(cells: Sequence[Sequence[str]], *, headed: bool) -> list[str]:
    """Each row of a table as one line: its first cell, then every other cell under its column's name. Empty cells are
    left out; with ``headed`` the first row names the columns. A table of one column gives its cells.
    """
    table = [list(row) for row in cells if any(row)]
    names = table.pop(0) if headed and len(table) > 1 else []
    return [line for row in table if (line := _line(row, names))]


def _line(row: Sequence[str], names: Sequence[str]) -> str:
    named = [(names[place] if place < len(names) else "", cell) for place, cell in enumerate(row)]
    first, *others = named
    rest = "; ".join(_with_name(name, cell) for name, cell in others if cell)
    head = first[1].rstrip(":")
    if head and first[0] and not _LETTER.search(head):  # a bare number says nothing without its column's name
        head = f"{first[0].rstrip(':')} {head}"
    return f"{head}: {rest}" if head and rest else head or rest


def _with_name(name: str, cell: str) -> str:
    cell = cell.rstrip(";")
    return f"{name.rstrip(':')}: {cell}" if name and name != cell else cell
