"""The child that reads one file: limits first, then the bytes from standard input, then JSON to standard output."""

from __future__ import annotations

import contextlib
import json
import resource
import sys
from dataclasses import asdict
from typing import Any

from allchat.errors import CorpusError
from allchat.sources.readers.kinds import Kind
from allchat.sources.readers.pieces import Left, Piece, Place, Read

SECONDS = 60
MEMORY = 1_500_000_000
MOST_OUTPUT = 40_000_000
"""Bytes that a converted file may have as JSON."""


def read(content: bytes, *, kind: Kind, name: str) -> Read:
    """What the reader of this kind makes of a file, in this process.

    Raises:
        CorpusError: the file is refused.
    """
    if kind == "pdf":
        from allchat.sources.readers.pdf import read_pdf

        return read_pdf(content, name=name)
    if kind == "docx":
        from allchat.sources.readers.docx import read_docx

        return read_docx(content, name=name)
    if kind == "markdown":
        from allchat.sources.readers.markdown import read_markdown

        return read_markdown(content, name=name)
    if kind == "html":
        from allchat.sources.readers.html import read_html

        return read_html(content, name=name)
    from allchat.sources.readers.plain import read_plain

    return read_plain(content, name=name)


def packed(found: Read) -> str:
    """A result as JSON."""
    return json.dumps(asdict(found), ensure_ascii=False)


def unpacked(text: str) -> Read:
    """A result from its JSON."""
    made: dict[str, Any] = json.loads(text)
    return Read(
        pieces=tuple(_piece(piece) for piece in made["pieces"]),
        left=tuple(Left(**left) for left in made["left"]),
        alarms=tuple(made["alarms"]),
        title=made["title"],
        language=made["language"],
        facts=tuple((key, value) for key, value in made["facts"]),
    )


def _piece(made: dict[str, Any]) -> Piece:
    place = made.pop("place")
    boxes = tuple((box[0], box[1], box[2], box[3]) for box in place["boxes"])
    return Piece(**made, place=Place(place["page"], boxes, place["element"]))


def _limited() -> None:
    for limit, most in (
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, MOST_OUTPUT),
    ):
        with contextlib.suppress(ValueError):  # a stricter limit of the machine stays
            resource.setrlimit(limit, (most, most))
    sys.setrecursionlimit(3_000)


def main() -> int:
    """Reads one file; exit code 0 with a result, 2 with a refusal on standard error."""
    _limited()
    kind, name = sys.argv[1:3]
    try:
        result = packed(read(sys.stdin.buffer.read(), kind=kind, name=name))  # type: ignore[arg-type] # as asked
        sys.stdout.buffer.write(result.encode())
        sys.stdout.flush()
    except CorpusError as error:
        sys.stderr.write(str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
