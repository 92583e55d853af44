"""The page's own files and templates, and by which hashes a browser knows our scripts."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

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


def script_hash(script: str) -> str:
    """What a content security policy calls an inline script."""
    return f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


@cache
def templates(package: str) -> Environment:
    """The HTML templates beside a package's modules: all is escaped, and a name without a value is an error."""
    return Environment(
        loader=PackageLoader(package, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
