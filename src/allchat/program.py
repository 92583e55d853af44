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

EVERYTHING = ("",)


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


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
