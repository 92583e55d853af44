"""Quotes and fixed wording to the text of an answer, with its citations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from allchat.addresses import source_link
from allchat.answering.cuts import Quote, Sources
from allchat.markdown import escape_markdown
from allchat.records import Citation, Lead, Outline
from allchat.sources.converted import place_of
from allchat.wording import Wording


@dataclass(frozen=True, slots=True)
class Composed:
    """The quotes as numbered citations, and the text around them."""

    text: str
    citations: tuple[Citation, ...]


def compose(quotes: Sequence[Quote], *, sources: Sources, wording: Wording, first: int = 1) -> Composed:
    """Numbers the quotes from ``first`` in the order they are shown and puts the fixed wording around them.

    The line that introduces list items stands above them, in their frame and under their numbers.
    """
    citations = tuple(_citation(quote, number, sources) for number, quote in enumerate(quotes, first))
    left = {number: quote.left for number, quote in enumerate(quotes, first) if quote.left}
    return Composed(shown(citations, sources=sources, wording=wording, left=left), citations)


def shown(
    citations: Sequence[Citation], *, sources: Sources, wording: Wording, left: Mapping[int, int] | None = None
) -> str:
    """Citations as Markdown: each in its frame, below its source; ``left`` counts the items that a list has besides."""
    parts: list[str] = []
    before: Citation | None = None
    for citation in citations:
        if before is not None and _one_list(before, citation):
            parts[-1] += f"\n{_item(citation, sources)}"
        else:
            parts += [
                _source_line(citation, before=before, sources=sources, wording=wording),
                _frame(citation, sources),
            ]
        if count := (left or {}).get(citation.number):
            parts.append(wording.text("answer.more_items", count=count))
        before = citation
    return "\n\n".join(part for part in parts if part)


def _one_list(one: Citation, other: Citation) -> bool:
    """Whether two citations are items below the same line."""
    return one.lead is not None and (one.document, one.lead) == (other.document, other.lead)


def _source_line(citation: Citation, *, before: Citation | None, sources: Sources, wording: Wording) -> str:
    """Names the source and the section; nothing where the quote before is from the same place."""
    if before is not None and (before.document, before.heading) == (citation.document, citation.heading):
        return ""
    attribution = escape_markdown(sources.documents[citation.document].attribution)
    if not citation.heading:
        return wording.text("answer.source", attribution=attribution)
    heading = escape_markdown(citation.heading[-1].rstrip("."))
    same = before is not None and before.document == citation.document
    name = "answer.section" if same else "answer.source_section"
    return wording.text(name, attribution=attribution, heading=heading)


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


def _frame(citation: Citation, sources: Sources) -> str:
    """A quote as a Markdown block quote, the line that introduces it above it."""
    if citation.lead is None:
        return _lines(citation.document, citation.start, citation.end, sources, end=f" [{citation.number}]")
    lead = _lines(citation.document, citation.lead.start, citation.lead.end, sources)
    return f"{lead}\n>\n{_item(citation, sources)}"


def _item(citation: Citation, sources: Sources) -> str:
    end = f" [{citation.number}]"
    return _lines(citation.document, citation.start, citation.end, sources, end=end, bullet="- ")


def _lines(document: str, start: int, end_at: int, sources: Sources, *, end: str = "", bullet: str = "") -> str:
    """A stretch as lines of a block quote: list items as list items, ``end`` behind the last."""
    lines = []
    for depth, begin, stop in _pieces(start, end_at, sources.outline(document)):
        sign = bullet if depth is None else "  " * depth + "- "
        lines.append((sign, escape_markdown(sources.words(document, begin, stop))))
    lines[-1] = (lines[-1][0], f"{lines[-1][1]}{end}")
    return "\n".join(f"> {sign}{words}" if sign else f"> {words}\n>" for sign, words in lines).removesuffix("\n>")


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
