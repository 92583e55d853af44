"""A source's sections as HTML, with quotes marked at their offsets. Text is never searched for."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Literal

from allchat.records import Block, Outline, Section
from allchat.sources.text import BULLETS, clean
from allchat.web.tables import Cut, Table, is_row, table_of


@dataclass(frozen=True, slots=True)
class Mark:
    """Characters ``start`` to ``end`` of a document to be marked, under the id ``name``.

    ``before`` and ``after`` are HTML set inside the mark, at its two ends.
    """

    start: int
    end: int
    name: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One heading, paragraph or list item as it is shown: its visible characters and, for items, the depth."""

    start: int
    end: int
    kind: Literal["heading", "paragraph", "caption", "item"]
    depth: int = 0


def lines_of(block: Block, *, text: str) -> tuple[Line, ...]:
    """The block's lines in reading order. What stands between list items is a paragraph, so that nothing is lost.

    The items of a lead line are blocks of their own: they are not among its lines.
    """
    items = [item for item in block.items if block.start <= item.start < block.end]
    if not items:
        kind: Literal["heading", "paragraph", "caption"] = (
            block.kind if block.kind in ("heading", "caption") else "paragraph"
        )
        return _visible([Line(block.start, block.end, kind)], text=text)
    lines, cursor = [], block.start
    for item in items:
        lines += [Line(cursor, item.start, "paragraph"), Line(item.start, item.end, "item", item.depth)]
        cursor = max(cursor, item.end)
    return _visible([*lines, Line(cursor, block.end, "paragraph")], text=text)


