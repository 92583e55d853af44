"""As printed: which lines of a page's picture hold a stretch of a text that was converted from a PDF."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from allchat.sources.converted import Stretch
from allchat.sources.readers.picture import Box, PagePicture

EDGE = 24
"""Letters by which the two ends of a paragraph are known."""

SLACK = 3.0
"""Points by which a line may stand out of the box that was written down, which is rounded."""


def marked(stretch: Stretch, picture: PagePicture) -> tuple[tuple[Box, ...], str]:
    """The boxes of the printed lines that hold the stretch on the page where its paragraph begins, and the letters of
    it that are on the next one. The boxes are all of the paragraph's where its letters are not there one after the
    other, as in a row of a table.
    """
    lines = _Letters([line for line in picture.lines if _is_inside(line[0], stretch.boxes)])
    found = lines.holding(stretch)
    if found is None and _runs_on(stretch, lines):
        wanted = letters_of(stretch.words)
        shared = lines.shared(wanted)
        return lines.boxes(len(lines.all) - shared, len(lines.all)), wanted[shared:]
    return found or stretch.boxes, ""


def marked_on_next(rest: str, picture: PagePicture) -> tuple[Box, ...]:
    """The boxes of the lines that hold the letters which the page before left."""
    lines = _Letters(picture.lines)
    at = lines.all.find(rest)
    return lines.boxes(at, at + len(rest)) if at >= 0 else ()


def letters_of(text: str) -> str:
    """Letters and digits alone: hyphens, spaces and signs are not the same in print."""
    return "".join(mark for mark in unicodedata.normalize("NFKC", text).casefold() if mark.isalnum())


class _Letters:
    """The letters of printed lines one after the other, each known by its line."""

    def __init__(self, lines: Sequence[tuple[Box, str]]) -> None:
        said = [letters_of(text) for _, text in lines]
        self.all = "".join(said)
        self._lines = [box for box, _ in lines]
        self._starts = [0, *accumulate(map(len, said))]

    def boxes(self, start: int, end: int) -> tuple[Box, ...]:
        """The lines of the letters from ``start`` to ``end``; none where there are no letters."""
        first, last = bisect_right(self._starts, start) - 1, bisect_right(self._starts, end - 1) - 1
        return tuple(self._lines[first : last + 1]) if start < end else ()

    def holding(self, stretch: Stretch) -> tuple[Box, ...] | None:
        """The lines that hold the words: by their place in the whole paragraph, or where they stand first."""
        before, wanted = letters_of(stretch.before), letters_of(stretch.words)
        whole = self.all.find(before + wanted + letters_of(stretch.after))
        at = whole + len(before) if whole >= 0 else self.all.find(wanted)
        return self.boxes(at, at + len(wanted)) if wanted and at >= 0 else None

    def shared(self, wanted: str) -> int:
        """How many of the first letters of the words are the last ones here."""
        most = min(len(wanted), len(self.all))
        return next((count for count in range(most, 0, -1) if self.all.endswith(wanted[:count])), 0)


def _runs_on(stretch: Stretch, lines: _Letters) -> bool:
    whole = letters_of(stretch.before + stretch.words + stretch.after)
    return len(whole) > EDGE and whole[:EDGE] in lines.all and whole[-EDGE:] not in lines.all


def _is_inside(line: Box, boxes: Sequence[Box]) -> bool:
    middle = (line[1] + line[3]) / 2
    return any(
        left - SLACK <= line[0] and line[2] <= right + SLACK and bottom - SLACK <= middle <= top + SLACK
        for left, bottom, right, top in boxes
    )
