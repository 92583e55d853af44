"""An answer as a small screen shows it: its quotes in cards, the quote first and where it is from below it.

What a source's rights want said stands before its first quote, the rest of its name behind the quote.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from allchat.answering.query import Asker
from allchat.markdown import one_line
from allchat.parts import Fixed, Line, Part, Quoted
from allchat.records import Answer, Citation, Document
from allchat.sources.glossary import Glossary
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


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer that is shown once, as one turn of a conversation, and what the page knows beside it.

    ``again``: the question was asked on its own, as something else was meant. ``alarms`` are the reasons of earlier
    alarms, ``known`` the documents that were quoted before.
    """

    answer: Answer
    asker: Asker
    turn: int
    words: Words
    glossary: Glossary = field(default_factory=lambda: Glossary(()))
    again: bool = False
    alarms: Sequence[str] = ()
    known: Collection[str] = ()
    _introduced: set[str] = field(default_factory=set)
    _explained: set[str] = field(default_factory=set)

    @property
    def differs(self) -> bool:
        """Whether something else was understood than what was asked."""
        return not self.again and one_line(self.answer.understood_as) != one_line(self.answer.question)

    @property
    def cited(self) -> dict[int, Citation]:
        """The answer's quotes by their numbers, those on request too."""
        return {citation.number: citation for citation in (*self.answer.citations, *self.answer.further)}

    def cards(self, parts: Iterable[Part]) -> list[Part | Card]:
        """The parts with their quotes in cards, which name the sources; how answers are made is not among them."""
        found: list[Part | Card] = []
        for part in parts:
            card = found[-1] if found and isinstance(found[-1], Card) else None
            if isinstance(part, Quoted):
                cite = self.cited[part.lines[0].number]
                if card is None or (card.citation.document, card.citation.heading) != (cite.document, cite.heading):
                    card = self._card(cite)
                    found.append(card)
                card.quotes.append(part)
            elif isinstance(part, Fixed) and part.role == "more" and card:
                card.quotes.append(part)
            elif not (isinstance(part, Fixed) and part.role in ("source", "lead")):
                found.append(part)
        return found

    def _card(self, cite: Citation) -> Card:
        """A new card, with the attribution of a source that no card of this answer named before."""
        # A source may have been left out since it was quoted.
        new = cite.document in self.asker.documents and cite.document not in self._introduced
        self._introduced.add(cite.document)
        old = any(note.name == "notice.old" and cite.document in note.about for note in self.answer.parts.notes)
        return Card(cite, self.asker.documents[cite.document].attribution if new else "", old)

    def quote(self, part: Quoted) -> Markup:
        """The quotes of one frame as HTML: each number leads to its mark, the first of each hard word to its meaning.

        A word whose definition is itself among the quotes leads nowhere. No letter of a quote changes.
        """
        document = self.cited[part.lines[0].number].document
        tongue = self.asker.documents[document].language if document in self.asker.documents else ""
        blocks = Markup().join(self._block(lines, document) for lines in (part.lead, part.lines))
        return Markup('<blockquote lang="{}">{}</blockquote>').format(tongue, blocks)

    def _block(self, lines: Sequence[Line], document: str) -> Markup:
        parts, above = [], list[int]()
        for line in lines:
            kept = [] if line.depth is None else [depth for depth in above if depth < line.depth]
            parts.append(_between(len(above), len(kept), item=line.depth is not None))
            above = kept if line.depth is None else [*kept, line.depth]
            words = Markup().join((*self._with_links(line.words, document), self._number(line)))
            parts.append(words if above else Markup("<p>{}</p>").format(words))
        return Markup().join((*parts, _between(len(above), 0, item=False)))

    def _number(self, line: Line) -> Markup:
        if not line.ends:
            return Markup()
        chip = Markup(' <a href="#t{}q{}">{}<span class="vh"> {} {}</span></a>')
        return chip.format(self.turn, line.number, line.number, self.words["source"], self.cited[line.number].title)

    def _with_links(self, words: str, document: str) -> Iterator[str]:
        end = 0
        for found in self.glossary.find(words):
            meaning = self.glossary.define(found[0], document=document)
            quoted = any(
                cite.document == meaning.document and cite.start <= meaning.start and meaning.end <= cite.end
                for cite in self.cited.values()
            )
            if meaning.name in self._explained or quoted:
                continue
            self._explained.add(meaning.name)
            yield words[end : found.start()]
            yield Markup('<a href="#{}">{}</a>').format(meaning.name, found[0])
            end = found.end()
        yield words[end:]


def _between(above: int, kept: int, *, item: bool) -> Markup:
    """What closes and opens lists before a line: ``above`` are open, ``kept`` of them hold the next line."""
    closed = Markup("</li></ul>")
    if not item:
        return closed * above
    again = above > kept  # the line is the next item of a list that is open
    return closed * (above - kept - 1) + (Markup("</li><li>") if again else Markup("<ul><li>"))
