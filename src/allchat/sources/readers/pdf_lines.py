"""PDF: the lines of each page as PDFium orders them, with their box, size and weight."""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from allchat.errors import CorpusError

MOST_PAGES = 500
SLANT = 0.2
"""Radians from which a letter counts as turned: a label of a figure or of the margin, no line of the text."""

SOFT_HYPHEN = "\x02"
"""What PDFium puts for a hyphen at the end of a line, after which it joins the next line."""

DOT, THIN, BESIDE = 7.0, 2.0, 22.0
"""Points: a drawn dot is no larger, a drawn line no thicker, and a bullet stands no further before its line."""

GAP = 1.8
"""Words further apart than this many times their size stand in two columns of a table."""

MOST_DRAWN = 20_000
"""Things drawn on a page that are looked at; a map has more, and no bullets."""

BOLD = 700
_BOLD_NAME = re.compile(rb"bold|black|heavy", re.IGNORECASE)
_DAMAGED = "{name}: is a damaged PDF ({error}). Save or download it again."


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page: its box in points from the lower left corner, the size and weight of most of its letters.

    ``cells`` are its words parted at wide gaps and drawn lines, each from left to right; ``bullet`` says that a drawn
    dot stands before it, ``row`` that it is a whole row of a table.
    """

    page: int
    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float
    weight: int
    cells: tuple[tuple[float, float, str], ...] = ()
    bullet: bool = False
    row: bool = False

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The box as a place names it."""
        return (round(self.left), round(self.bottom), round(self.right), round(self.top))


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its number from 1, its height, its lines, whether it shows an image, and the drawn lines across it."""

    number: int
    height: float
    width: float
    lines: tuple[Line, ...]
    image: bool
    across: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class _Letter:
    text: str
    box: tuple[float, float, float, float]
    size: float
    weight: int


def read_pages(content: bytes, *, name: str) -> tuple[tuple[Page, ...], dict[str, str]]:
    """The pages of a PDF and what it says of itself (title, dates).

    Raises:
        CorpusError: it is encrypted, damaged, or has more than ``MOST_PAGES`` pages.
    """
    import pypdfium2 as pdfium  # here: only the child that reads such a file loads it

    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise CorpusError(f"{name}: is encrypted. Save it without a password.") from error
        raise CorpusError(_DAMAGED.format(name=name, error=error)) from error
    try:
        if len(document) > MOST_PAGES:
            raise CorpusError(
                f"{name}: has {len(document)} pages, {MOST_PAGES} are read at most. Bring the part that is needed."
            )
        pages = tuple(_page(document, number) for number in range(len(document)))
        return pages, document.get_metadata_dict(skip_empty=True)
    except pdfium.PdfiumError as error:
        raise CorpusError(_DAMAGED.format(name=name, error=error)) from error
    finally:
        document.close()


def page_lines(document: Any, number: int) -> tuple[Line, ...]:
    """The lines of one page (from 0) of a document that PDFium has opened."""
    return _page(document, number).lines


def _page(document: Any, number: int) -> Page:
    import pypdfium2.raw as raw

    page = document[number]
    text = page.get_textpage()
    try:
        drawn = _drawn(page, raw)
        lines = tuple(line for letters in _runs(text, raw) if (line := _line(letters, number + 1, drawn)) is not None)
        return Page(number + 1, page.get_height(), page.get_width(), lines, drawn.image, drawn.across)
    finally:
        text.close()
        page.close()


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What is drawn on a page: dots that stand for bullets (right edge, middle), lines across it (height, from, to) and
    down it (place, from, to).
    """

    image: bool
    dots: tuple[tuple[float, float], ...]
    across: tuple[tuple[float, float, float], ...]
    down: tuple[tuple[float, float, float], ...]


def _drawn(page: Any, raw: Any) -> _Drawn:
    image = False
    dots, across, down = [], [], []
    for thing in islice(page.get_objects(max_depth=3), MOST_DRAWN):
        if thing.type == raw.FPDF_PAGEOBJ_IMAGE:
            image = True
        elif thing.type == raw.FPDF_PAGEOBJ_PATH:
            left, bottom, right, top = thing.get_bounds()
            wide, high = right - left, top - bottom
            if 1.5 < wide < DOT and 1.5 < high < DOT:
                dots.append((right, (bottom + top) / 2))
            elif high <= THIN < wide:
                across.append((bottom, left, right))
            elif wide <= THIN < high:
                down.append((left, bottom, top))
    return _Drawn(image, tuple(dots), tuple(across), tuple(down))


