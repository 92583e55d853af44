"""PDF: what of a page is no text: running heads and feet, page numbers, contents, stray letters."""

from __future__ import annotations

import re
from collections import defaultdict

from allchat.sources.readers.pdf_lines import Line, Page
from allchat.sources.readers.pieces import Left, tidy

EDGE = 0.14
"""The share of a page's height at its top and its foot where running lines stand."""

SAME_PLACE = 14.0
"""Points by which a running line may stand higher or lower on another page."""

WORDY = 5
"""A line of this many words is the same running line wherever it stands at the edge."""

REPEATS, REPEATS_SHORT, SHORT_PAGES = 3, 2, 6
"""On how many pages a running line stands at least; fewer in a leaflet of few pages. Left and right pages differ."""

_MARKS = r"[^\w<>≤≥%+=$€£°]*"  # a sign among these makes a figure of a number: ">60%" is no page
_NUMBER = re.compile(
    rf"^{_MARKS}(?:page\s*)?(?:\d{{1,4}}|[ivxlc]{{1,6}})(?:\s*(?:of|/|\|)\s*\d{{1,4}})?{_MARKS}$", re.IGNORECASE
)
_DOTS = re.compile(r"(?:\.\s?){5,}\s*\d*\s*$|…{2,}\s*\d*\s*$")
_CONTENTS = re.compile(r"^(?:table of )?contents\W*$", re.IGNORECASE)


def body_lines(pages: tuple[Page, ...]) -> tuple[list[Line], list[Left]]:
    """The lines of the text in the order of reading, and those left out."""
    running = _running(pages)
    contents = {page.number for page in pages if sum(bool(_DOTS.search(line.text)) for line in page.lines) >= 3}
    lines: list[Line] = []
    left: dict[tuple[str, str], None] = {}
    for page in pages:
        for line in page.lines:
            why = _why(line, page, running, contents)
            if why is None:
                lines.append(line)
            else:
                left[tidy(line.text), why] = None
    return lines, [Left(text, why) for text, why in left]


def _why(line: Line, page: Page, running: set[tuple[int, str]], contents: set[int]) -> str | None:
    words = tidy(line.text)
    if not words:
        return "a mark without words"
    if (line.page, _shape(words)) in running and _at_edge(line, page):
        return "a running head or foot"
    if _at_edge(line, page) and _NUMBER.match(words):
        return "a page number"
    if page.number in contents and (_DOTS.search(words) or _CONTENTS.match(words)):
        return "contents"
    if len(words) == 1 and not words.isdigit() and words not in "oO":
        return "a single letter"
    return None


def _at_edge(line: Line, page: Page) -> bool:
    return line.bottom > page.height * (1 - EDGE) or line.top < page.height * EDGE


def _shape(words: str) -> str:
    """A line's words with any number in place of its numbers, which count pages."""
    return re.sub(r"\d+", "#", re.sub(r"\s*\b[ivxl]+$|\s*\d+$", "", words)).strip().lower()


def _running(pages: tuple[Page, ...]) -> set[tuple[int, str]]:
    """Lines at the edge that stand at the same place on several pages, by page and shape."""
    seen: dict[str, list[Line]] = defaultdict(list)
    for page in pages:
        for line in page.lines:
            if _at_edge(line, page) and (shape := _shape(tidy(line.text))):
                seen[shape].append(line)
    needed = REPEATS_SHORT if len(pages) <= SHORT_PAGES else REPEATS
    found: set[tuple[int, str]] = set()
    for shape, lines in seen.items():
        for line in lines:
            anywhere = len(shape.split()) >= WORDY
            beside = {other.page for other in lines if anywhere or abs(other.bottom - line.bottom) <= SAME_PLACE}
            if len(beside) >= needed:
                found.add((line.page, shape))
    return found
