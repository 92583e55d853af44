"""Copies of the files of a version: each is fetched once from where it lies, checked by its hash, and removed with its
version.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from allchat.errors import StoreError
from allchat.search.folder import ASIDE, Folder, only_build
from allchat.search.manifest import MANIFEST, checked_manifest, sha256_of

Read = Callable[[str], Iterable[bytes]]
"""Gives what a file of the version holds, in parts; StoreError where it cannot."""


def fetched(
    place: Path, read: Read, *, origin: str, wanted: Callable[[str], bool] = lambda _: True
) -> tuple[dict[str, Any], str]:
    """The manifest of the version whose folder here is ``place``, and its sha256. The ``wanted`` ones of its files are
    fetched where they are not here or were altered; whoever is cut off in the middle goes on from there the next time.

    Raises:
        StoreError: a file cannot be read there or written here, or is not the one that was built.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        fetch(place / MANIFEST, read, sha256=place.name, origin=origin)
        manifest, version = checked_manifest(place)
        for file, sha256 in manifest["files"].items():
            if wanted(file):
                fetch(place / file, read, sha256=sha256, origin=origin)
    except OSError as error:
        raise StoreError(f"{place}: cannot be written ({error}). Free the disk or mend its permissions.") from error
    return manifest, version


def fetch(path: Path, read: Read, *, sha256: str, origin: str) -> None:
    """Brings a file to a path unless it is there; ``sha256`` is its hash, or the beginning of it.

    Raises:
        StoreError: it cannot be read from ``origin``, or is not the one that was built.
    """
    if path.is_file() and sha256_of(path).startswith(sha256):
        return
    found = hashlib.sha256()
    with tempfile.TemporaryDirectory(prefix=ASIDE, dir=path.parent) as aside:  # a full disk keeps no half of it
        with Path(aside, path.name).open("wb") as file:
            for part in read(path.name):
                found.update(part)
                file.write(part)
        if not found.hexdigest().startswith(sha256):
            fact = f"{path.name} of {path.parent.name} is missing or altered"
            raise StoreError(f"{origin}: {fact}. Run: allchat build --force")
        Path(aside, path.name).replace(path)


def tidy(folder: Path, *, there: Collection[str]) -> None:
    """Removes the copies of versions that are not ``there`` any more; where a build runs here, the next time does."""
    here = Folder(folder)
    with suppress(StoreError), only_build(folder):
        for name in here.versions():
            if name not in there:
                here.drop(name)
