"""PDF: lines to headings, paragraphs and list items, by their size, weight, marks and places."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from allchat.errors import CorpusError
from allchat.sources.readers.headings import true_headings
from allchat.sources.readers.pdf_layout import body_lines
from allchat.sources.readers.pdf_lines import SOFT_HYPHEN, Line, Page, read_pages
from allchat.sources.readers.pdf_tables import with_rows
from allchat.sources.readers.pieces import Piece, PieceKind, Place, Read, tidy
from allchat.sources.readers.plain import MARK, TITLE_WORDS

LARGER, HEAVIER = 1.12, 150
"""How much larger, or by how much heavier, than the text a line must be to be a heading."""

TEXT_SHARE = 0.15
"""Letters of a style that makes up this share of a document are its text: references may have more letters than it."""

LEAST_LETTERS = 20
"""A page with fewer letters has no text."""

PITCHES = 1.45
"""Lines further apart than this many times the usual pitch are two paragraphs."""

INDENT = 14.0
"""Points of indent that make one depth of a list."""

DOTTED = 8.0
"""Points before a line at which its drawn bullet is taken to stand."""

MOST_HEADING_LINES = 5

_ENDED = re.compile(r"[.!?:][\"'”’)\]]*(?:\s*[\[(]\d+[\])])?$")
_STOP_INSIDE = re.compile(r"[a-z]{2}[.!?][\"'”’)]*\s+[\"'“‘(]*[A-Z]")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_NUMBERED = re.compile(r"^\(?(?:\d{1,2}|[a-z])[.)]\s")


def read_pdf(content: bytes, *, name: str) -> Read:
    """The pieces of a PDF.

    Raises:
        CorpusError: it is encrypted or damaged, has too many pages, or pages without text.
    """
    pages, said = read_pages(content, name=name)
    blank = [page for page in pages if sum(map(str.isalpha, "".join(line.text for line in page.lines))) < LEAST_LETTERS]
    scans = [page.number for page in blank if page.image]
    if len(blank) == len(pages) or len(scans) > len(pages) / 2:
        raise CorpusError(
            f"{name}: {_pages([page.number for page in blank])} no text, only a picture of it. Bring the file that it "
            "was printed from, or a PDF made by text recognition: this program reads no pictures."
        )
    alarms: tuple[str, ...] = (
        (f"{_pages(scans)} a picture and no text: what it says is not in the source",) if scans else ()
    )
    lines, left = body_lines(pages)
    lines = with_rows(lines, pages)
    pieces, credited = true_headings(_Assembly(lines, pages).pieces(), by_looks=True)
    tables = sorted({line.page for line in lines if line.row})
    if tables:
        alarms += (
            f"{_pages(tables)} tables, whose rows were put together by their places: compare them with the file",
        )
    facts = [("date", f"{key} {value[2:10]}") for key, value in said.items() if key.endswith("Date")]
    return Read(tuple(pieces), (*left, *credited), alarms, tidy(said.get("Title", "")) or None, None, tuple(facts))


def _pages(numbers: list[int]) -> str:
    listed = ", ".join(map(str, numbers[:20])) + (" and more" if len(numbers) > 20 else "")
    return f"page {listed} has" if len(numbers) == 1 else f"pages {listed} have"


@dataclass(slots=True)
class _Open:
    """A piece that is being put together."""

    kind: PieceKind
    lines: list[Line]
    words: str
    size: float = 0.0
    depth: int = 0
    mark_left: float = 0.0
    styled: bool = False  # its lines look like those of a heading


class _Assembly:
    """Puts the lines of a document together."""

    def __init__(self, lines: list[Line], pages: tuple[Page, ...]) -> None:
        self._lines = lines
        self._size, self._weight, self._common = _text_style(lines)
        self._pitch = _pitch(lines)
        self._known = Counter(word.lower() for line in lines for word in _WORD.findall(line.text))
        self._done: list[_Open] = []
        self._pages = pages

    def pieces(self) -> list[Piece]:
        following = [*self._lines[1:], None]
        for previous, line, after in zip([None, *self._lines], self._lines, following, strict=False):
            self._take(previous, line, after)
        levels = self._levels()
        return [
            Piece(
                one.kind, words, levels.get(_rank(one), 1) if one.kind == "heading" else 0, one.depth, _place(one.lines)
            )
            for one in self._done
            if (words := tidy(one.words.replace(SOFT_HYPHEN, "-")))
        ]

    def _take(self, previous: Line | None, line: Line, after: Line | None) -> None:
        words = line.text.strip()
        mark = MARK.match(words)
        last = self._done[-1] if self._done else None
        if line.row or (line.bullet and mark is None):
            at = line.left - DOTTED
            depth = 0 if line.row else self._depth(line, last, at=at)
            self._done.append(_Open("item", [line], words, line.size, depth, mark_left=at))
            return
        if last and last.lines[-1].row:
            last = previous = None
        if last and previous and mark is None and self._goes_on(previous, line, last, words):
            self._append(last, line, words)
            if _is_prose(last):
                last.kind = "text"
            return
        if self._is_heading(line, words) and (mark is None or self._heads(mark, after)):
            self._done.append(_Open("heading", [line], words, line.size))
            return
        interrupted = self._interrupted(line, words)
        if interrupted is not None:
            self._append(interrupted, line, words)
        elif mark and not (last and last.kind == "text" and not self._is_bullet(mark) and self._runs_on(last, line)):
            self._done.append(
                _Open(
                    "item",
                    [line],
                    mark.group("rest"),
                    line.size,
                    self._depth(line, last, at=line.left),
                    mark_left=line.left,
                )
            )
        elif last and previous and self._continues(last, previous, line, words):
            self._append(last, line, words)
        else:
            self._done.append(_Open("text", [line], words, line.size))

    def _is_bullet(self, mark: re.Match[str]) -> bool:
        return not re.match(r"[\d(a-z]", mark.group("mark")) or mark.group("mark") == "o"

    def _runs_on(self, last: _Open, line: Line) -> bool:
        """Whether a number at the start of a line may be one inside the sentence: "at least / 12. This"."""
        return not _ENDED.search(last.words) and abs(line.left - last.lines[-1].left) < 3 and last.size == line.size

    def _is_heading(self, line: Line, words: str) -> bool:
        plain = tidy(words)
        if len(plain.split()) > TITLE_WORDS or not re.search(r"[^\W\d_]{2}", plain) or plain.endswith((".", ",", ";")):
            return False
        styled = line.size >= LARGER * self._size or line.weight >= self._weight + HEAVIER
        return (styled and (line.size, line.weight) not in self._common) or (plain.isupper() and len(plain.split()) > 1)

    def _heads(self, mark: re.Match[str], after: Line | None) -> bool:
        """Whether a marked line in a heading's style is one: numbered, with a text below it."""
        if self._is_bullet(mark) or after is None:
            return False
        return not _NUMBERED.match(after.text.strip()) and not self._is_heading(after, after.text.strip())

    def _goes_on(self, previous: Line, line: Line, last: _Open, words: str) -> bool:
        """Whether a heading has a further line: of its style, right below, and not ended. What turned out to be a text
        in a heading's style, a pull quote or a box, goes on so too.
        """
        near = 0 < previous.bottom - line.bottom < 2.2 * max(line.size, 1)
        same = abs(previous.size - line.size) < 0.6 and previous.weight == line.weight and previous.page == line.page
        if not (near and same) or previous is not last.lines[-1]:
            return False
        if last.kind == "text":
            return last.styled and (not _ENDED.search(last.words) or not self._is_heading(line, words))
        return last.kind == "heading" and not last.words.endswith((":", "?", "."))

    def _interrupted(self, line: Line, words: str) -> _Open | None:
        """The text that a line goes on with, where a heading or a pull quote stands between the two parts."""
        if not words[:1].islower() or len(self._done) < 2 or self._done[-1].kind == "item":
            return None
        last, before = self._done[-1], self._done[-2]
        if last.kind == "text" and not _ENDED.search(last.words):
            return None
        open_still = before.kind == "text" and not _ENDED.search(before.words)
        same = before.lines[-1].size == line.size and before.lines[-1].weight == line.weight
        return before if open_still and same and abs(before.lines[-1].page - line.page) <= 1 else None

    def _continues(self, last: _Open, previous: Line, line: Line, words: str) -> bool:
        if last.kind == "heading":
            return False
        if last.words.endswith(SOFT_HYPHEN):
            return True
        ended = bool(_ENDED.search(last.words))
        if line.page != previous.page or line.bottom > previous.top:  # another page or column
            same = abs(previous.size - line.size) < 0.6 and abs(previous.weight - line.weight) < HEAVIER
            full = previous.right > self._column_right(previous) - 0.25 * (previous.right - previous.left)
            return not ended and same and (words[:1].islower() or (last.kind == "text" and full))
        gap = previous.bottom - line.bottom > PITCHES * self._pitch.get(line.size, 1.3 * line.size)
        if last.kind == "item":
            hanging = line.left > last.mark_left + 2
            return (hanging and not gap) or (not ended and words[:1].islower() and not gap)
        restyled = abs(previous.size - line.size) > 1 or abs(previous.weight - line.weight) >= HEAVIER
        if gap or (restyled and ended):
            return not ended and words[:1].islower() and not restyled
        short = previous.right < self._column_right(previous) - 0.15 * (previous.right - previous.left)
        indented = line.left > previous.left + 6 and ended
        return not (ended and (short or indented))

    def _column_right(self, line: Line) -> float:
        """How far lines reach that begin where this one does, on its page."""
        beside = [other.right for other in self._pages[line.page - 1].lines if abs(other.left - line.left) < 8]
        return max(beside, default=line.right)

    def _depth(self, line: Line, last: _Open | None, *, at: float) -> int:
        """An item's depth by its indent under the items before it."""
        marks: list[float] = []
        for one in reversed(self._done):
            if one.kind != "item":
                break
            marks.append(one.mark_left)
        below = sorted({round(mark / INDENT) for mark in marks if mark < at - INDENT / 2})
        same_page = last is not None and last.kind == "item" and last.lines[-1].page == line.page
        return min(len(below), 3) if same_page else (last.depth if last and last.kind == "item" else 0)

    def _append(self, one: _Open, line: Line, words: str) -> None:
        one.lines.append(line)
        one.styled = one.styled or one.kind == "heading"
        if one.words.endswith(SOFT_HYPHEN) or re.search(r"[^\W\d_]-$", one.words):
            one.words = self._joined(one.words[:-1], words)
        else:
            one.words = f"{one.words} {words}"

    def _joined(self, first: str, second: str) -> str:
        """A word that was parted at a line's end: its hyphen stays where the document writes it so elsewhere."""
        head, tail = re.search(r"[^\W_]*$", first), re.match(r"[^\W_]*", second)
        one, other = (head.group() if head else ""), (tail.group() if tail else "")
        hyphened = self._known[f"{one}-{other}".lower()] > self._known[f"{one}{other}".lower()]
        return f"{first}-{second}" if hyphened or not other[:1].islower() else f"{first}{second}"

    def _levels(self) -> dict[tuple[float, bool], int]:
        """A level for each style of heading: the larger, the higher."""
        styles = sorted({_rank(one) for one in self._done if one.kind == "heading"}, reverse=True)
        return {style: min(level, 6) for level, style in enumerate(styles, start=1)}


