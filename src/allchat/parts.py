"""What an answer is made of: fixed sentences, quotes, lists. Each medium is rendered from these; none is read back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Role = Literal["words", "lead", "source", "more"]
"""``lead`` says how answers are made, ``source`` whose words come next, ``more`` how long a quoted list goes on."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A sentence of ours, by its dotted name and language: Markdown, with what fills its braces as plain words.

    ``about`` names the documents that it speaks of.
    """

    name: str
    language: str
    sentence: str
    values: tuple[tuple[str, str], ...] = ()
    role: Role = "words"
    about: tuple[str, ...] = ()

    def filled(self, escape: Callable[[str], str] = str, *, number: Callable[[str], str] = str) -> str:
        """The sentence with its values, each of them escaped for the medium, and telephone numbers as ``number`` says.

        A number needs no escaping: ``addresses.PHONE`` holds an operator's to signs that no medium reads.
        """
        own = {name: (number if name.endswith("_number") else escape)(value) for name, value in self.values}
        return self.sentence.format(**own)


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph of a quote, or a list item at ``depth`` (0 is the outermost), under the quote's ``number``.

    ``ends``: the quote ends with it, so that the number stands behind it.
    """

    words: str
    depth: int | None
    number: int
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Quoted:
    """Quotes in one frame, from one place of one document; ``lead`` is the line that introduces them there."""

    lead: tuple[Line, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Title:
    """The name of a document, or of the ``section`` with this number in it, as the source writes it."""

    words: str
    document: str
    section: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A list: names of sources and of their sections, or questions of ours."""

    entries: tuple[Title | Fixed, ...]


Part: TypeAlias = Fixed | Quoted | Listed


@dataclass(frozen=True, slots=True)
class Parts:
    """An answer: what is said, in its order; the quotes on request; what is to be known of it."""

    said: tuple[Part, ...] = ()
    further: tuple[Quoted, ...] = ()
    notes: tuple[Fixed, ...] = ()
