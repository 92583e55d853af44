"""A message as words: how letters are folded, what a token and a clause are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

TOKEN = re.compile(r"\d+(?:[.,:/]\d+)*|[a-z]+(?:'[a-z]+)*|[.!?;:,\n()°%+&*<>\[\]{}|-]")


class Token(NamedTuple):
    """A normalised word and where it stands in the text."""

    word: str
    start: int
    end: int
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clause:
    """Words that belong together; ``start`` and ``end`` cut them out of the text."""

    tokens: tuple[Token, ...]
    start: int
    end: int
