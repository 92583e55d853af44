"""What a reader makes of a file: pieces in the order of reading, what was left out and why, what to look at."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Literal

from allchat.sources.text import BULLETS

PieceKind = Literal["heading", "text", "item"]

_ODD_SPACE = re.compile(r"[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ufe0f\u00ad]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_LEADING_BULLETS = re.compile(rf"^[{BULLETS}\s]+(?=\S)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece stands in the original: on a page within boxes, in points from its lower left corner, or in an
    element, named by its tag and its number among those of that tag; a line's number in plain text.
    """

    page: int | None = None
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    element: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """What is known, as JSON-ready values."""
        page = {} if self.page is None else {"page": self.page, "boxes": [list(box) for box in self.boxes]}
        return page | ({} if self.element is None else {"element": self.element})


@dataclass(frozen=True, slots=True)
class Piece:
    """A line of the converted text: a heading with its level, a paragraph, an item or table row with its depth."""

    kind: PieceKind
    text: str
    level: int = 0
    depth: int = 0
    place: Place = Place()


@dataclass(frozen=True, slots=True)
class Left:
    """Words of the original that are not in the text, and why."""

    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Read:
    """What a reader found. ``title`` and ``language`` are what the file itself says, if it does."""

    pieces: tuple[Piece, ...]
    left: tuple[Left, ...] = ()
    alarms: tuple[str, ...] = ()
    title: str | None = None
    language: str | None = None
    facts: tuple[tuple[str, str], ...] = ()


def tidy(text: str) -> str:
    """A piece's words on one line: composed letters, ligatures as letters, no invisible marks, no leading bullet."""
    text = unicodedata.normalize("NFC", _CONTROL.sub(" ", _ODD_SPACE.sub("", text)))
    text = "".join(_LIGATURES.get(letter, letter) for letter in text)
    return " ".join(_LEADING_BULLETS.sub("", text).split())


def prepared(pieces: tuple[Piece, ...]) -> str:
    """The converted text: a piece on a line, items with a bullet and an indent, a blank line where a list ends."""
    lines: list[str] = []
    for number, piece in enumerate(pieces):
        if piece.kind != "item" or not number or pieces[number - 1].kind != "item":
            lines.append("")
        lines.append(f"{'  ' * piece.depth}• {piece.text}" if piece.kind == "item" else piece.text)
    return "\n".join(lines[1:]) + "\n"
