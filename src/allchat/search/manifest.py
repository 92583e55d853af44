"""The manifest of a version: what it was built from, and the sha256 of each of its files."""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allchat.errors import StoreError
from allchat.parsing import parse_json

FORMAT: Final = 7
"""Raised whenever the files' layout changes: an index of another format is built anew."""

PART: Final = 4 << 20
"""Bytes that are read at once; what was read is hashed while the next are."""

POPULATE_WRITE: Final = 23
"""Linux's MADV_POPULATE_WRITE, since 5.14, which Python does not name yet."""

MANIFEST: Final = "manifest.json"


class _Manifest(BaseModel):
    """What is read of a manifest; it holds more."""

    model_config = ConfigDict(strict=True)

    inputs: dict[str, Any]
    languages: list[Annotated[str, Field(pattern=r"^[a-z]+$")]]
    files: dict[Annotated[str, Field(pattern=r"^[\w.]+$")], str]


def checked_manifest(version: Path, *, name: str | None = None) -> tuple[dict[str, Any], str]:
    """The manifest of a version's folder and its sha256; ``name`` is the version's where the folder has another.

    Raises:
        StoreError: it cannot be read, was altered, or is of another format.
    """
    path = version / MANIFEST
    try:
        content = path.read_bytes()
        manifest = parse_json(content)
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: cannot be read ({error}). Run: allchat build --force") from error
    sha256 = hashlib.sha256(content).hexdigest()
    if not sha256.startswith(name or version.name) or not isinstance(manifest, dict):
        raise StoreError(f"{path}: is not the manifest that was built: it was altered. Run: allchat build --force")
    if manifest.get("format") != FORMAT:
        raise StoreError(
            f"{version}: is of format {manifest.get('format')}, this program reads {FORMAT}. Run: allchat build"
        )
    try:
        _Manifest.model_validate(manifest)
    except ValidationError as error:
        raise StoreError(f"{path}: is not a manifest of allchat's. Run: allchat build --force") from error
    return manifest, sha256


def whole(path: Path, *, sha256: str | None = None) -> memoryview:
    """What a file holds, read once: the very bytes that are held against its ``sha256`` are those that are used.

    Raises:
        StoreError: it cannot be read, or is not the file that was built.
    """
    found, at = hashlib.sha256(), 0
    try:
        # One core reads while another hashes, which takes as long: both let go of Python's lock.
        with path.open("rb", buffering=0) as file, ThreadPoolExecutor(1) as aside:
            size = os.fstat(file.fileno()).st_size
            room, piecemeal = _room(size)
            content = memoryview(room)[:size]
            hashing: Callable[[memoryview], object]
            hashing = found.update if size <= PART else lambda part: aside.submit(found.update, part)
            while read := _filled(file, content[at : at + PART]):
                hashing(content[at : at + read])
                at += read
                if piecemeal and at < size:
                    room.madvise(POPULATE_WRITE, at, min(PART, size - at))
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}). Run: allchat build --force") from error
    if at != size or (sha256 is not None and found.hexdigest() != sha256):
        raise altered(path)
    return content


def _filled(file: FileIO, part: memoryview) -> int:
    """Reads as much as fits, or all that there is: parts begin where pages do."""
    at = 0
    while at < len(part) and (read := file.readinto(part[at:])):
        at += read
    return at


def _room(size: int) -> tuple[mmap.mmap, bool]:
    """Memory for the content of a file, and whether the kernel has given its first part alone, and gives each other one
    when it is asked to; an older one gives all of it at once, which holds up what else is read meanwhile. Page by page,
    as it is first written to, or in the huge pages that numpy asks for, a gigabyte takes two to four times as long.
    """
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    room = mmap.mmap(-1, max(size, 1), flags=flags)
    try:
        room.madvise(POPULATE_WRITE, 0, min(PART, max(size, 1)))
    except (OSError, AttributeError):
        return mmap.mmap(-1, max(size, 1), flags=flags | getattr(mmap, "MAP_POPULATE", 0)), False
    return room, True


def check(path: Path, *, sha256: str) -> None:
    """Raises StoreError where a file is not the one that was built."""
    if sha256_of(path) != sha256:
        raise altered(path)


def altered(path: Path) -> StoreError:
    """What is said of a file that is not the one that was built."""
    return StoreError(f"{path}: is not the file that was built: it was altered. Run: allchat build --force")


def sha256_of(path: Path) -> str:
    """The sha256 of a file.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}). Run: allchat build --force") from error
