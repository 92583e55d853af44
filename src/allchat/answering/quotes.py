"""From ranked hits to whole quotes: which blocks and sentences answer, each once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from allchat.answering.cuts import Quote, Sources, cuts_of
from allchat.answering.newest import newest_first
from allchat.records import Hit
from allchat.search.words import content_words
from allchat.sources.facets import FIRST, Named, facets

MOST_WORDS = 180
"""Words of all quotes of an answer, those on request included; the first quote may exceed it if it is one list."""

TEXT_WORDS = 160
"""Words of the quotes in an answer's text, where the first one leaves room for a second; of two parts all."""

FIRST_WORDS, FURTHER_WORDS = 90, 60
"""A paragraph longer than this, as the first quote or a further one, is quoted in part: the sentences that stand out
and what they lean on."""

QUOTES = 4
"""Quotes of an answer, those on request included; a list in brief counts as one."""

KEEP = 0.57
"""A further quote needs at least this share of the best hit's score."""

SECOND = 0.85
"""The second quote in the text needs at least this share of it, which is what it is there for: where two are all but as
good, the search cannot tell which of them was asked for. To a question in two parts it needs ``KEEP``."""

NEAR = 0.02
"""Hits whose scores differ by no more than this share of the best one are led by whom they speak for and their date."""

Left = Literal["item", "enough", "weak", "pointer", "known", "long"]
"""Why a hit is left out: it is an item of a list that is a better hit; there are quotes enough; its score is below
``KEEP`` of the best; it only points elsewhere, or is a bare title; its words are quoted already; the answer would be
too long."""


@dataclass(frozen=True, slots=True)
class Sifted:
    """A hit with the quotes that were taken from it, or why none was."""

    hit: Hit
    quotes: tuple[Quote, ...] = ()
    left: Left | None = None


@dataclass(frozen=True, slots=True)
class Selected:
    """The quotes of an answer: those in its text, and those on request."""

    shown: tuple[Quote, ...]
    further: tuple[Quote, ...] = ()


def select(
    hits: Sequence[Hit],
    *,
    sources: Sources,
    named: Named = frozenset(),
    parted: Sequence[str] = (),
    said: Callable[[], Collection[str]] = frozenset,
) -> Selected:
    """What answers and what adds to it (at most two quotes, or a list in brief), and at most ``FURTHER`` on request.

    ``named`` are the cases that the question names; ``parted`` are the words of a question in two parts: the second
    quote is that which says most of those that the first does not say. ``said`` gives the blocks that the question
    before was answered by, and is asked only where one quote would stand alone: where that is of one of them, the best
    that is not needs no more than a further one. No hits give no quotes.
    """
    taken = [found for found in sift(led(hits, sources=sources, named=named), sources=sources) if found.quotes]
    if not taken:
        return Selected(())
    adding = [found for found in taken[1:] if _adds(found, taken[0], sources, wide=bool(parted))]
    if not adding and taken[1:] and taken[0].hit.block.key in (before := said()):
        fresh = (found for found in taken[1:] if found.hit.block.key not in before)
        adding = [found for found in fresh if _adds(found, taken[0], sources, wide=True)][:1]
    missing = frozenset(parted) - _said(taken[0], sources) if parted else frozenset()
    second = max(adding, key=lambda found: len(missing & _said(found, sources)) if missing else 0, default=None)
    shown = [*taken[0].quotes, *(second.quotes if second else ())]
    rest = [quote for found in taken[1:] if found is not second for quote in found.quotes]
    return Selected(_joined(_grouped(shown), sources=sources), _joined(_grouped(rest[:FURTHER]), sources=sources))


FURTHER = 3
"""Quotes on request."""


def _adds(found: Sifted, first: Sifted, sources: Sources, *, wide: bool) -> bool:
    """Whether a hit belongs in the text beside the first one, which ``wide`` says does not answer alone."""
    bar = KEEP if wide else SECOND
    room = _words([*first.quotes, *found.quotes], sources) <= (MOST_WORDS if wide else TEXT_WORDS)
    return len(first.quotes) == len(found.quotes) == 1 and room and found.hit.score >= bar * first.hit.score


def _said(found: Sifted, sources: Sources) -> frozenset[str]:
    """The words of the quotes of a hit."""
    return frozenset(word for q in found.quotes for word in content_words(sources.words(q.document, q.start, q.end)))


def led(hits: Sequence[Hit], *, sources: Sources, named: Named = frozenset()) -> tuple[Hit, ...]:
    """The hits, those as good as the best (``NEAR``) in order: for everybody before special cases, children before
    adults, the phases in theirs, the newer source before the older and both before one without a date. Of two dated
    sources that say nearly the same the newer goes first.
    """
    phases = [facet.value for facet in facets().table if facet.axis == "phase"]

    def place(hit: Hit) -> tuple[bool, bool, int, bool, int, float]:
        applies = hit.block.applies
        phase = min((phases.index(value) for value in applies.phase), default=phases.index(FIRST))
        revised = sources.documents[hit.block.document].revised
        newest = int((revised or "0").replace("-", ""))
        special = facets().share(applies, named) < 1
        adults = "adult" in applies.age and "adult" not in named
        return special, adults, 0 if named else phase, revised is None, -newest, -hit.score

    near = [hit for hit in hits if hit.score >= (1 - NEAR) * hits[0].score]
    return newest_first((*sorted(near, key=place), *hits[len(near) :]), sources=sources)


