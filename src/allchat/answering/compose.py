"""Quotes and fixed wording to the text of an answer, with its citations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from allchat.answering.quotes import Quote, Sources
from allchat.markdown import escape_markdown
from allchat.records import Citation, Outline, Span
from allchat.wording import Wording


@dataclass(frozen=True, slots=True)
class Composed:
    """The quotes as numbered citations, and the text around them."""

    text: str
    citations: tuple[Citation, ...]


def compose(quotes: Sequence[Quote], *, sources: Sources, wording: Wording) -> Composed:
    """Numbers the quotes in the order they are shown and puts the fixed wording around them.

    The line that introduces list items is quoted behind them, with a number of its own, once; not where a quote holds
    it.
    """
    citations: list[Citation] = []
    lines: list[str] = []
    for _, run in groupby(quotes, key=lambda quote: (quote.document, quote.section, quote.leads)):
        group = list(run)
        lines.append(_source_line(group[0], lines_before=citations, sources=sources, wording=wording))
        for quote in group:
            citations.append(_citation(quote, len(citations) + 1, sources))
            lines.append(_shown(quote, len(citations), sources, wording))
        for lead in group[0].leads:
            if not _holds(quotes, citations, group[0].document, lead):
                companion = replace(group[0], start=lead.start, end=lead.end, leads=(), left=0)
                citations.append(_citation(companion, len(citations) + 1, sources))
                lines += [wording.text("answer.list_lead"), _shown(companion, len(citations), sources, wording)]
    return Composed("\n\n".join(line for line in lines if line), tuple(citations))


def _holds(quotes: Sequence[Quote], citations: Sequence[Citation], document: str, lead: Span) -> bool:
    spans = [(q.document, q.start, q.end) for q in quotes] + [(c.document, c.start, c.end) for c in citations]
    return any(document == key and start <= lead.start and lead.end <= end for key, start, end in spans)


def _source_line(quote: Quote, *, lines_before: Sequence[Citation], sources: Sources, wording: Wording) -> str:
    """Names the source and the section; nothing where the quote before is from the same place."""
    before = lines_before[-1] if lines_before else None
    if before is not None and (before.document, before.heading) == (quote.document, quote.heading):
        return ""
    attribution = escape_markdown(sources.documents[quote.document].attribution)
    if not quote.heading:
        return wording.text("answer.source", attribution=attribution)
    heading = escape_markdown(quote.heading[-1].rstrip("."))
    same = before is not None and before.document == quote.document
    name = "answer.section" if same else "answer.source_section"
    return wording.text(name, attribution=attribution, heading=heading)


def _citation(quote: Quote, number: int, sources: Sources) -> Citation:
    document = sources.documents[quote.document]
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
        link=f"/source/{document.key}#c{quote.start}-{quote.end}",
        rights=document.rights,
    )


def _shown(quote: Quote, number: int, sources: Sources, wording: Wording) -> str:
    """A quote as a Markdown block quote: list items as list items, the number at its end."""
    lines = []
    for depth, start, end in _pieces(quote, sources.outline(quote.document)):
        bullet = "" if depth is None else "  " * depth + "- "
        lines.append((bullet, escape_markdown(sources.words(quote.document, start, end))))
    lines[-1] = (lines[-1][0], f"{lines[-1][1]} [{number}]")
    shown = "\n".join(f"> {bullet}{words}" if bullet else f"> {words}\n>" for bullet, words in lines).removesuffix(
        "\n>"
    )
    return shown + (f"\n\n{wording.text('answer.more_items', count=quote.left)}" if quote.left else "")


def _pieces(quote: Quote, outline: Outline) -> list[tuple[int | None, int, int]]:
    """The quote cut at its blocks and list items: (depth of the item or None, start, end), in reading order."""
    pieces: list[tuple[int | None, int, int]] = []
    for block in outline.blocks:
        if block.start >= quote.end or block.end <= quote.start:
            continue
        items = [item for item in block.items if block.start <= item.start < block.end]
        starts: list[tuple[int | None, int]] = [(item.depth, item.start) for item in items]
        if not items or block.start < items[0].start:
            starts.insert(0, (None, block.start))
        ends = [start for _, start in starts[1:]] + [block.end]
        pieces += [(depth, start, end) for (depth, start), end in zip(starts, ends, strict=True)]
    inside = [(depth, max(start, quote.start), min(end, quote.end)) for depth, start, end in pieces]
    return [(depth, start, end) for depth, start, end in inside if start < end]
