"""A text's lines: furniture left out, list marks, titles and wrapped lines recognised."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from allchat.errors import CorpusError
from allchat.records import Document, Furniture, FurnitureRule, Span
from allchat.sources.sentences import stripped
from allchat.sources.text import BULLETS, LINE_ENDS, clean

TITLE_CHARACTERS = 90
"""A line longer than this is not a title."""

TERMINAL = re.compile(r"[.!?:][\"'”’)\]]*(?:\s*\[\d{1,3}\])*$")
_FIGURE = re.compile(
    r"^[^.:]{2,80}; (?:\(Panel|.{0,40}?\b(?:drawing|panel|photo\w*|image|diagram|illustration)\b)", re.IGNORECASE
)

_LIST_MARK = re.compile(r"(?:[-*+\u2013\u2014]|\d{1,2}[.)])\s+\S")
_LIGATURE_SPELLINGS = {
    "ffi": "(?:ffi|ﬃ|ﬀi|fﬁ)",
    "ffl": "(?:ffl|ﬄ|ﬀl|fﬂ)",
    "ff": "(?:ff|ﬀ)",
    "fi": "(?:fi|ﬁ)",
    "fl": "(?:fl|ﬂ)",
    "st": "(?:st|ﬅ|ﬆ)",
}
_LETTERS = re.compile("ffi|ffl|ff|fi|fl|st|.", re.DOTALL)

_AtomKind = Literal["heading", "text", "item", "caption"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line that holds anything, without the white space at its ends."""

    start: int
    end: int
    indent: int
    bullet: bool
    gap: bool  # a blank line stands before it
    parted: bool = False  # furniture stands before it


@dataclass(frozen=True, slots=True)
class Atom:
    """A piece of text that no block boundary cuts: a title, a paragraph's line, a list item."""

    kind: _AtomKind
    start: int
    end: int
    depth: int = 0  # of a list item, or of the item that a text stands in (then depth = that item's + 1)
    level: int = 0  # of a heading


def locate(text: str, words: str, *, after: int = 0, line_start: bool = True) -> Span | None:
    """Where normalised ``words`` stand in a source, the first place or None; white space and ligatures may differ.

    With ``line_start`` they begin a line, after its indent and bullet.
    """
    pattern = r"\s+".join(_spelled(word) for word in words.split())
    if line_start:
        pattern = rf"(?:(?<=[{LINE_ENDS}])|\A)[^\S{LINE_ENDS}]*[\ufeff{BULLETS}]*[^\S{LINE_ENDS}]*({pattern})"
    match = re.compile(pattern).search(text, after)
    return None if match is None else Span(*match.span(1 if line_start else 0))


def _spelled(word: str) -> str:
    pieces = _LETTERS.findall(word)
    return "".join(_LIGATURE_SPELLINGS.get(piece, re.escape(piece)) for piece in pieces)


def text_lines(text: str, *, marks: bool) -> list[Line]:
    """The lines that hold anything. With ``marks``, "- " and "1. " make a list item as bullets do."""
    lines: list[Line] = []
    offset, gap = 0, True
    for raw in text.splitlines(keepends=True):
        span = stripped(text, offset, offset + len(raw))
        if span.start < span.end:
            bullet = text[span.start] in BULLETS or (marks and _LIST_MARK.match(text, span.start, span.end) is not None)
            indent = len(text[offset : span.start].lstrip("\ufeff").expandtabs(4))
            lines.append(Line(span.start, span.end, indent, bullet, gap))
        gap = span.start >= span.end
        offset += len(raw)
    return lines


def without_furniture(lines: list[Line], *, document: Document) -> tuple[list[Line], list[Furniture]]:
    """The lines of the body, and the furniture that was left out."""
    text = document.text
    furniture = [piece for rule in document.layout.furniture for piece in _declared_furniture(rule, document=document)]
    if text.startswith("\ufeff"):
        furniture.append(Furniture(0, 1, "byte order mark"))
    furniture += [Furniture(line.start, line.end, "description of a figure") for line in _figures(lines, document)]
    furniture = _apart(furniture)
    kept: list[Line] = []
    parted = False
    for line in lines:
        cut = _cut(line, furniture, text=text)
        if cut is not None:
            kept.append(replace(cut, parted=parted))
        parted = cut is None or cut.end < line.end
    return kept, furniture