def choose(
    hits: Sequence[Hit], *, sources: Sources, words: int = MOST_WORDS, quotes: int = QUOTES
) -> tuple[Quote, ...]:
    """The quotes that answer, best first; neighbours are joined, nothing is quoted twice. No hits give no quotes."""
    sifted = sift(hits, sources=sources, words=words, quotes=quotes)
    return _joined(_grouped([quote for taken in sifted for quote in taken.quotes]), sources=sources)


def sift(hits: Sequence[Hit], *, sources: Sources, words: int = MOST_WORDS, quotes: int = QUOTES) -> tuple[Sifted, ...]:
    """What becomes of each hit, in their order: its quotes, or why it is left out."""
    chosen: list[Quote] = []
    sifted: list[Sifted] = []
    leads: set[tuple[str, int]] = set()
    for hit in hits:
        block = hit.block
        if any((block.document, lead.start) in leads for lead in block.leads):
            taken = Sifted(hit, left="item")
        else:
            taken = _taken(hit, chosen, best=hits[0].score, sources=sources, words=words, quotes=quotes)
            leads |= {(block.document, block.start)} if block.kind == "lead" else set()
        sifted.append(taken)
        chosen += taken.quotes
    return tuple(sifted)


def _taken(hit: Hit, chosen: Sequence[Quote], *, best: float, sources: Sources, words: int, quotes: int) -> Sifted:
    if len(chosen) >= quotes:
        return Sifted(hit, left="enough")
    if chosen and hit.score < KEEP * best:
        return Sifted(hit, left="weak")
    possible = cuts_of(hit, sources, FURTHER_WORDS if chosen else FIRST_WORDS)
    if not possible:
        return Sifted(hit, left="pointer")
    fresh = [quote for found in possible for quote in _fresh(found, chosen, sources)]
    if not fresh:
        return Sifted(hit, left="known")
    if chosen and _words([*chosen, *fresh], sources) > words:
        return Sifted(hit, left="long")
    return Sifted(hit, tuple(fresh))


def _fresh(quote: Quote, chosen: Sequence[Quote], sources: Sources) -> list[Quote]:
    """The quote with the heading that sums it up, or without it where that is quoted; none where all is quoted."""
    forms = (_with_heading(quote, sources), quote)
    return [form for form in forms if not _known(form, chosen, sources)][:1]


def _with_heading(quote: Quote, sources: Sources) -> Quote:
    """A quote that begins right below a heading which is itself a sentence starts with that heading: it sums up."""
    section = sources.outline(quote.document).sections[quote.section]
    title = section.heading[-1] if section.heading and not quote.leads else ""
    sums_up = title.endswith(".") and title == sources.words(quote.document, section.start, quote.start)
    return replace(quote, start=section.start) if sums_up else quote


def _words(quotes: Sequence[Quote], sources: Sources) -> int:
    """The words of quotes, a lead that several have counted once."""
    leads = {(quote.document, quote.lead.start, quote.lead.end) for quote in quotes if quote.lead}
    own = sum(sources.count(quote.document, quote.start, quote.end) for quote in quotes)
    return own + sum(sources.count(*lead) for lead in leads)


def _known(quote: Quote, chosen: Iterable[Quote], sources: Sources) -> bool:
    """Whether a quote overlaps one that is chosen, or says the same words."""
    words = sources.words(quote.document, quote.start, quote.end)
    return any(
        (quote.document == other.document and quote.start < other.end and other.start < quote.end)
        or _repeats(words, sources.words(other.document, other.start, other.end))
        for other in chosen
    )


def _repeats(words: str, other: str) -> bool:
    return words in other or other in words


def _grouped(quotes: Sequence[Quote]) -> list[Quote]:
    """Quotes of one section side by side, in the order of the best of them, sections of one document too."""
    documents = list(dict.fromkeys(quote.document for quote in quotes))
    sections = list(dict.fromkeys((quote.document, quote.section) for quote in quotes))
    return sorted(
        quotes, key=lambda q: (documents.index(q.document), sections.index((q.document, q.section)), quotes.index(q))
    )


def _joined(quotes: Sequence[Quote], *, sources: Sources) -> tuple[Quote, ...]:
    """Neighbouring quotes of one section that touch in the source become one."""
    joined: list[Quote] = []
    for quote in quotes:
        mate = next((other for other in joined if _touch(other, quote, sources)), None)
        if mate is None:
            joined.append(quote)
        else:
            first, last = sorted((mate, quote), key=lambda piece: piece.start)
            joined[joined.index(mate)] = replace(first, end=last.end, score=max(mate.score, quote.score))
    return tuple(joined)


def _touch(one: Quote, other: Quote, sources: Sources) -> bool:
    if (one.document, one.section, one.leads) != (other.document, other.section, other.leads):
        return False
    first, last = sorted((one, other), key=lambda piece: piece.start)
    return first.end <= last.start and not sources.documents[one.document].text[first.end : last.start].strip()