def _is_prose(one: _Open) -> bool:
    """Whether what looked like a heading is a text of its own: it ends as one, or is longer than a heading."""
    long = len(one.lines) > MOST_HEADING_LINES
    return one.kind == "heading" and (long or one.words.endswith(".") or bool(_STOP_INSIDE.search(one.words)))


def _text_style(lines: list[Line]) -> tuple[float, int, set[tuple[float, int]]]:
    """The size and weight of the text, the largest of those that many letters have, and all of those."""
    letters = Counter[tuple[float, int]]()
    for line in lines:
        letters[line.size, line.weight] += len(line.text)
    if not letters:
        return 10.0, 400, set()
    common = {style for style, count in letters.items() if count >= TEXT_SHARE * letters.total()}
    size, weight = max(common, default=letters.most_common(1)[0][0], key=lambda style: (style[0], -style[1]))
    return size, weight, common


def _rank(one: _Open) -> tuple[float, bool]:
    """A heading's style: its size to the point, and capitals before small letters."""
    return round(one.size), one.words.isupper()


def _pitch(lines: list[Line]) -> dict[float, float]:
    """The usual distance between two lines of each size."""
    gaps: dict[float, list[float]] = {}
    for one, other in pairwise(lines):
        step = one.bottom - other.bottom
        if one.page == other.page and one.size == other.size and 0 < step < 4 * max(one.size, 1):
            gaps.setdefault(one.size, []).append(step)
    return {size: median(steps) for size, steps in gaps.items()}


def _place(lines: list[Line]) -> Place:
    """The page a piece begins on, and the boxes it has there."""
    first = lines[0].page
    columns: list[list[float]] = []
    for line in lines:
        if line.page != first:
            break
        if columns and line.bottom < columns[-1][1] and line.left < columns[-1][2]:
            box = columns[-1]
            columns[-1] = [
                min(box[0], line.box[0]),
                min(box[1], line.box[1]),
                max(box[2], line.box[2]),
                max(box[3], line.box[3]),
            ]
        else:
            columns.append(list(line.box))
    return Place(page=first, boxes=tuple((box[0], box[1], box[2], box[3]) for box in columns))
