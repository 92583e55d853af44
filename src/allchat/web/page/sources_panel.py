"""The sources of one answer, with its quotes marked, and hard words."""

from __future__ import annotations

import html
from collections.abc import Sequence

from allchat.addresses import LINK_DIGITS, web_address
from allchat.answering.query import Asker, standing
from allchat.records import Document, Section
from allchat.sources.glossary import Definition, Glossary
from allchat.sources.text import clean
from allchat.web.displayed import part_html
from allchat.web.highlight import Mark, place, sections_of
from allchat.web.page.messages import NO_WORDS
from allchat.web.page.trail import Trail, TrailQuote
from allchat.web.source_page import about, in_language, printed_links, revised
from allchat.wording import Words

MAX_WORDS = 60


def panel(trail: Trail, asker: Asker, *, words: Words, glossary: Glossary = NO_WORDS) -> str:
    """The sources of the trail's last turn, their quotes marked, and the hard words of these quotes, folded."""
    asker = standing(asker)
    # A source may have been left out since it was quoted.
    quotes = [quote for quote in trail.quotes if quote.turn == trail.turn and quote.document in asker.documents]
    if not quotes:
        return ""
    return _turn_html(quotes, asker, words=words) + hard_words(quotes, asker, words=words, glossary=glossary)


def hard_words(quotes: Sequence[TrailQuote], asker: Asker, *, words: Words, glossary: Glossary) -> str:
    """What the sources say of the hard words in the quotes, each under its name; nothing without any."""
    known: dict[str, Definition] = {}
    for quote in quotes:
        for found in glossary.find(clean(asker.documents[quote.document].text[quote.start : quote.end])):
            definition = glossary.define(found[0], document=quote.document)
            if len(known) < MAX_WORDS:
                known.setdefault(definition.name, definition)
    shown = sorted(known.values(), key=lambda entry: (entry.term.lower(), entry.document))
    if not shown:
        return ""
    told = "".join(_word_html(entry, asker, words=words) for entry in shown)
    return (
        f'<details class="words"><summary>{words["words"]}</summary><p class="about">{words["words_more"]}</p>'
        f"{told}</details>"
    )


def _word_html(entry: Definition, asker: Asker, *, words: Words) -> str:
    """One definition: its very words, the line that introduces them, and where they stand."""
    document = asker.documents[entry.document]

    def cut(start: int, end: int) -> str:
        return f"<p>{html.escape(clean(document.text[start:end]))}</p>"

    leads = "".join(cut(lead.start, lead.end) for lead in entry.leads)
    led = f'<p class="about">{words["list_lead"]}</p><blockquote lang="{document.language}">{leads}</blockquote>'
    names = [document.title, *(name.rstrip(".") for name in entry.heading[-1:])]
    place = html.escape(" › ".join(names))
    link = permanent_link(TrailQuote(0, 0, entry.document, entry.start, entry.end, document.sha256), words=words)
    tongue = f'lang="{document.language}"'
    return (
        f'<div class="word" id="{entry.name}" tabindex="-1"><h4 {tongue}>{html.escape(entry.term)}</h4>'
        f"<blockquote {tongue}>{cut(entry.start, entry.end)}</blockquote>{led if leads else ''}"
        f'<p class="meta"><span {tongue}>{place}</span>. {revised(document, words=words)}.</p>'
        f'<p class="links"><a href="{html.escape(link)}" target="_blank" rel="noopener noreferrer">'
        f'{words["word_place"]}<span class="vh"> {words["new_tab"]}</span></a></p></div>'
    )


def _turn_html(quotes: Sequence[TrailQuote], asker: Asker, *, words: Words) -> str:
    keys = dict.fromkeys(quote.document for quote in quotes)
    return "".join(
        _source_html([quote for quote in quotes if quote.document == key], asker, words=words) for key in keys
    )


def _source_html(quotes: Sequence[TrailQuote], asker: Asker, *, words: Words) -> str:
    """One document: where it comes from, then every section that holds a quote."""
    document, outline = asker.documents[quotes[0].document], asker.outline(quotes[0].document)
    wanted = [mark_of(quote, words=words) for quote in quotes if quote.sha256 == document.sha256]
    marks = [mark for mark in (place(mark, outline, text=document.text) for mark in wanted) if mark]
    parts = []
    for section in by_first_quote(sections_of(marks, outline), marks):
        path = " › ".join(html.escape(name) for name in section.heading[:-1])
        parts.append(f'<p class="path">{path}</p>' if path else "")
        parts.append(part_html(section, outline, document=document, marks=marks, level=4))
    if len(marks) < len(quotes):
        parts.append(f'<p class="broken">{words["source_not_placed"]}</p>')
    head = f'<h3>{html.escape(document.title)}</h3><p class="meta">{html.escape(document.publisher)}</p>'
    body = f'<div class="body" lang="{html.escape(document.language)}">{"".join(parts)}</div>'
    return (
        f'<section class="source">{head}<p class="meta">{revised(document, words=words)}</p>{body}'
        f"{_links(quotes, document, words=words)}{about(document, words=words)}</section>"
    )


def by_first_quote(sections: Sequence[Section], marks: Sequence[Mark]) -> list[Section]:
    """The sections in the order in which the answer quotes them; ``marks`` stand in that order."""

    def first(section: Section) -> int:
        inside = (n for n, mark in enumerate(marks) if section.start <= mark.start < section.end)
        return next(inside, len(marks))

    return sorted(sections, key=first)


def mark_of(quote: TrailQuote, *, words: Words) -> Mark:
    """The mark of one quote, with its number in front."""
    starts, ends = (str(words[key]).format(number=quote.number) for key in ("quote_starts", "quote_ends"))
    before = f'<span class="qn" aria-hidden="true">{quote.number}</span><span class="vh">{starts} </span>'
    return Mark(quote.start, quote.end, quote.name, before, f'<span class="vh"> {ends}</span>')


def _links(quotes: Sequence[TrailQuote], document: Document, *, words: Words) -> str:
    def outside(target: str, label: str, name: str) -> str:
        label = f'{label}<span class="vh"> {words["new_tab"]}</span>'
        return f'<a class="{name}" href="{html.escape(target)}" target="_blank" rel="noopener noreferrer">{label}</a>'

    numbered = " ".join(
        outside(permanent_link(quote, words=words), str(quote.number), f"whole {quote.name}") for quote in quotes
    )
    address = web_address(document.url)
    publisher = outside(address, words["publisher_page"], "theirs") if address else ""
    theirs = f'<p class="links publisher">{publisher}</p>' if publisher else ""
    places = ((quote.number, quote.start, quote.end) for quote in quotes if quote.sha256 == document.sha256)
    printed = printed_links(places, document, words=words)
    led = words["whole_source" if document.display == "whole" else "in_source"]
    return f'<p class="links">{led} {numbered}</p>{printed}{theirs}'


def permanent_link(quote: TrailQuote, *, words: Words) -> str:
    """Leads to the quote in the very text that it was cut from, also when the source has a newer one by then."""
    place = f"start={quote.start}&end={quote.end}"
    return f"/source/{quote.document}@{quote.sha256[:LINK_DIGITS]}?{place}{in_language(words)}#marked"
