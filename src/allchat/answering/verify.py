"""Verify: nothing leaves that is not in a source. Every quote is cut anew from the source file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from allchat.errors import VerificationError
from allchat.markdown import unescape_markdown
from allchat.parts import Quoted
from allchat.records import Citation, Document, Lead
from allchat.sources.changes import Change, differences, places_near
from allchat.sources.text import clean
from allchat.sources.whereabouts import Standing, around, is_whole, likest, standing

QuoteState = Literal["holds", "moved", "changed", "gone", "record altered"]

ReadSource = Callable[[str], str]
"""Gives a document's text by its key, read from the file now."""

_MARKER = re.compile(r" \[\d+\]$")


def verify_quotes(frames: Iterable[Quoted], citations: Sequence[Citation], *, read: ReadSource) -> None:
    """Checks that every citation and its lead are the cuts they say they are, that they are numbered from 1 in their
    order, and that every line of a frame is in the citation of its number or in its lead.

    Raises:
        VerificationError: a quote is not what its source says now. Nothing of the answer may be shown.
    """
    if [citation.number for citation in citations] != list(range(1, len(citations) + 1)):
        raise VerificationError("the quotes of the answer are not numbered in their order. The answer is withheld.")
    texts = {key: read(key) for key in dict.fromkeys(citation.document for citation in citations)}
    for citation in citations:
        for cut in cuts(citation):
            found = _cut(texts[citation.document], cut.start, cut.end)
            if not found or found != cut.quote:
                raise VerificationError(
                    f"{citation.file}, characters {cut.start} to {cut.end}: the quote is not what the source "
                    "says. The answer is withheld. Run: allchat build"
                )
    quotes = {citation.number: [cut.quote for cut in cuts(citation)] for citation in citations}
    for line in (line for frame in frames for line in (*frame.lead, *frame.lines)):
        if not any(line.words in quote for quote in quotes.get(line.number, ())):
            raise VerificationError(
                "a quoted line of the answer does not stand in its citation. The answer is withheld."
            )


def cuts(citation: Citation) -> tuple[Citation | Lead, ...]:
    """What a citation cuts from its source: its lead, where it has one, and its quote."""
    return (citation,) if citation.lead is None else (citation.lead, citation)


def _cut(text: str, start: int, end: int) -> str:
    """The words of a stretch; none where it is no stretch of the text (a negative offset would count from its end)."""
    return clean(text[start:end]) if 0 <= start < end <= len(text) else ""


def quoted_lines(text: str) -> Iterator[str]:
    """The lines of a saved text that are shown as quotes, without marks and numbers."""
    for line in text.splitlines():
        if line.startswith(">"):
            words = _MARKER.sub("", unescape_markdown(line[1:].strip().removeprefix("- ")))
            if words:
                yield words


@dataclass(frozen=True, slots=True)
class Check:
    """What has become of a saved citation: where it stands today, and the words found there.

    ``differences`` (of a changed one, and of one that was altered) lead from the saved words to those found, word by
    word: ("same", words), ("removed", words of the quote), ("added", words of the source), in reading order.
    ``proven``: the text that it was cut from is known, so that an altered record would have been told.
    """

    number: int
    state: QuoteState
    document: str
    start: int | None
    end: int | None
    found: str
    differences: tuple[tuple[Change, str], ...] = ()
    proven: bool = False


Earlier = Callable[[str, str], Document | None]
"""Gives the text of a source that was quoted from before, by the source's key and the text's hash."""


def nothing_kept(key: str, sha256: str) -> None:
    """An ``Earlier`` that knows no text."""


def recheck(
    citation: Mapping[str, Any], *, documents: Mapping[str, Document], earlier: Earlier = nothing_kept
) -> Check:
    """Holds a saved citation against the text that it was cut from, and against today's corpus.

    ``record altered``: the text that it says it was cut from, today's or an earlier one, never said so there.
    ``holds``: the same words at the same place. ``moved``: the same sentence at another place. ``changed``: the
    sentence reads differently, ``found`` has how. ``gone``: the sentence, or its source, is no longer there.

    Raises:
        CorpusError: what is kept of the earlier text was altered.
    """
    number, key, quote = int(citation["number"]), str(citation["document"]), str(citation["quote"])
    start, end, sha256 = int(citation["start"]), int(citation["end"]), str(citation.get("source_sha256"))
    today = documents.get(key)
    origin = today if today is not None and today.sha256 == sha256 else earlier(key, sha256)
    if origin is not None:
        found = _cut(origin.text, start, end)
        if not found or found != quote or not _leads_there(citation):
            begin, stop = (start, end) if found and origin is today else (None, None)
            return Check(number, "record altered", key, begin, stop, found, differences(quote, found), proven=True)
    if today is None:
        return Check(number, "gone", key, None, None, "", proven=origin is not None)
    now = standing(origin, today, start, end) if origin is not None else _looked_up(quote, today, start, end)
    told = differences(quote, now.words) if now.fate == "changed" else ()
    return Check(number, now.fate, key, now.start, now.end, now.words, told, proven=origin is not None)


def _leads_there(citation: Mapping[str, Any]) -> bool:
    """Whether the link of a citation, where it has one, leads to the characters that it says."""
    link = citation.get("link")
    return not isinstance(link, str) or link.endswith(f"#c{citation['start']}-{citation['end']}")


def _looked_up(quote: str, today: Document, start: int, end: int) -> Standing:
    """Where words stand whose own text is not known: those very words as whole sentences, or the likest ones."""
    if quote and _cut(today.text, start, end) == quote:
        return Standing("holds", start, end, quote)
    found = places_near(today.text, quote, near=start)
    whole = [place for place in found if is_whole(today, *place)]
    if found and not whole:
        return around(today, *found[0])
    return Standing("moved", *whole[0], quote) if whole else likest(quote, today)
