"""Which language a question is in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from allchat.languages import SEARCHED
from allchat.languages.gloss import gloss_of
from allchat.spelling import fold

_SIGNS = re.compile("[áéíóúñü¿¡]", re.IGNORECASE)
"""Letters and signs of Spanish that English does not have."""

_WORD = re.compile(r"[^\W\d_]+")


LONGEST_SHORT_FORM = 4

IN_BOTH = frozenset({"no", "son", "once", "pie", "come", "sin", "mal", "me"})
"""Words of English as well as of Spanish, short of which the lists of English words are."""


@cache
def english_words() -> frozenset[str]:
    """Common English words."""
    rules = files("allchat") / "guard" / "rules" / "words.txt"
    stop = files("allchat") / "search" / "stop_words.txt"
    return IN_BOTH | frozenset((rules.read_text(encoding="utf-8") + stop.read_text(encoding="utf-8")).split())


class Recogniser:
    """Tells the language of a text. ``known`` are words of the sources and ours, which count as English."""

    def __init__(self, known: Iterable[str]) -> None:
        self._english = english_words() | frozenset(known)
        self._others = {code: gloss_of(code) for code in SEARCHED}

    def __call__(self, text: str) -> str:
        """The language of a text, as a code of two letters."""
        words = [fold(found[0]) for found in _WORD.finditer(text) if text.isupper() or not _is_short_form(found[0])]
        english = sum(word in self._english for word in words)
        for code, gloss in self._others.items():
            known = sum(gloss.knows(word) for word in words)
            if known > english or (known == english == len(words) > 0 and _SIGNS.search(text)):
                return code
        return "en"


def _is_short_form(word: str) -> bool:
    """Whether a word is an abbreviation, the same in every language: "CAR T", "MRD"."""
    return word.isupper() and len(word) <= LONGEST_SHORT_FORM
