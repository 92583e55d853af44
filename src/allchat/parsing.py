"""Formats: what a TOML or JSON text says. Whatever is wrong with it is a ``ValueError``, whatever its parser raises."""

from __future__ import annotations

import json
import tomllib
from typing import Any


def parse_toml(content: bytes) -> dict[str, Any]:
    """What a TOML file's bytes say.

    Raises:
        ValueError: it is not UTF-8 (a ``UnicodeDecodeError``), not TOML, nests too deep, or holds too long a number.
    """
    try:
        return tomllib.loads(content.decode())
    except RecursionError as error:
        raise ValueError("it nests too deep") from error


def parse_json(content: str | bytes) -> Any:
    """What a JSON text says.

    Raises:
        ValueError: it is not JSON, nests too deep, or holds half a character, which no file could be written with.
    """
    try:
        value = json.loads(content)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("it holds half a character, a lone surrogate") from error
    except RecursionError as error:
        raise ValueError("it nests too deep") from error
    return value
