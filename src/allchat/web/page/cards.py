"""Cards: the quotes of an answer as a small screen shows them, the quote first and where it is from below it.

What a source's rights want said stands before its first quote, the rest of its name behind the quote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from allchat.parts import Fixed, Line, Part, Quoted
from allchat.records import Answer, Citation, Document
from allchat.sources.glossary import Definition, Glossary
from allchat.wording import Words

_ABBREVIATED = re.compile(r"\(([A-Z][\w.-]{1,11})\)$")


def short_name(publisher: str) -> str:
    """The name that a family knows a publisher by: "National Cancer Institute (NCI), PDQ ..." is "NCI"."""
    first = publisher.partition(",")[0].strip()
    short = _ABBREVIATED.search(first)
    return short[1] if short else first


def when(document: Document | Citation, *, words: Words) -> str:
    """Month and year of the last revision, or that the copy does not say."""
    year, _, rest = (document.revised or "").partition("-")
    if not rest[:2].isdigit():
        return str(words["undated"])
    return str(words["revised_short"]).format(month=words["months"][int(rest[:2]) - 1], year=year)


@dataclass(slots=True)
class Card:
    """Quotes from one place of one source; ``attribution`` where the source is quoted for the first time."""

    citation: Citation
    attribution: str
    old: bool
    quotes: list[Quoted | Fixed] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The heading that the quotes stand under."""
        return "".join(self.citation.heading[-1:]).rstrip(".")


def arranged(
    parts: Iterable[Part], answer: Answer, *, documents: Mapping[str, Document], introduced: set[str]
) -> list[Part | Card]:
    """The parts with their quotes in cards, which name the sources; how answers are made is not among them.

    Sources that were ``introduced`` are not again.
    """
    cited = {citation.number: citation for citation in (*answer.citations, *answer.further)}
    old = {key for note in answer.parts.notes if note.name == "notice.old" for key in note.about}
    found: list[Part | Card] = []
    for part in parts:
        card = found[-1] if found and isinstance(found[-1], Card) else None
        if isinstance(part, Quoted):
            cite = cited[part.lines[0].number]
            if card is None or (card.citation.document, card.citation.heading) != (cite.document, cite.heading):
                # A source may have been left out since it was quoted.
                new = cite.document in documents and cite.document not in introduced
                card = Card(cite, documents[cite.document].attribution if new else "", cite.document in old)
                found.append(card)
            introduced.add(cite.document)
            card.quotes.append(part)
        elif isinstance(part, Fixed) and part.role == "more" and card:
            card.quotes.append(part)
        elif not (isinstance(part, Fixed) and part.role in ("source", "lead")):
            found.append(part)
    return found


@dataclass(frozen=True, slots=True)
class Quotes:
    """The quotes of one answer as HTML: each number leads to its mark, the first of each hard word to what it means.

    A word whose definition is itself among the quotes leads nowhere. No letter of a quote changes.
    """

    cited: Mapping[int, Citation]
    documents: Mapping[str, Document]
    turn: int
    words: Words
    glossary: Glossary
    _linked: set[str] = field(default_factory=set)

    def html(self, part: Quoted) -> Markup:
        """The quotes of one frame."""
        document = self.cited[part.lines[0].number].document
        tongue = self.documents[document].language if document in self.documents else ""
        blocks = Markup().join(self._block(lines, document) for lines in (part.lead, part.lines))
        return Markup('<blockquote lang="{}">{}</blockquote>').format(tongue, blocks)

    def _block(self, lines: Sequence[Line], document: str) -> Markup:
        parts, above = [], list[int]()
        for line in lines:
            kept = [] if line.depth is None else [depth for depth in above if depth < line.depth]
            parts.append(_between(len(above), len(kept), item=line.depth is not None))
            above = kept if line.depth is None else [*kept, line.depth]
            words = Markup().join((*self._explained(line.words, document), self._number(line)))
            parts.append(words if above else Markup("<p>{}</p>").format(words))
        return Markup().join((*parts, _between(len(above), 0, item=False)))

    def _number(self, line: Line) -> Markup:
        if not line.ends:
            return Markup()
        chip = Markup(' <a href="#t{}q{}">{}<span class="vh"> {} {}</span></a>')
        title = self.cited[line.number].title
        return chip.format(self.turn, line.number, line.number, self.words["source"], title)

    def _explained(self, words: str, document: str) -> Iterator[str]:
        end = 0
        for found in self.glossary.find(words):
            definition = self.glossary.define(found[0], document=document)
            if definition.name in self._linked or any(_holds(cite, definition) for cite in self.cited.values()):
                continue
            self._linked.add(definition.name)
            yield words[end : found.start()]
            yield Markup('<a href="#{}">{}</a>').format(definition.name, found[0])
            end = found.end()
        yield words[end:]


def _holds(cite: Citation, definition: Definition) -> bool:
    return cite.document == definition.document and cite.start <= definition.start and definition.end <= cite.end


def _between(above: int, kept: int, *, item: bool) -> Markup:
    """What closes and opens lists before a line: ``above`` are open, ``kept`` of them hold the next line."""
    closed = Markup("</li></ul>")
    if not item:
        return closed * above
    again = above > kept  # the line is the next item of a list that is open
    return closed * (above - kept - 1) + (Markup("</li><li>") if again else Markup("<ul><li>"))
