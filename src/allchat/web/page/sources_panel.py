"""The sources of one answer, with its quotes marked, and hard words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from markupsafe import Markup, escape

from allchat.addresses import web_address
from allchat.answering.query import Asker
from allchat.records import Answer, Citation, Document, Section, Span
from allchat.sources.glossary import Definition, Glossary
from allchat.sources.text import clean
from allchat.web.assets import templates
from allchat.web.displayed import part_html
from allchat.web.highlight import Mark, place, sections_of
from allchat.web.page.messages import NO_WORDS
from allchat.web.printed import may_be_printed
from allchat.web.source_page import place_path, revised
from allchat.wording import Words

MAX_WORDS = 60


def panel(answer: Answer, asker: Asker, *, turn: int, words: Words, glossary: Glossary = NO_WORDS) -> Markup:
    """The sources of an answer, its quotes marked, and the hard words of these quotes, folded; none of an alarm."""
    cited = () if answer.kind == "urgent" else (*answer.citations, *answer.further)
    # A source may have been left out since it was quoted.
    cited = tuple(cite for cite in cited if cite.document in asker.documents)
    return Markup(  # noqa: S704 - the template escapes
        _TEMPLATES.get_template("sources.html").render(
            sources=list(_sources(cited, asker, turn=turn, words=words)),
            hard_words=hard_words(cited, asker, glossary=glossary),
            documents=asker.documents,
            words=words,
            turn=turn,
        )
    )


def _sources(cited: Sequence[Citation], asker: Asker, *, turn: int, words: Words) -> Iterator[dict[str, Any]]:
    """One document after the other: every section that holds a quote, and how many quotes could not be placed."""
    for key in dict.fromkeys(cite.document for cite in cited):
        document, outline = asker.documents[key], asker.outline(key)
        own = [cite for cite in cited if cite.document == key]
        today = [cite for cite in own if cite.source_sha256 == document.sha256]
        wanted = (mark_of(cite, turn=turn, words=words) for cite in today)
        marks = [mark for mark in (place(mark, outline, text=document.text) for mark in wanted) if mark]
        sections = (
            {
                "path": " › ".join(section.heading[:-1]),
                "html": Markup(part_html(section, outline, document=document, marks=marks, level=4)),  # noqa: S704
            }
            for section in by_first_quote(sections_of(marks, outline), marks)
        )
        yield {
            "document": document,
            "cited": own,
            "sections": list(sections),
            "lost": len(own) - len(marks),
            "printed": [cite for cite in today if may_be_printed(document, cite.start, cite.end)],
        }


def hard_words(cited: Sequence[Citation], asker: Asker, *, glossary: Glossary) -> list[Definition]:
    """What the sources say of the hard words in the quotes, by their letters."""
    known: dict[str, Definition] = {}
    for cite in cited:
        for found in glossary.find(cut(asker.documents[cite.document], cite)):
            definition = glossary.define(found[0], document=cite.document)
            if len(known) < MAX_WORDS:
                known.setdefault(definition.name, definition)
    return sorted(known.values(), key=lambda entry: (entry.term.lower(), entry.document))


def cut(document: Document, place: Citation | Definition | Span) -> str:
    """The words at a place of a document."""
    return clean(document.text[place.start : place.end])


def by_first_quote(sections: Sequence[Section], marks: Sequence[Mark]) -> list[Section]:
    """The sections in the order in which the answer quotes them; ``marks`` stand in that order."""

    def first(section: Section) -> int:
        inside = (n for n, mark in enumerate(marks) if section.start <= mark.start < section.end)
        return next(inside, len(marks))

    return sorted(sections, key=first)


def mark_of(cite: Citation, *, turn: int, words: Words) -> Mark:
    """The mark of one quote, with its number in front; its name never repeats from turn to turn."""
    starts, ends = (escape(words[key].format(number=cite.number)) for key in ("quote_starts", "quote_ends"))
    before = f'<span class="qn" aria-hidden="true">{cite.number}</span><span class="vh">{starts} </span>'
    return Mark(cite.start, cite.end, f"t{turn}q{cite.number}", before, f'<span class="vh"> {ends}</span>')


_TEMPLATES = templates("allchat.web.page")
_TEMPLATES.filters |= {"cut": cut, "revised": revised}
_TEMPLATES.globals["place_path"] = place_path
_TEMPLATES.tests["web_address"] = lambda text: web_address(text) is not None
