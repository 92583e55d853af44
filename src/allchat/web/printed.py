"""The page as printed: a picture of a PDF's page with the quoted lines marked, where a source may be shown whole."""

from __future__ import annotations

import html
import threading
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from allchat.errors import BusyError
from allchat.records import Document
from allchat.sources.converted import place_of, stretches
from allchat.sources.printed import marked, marked_on_next
from allchat.sources.readers.picture import Box, PagePicture, picture_apart

PRINTED = "printed"
"""The name in an address that asks for the page instead of the words."""

MOST_KEPT, MOST_KEPT_BYTES = 64, 16_000_000
MOST_PAGES = 3
"""Pages that one place is shown on; a longer one is told by its first."""

WAITING, PATIENCE = 4, 8.0
"""Pictures that may be asked for at once, the one that is being made among them, and how many seconds each waits."""

MARGIN = 12.0
"""Points around the marked lines where these are shown larger."""

Read = Callable[[], bytes]


class Pictures:
    """Pictures of pages, made one at a time and kept: the last ones asked for, so many and so many bytes. What could
    not be made is kept as None. Keys are hashes of originals and numbers of pages, never what a request says.
    """

    def __init__(self, *, waiting: int = WAITING) -> None:
        self._kept: OrderedDict[tuple[str, int], PagePicture | None] = OrderedDict()
        self._holding = threading.Lock()
        self._making = threading.Lock()
        self._waiting = threading.Semaphore(waiting)

    def page(self, sha256: str, number: int, read: Read) -> PagePicture | None:
        """The picture of a page of the original with this hash, which ``read`` gives; None where there can be none.

        Raises:
            BusyError: too many are asked for, or the machine had no time or no memory.
        """
        key = sha256, number
        with self._holding:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        return self._made(key, read)

    def _made(self, key: tuple[str, int], read: Read) -> PagePicture | None:
        if not self._waiting.acquire(blocking=False):
            raise BusyError("too many pages are being drawn. Try again in half a minute.")
        try:
            if not self._making.acquire(timeout=PATIENCE):
                raise BusyError("too many pages are being drawn. Try again in half a minute.")
            try:
                if key not in self._kept:  # made while this one waited
                    self._keep(key, picture_apart(read(), page=key[1]))
                return self._kept.get(key)
            finally:
                self._making.release()
        finally:
            self._waiting.release()

    def _keep(self, key: tuple[str, int], picture: PagePicture | None) -> None:
        with self._holding:
            self._kept[key] = picture
            while len(self._kept) > MOST_KEPT or (len(self._kept) > 1 and self._bytes() > MOST_KEPT_BYTES):
                self._kept.popitem(last=False)

    def _bytes(self) -> int:
        return sum(len(picture.png) for picture in self._kept.values() if picture is not None)


def has_page(document: Document, start: int, end: int) -> bool:
    """Whether a place of a document stands on a page of its original."""
    inside = 0 <= start < end <= len(document.text)
    return inside and document.original is not None and "page" in (place_of(document, start, end) or ())


def may_be_printed(document: Document, start: int, end: int) -> bool:
    """Whether families are offered the page: it has one, and the source may be shown whole."""
    return document.display == "whole" and has_page(document, start, end)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page with the lines on it that are marked."""

    number: int
    picture: PagePicture
    marks: tuple[Box, ...]


def sheets(document: Document, start: int, end: int, *, pictures: Pictures, read: Read) -> list[Sheet]:
    """The pages on which a place of a document stands; none where no picture of them can be made.

    Raises:
        BusyError: too many pictures are asked for.
        VerificationError: the original is not what was added.
    """
    sha256 = document.original[1] if document.original else ""
    marks: dict[int, list[Box]] = {}
    for stretch in stretches(document, start, end):
        if len(marks) >= MOST_PAGES and stretch.page not in marks:
            break
        boxes = marks.setdefault(stretch.page, [])  # a page that cannot be drawn counts: each try takes its time
        here = pictures.page(sha256, stretch.page, read)
        if here is None:
            continue
        found, rest = marked(stretch, here)
        boxes += found
        after = pictures.page(sha256, stretch.page + 1, read) if rest else None
        if after is not None:
            marks.setdefault(stretch.page + 1, []).extend(marked_on_next(rest, after))
    drawn = ((number, pictures.page(sha256, number, read), boxes) for number, boxes in sorted(marks.items()) if boxes)
    return [Sheet(number, picture, tuple(dict.fromkeys(boxes))) for number, picture, boxes in drawn if picture]


def sheet_svg(sheet: Sheet, *, label: str, at: str = "") -> str:
    """A page as SVG, its picture in it, its marks drawn over it; ``at`` places it within another SVG."""
    page, name = sheet.picture, f"page{sheet.number}"
    size = f'width="{page.width:g}" height="{page.height:g}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {at}class="sheet" role="img" aria-label="{html.escape(label)}" '
        f'viewBox="0 0 {page.width:g} {page.height:g}"><g id="{name}"><image {size} '
        f'href="data:image/png;base64,{b64encode(page.png).decode()}"/>'
        f"{''.join(_mark(box, page.height) for box in sheet.marks)}</g></svg>"
    )


def stacked_svg(found: Sequence[Sheet], *, label: str) -> str:
    """Pages one below the other as one SVG."""
    width = max((sheet.picture.width for sheet in found), default=0.0)
    parts, y = [], 0.0
    for sheet in found:
        page = sheet.picture
        parts.append(sheet_svg(sheet, label=label, at=f'y="{y:g}" width="{page.width:g}" height="{page.height:g}" '))
        y += page.height
    size = f'width="{width:g}" height="{y:g}" viewBox="0 0 {width:g} {y:g}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'


def lines_svg(sheet: Sheet, *, label: str) -> str:
    """The marked lines of a page alone, larger, drawn from the page's own SVG, which must stand on the same page."""
    left, top, width, height = _around(sheet.marks, sheet.picture)
    return (
        f'<svg class="sheet" role="img" aria-label="{html.escape(label)}" viewBox="{left:g} {top:g} {width:g} '
        f'{height:g}"><use href="#page{sheet.number}"/></svg>'
    )


def _mark(box: Box, height: float) -> str:
    left, bottom, right, top = box
    return (
        f'<rect x="{left - 2:g}" y="{height - top - 2:g}" width="{right - left + 4:g}" height="{top - bottom + 4:g}" '
        'fill="#ffd84d" fill-opacity="0.45" style="mix-blend-mode:multiply"/>'
        f'<rect x="{left - 5:g}" y="{height - top - 2:g}" width="2.5" height="{top - bottom + 4:g}" fill="#7a4b00"/>'
    )


def _around(boxes: Sequence[Box], page: PagePicture) -> tuple[float, float, float, float]:
    left, right = _span((box[0] for box in boxes), (box[2] for box in boxes), most=page.width)
    bottom, top = _span((box[1] for box in boxes), (box[3] for box in boxes), most=page.height)
    return left, page.height - top, right - left, top - bottom


def _span(starts: Iterable[float], ends: Iterable[float], *, most: float) -> tuple[float, float]:
    return max(0.0, min(starts) - MARGIN), min(most, max(ends) + MARGIN)
