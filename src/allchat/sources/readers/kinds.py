"""What a file is, by its first bytes; what cannot be taken is refused with the remedy."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import PurePath
from typing import Literal

from allchat.errors import CorpusError

Kind = Literal["html", "pdf", "docx", "markdown", "text"]

MOST_BYTES = 50_000_000
"""A file larger than this is no leaflet."""

MOST_UNPACKED = 200_000_000
"""Bytes that the parts of a Word file may have, together, when they are unpacked."""

MOST_PARTS = 3_000
MOST_RATIO = 200
"""How many times smaller a part may be packed; text packs to a tenth, a bomb to a thousandth."""

_SMALL_PART = 1_000_000

_REFUSED: tuple[tuple[bytes, str, str], ...] = (
    (b"{\\rtf", "an RTF file", "Open it in a word processor and save it as DOCX"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file (DOC, XLS or PPT)", "Save it as DOCX"),
    (b"\x89PNG", "an image", "Bring the document itself: words in an image are not read"),
    (b"\xff\xd8\xff", "an image", "Bring the document itself: words in an image are not read"),
    (b"GIF8", "an image", "Bring the document itself: words in an image are not read"),
    (b"II*\x00", "an image", "Bring the document itself: words in an image are not read"),
    (b"MM\x00*", "an image", "Bring the document itself: words in an image are not read"),
    (b"BM", "an image", "Bring the document itself: words in an image are not read"),
    (b"RIFF", "an image or a recording", "Bring the document itself"),
    (b"\x1f\x8b", "an archive", "Unpack it and add the documents in it one by one"),
    (b"7z\xbc\xaf", "an archive", "Unpack it and add the documents in it one by one"),
    (b"Rar!", "an archive", "Unpack it and add the documents in it one by one"),
    (b"BZh", "an archive", "Unpack it and add the documents in it one by one"),
    (b"\xfd7zXZ", "an archive", "Unpack it and add the documents in it one by one"),
    (b"%!PS", "a PostScript file", "Save it as PDF"),
    (b"\x7fELF", "a program", "Bring the document itself"),
    (b"MZ", "a program", "Bring the document itself"),
    (b"From ", "a saved mail", "Save what is attached to it and add that"),
    (b"MIME-Version:", "a web archive (MHTML)", "Save the page as HTML only"),
)
_HTML = re.compile(
    rb"^\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_MARKDOWN_NAMES = {".md", ".markdown", ".mdown"}


def kind_of(content: bytes, *, name: str) -> Kind:
    """Which reader takes a file; its name only tells Markdown from plain text, and a page without its frame from both.

    Raises:
        CorpusError: it is nothing that can be read, with what it is and what to do.
    """
    if not content.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise CorpusError(f"{name}: the file is empty. Bring the document itself.")
    if len(content) > MOST_BYTES:
        raise CorpusError(
            f"{name}: has {len(content) // 1_000_000} MB, and {MOST_BYTES // 1_000_000} are read at most. "
            "Bring the leaflet alone."
        )
    if b"%PDF-" in content[:1024]:
        return "pdf"
    if content.startswith(b"PK"):
        return _word_file(content, name=name)
    for start, what, remedy in _REFUSED:
        if content.startswith(start) and not (start in (b"BM", b"MZ", b"From ") and _is_text(content)):
            raise CorpusError(f"{name}: is {what}. {remedy}.")
    if _HTML.match(_plain_start(content)) or PurePath(name).suffix.lower() in (".html", ".htm", ".xhtml"):
        return "html"
    return "markdown" if PurePath(name).suffix.lower() in _MARKDOWN_NAMES else "text"


def _is_text(content: bytes) -> bool:
    return not re.search(rb"[\x00-\x08\x0e-\x1a]", content[:4096])


def _plain_start(content: bytes) -> bytes:
    """The first bytes as ASCII, also of UTF-16."""
    start = content[:4096]
    return start.replace(b"\x00", b"").lstrip(b"\xff\xfe\xef\xbb\xbf")


def _word_file(content: bytes, *, name: str) -> Kind:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, NotImplementedError, OverflowError) as error:
        raise CorpusError(f"{name}: is a damaged archive ({error}). Save or copy the document again.") from error
    names = {part.filename for part in parts}
    if "word/document.xml" not in names:
        raise CorpusError(f"{name}: is {_archive(names)}. Save it as DOCX or PDF, or unpack it and add what is in it.")
    unpacked = sum(part.file_size for part in parts)
    bomb = any(p.file_size > max(_SMALL_PART, MOST_RATIO * max(p.compress_size, 1)) for p in parts)
    if unpacked > MOST_UNPACKED or len(parts) > MOST_PARTS or bomb:
        raise CorpusError(
            f"{name}: unpacks to {unpacked // 1_000_000} MB in {len(parts)} parts, which no leaflet does. "
            "Save the document again from a word processor."
        )
    if any(part.flag_bits & 1 for part in parts):
        raise CorpusError(f"{name}: is encrypted. Save it without a password.")
    return "docx"


def _archive(names: set[str]) -> str:
    if any(name.startswith("ppt/") for name in names):
        return "a presentation"
    if any(name.startswith("xl/") for name in names):
        return "a spreadsheet"
    if "content.xml" in names:
        return "an OpenDocument file"
    return "an e-book" if "META-INF/container.xml" in names else "an archive"