def _figures(lines: Sequence[Line], document: Document) -> list[Line]:
    """Lines that describe a figure. In wrapped text a line is no unit: only declared furniture is left out there."""
    if document.layout.wrapped:
        return []
    return [line for line in lines if _FIGURE.match(document.text[line.start : line.end])]


def _apart(furniture: Sequence[Furniture]) -> list[Furniture]:
    """Furniture in the order of the text; what overlaps is one piece, called as the first of it."""
    apart: list[Furniture] = []
    for piece in sorted(furniture, key=lambda piece: (piece.start, -piece.end)):
        if apart and piece.start < apart[-1].end:
            apart[-1] = replace(apart[-1], end=max(apart[-1].end, piece.end))
        else:
            apart.append(piece)
    return apart


def _declared_furniture(rule: FurnitureRule, *, document: Document) -> list[Furniture]:
    text = document.text
    found: Span | None = _must_locate(document, rule.begins, line_start=not rule.inline)
    pieces: list[Furniture] = []
    while found is not None:
        if rule.to_end:
            return [*pieces, Furniture(found.start, len(text.rstrip()), rule.what)]
        last = found if rule.through is None else _must_locate(document, rule.through, after=found.end)
        pieces.append(Furniture(found.start, _line_end(text, last.end), rule.what))
        after = pieces[-1].end
        found = locate(text, rule.begins, after=after, line_start=not rule.inline) if rule.every else None
    return pieces


def _line_end(text: str, offset: int) -> int:
    found = re.compile(rf"[{LINE_ENDS}]").search(text, offset)
    return len(text.rstrip()) if found is None else found.start()


def _must_locate(document: Document, words: str, *, after: int = 0, line_start: bool = True) -> Span:
    found = locate(document.text, words, after=after, line_start=line_start)
    if found is None:
        raise CorpusError(
            f"corpus.toml, source {document.key!r}: {words!r} does not stand in {document.file}. "
            "The text was changed, or the rule is misspelt: correct the rule."
        )
    return found


def _cut(line: Line, furniture: Sequence[Furniture], *, text: str) -> Line | None:
    """The line without the furniture it holds (which is always the whole line or its end)."""
    for piece in furniture:
        if piece.start <= line.start < piece.end:
            return None
        if line.start < piece.start < line.end:
            return replace(line, end=stripped(text, line.start, piece.start).end)
    return line


def line_atoms(lines: list[Line], document: Document) -> list[Atom]:
    """One line is one paragraph, item or heading; bullets nest by their indent; a caption follows its figure."""
    if document.layout.lists:
        raise CorpusError(
            f"corpus.toml, source {document.key!r}: [[source.lists]] is for the layout 'wrapped'. Remove it."
        )
    text = document.text
    declared = {clean(heading) for heading in document.layout.headings}
    figures = {line.end for line in _figures(text_lines(text, marks=True), document)}
    before = {line.start: previous.end for previous, line in pairwise(text_lines(text, marks=True))}
    bullets: list[int] = []
    atoms = []
    for line in lines:
        bullets, depth = _nested(line, bullets)
        captioned = not line.gap and before.get(line.start) in figures
        atoms.append(Atom(_line_kind(line, text=text, declared=declared, after_figure=captioned), *_ends(line), depth))
    must_hold_all(declared, {clean(text[atom.start : atom.end]) for atom in atoms}, document=document)
    return atoms


def _ends(line: Line) -> tuple[int, int]:
    return line.start, line.end


def _nested(line: Line, bullets: Sequence[int]) -> tuple[list[int], int]:
    """The indents of the list items that are open after a line, outermost first, and the line's own depth."""
    if line.bullet:
        open_items = [*(indent for indent in bullets if indent < line.indent), line.indent]
        return open_items, len(open_items) - 1
    open_items = [] if line.indent == 0 else list(bullets)
    return open_items, sum(indent < line.indent for indent in open_items)


def _line_kind(line: Line, *, text: str, declared: set[str], after_figure: bool) -> _AtomKind:
    words = clean(text[line.start : line.end])
    if line.bullet:
        return "item"
    if words in declared or (line.indent == 0 and not after_figure and _title_like(words)):
        return "heading"
    return "caption" if after_figure else "text"


