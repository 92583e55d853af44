"""The page's own files, and by which hashes a browser knows our scripts."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from importlib.resources import files

SCRIPTS = ("ask.js", "sheet.js", "sources.js", "paper.js", "page.js")
"""The page's scripts in the order in which a browser runs them: the last one uses the others."""


@cache
def page_file(name: str) -> str:
    """One of the page's own style sheets or scripts."""
    return (files("allchat") / "web" / "page" / name).read_text(encoding="utf-8")


@cache
def page_script() -> str:
    """The page's scripts as one."""
    return "".join(map(page_file, SCRIPTS))


def script_hashes() -> str:
    """What a content security policy calls our two inline scripts: the page's, and that of a source's page."""
    return f"{_called(page_script())} {script_hash('source.js')}"


def script_hash(name: str) -> str:
    """What a content security policy calls one inline script."""
    return _called(page_file(name))


def _called(script: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
