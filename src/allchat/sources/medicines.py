"""Medicines: which words of a text name a medicine."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

MEDICINES_FILE = "medicines.toml"
SHORTEST_WITH_ENDING = 7
"""Letters of a word that is taken for a medicine by its ending alone."""

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*", re.IGNORECASE)


def medicine_names(text: str) -> frozenset[str]:
    """The words of a text that name medicines, by the endings and names of ``medicines.toml``; lower case."""
    words = (match.group().replace("’", "'").lower() for match in _WORD.finditer(text))
    return frozenset(word for word in words if is_medicine(word))


def known_medicines() -> frozenset[str]:
    """The names of ``medicines.toml``."""
    return _lists()[1]


def is_medicine(word: str) -> bool:
    """Whether a lower-case word names a medicine, by its ending or as one of the names."""
    endings, names = _lists()
    return word in names or (len(word) >= SHORTEST_WITH_ENDING and word.endswith(endings))


@cache
def _lists() -> tuple[tuple[str, ...], frozenset[str]]:
    table = tomllib.loads(files("allchat").joinpath("sources/medicines.toml").read_text(encoding="utf-8"))
    return tuple(table["medicine_endings"]), frozenset(table["medicines"])
