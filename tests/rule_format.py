"""How rule files are written: a phrase a line, so that a nurse reads one at a time and a change shows as one line.

``python tests/rule_format.py`` writes them so; a test holds them to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from made_languages import PACKAGED

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|#[^\n]*|[\[\],]|[^\s\[\],#"\']+|\n|[ \t]+')
_ARRAY = re.compile(r"^(?:[\w-]+|\"[^\"]*\") = \[", re.MULTILINE)

Item: TypeAlias = "str | list[Item]"
"""A value as it is written, a comment with its sign, or an array of these."""


def rule_files() -> list[Path]:
    """Every file of the guard's rules, of every language."""
    return sorted(PACKAGED.glob("*/rules/*.toml"))


def formatted(text: str) -> str:
    """The text of a rule file with its arrays a phrase a line; nothing else is changed."""
    parts, last = [], 0
    while found := _ARRAY.search(text, last):
        opening = found.end() - 1
        array, end = read_array(text, opening)
        parts += [text[last:opening], written(array)]
        last = end
    return "".join((*parts, text[last:]))


def read_array(text: str, start: int) -> tuple[list[Item], int]:
    """The array that opens at a place, with its comments as items, and the place behind it."""
    places: list[int] = []
    tokens = _tokens(text, start, places)
    next(tokens)
    return _items(tokens), places[-1]


def _tokens(text: str, start: int, places: list[int]) -> Iterator[str]:
    """The signs, values and comments from a place on; ``places`` keeps where each ends."""
    for found in _TOKEN.finditer(text, start):
        if not found[0].isspace():
            places.append(found.end())
            yield found[0]


def _items(tokens: Iterator[str]) -> list[Item]:
    items: list[Item] = []
    for sign in tokens:
        if sign == "[":
            items.append(_items(tokens))
        elif sign == "]":
            return items
        elif sign != ",":
            items.append(sign)
    raise ValueError("an array is never closed")


def written(array: list[Item], *, indent: str = "") -> str:
    """An array on one line where it holds one phrase at most, else an item a line."""
    if len(array) <= 1 and not any(isinstance(item, str) and item.startswith("#") for item in array):
        return f"[{''.join(item if isinstance(item, str) else written(item, indent=indent) for item in array)}]"
    inner = f"{indent}    "
    lines = (_line(item, inner) for item in array)
    return "\n".join(("[", *lines, f"{indent}]"))


def _line(item: Item, indent: str) -> str:
    if isinstance(item, str):
        return f"{indent}{item}" if item.startswith("#") else f"{indent}{item},"
    return f"{indent}{written(item, indent=indent)},"


if __name__ == "__main__":
    for path in rule_files():
        path.write_text(formatted(path.read_text(encoding="utf-8")), encoding="utf-8")
