"""Converts a file: what it is, what its reader makes of it, the text and the structure that are kept beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import version

from allchat.errors import CorpusError
from allchat.sources.readers.child import read_apart
from allchat.sources.readers.kinds import Kind, kind_of
from allchat.sources.readers.pieces import Read, prepared

READERS_VERSION = 2
"""Raised whenever a reader may give another text than before."""

_PACKAGES = {
    "pdf": ("pypdfium2",),
    "docx": ("mammoth", "selectolax"),
    "html": ("selectolax",),
    "markdown": ("markdown-it-py", "selectolax"),
    "text": (),
}


@dataclass(frozen=True, slots=True)
class Converted:
    """A file as converted. ``structure`` has a JSON line for each line of ``text`` that is not blank."""

    kind: Kind
    read: Read
    text: str
    structure: str
    converter: str


def convert(content: bytes, *, name: str) -> Converted:
    """A file's text and structure; the same bytes and converter give the same.

    Raises:
        CorpusError: the file is refused, with what to do.
    """
    kind = kind_of(content, name=name)
    read = read_apart(content, kind=kind, name=name)
    if not any(piece.kind != "heading" for piece in read.pieces):
        raise CorpusError(
            f"{name}: no text was found in it. If it has some on the screen, save it as PDF from there and add that."
        )
    return Converted(kind, read, prepared(read.pieces), _structure(read), converter(kind))


def converter(kind: Kind) -> str:
    """The converter of a kind of file with its version and those of what it stands on."""
    parts = (f"{package} {version(package)}" for package in _PACKAGES[kind])
    return ", ".join((f"allchat-{kind} {READERS_VERSION}", *parts))


def _structure(read: Read) -> str:
    lines = []
    for piece in read.pieces:
        level = {"level": piece.level} if piece.kind == "heading" else {}
        depth = {"depth": piece.depth} if piece.depth else {}
        lines.append(json.dumps({"kind": piece.kind, **level, **depth, **piece.place.to_dict()}, ensure_ascii=False))
    return "\n".join(lines) + "\n"