def _visible(lines: Iterable[Line], *, text: str) -> tuple[Line, ...]:
    trimmed = (Line(*trim(text, line.start, line.end), line.kind, line.depth) for line in lines)
    return tuple(line for line in trimmed if line.start < line.end)


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The offsets without white space at either end and without the bullets in front; equal where nothing is left."""
    kept = text[start:end]
    start += len(kept) - len(kept.lstrip(f"{BULLETS} \t\r\n\f\v\u00a0"))
    return start, max(start, end - (len(kept) - len(kept.rstrip())))


def place(mark: Mark, outline: Outline, *, text: str) -> Mark | None:
    """The mark with its ends on visible characters, or None where a visible character of it is not shown anywhere.

    A mark outside the text, an empty one, and one that reaches into page furniture cannot be placed.
    """
    if not 0 <= mark.start < mark.end <= len(text):
        return None
    start, end = trim(text, mark.start, mark.end)
    touched = (block for block in outline.blocks if block.start < end and start < block.end)
    lines = [line for block in touched for line in lines_of(block, text=text) if line.start < end and start < line.end]
    edges = [start, *(edge for line in lines for edge in (max(line.start, start), min(line.end, end))), end]
    gaps = (trim(text, after, before) for after, before in list(pairwise(edges))[::2])
    if start == end or any(after < before for after, before in gaps):
        return None
    return Mark(start, end, mark.name, mark.before, mark.after)


def words_html(text: str, *, start: int, end: int, marks: Sequence[Mark] = ()) -> str:
    """The words between two offsets as HTML; ``marks`` must have been placed."""
    cuts = {start, end} | {cut for mark in marks for cut in (mark.start, mark.end) if start < cut < end}
    return "".join(_segment(text, a, b, [mark for mark in marks if mark.start <= a and b <= mark.end])
                   for a, b in pairwise(sorted(cuts)))  # fmt: skip


def _segment(text: str, start: int, end: int, marks: Sequence[Mark]) -> str:
    words = shown(text[start:end])
    if not marks:
        return words
    opened = [mark for mark in marks if mark.start == start]
    before = "".join(f'<span id="{mark.name}" tabindex="-1">{mark.before}</span>' for mark in opened[1:])
    after = "".join(mark.after for mark in marks if mark.end == end)
    name = f' id="{opened[0].name}" tabindex="-1"' if opened else ""
    names = " ".join(mark.name for mark in marks)
    return f'<mark class="{names}"{name}>{opened[0].before if opened else ""}{before}{words}{after}</mark>'


def shown(source: str) -> str:
    """Source characters, cleaned and escaped for HTML, with a space kept at an end that had white space."""
    words = clean(source)
    if not words:
        return " " if source else ""
    return f"{' ' * source[:1].isspace()}{html.escape(words)}{' ' * source[-1:].isspace()}"


def blocks_html(blocks: Iterable[Block], *, text: str, marks: Sequence[Mark] = (), level: int) -> str:
    """The blocks as HTML on a single line (Markdown must find neither a blank line nor an indent in it)."""
    shown = [lines_of(block, text=text) for block in blocks]
    parts = []
    for are_rows, group in groupby(shown, key=lambda lines: _are_rows(lines, text=text)):
        several = list(group)
        table = (
            table_of([(line.start, line.end) for lines in several for line in lines], text=text) if are_rows else None
        )
        if table is not None and all(table.shows(mark) for mark in marks):
            parts.append(_table_html(table, text=text, marks=marks))
        else:
            parts += [_lines_html(lines, text=text, marks=marks, level=level) for lines in several]
    return "".join(parts)


def _are_rows(lines: Sequence[Line], *, text: str) -> bool:
    return bool(lines) and all(
        line.kind == "item" and not line.depth and is_row((line.start, line.end), text=text) for line in lines
    )


def _table_html(table: Table, *, text: str, marks: Sequence[Mark]) -> str:
    """A table as one; a name of a column stands in its head, and not in each cell again."""

    def words(cut: Cut, marks: Sequence[Mark] = marks) -> str:
        return words_html(text, start=cut[0], end=cut[1], marks=marks)

    head = "".join(f'<th scope="col">{words(name, ())}</th>' for name in table.names)
    rows = "".join(
        f'<tr><th scope="row">{words(name)}</th>'
        + "".join(f"<td>{words(cells[column]) if column in cells else ''}</td>" for column in range(len(table.names)))
        + "</tr>"
        for name, cells in table.rows
    )
    return f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _lines_html(lines: Sequence[Line], *, text: str, marks: Sequence[Mark], level: int) -> str:
    parts: list[str] = []
    depth = -1
    for line in lines:
        parts.append(_between(depth, line))
        depth = line.depth if line.kind == "item" else -1
        opening, closing = _tags(line, level=level)
        parts.append(f"{opening}{words_html(text, start=line.start, end=line.end, marks=marks)}{closing}")
    return "".join([*parts, "</li></ul>" * (depth + 1)])


def _between(depth: int, line: Line) -> str:
    """What closes and opens lists between a line at ``depth`` (-1: not an item) and the next one."""
    wanted = line.depth if line.kind == "item" else -1
    if wanted > depth:
        return '<ul class="nested"><li>' * (wanted - depth - 1) + "<ul><li>"
    closing = "</li></ul>" * (depth - wanted)
    return closing + ("</li><li>" if wanted >= 0 else "")


def _tags(line: Line, *, level: int) -> tuple[str, str]:
    if line.kind == "item":
        return "", ""
    if line.kind == "heading":
        return f"<h{level}>", f"</h{level}>"
    return ('<p class="caption">' if line.kind == "caption" else "<p>"), "</p>"


def section_html(
    section: Section, outline: Outline, *, text: str, marks: Sequence[Mark] = (), level: int, whole: bool = True
) -> str:
    """The section's heading and its blocks; the heading is marked like any other words when it is quoted.

    Not ``whole``: only its heading and the blocks in which a mark stands.
    """
    blocks = [
        block
        for block in outline.blocks
        if block.section == section.number and (whole or block.start == section.start or _touches(block, marks))
    ]
    headed = not section.heading or (bool(blocks) and blocks[0].start == section.start)
    if headed and section.heading and blocks[0].kind == "lead":  # "Four types of treatment are used:" heads a section
        blocks[0] = replace(blocks[0], kind="heading")
    body = blocks_html(blocks, text=text, marks=marks, level=level)
    return body if headed else f"<h{level}>{html.escape(section.heading[-1])}</h{level}>{body}"


def _touches(block: Block, marks: Iterable[Mark]) -> bool:
    return any(block.start < mark.end and mark.start < block.end for mark in marks)


def sections_of(marks: Collection[Mark], outline: Outline) -> tuple[Section, ...]:
    """The sections in which the marks stand, in reading order."""
    numbers = {block.section for block in outline.blocks if _touches(block, marks)}
    return tuple(section for section in outline.sections if section.number in numbers)
