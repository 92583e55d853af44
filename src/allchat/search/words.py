"""Words of a text that say what it is about."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


@cache
def stop_words() -> frozenset[str]:
    """Words of a question's form: they say how it is asked, not what for."""
    return frozenset(files("allchat").joinpath("search/stop_words.txt").read_text(encoding="utf-8").split())


def content_words(text: str) -> list[str]:
    """The words that say what a text is about, lower case, each once, in order. All of its words where none is left."""
    words = list(dict.fromkeys(map(lowered, WORD.findall(text))))
    return [word for word in words if word not in stop_words()] or words


def says_something(text: str) -> bool:
    """Whether a text has a word that says what it is about."""
    return not stop_words().issuperset(content_words(text))


def lowered(word: str) -> str:
    """A word as the stop words are written: lower case, with a straight apostrophe."""
    return word.lower().replace("’", "'")
