"""What looks like a heading and is none: the lines of a title page, captions, pull quotes, addresses, credits.

For files that mark headings by their looks, as PDFs and many Word files do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import takewhile

from allchat.sources.readers.pieces import Left, Piece

_MONTH = "january|february|march|april|may|june|july|august|september|october|november|december"
_BYLINE = re.compile(
    rf"^(?:by\s*:|(?:prepared|written|reviewed|approved|compiled|revised|updated)\s+by\b|(?:{_MONTH})\b.*\b\d{{4}}|"
    r"(?:version|edition|(?:effective |review |issue )?date)\b.*\d)",
    re.IGNORECASE,
)
_NONE = re.compile(
    r"^(?:(?:fig(?:ure)?|table|box|chart)\.?\s*\d+\s*[.:]|https?://|www\.)|^[“\"].*[”\"]$", re.IGNORECASE | re.DOTALL
)
_CREDIT = re.compile(r"^(?:cover )?photo(?:graph)?(?: credit| by)?s?\s*:|^photo credit|^©\s*[^\W\d_]", re.IGNORECASE)
_CREDIT_WORDS = 16
"""A longer one has a text behind it."""

_MOST_TITLES = 2
"""Lines that a title has beside the first heading of the text: whose it is, and what it is."""


def true_headings(pieces: Sequence[Piece], *, by_looks: bool) -> tuple[list[Piece], list[Left]]:
    """The pieces, what is no heading as a text, and the credits of pictures that are left out.

    ``by_looks`` says that headings are known by size and weight alone: then one never begins with a small letter.
    """
    first = [*takewhile(lambda piece: piece.kind == "heading", pieces)]
    found = [*_title(first), *pieces[len(first) :]]
    if not by_looks:
        return found, []
    credited = [_is_credit(piece) for piece in found]
    left = [Left(piece.text, "a picture's credit") for piece, credit in zip(found, credited, strict=True) if credit]
    kept = [piece for piece, credit in zip(found, credited, strict=True) if not credit]
    return [_text(piece) if _is_none(piece) else piece for piece in kept], left


def _title(run: Sequence[Piece]) -> Iterable[Piece]:
    """The headings before the first text: the title and the last one stay, and what stands deeper than the one before;
    dates and names of a title page do not.
    """
    kept: list[Piece] = []
    for number, piece in enumerate(run):
        last = number == len(run) - 1
        byline = _BYLINE.match(piece.text) is not None
        deeper = bool(kept) and piece.level > kept[-1].level
        if byline or not (last or len(kept) < _MOST_TITLES or deeper):
            yield _text(piece)
        else:
            kept.append(piece)
            yield piece


def _is_credit(piece: Piece) -> bool:
    short = len(piece.text.split()) <= _CREDIT_WORDS
    return piece.kind != "item" and short and _CREDIT.match(piece.text) is not None


def _is_none(piece: Piece) -> bool:
    return piece.kind == "heading" and (_NONE.match(piece.text) is not None or piece.text[:1].islower())


def _text(piece: Piece) -> Piece:
    return replace(piece, kind="text", level=0)
