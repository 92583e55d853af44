"""PDF: lines whose words stand in columns to table rows, each of which carries its header."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from allchat.sources.readers.pdf_lines import Line, Page
from allchat.sources.readers.pieces import tidy
from allchat.sources.readers.tables import rows

NEAR = 4.0
"""Points by which a cell may begin before its column does."""

HEAVIER = 150
"""By how much heavier a row's letters are that names the columns."""

APART = 3.5
"""Lines of a table are no further apart than this many times their size."""

LEAST_ROWS = 2
MOST_CELL_WORDS = 40
"""Longer cells are columns of text that stand side by side."""


def with_rows(lines: Sequence[Line], pages: tuple[Page, ...]) -> list[Line]:
    """The lines, with each table's lines put together to its rows (``row`` is set, ``text`` is the row)."""
    made: list[Line] = []
    place = 0
    while place < len(lines):
        end = _end(lines, place)
        found = _rows(lines[place:end], pages[lines[place].page - 1]) if end - place >= LEAST_ROWS else []
        made += found or [lines[place]]
        place = end if found else place + 1
    return made


def _end(lines: Sequence[Line], first: int) -> int:
    """Where a table that begins at a line ends: lines of several cells, and such as go on with one of its cells."""
    if len(lines[first].cells) < 2:
        return first
    second = lines[first].cells[1][0]
    end = first + 1
    while end < len(lines):
        line, before = lines[end], lines[end - 1]
        below = line.page == before.page and -2 < before.bottom - line.top + line.size < APART * line.size
        goes_on = len(line.cells) == 1 and line.left >= min(second, before.cells[-1][0]) - NEAR
        if not below or not (len(line.cells) > 1 or goes_on):
            break
        end += 1
    return end


def _rows(lines: Sequence[Line], page: Page) -> list[Line]:
    most = max(len(line.cells) for line in lines)
    whole = [line.cells for line in lines if len(line.cells) == most]
    columns = [min(cells[number][0] for cells in whole) for number in range(most)]
    drawn = _drawn(lines, page, columns)
    grid: list[tuple[Line, list[str]]] = []
    for number, line in enumerate(lines):
        cells = [(_column(cell, columns), cell[2]) for cell in line.cells]
        if not grid or _begins(line, lines[number - 1], drawn, first=cells[0][0] == 0):
            grid.append((line, [""] * len(columns)))
        for column, words in cells:
            grid[-1][1][column] = tidy(f"{grid[-1][1][column]} {words}")
    full = [row for _, row in grid if sum(map(bool, row)) > 1]
    long = any(len(cell.split()) > MOST_CELL_WORDS for _, row in grid for cell in row)
    if len(full) < LEAST_ROWS or len(full) < len(grid) / 2 or long:
        return []
    return list(_shown(grid))


def _column(cell: tuple[float, float, str], columns: Sequence[float]) -> int:
    """The column of a cell: the last one that begins before its middle, a heading's cells being centred."""
    middle = (cell[0] + cell[1]) / 2
    return max((number for number, left in enumerate(columns) if left - NEAR <= middle), default=0)


def _drawn(lines: Sequence[Line], page: Page, columns: Sequence[float]) -> list[float]:
    """The heights of the lines drawn between a table's rows; none where fewer are drawn than rows may begin."""
    low, high = lines[-1].bottom, lines[0].top
    heights = {round(y) for y, left, right in page.across if low < y < high and left - NEAR <= columns[0] <= right}
    begun = sum(_column(line.cells[0], columns) == 0 for line in lines)
    return sorted(heights) if len(heights) >= (begun - 1) / 2 else []


def _begins(line: Line, before: Line, drawn: Sequence[float], *, first: bool) -> bool:
    """Whether a line begins a row: below a drawn line, or, where none are drawn, by a word in the first column."""
    return any(line.top - 2 <= y <= before.bottom + 2 for y in drawn) if drawn else first


def _is_headed(grid: Sequence[tuple[Line, list[str]]]) -> bool:
    """Whether the first row names the columns: it is heavier than the others. A wrong name would be a false statement,
    a missing one only leaves a row shorter.
    """
    first, *others = (line.weight for line, _ in grid)
    return first >= max(others, default=first) + HEAVIER


def _shown(grid: Sequence[tuple[Line, list[str]]]) -> Iterator[Line]:
    said = rows([cells for _, cells in grid], headed=_is_headed(grid))
    places = [line for line, cells in grid if any(cells)]
    for words, line in zip(said, places[len(places) - len(said) :], strict=True):
        yield replace(line, text=words, row=True)
