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
    words = list(dict.fromkeys(word.lower().replace("’", "'") for word in WORD.findall(text)))
    return [word for word in words if word not in stop_words()] or words


def says_something(text: str) -> bool:
    """Whether a text has a word that says what it is about."""
    return any(word.lower().replace("’", "'") not in stop_words() for word in WORD.findall(text))
