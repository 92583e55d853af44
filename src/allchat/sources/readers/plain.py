"""Plain text: its encoding by detection, said aloud; paragraphs, headings and lists by rule."""

from __future__ import annotations

import re
from itertools import pairwise

from allchat.errors import CorpusError
from allchat.sources.readers.pieces import Left, Piece, PieceKind, Place, Read, tidy
from allchat.sources.text import BULLETS

MARK = re.compile(
    rf"^(?P<indent>\s*)(?P<mark>[{BULLETS}·*+\-–—\uf0b7\uf0a7\uf040\uf03f\uf076\uf0fc❖➢➤✓✔►□◆]|o(?=\s)|\(?\d{{1,2}}[.)]|\(?[a-z][.)])\s+(?P<rest>\S.*)$"
)
"""A list item's mark: any bullet, a hyphen, a number or a letter."""

TITLE_WORDS = 14
_MOJIBAKE = re.compile(r"Ã[\x80-\xbf©¨¡³±¶¼]|â€[\x80-\xbf™œ“”˜¢¦]|Â[\xa0-\xbf]")
_ENDED = re.compile(r"[.!?:;,…][\"'”’)\]]*$")
_RULE = re.compile(r"^\s*([=\-_*~#])\1{2,}\s*$")


def decoded(content: bytes, *, name: str) -> tuple[str, str | None]:
    """The text, and a line on how it was read where that is not UTF-8.

    Raises:
        CorpusError: no encoding fits, or the text was damaged before: U+FFFD, NUL, mojibake.
    """
    text, said = _as_text(content, name=name)
    for damage, what in (("\ufffd", "U+FFFD, the mark of a lost letter"), ("\x00", "NUL characters")):
        if damage in text:
            raise CorpusError(f"{name}: holds {what}. Save it again from its original as UTF-8.")
    broken = _MOJIBAKE.search(text)
    if broken:
        raise CorpusError(
            f"{name}: {broken.group()!r} stands for one letter: it was saved in a wrong encoding. "
            "Save it again from its original as UTF-8."
        )
    return text, said


def _as_text(content: bytes, *, name: str) -> tuple[str, str | None]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16"), "read as UTF-16"
        except UnicodeDecodeError as error:
            raise CorpusError(f"{name}: not UTF-16 at byte {error.start}. Save it again as UTF-8.") from error
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        pass
    from charset_normalizer import from_bytes  # here: only a file that is not UTF-8 needs it

    best = from_bytes(content[:200_000], cp_isolation=["cp1252", "utf_16_le", "utf_16_be"], threshold=0.3).best()
    encoding = "cp1252" if best is None else best.encoding
    try:
        return content.decode(encoding), f"read as {'Windows-1252' if encoding == 'cp1252' else encoding}"
    except UnicodeDecodeError as error:
        raise CorpusError(f"{name}: its encoding is not known. Save it again as UTF-8.") from error


def read_plain(content: bytes, *, name: str) -> Read:
    """The pieces of a plain text.

    Raises:
        CorpusError: see ``decoded``.
    """
    text, said = decoded(content, name=name)
    lines = text.splitlines()
    wrapped = _is_wrapped(lines)
    pieces: list[Piece] = []
    left: list[Left] = []
    opened = False
    for number, line in enumerate(lines, start=1):
        words = tidy(line)
        if not words or _RULE.match(line):
            opened = False
            left += [Left(words, "a drawn line")] if words else []
            continue
        piece = _piece(line, words, lines=lines, number=number, opened=opened)
        if not piece.text:
            left.append(Left(words, "a mark without words"))
            continue
        if wrapped and opened and piece.kind == "text" and pieces[-1].kind != "heading":
            last = pieces[-1]
            pieces[-1] = Piece(last.kind, f"{last.text} {words}", last.level, last.depth, last.place)
        else:
            pieces.append(piece)
        opened = piece.kind != "heading"
    return Read(tuple(pieces), tuple(left), (said,) if said else ())


def _is_wrapped(lines: list[str]) -> bool:
    """Whether paragraphs are broken at a page's width: most lines that are followed by another end in no stop."""
    pairs = [(one, other) for one, other in pairwise(lines) if one.strip() and other.strip()]
    longer = [(one, other) for one, other in pairs if len(one.strip()) > 40 and not MARK.match(other)]
    going_on = [one for one, other in longer if not _ENDED.search(one.strip()) and len(one) <= 120]
    return bool(longer) and len(going_on) >= 0.4 * len(longer)


def _piece(line: str, words: str, *, lines: list[str], number: int, opened: bool) -> Piece:
    place = Place(element=f"line[{number}]")
    mark = MARK.match(line.expandtabs(4))
    if mark:
        return Piece("item", tidy(mark.group("rest")), depth=min(len(mark.group("indent")) // 4, 3), place=place)
    following = lines[number] if number < len(lines) else ""
    kind: PieceKind = "heading" if not opened and _is_heading(words, following) else "text"
    return Piece(kind, words, level=0 if kind == "text" else 1 if number <= 3 else 2, place=place)


def _is_heading(words: str, following: str) -> bool:
    """A short line of its own: underlined, in capitals, a question, or without a stop before a blank or a text."""
    if _RULE.match(following):
        return True
    goes_on = following.strip()[:1].islower()
    if len(words.split()) > TITLE_WORDS or not words[:1].isalnum() or words[:1].islower() or goes_on:
        return False
    return words.endswith("?") or not _ENDED.search(words) or (words.isupper() and len(words) > 3)
