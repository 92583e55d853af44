"""TOML as staff write it: cut at its tables, comments and all, and values as they are written into it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import pairwise


def parted(text: str, pattern: re.Pattern[str]) -> list[str]:
    """The text before the first place that a pattern finds, then the text from each to the next; together all of it."""
    cuts = [0, *(found.start() for found in pattern.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(cuts)]


def quoted(value: str) -> str:
    """A value as a TOML string: a JSON string is one, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def lines_of(facts: Mapping[str, str]) -> str:
    """A line for each fact."""
    return "".join(f"{name} = {quoted(value)}\n" for name, value in facts.items())
