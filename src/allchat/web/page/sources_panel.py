"""The sources of one answer, with its quotes marked, and hard words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from markupsafe import Markup, escape

from allchat.records import Citation, Document, Section, Span
from allchat.sources.glossary import Definition
from allchat.sources.text import clean
from allchat.web.displayed import part_html
from allchat.web.highlight import Mark, place, sections_of
from allchat.web.page.cards import Shown
from allchat.web.printed import may_be_printed

MAX_WORDS = 60


def cited(shown: Shown) -> list[Citation]:
    """The quotes whose sources are shown; none of an alarm, and none of a source that was left out since."""
    there = shown.asker.documents if shown.answer.kind != "urgent" else {}
    return [cite for cite in shown.cited.values() if cite.document in there]


def sources(shown: Shown) -> Iterator[dict[str, Any]]:
    """One document after the other: every section that holds a quote, and how many quotes could not be placed."""
    quotes = cited(shown)
    for key in dict.fromkeys(cite.document for cite in quotes):
        document, outline = shown.asker.documents[key], shown.asker.outline(key)
        own = [cite for cite in quotes if cite.document == key]
        today = [cite for cite in own if cite.source_sha256 == document.sha256]
        wanted = (_mark(cite, shown) for cite in today)
        marks = [mark for mark in (place(mark, outline, text=document.text) for mark in wanted) if mark]
        sections = (
            {
                "path": " › ".join(section.heading[:-1]),
                "html": Markup(part_html(section, outline, document=document, marks=marks, level=4)),  # noqa: S704
            }
            for section in _by_first_quote(sections_of(marks, outline), marks)
        )
        yield {
            "document": document,
            "cited": own,
            "sections": list(sections),
            "lost": len(own) - len(marks),
            "printed": [cite for cite in today if may_be_printed(document, cite.start, cite.end)],
        }


def hard_words(shown: Shown) -> list[Definition]:
    """What the sources say of the hard words in the quotes, by their letters."""
    known: dict[str, Definition] = {}
    for cite in cited(shown):
        for found in shown.glossary.find(cut(shown.asker.documents[cite.document], cite)):
            definition = shown.glossary.define(found[0], document=cite.document)
            if len(known) < MAX_WORDS:
                known.setdefault(definition.name, definition)
    return sorted(known.values(), key=lambda entry: (entry.term.lower(), entry.document))


def cut(document: Document, place: Citation | Definition | Span) -> str:
    """The words at a place of a document."""
    return clean(document.text[place.start : place.end])


def _by_first_quote(sections: Sequence[Section], marks: Sequence[Mark]) -> list[Section]:
    """The sections in the order in which the answer quotes them; ``marks`` stand in that order."""
    begun = [section for mark in marks for section in sections if section.start <= mark.start < section.end]
    return list(dict.fromkeys([*begun, *sections]))


def _mark(cite: Citation, shown: Shown) -> Mark:
    """The mark of one quote, with its number in front; its name never repeats from turn to turn."""
    starts, ends = (escape(shown.words[key].format(number=cite.number)) for key in ("quote_starts", "quote_ends"))
    before = f'<span class="qn" aria-hidden="true">{cite.number}</span><span class="vh">{starts} </span>'
    return Mark(cite.start, cite.end, f"t{shown.turn}q{cite.number}", before, f'<span class="vh"> {ends}</span>')