def must_hold_all(declared: set[str], found: set[str], *, document: Document) -> None:
    """Raises a CorpusError where a declared heading is not a line of its own."""
    for heading in sorted(declared - found):
        _must_locate(document, heading)
        raise CorpusError(
            f"corpus.toml, source {document.key!r}: the heading {heading!r} is not a line of its own. Correct it."
        )


def _title_like(words: str) -> bool:
    return (
        len(words) <= TITLE_CHARACTERS
        and words[:1].isupper()
        and ":" not in words
        and not re.search(r"[.!?;,\]]$", words)
    )


def wrapped_atoms(lines: list[Line], document: Document) -> list[Atom]:
    """Paragraphs put together from broken lines.

    A paragraph ends at a title, at a bullet, at a declared list, at furniture, or at a short last line.
    """
    text = document.text
    marks, regions = _list_marks(document), _list_regions(document)
    declared = {clean(heading) for heading in document.layout.headings}
    full = max((line.end - line.start for line in lines), default=0)
    bullets: list[int] = []
    atoms: list[Atom] = []
    for previous, line, following in _neighbours(lines):
        if clean(text[line.start : line.end]) in declared or _wrapped_title(previous, line, following, text=text):
            atoms.append(Atom("heading", line.start, line.end))
            bullets = []
        elif line.start in marks or line.bullet or previous is None or _breaks(previous, line, atoms, full, document):
            bullets, depth = _nested(line, bullets)
            item = line.bullet or marks.get(line.start) == "item"
            declared_depth = sum(start <= line.start < end for start, end in regions)
            atoms.append(Atom("item" if item else "text", line.start, line.end, max(depth, declared_depth - item)))
        else:
            atoms[-1] = replace(atoms[-1], end=line.end)
    must_hold_all(declared, {clean(text[atom.start : atom.end]) for atom in atoms}, document=document)
    return atoms


def _neighbours(lines: Sequence[Line]) -> Iterator[tuple[Line | None, Line, Line | None]]:
    padded = [None, *lines, None]
    for index, line in enumerate(lines):
        yield padded[index], line, padded[index + 2]


def _wrapped_title(previous: Line | None, line: Line, following: Line | None, *, text: str) -> bool:
    ended = previous is None or bool(TERMINAL.search(text[previous.start : previous.end]))
    opens = following is not None and text[following.start].isupper() and not following.gap
    return (line.gap or line.parted) and ended and opens and _title_like(clean(text[line.start : line.end]))


def _breaks(previous: Line, line: Line, atoms: Sequence[Atom], full: int, document: Document) -> bool:
    text = document.text
    ended = bool(TERMINAL.search(text[previous.start : previous.end]))
    if line.parted:
        if not ended and text[line.start].islower():
            words = clean(text[line.start : line.end])
            raise CorpusError(
                f"corpus.toml, source {document.key!r}: furniture stands inside the sentence that goes on "
                f"with {words!r}, which could not be quoted whole. Correct the rule, or take it out of the copy."
            )
        return True
    short = previous.end - previous.start < 0.8 * full
    return atoms[-1].kind == "heading" or (ended and text[line.start].isupper() and (short or line.gap))


def _list_marks(document: Document) -> dict[int, str]:
    """Offsets at which a declared list begins, each of its items begins, or the text behind it begins."""
    marks: dict[int, str] = {}
    for rule in document.layout.lists:
        lead = _must_locate(document, rule.lead, line_start=False)
        after = lead.end
        marks.setdefault(lead.start, "lead")
        for words in rule.items:
            found = _must_locate(document, words, after=after)
            marks[found.start] = "item"
            after = found.end
        marks.setdefault(_must_locate(document, rule.until, after=after).start, "until")
    return marks


def _list_regions(document: Document) -> list[tuple[int, int]]:
    """From the first item of each declared list to the text behind it; how many hold a line is the line's depth."""
    regions = []
    for rule in document.layout.lists:
        first = _must_locate(document, rule.items[0], after=_must_locate(document, rule.lead, line_start=False).end)
        regions.append((first.start, _must_locate(document, rule.until, after=first.end).start))
    return regions