def _runs(text: Any, raw: Any) -> Iterator[list[_Letter]]:
    """The letters of each line. A run is parted where PDFium ends a line, and after a hyphen at the end of one."""
    run: list[_Letter] = []
    for number in range(raw.FPDFText_CountChars(text.raw)):
        code = raw.FPDFText_GetUnicode(text.raw, number)
        if code in (10, 13):
            if run:
                yield run
            run = []
            continue
        letter = _letter(text, number, code, raw, before=run[-1] if run else None)
        if letter is not None:
            run.append(letter)
            if letter.text == SOFT_HYPHEN:
                yield run
                run = []
    if run:
        yield run


def _letter(text: Any, number: int, code: int, raw: Any, *, before: _Letter | None) -> _Letter | None:
    mark = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " "
    if mark.isspace() or code in (2, 0xFFFE):
        box = before.box if before else (0.0, 0.0, 0.0, 0.0)
        size, weight = (before.size, before.weight) if before else (0.0, 0)
        return _Letter(SOFT_HYPHEN if code in (2, 0xFFFE) else " ", box, size, weight)
    if abs(math.remainder(raw.FPDFText_GetCharAngle(text.raw, number), math.tau)) > SLANT:
        return None
    edges = [ctypes.c_double() for _ in range(4)]
    raw.FPDFText_GetCharBox(text.raw, number, *edges)
    left, right, bottom, top = (edge.value for edge in edges)
    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(text.raw, number, matrix)
    size = raw.FPDFText_GetFontSize(text.raw, number) * (math.hypot(matrix.c, matrix.d) or 1.0)
    return _Letter(mark, (left, bottom, right, top), size, _weight(text, number, raw))


def _weight(text: Any, number: int, raw: Any) -> int:
    """The weight of a letter's font, by its name where the file has no other word for it."""
    weight: int = raw.FPDFText_GetFontWeight(text.raw, number)
    name = ctypes.create_string_buffer(80)
    raw.FPDFText_GetFontInfo(text.raw, number, name, 80, None)
    return max(weight, BOLD) if _BOLD_NAME.search(name.value) else weight


def _line(letters: list[_Letter], page: int, drawn: _Drawn) -> Line | None:
    inked = [letter for letter in letters if letter.text.strip() and letter.text != SOFT_HYPHEN]
    if not inked:
        return None
    size = Counter(round(letter.size * 2) / 2 for letter in inked).most_common(1)[0][0]
    wordy = [letter for letter in inked if letter.text.isalnum()] or inked
    weight = Counter(letter.weight for letter in wordy).most_common(1)[0][0]
    boxes = [letter.box for letter in inked]
    left, bottom, top = min(box[0] for box in boxes), min(box[1] for box in boxes), max(box[3] for box in boxes)
    return Line(
        page,
        _without_marks(letters, size),
        left,
        bottom,
        max(box[2] for box in boxes),
        top,
        size,
        weight,
        _cells(letters, size, drawn),
        any(0 < left - x < BESIDE and bottom < y < top for x, y in drawn.dots),
    )


def _cells(letters: list[_Letter], size: float, drawn: _Drawn) -> tuple[tuple[float, float, str], ...]:
    """A line's words parted where the gap is wide, or where a line is drawn down the page."""
    parts: list[list[_Letter]] = [[]]
    before: _Letter | None = None
    for letter in letters:
        if letter.text.isspace() or letter.text == SOFT_HYPHEN:
            parts[-1].append(letter)
            continue
        if before is not None and _is_parted(before, letter, size, drawn):
            parts.append([])
        parts[-1].append(letter)
        before = letter
    inked = [(part, [one.box for one in part if not one.text.isspace()]) for part in parts]
    return tuple(
        (min(box[0] for box in boxes), max(box[2] for box in boxes), _without_marks(part, size).strip())
        for part, boxes in inked
        if boxes
    )


def _is_parted(one: _Letter, other: _Letter, size: float, drawn: _Drawn) -> bool:
    gap = other.box[0] - one.box[2]
    if gap < 0.2 * size:
        return False
    return gap >= GAP * size or any(
        one.box[2] - 1 <= x <= other.box[0] + 1 and low <= one.box[3] and one.box[1] <= high
        for x, low, high in drawn.down
    )


def _without_marks(letters: list[_Letter], size: float) -> str:
    """The line's words without the small raised digits of footnotes, which follow a letter or a stop, or begin it."""
    kept: list[str] = []
    for letter in letters:
        small = letter.size < 0.75 * size and letter.text in "0123456789,-–*†‡§"
        if not small or (kept and not kept[-1].isalpha() and kept[-1] not in ".,;:)”\"'’"):
            kept.append(letter.text)
    return "".join(kept)
