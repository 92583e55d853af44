"""Verify: nothing leaves that is not in a source. Every quote is cut anew from the source file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any, Literal

from rapidfuzz.distance import Indel

from allchat.errors import VerificationError
from allchat.markdown import unescape_markdown
from allchat.records import Citation, Document, Lead
from allchat.sources.text import clean, clean_places

QuoteState = Literal["holds", "moved", "changed", "gone"]
Change = Literal["same", "removed", "added"]

ReadSource = Callable[[str], str]
"""Gives a document's text by its key, read from the file now."""

LOOKED_FOR = 100
"""Words of a saved quote by which its nearest stretch is looked for: an altered record may hold any number."""

COMPARED = 1000
"""Words of either side that are compared one by one; ours has at most 200 or so."""

KEPT_TEXTS = 16
"""Sources whose normalised letters are kept, about 100 bytes each."""

_MARKER = re.compile(r" \[\d+\]$")


def verify_quotes(
    text: str, citations: Sequence[Citation], *, further: Sequence[Citation] = (), read: ReadSource
) -> None:
    """Checks that every citation and its lead are the cuts they say they are, those of ``further`` too, that they are
    numbered from 1 in their order, and that every quoted line of ``text`` is in a citation or its lead.

    Raises:
        VerificationError: a quote is not what its source says now. Nothing of the answer may be shown.
    """
    every = (*citations, *further)
    if [citation.number for citation in every] != list(range(1, len(every) + 1)):
        raise VerificationError("the quotes of the answer are not numbered in their order. The answer is withheld.")
    texts = {key: read(key) for key in dict.fromkeys(citation.document for citation in every)}
    for citation in every:
        for cut in cuts(citation):
            found = _cut(texts[citation.document], cut.start, cut.end)
            if not found or found != cut.quote:
                raise VerificationError(
                    f"{citation.file}, characters {cut.start} to {cut.end}: the quote is not what the source "
                    "says. The answer is withheld. Run: allchat build"
                )
    quotes = [cut.quote for citation in citations for cut in cuts(citation)]
    for line in quoted_lines(text):
        if not any(line in quote for quote in quotes):
            raise VerificationError(
                "a quoted line of the answer stands in none of its citations. The answer is withheld."
            )


def cuts(citation: Citation) -> tuple[Citation | Lead, ...]:
    """What a citation cuts from its source: its lead, where it has one, and its quote."""
    return (citation,) if citation.lead is None else (citation.lead, citation)


def _cut(text: str, start: int, end: int) -> str:
    """The words of a stretch; none where it is no stretch of the text (a negative offset would count from its end)."""
    return clean(text[start:end]) if 0 <= start < end <= len(text) else ""


def quoted_lines(text: str) -> Iterator[str]:
    """The lines of an answer's text that are shown as quotes, without marks and numbers."""
    for line in text.splitlines():
        if line.startswith(">"):
            words = _MARKER.sub("", unescape_markdown(line[1:].strip().removeprefix("- ")))
            if words:
                yield words


@dataclass(frozen=True, slots=True)
class Check:
    """What has become of a saved citation: where it stands today, and the words found there.

    ``differences`` (of a changed one) lead from the saved words to those found, word by word: ("same", words),
    ("removed", words of the quote), ("added", words of today), in reading order.
    """

    number: int
    state: QuoteState
    document: str
    start: int | None
    end: int | None
    found: str
    differences: tuple[tuple[Change, str], ...] = ()


def recheck(citation: Mapping[str, Any], *, documents: Mapping[str, Document]) -> Check:
    """Holds a saved citation against today's corpus.

    ``holds``: the same words at the same place. ``moved``: the same words elsewhere in the document, where they stand
    several times at the place nearest to the old one. ``changed``: the words are no longer there, ``found`` has what
    comes nearest. ``gone``: the document is no longer in the corpus.
    """
    number, key, quote = int(citation["number"]), str(citation["document"]), str(citation["quote"])
    document = documents.get(key)
    if document is None:
        return Check(number, "gone", key, None, None, "")
    start, end = int(citation["start"]), int(citation["end"])
    found = _cut(document.text, start, end)
    if found and found == quote:
        return Check(number, "holds", key, start, end, found)
    place = find_words(document.text, quote, near=start)
    if place is not None:
        return Check(number, "moved", key, *place, quote)
    words = nearest(quote, document.text)
    return Check(number, "changed", key, None, None, words, differences(quote, words))


def find_words(text: str, quote: str, *, near: int = 0) -> tuple[int, int] | None:
    """Where normalised words stand in a source, as offsets into it; None where they do not.

    Of several places the one that starts nearest to ``near``, the earlier of two as near.
    ``clean(text[start:end]) == quote`` holds for what is found; the empty quote stands nowhere.
    """
    return min(places(text, quote), key=lambda place: (abs(place[0] - near), place), default=None)


def places(text: str, quote: str) -> Iterator[tuple[int, int]]:
    """Every place where normalised words stand in a source, in reading order, as ``find_words`` gives them."""
    words, letters = letters_of(text)
    at = words.find(quote) if quote else -1
    while at != -1:
        start, end = letters[at][1], letters[at + len(quote) - 1][2]
        if clean(text[start:end]) == quote:
            yield start, end
        at = words.find(quote, at + 1)


@lru_cache(maxsize=KEPT_TEXTS)
def letters_of(text: str) -> tuple[str, list[tuple[str, int, int]]]:
    """``clean(text)``, and each of its letters with the stretch of the text that it comes from."""
    letters = clean_places(text)
    return "".join(letter for letter, _, _ in letters), letters


@lru_cache(maxsize=KEPT_TEXTS)
def _words_of(text: str) -> list[str]:
    return clean(text).split()


def nearest(quote: str, text: str) -> str:
    """The words of ``text`` (normalised) about as long as a quote that stand where the longest stretch of it does;
    empty where no word is shared.
    """
    old, new = quote.split(), _words_of(text)
    match = SequenceMatcher(None, new, old[:LOOKED_FOR], autojunk=False).find_longest_match()
    if match.size == 0:
        return ""
    start = max(0, match.a - match.b)
    return " ".join(new[start : start + min(len(old), COMPARED)])


def differences(quote: str, words: str) -> tuple[tuple[Change, str], ...]:
    """How normalised ``words`` differ from a quote, word by word, in reading order; a change is removed, then added.

    As few words as can be are changed. What is longer than any quote of ours is one change as a whole.
    """
    old, new = quote.split(), words.split()
    if max(len(old), len(new)) > COMPARED:
        return tuple(change for change in (("removed", " ".join(old)), ("added", " ".join(new))) if change[1])
    removed: list[str] = []
    added: list[str] = []
    parts: list[tuple[Change, str]] = []
    for step in Indel.opcodes(old, new):
        if step.tag == "equal":
            parts += _changed(removed, added)
            removed, added = [], []
            parts.append(("same", " ".join(old[step.src_start : step.src_end])))
        else:
            removed += old[step.src_start : step.src_end]
            added += new[step.dest_start : step.dest_end]
    return (*parts, *_changed(removed, added))


def _changed(removed: Sequence[str], added: Sequence[str]) -> Iterator[tuple[Change, str]]:
    if removed:
        yield "removed", " ".join(removed)
    if added:
        yield "added", " ".join(added)
