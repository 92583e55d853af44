"""The lines of a converted source, each what its converter found it to be, unless corpus.toml says otherwise."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allchat.errors import CorpusError
from allchat.records import Document
from allchat.sources.lines import Atom, Line, must_hold_all, text_lines
from allchat.sources.text import clean


@dataclass(frozen=True, slots=True)
class Mark:
    """What a line of a converted text is, and where it stands in the original: a page with boxes, or an element."""

    kind: Literal["heading", "text", "item"]
    level: int
    depth: int
    place: dict[str, Any]


def marks(document: Document) -> dict[int, Mark]:
    """The mark of each line that is not blank, by the line's offset; none where the text was not converted.

    Raises:
        CorpusError: text and structure do not belong together.
    """
    if document.layout.structure is None:
        return {}
    lines = text_lines(document.text, marks=False)
    structure = [_mark(line, document) for line in document.layout.structure.splitlines()]
    if len(lines) != len(structure):
        raise CorpusError(
            f"corpus.toml, source {document.key!r}: {document.file} has {len(lines)} lines, its structure "
            f"{len(structure)}. Restore both, or run: allchat source add with the original again."
        )
    return {line.start: mark for line, mark in zip(lines, structure, strict=True)}


@lru_cache(maxsize=64)
def _places(document: Document) -> tuple[list[int], list[dict[str, Any]]]:
    found = marks(document)
    return list(found), [mark.place for mark in found.values()]


def place_of(document: Document, start: int, end: int) -> dict[str, Any] | None:
    """Where a stretch of a converted text stands in the original: the page it begins on with its boxes there, in points
    from the lower left corner, or the element by its tag and number. None for a text prepared by hand.
    """
    starts, places = _places(document)
    if not starts:
        return None
    first = max(0, bisect_right(starts, start) - 1)
    found = places[first : max(first + 1, bisect_left(starts, end))]
    if "page" not in found[0]:
        return dict(found[0])
    boxes = [box for place in found if place.get("page") == found[0]["page"] for box in place["boxes"]]
    return {"page": found[0]["page"], "boxes": boxes}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words of one line of a converted text, what stands before and behind them in it, and the page on which that line
    begins, with its boxes there.
    """

    page: int
    boxes: tuple[tuple[float, float, float, float], ...]
    before: str
    words: str
    after: str


def stretches(document: Document, start: int, end: int) -> list[Stretch]:
    """The lines between two offsets as they stand on pages; none where the original has no pages."""
    text = document.text
    starts, places = _places(document)
    found: list[Stretch] = []
    for number in range(max(0, bisect_right(starts, start) - 1), bisect_left(starts, end)):
        first, place = starts[number], places[number]
        last = text.find("\n", first) % (len(text) + 1)  # a converted text has no other line ends
        if "page" in place and first < end and start < last:
            boxes = tuple((box[0], box[1], box[2], box[3]) for box in place["boxes"])
            cut = max(first, start), min(last, end)
            found.append(Stretch(place["page"], boxes, text[first : cut[0]], text[slice(*cut)], text[cut[1] : last]))
    return found


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["heading", "text", "item"]
    level: int = Field(default=0, ge=0, le=6)
    depth: int = Field(default=0, ge=0, le=9)
    page: int | None = None
    boxes: list[tuple[float, float, float, float]] = []
    element: str | None = None


def _mark(line: str, document: Document) -> Mark:
    try:
        found = _Line.model_validate_json(line)
    except ValidationError as error:
        raise _damaged(document) from error
    page = {} if found.page is None else {"page": found.page, "boxes": [list(box) for box in found.boxes]}
    return Mark(found.kind, found.level, found.depth, page or ({"element": found.element} if found.element else {}))


def _damaged(document: Document) -> CorpusError:
    return CorpusError(
        f"corpus.toml, source {document.key!r}: its structure is damaged. Restore it, or add the original again."
    )


def converted_atoms(lines: Sequence[Line], document: Document) -> list[Atom]:
    """A line is a heading, a paragraph or an item as its converter found, but for ``headings`` and ``no_headings``."""
    found, text = marks(document), document.text
    declared = {clean(words) for words in document.layout.headings}
    plain = {clean(words) for words in document.layout.no_headings}
    atoms: list[Atom] = []
    for line in lines:
        mark, words = found[line.start], clean(text[line.start : line.end])
        if words in declared or (mark.kind == "heading" and words not in plain):
            atoms.append(Atom("heading", line.start, line.end, level=mark.level or 2))
        else:
            atoms.append(Atom("item" if mark.kind == "item" else "text", line.start, line.end, mark.depth))
    must_hold_all(declared | plain, {clean(text[atom.start : atom.end]) for atom in atoms}, document=document)
    return atoms
