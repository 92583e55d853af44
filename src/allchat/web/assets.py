"""The page's own files."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def page_file(name: str) -> str:
    """One of the page's own style sheets or scripts."""
    return (files("allchat") / "web" / "page" / name).read_text(encoding="utf-8")
