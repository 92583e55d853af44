"""Quotes and fixed wording to the parts of an answer, with its citations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from allchat.addresses import source_link
from allchat.answering.cuts import Quote, Sources
from allchat.parts import Fixed, Line, Part, Quoted
from allchat.records import Citation, Lead, Outline
from allchat.sources.converted import place_of
from allchat.wording import Wording


@dataclass(frozen=True, slots=True)
class Composed:
    """The quotes as numbered citations, and the parts that show them."""

    parts: tuple[Part, ...] = ()
    citations: tuple[Citation, ...] = ()

    @property
    def quoted(self) -> tuple[Quoted, ...]:
        """The quotes without what names their sources."""
        return tuple(part for part in self.parts if isinstance(part, Quoted))


NOTHING = Composed()


def compose(quotes: Sequence[Quote], *, sources: Sources, wording: Wording, first: int = 1) -> Composed:
    """Numbers the quotes from ``first`` in the order they are shown and puts the fixed wording around them.

    The line that introduces list items stands above them, in their frame and under their numbers.
    """
    citations = tuple(_citation(quote, number, sources) for number, quote in enumerate(quotes, first))
    left = {number: quote.left for number, quote in enumerate(quotes, first) if quote.left}
    return Composed(shown(citations, sources=sources, wording=wording, left=left), citations)


def shown(
    citations: Sequence[Citation], *, sources: Sources, wording: Wording, left: Mapping[int, int] | None = None
) -> tuple[Part, ...]:
    """Citations in their frames, below their sources; ``left`` counts the items that a list has besides."""
    parts: list[Part] = []
    before: Citation | None = None
    for citation in citations:
        frame = _frame(citation, sources)
        last = parts[-1] if parts else None
        if isinstance(last, Quoted) and before is not None and _one_list(before, citation):
            parts[-1] = replace(last, lines=last.lines + frame.lines)
        else:
            parts += [*_source_line(citation, before=before, sources=sources, wording=wording), frame]
        if count := (left or {}).get(citation.number):
            parts.append(wording.said("answer.more_items", {"count": count}, role="more"))
        before = citation
    return tuple(parts)


def _one_list(one: Citation, other: Citation) -> bool:
    """Whether two citations are items below the same line."""
    return one.lead is not None and (one.document, one.lead) == (other.document, other.lead)


def _source_line(
    citation: Citation, *, before: Citation | None, sources: Sources, wording: Wording
) -> tuple[Fixed, ...]:
    """Names the source and the section; nothing where the quote before is from the same place."""
    same = before is not None and before.document == citation.document
    if before is not None and same and before.heading == citation.heading:
        return ()
    document = sources.documents[citation.document]
    heading = "".join(citation.heading[-1:]).rstrip(".")
    name = ("answer.section" if same else "answer.source_section") if citation.heading else "answer.source"
    return (wording.said(name, {"attribution": document.attribution, "heading": heading}, role="source"),)


def _citation(quote: Quote, number: int, sources: Sources) -> Citation:
    document = sources.documents[quote.document]
    lead = quote.lead
    return Citation(
        number=number,
        document=document.key,
        file=document.file,
        title=document.title,
        publisher=document.publisher,
        url=document.url,
        revised=document.revised,
        heading=quote.heading,
        quote=sources.words(document.key, quote.start, quote.end),
        start=quote.start,
        end=quote.end,
        source_sha256=document.sha256,
        score=quote.score,
        link=source_link(document.key, document.sha256, quote.start, quote.end),
        rights=document.rights,
        lead=None if lead is None else Lead(sources.words(document.key, lead.start, lead.end), lead.start, lead.end),
        original=place_of(document, quote.start, quote.end),
    )


def _frame(citation: Citation, sources: Sources) -> Quoted:
    """A quote as lines; the line that introduces it makes an item of it."""
    lead, place = citation.lead, (citation.document, citation.number)
    lines = _lines(citation.start, citation.end, *place, sources, top=None if lead is None else 0)
    lines[-1] = replace(lines[-1], ends=True)
    above = [] if lead is None else _lines(lead.start, lead.end, *place, sources)
    return Quoted(tuple(above), tuple(lines))


def _lines(start: int, end: int, document: str, number: int, sources: Sources, *, top: int | None = None) -> list[Line]:
    """A stretch as lines of a quote: list items as list items, and ``top`` the depth of what is none."""
    pieces = _pieces(start, end, sources.outline(document))
    return [
        Line(sources.words(document, begin, stop), top if depth is None else depth, number)
        for depth, begin, stop in pieces
    ]


def _pieces(begin: int, stop: int, outline: Outline) -> list[tuple[int | None, int, int]]:
    """A stretch cut at its blocks and list items: (depth of the item or None, start, end), in reading order."""
    pieces: list[tuple[int | None, int, int]] = []
    for block in outline.blocks:
        if block.start >= stop or block.end <= begin:
            continue
        items = [item for item in block.items if block.start <= item.start < block.end]
        starts: list[tuple[int | None, int]] = [(item.depth, item.start) for item in items]
        if not items or block.start < items[0].start:
            starts.insert(0, (None, block.start))
        ends = [start for _, start in starts[1:]] + [block.end]
        pieces += [(depth, start, end) for (depth, start), end in zip(starts, ends, strict=True)]
    inside = [(depth, max(start, begin), min(end, stop)) for depth, start, end in pieces]
    return [(depth, start, end) for depth, start, end in inside if start < end]
