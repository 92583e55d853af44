"""Words found within a source: in a row where they stand so, else wherever a block has all of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from allchat.web.staff.views import SourceView

LIKE = {"'": "'’‘ʼ", '"': '"“”„', "-": "-‐‑–—"}
"""Signs that stand for each other: a keyboard has one of them, a source another."""

_ALIKE = {sign: f"[{re.escape(signs)}]" for signs in LIKE.values() for sign in signs}
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Found:
    """What of a document holds the words, whatever their capitals; page furniture too.

    ``in_a_row``: in the order in which they were typed.
    """

    view: SourceView
    pattern: re.Pattern[str]
    in_a_row: bool

    @cached_property
    def count(self) -> int:
        """How many blocks hold them."""
        return len(self.view.parts)

    def pieces(self, words: str) -> list[tuple[bool, str]]:
        """The words cut at each place of those that are sought; True for these."""
        cuts = [0, *(at for found in self.pattern.finditer(words) for at in found.span()), len(words)]
        return [
            (bool(number % 2), words[begin:end]) for number, (begin, end) in enumerate(pairwise(cuts)) if begin < end
        ]


def find(view: SourceView, sought: str) -> Found:
    """Where a document has the words; ``sought`` is normalised and not empty."""
    phrase = re.compile("".join(_ALIKE.get(sign, re.escape(sign)) for sign in sought), re.IGNORECASE)
    row = _holding(view, [phrase])
    if row.parts:
        return Found(row, phrase, in_a_row=True)
    begins = [_begin(word) for word in dict.fromkeys(_WORD.findall(sought))]
    each = [re.compile(begin, re.IGNORECASE) for begin in begins]
    return Found(
        _holding(view, each or [phrase]), re.compile("|".join(begins) or phrase.pattern, re.IGNORECASE), in_a_row=False
    )


def _begin(word: str) -> str:
    """A word by its beginning: "tests" is found by "test", and "test" by "tests"."""
    stem = word[:-1] if len(word) > 3 and word[-1] in "sS" else word
    return rf"(?<![^\W_]){re.escape(stem)}[^\W_]*"


def _holding(view: SourceView, patterns: list[re.Pattern[str]]) -> SourceView:
    chapters = (
        replace(
            chapter, parts=tuple(part for part in chapter.parts if all(each.search(part.words) for each in patterns))
        )
        for chapter in view.chapters
    )
    return replace(view, chapters=tuple(chapter for chapter in chapters if chapter.parts))
