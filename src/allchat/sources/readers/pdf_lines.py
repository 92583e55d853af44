"""PDF: the lines of each page as PDFium orders them, with their box, size and weight."""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from allchat.errors import CorpusError

MOST_PAGES = 500
SLANT = 0.2
"""Radians from which a letter counts as turned: a label of a figure or of the margin, no line of the text."""

SOFT_HYPHEN = "\x02"
"""What PDFium puts for a hyphen at the end of a line, after which it joins the next line."""

BOLD = 700
_BOLD_NAME = re.compile(rb"bold|black|heavy", re.IGNORECASE)
_DAMAGED = "{name}: is a damaged PDF ({error}). Save or download it again."


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page: its box in points from the lower left corner, the size and weight of most of its letters."""

    page: int
    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float
    weight: int

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The box as a place names it."""
        return (round(self.left), round(self.bottom), round(self.right), round(self.top))


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its number from 1, its height, its lines, and whether it shows an image."""

    number: int
    height: float
    width: float
    lines: tuple[Line, ...]
    image: bool


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


def _page(document: Any, number: int) -> Page:
    import pypdfium2.raw as raw

    page = document[number]
    text = page.get_textpage()
    try:
        lines = tuple(line for letters in _runs(text, raw) if (line := _line(letters, number + 1)) is not None)
        image = any(True for _ in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3))
        return Page(number + 1, page.get_height(), page.get_width(), lines, image)
    finally:
        text.close()
        page.close()


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


def _line(letters: list[_Letter], page: int) -> Line | None:
    inked = [letter for letter in letters if letter.text.strip() and letter.text != SOFT_HYPHEN]
    if not inked:
        return None
    size = Counter(round(letter.size * 2) / 2 for letter in inked).most_common(1)[0][0]
    wordy = [letter for letter in inked if letter.text.isalnum()] or inked
    weight = Counter(letter.weight for letter in wordy).most_common(1)[0][0]
    boxes = [letter.box for letter in inked]
    return Line(
        page,
        _without_marks(letters, size),
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
        size,
        weight,
    )


def _without_marks(letters: list[_Letter], size: float) -> str:
    """The line's words without the small raised digits of footnotes, which follow a letter or a stop, or begin it."""
    kept: list[str] = []
    for letter in letters:
        small = letter.size < 0.75 * size and letter.text in "0123456789,-–*†‡§"
        if not small or (kept and not kept[-1].isalpha() and kept[-1] not in ".,;:)”\"'’"):
            kept.append(letter.text)
    return "".join(kept)
