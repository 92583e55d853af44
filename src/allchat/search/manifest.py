"""The manifest of a version: what it was built from, and the sha256 of each of its files."""

from __future__ import annotations

import hashlib
import mmap
import os
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allchat.errors import StoreError
from allchat.parsing import parse_json

FORMAT: Final = 7
"""Raised whenever the files' layout changes: an index of another format is built anew."""

PART: Final = 1 << 20
"""Bytes that are read at once: what was read is hashed while the processor still has it at hand."""

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
        with path.open("rb", buffering=0) as file:
            content = _room(os.fstat(file.fileno()).st_size)
            while read := file.readinto(content[at : at + PART]):
                found.update(content[at : at + read])
                at += read
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}). Run: allchat build --force") from error
    if at != len(content) or (sha256 is not None and found.hexdigest() != sha256):
        raise altered(path)
    return content


def _room(size: int) -> memoryview:
    """Memory for the content of a file, asked of the kernel in one piece: page by page, as it is first written to, or
    in the huge pages that numpy asks for, a gigabyte takes two to four times as long.
    """
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_POPULATE", 0)
    return memoryview(mmap.mmap(-1, max(size, 1), flags=flags))[:size]


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
