"""From ranked hits to whole quotes: which blocks and sentences answer, each once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from allchat.records import Block, Document, Hit, Outline, Span
from allchat.sources.sentences import leans
from allchat.sources.text import clean

MOST_WORDS = 180
"""Words of quotes in an answer, where the sources allow; the first quote may exceed it if it is one list."""

FIRST_WORDS, FURTHER_WORDS = 130, 85
"""A paragraph longer than this, as the first quote or a further one, is quoted in part: the sentences that stand out
and what they lean on."""

QUOTES = 4
"""Quotes in an answer, not counting the lead lines that come with them."""

KEEP = 0.57
"""A further quote needs at least this share of the best hit's score."""

ASKED = 0.7
"""A block that only points elsewhere is quoted where one of its own questions is as near as this cosine."""

ALL_BUT_SAID = 0.9
"""Cosine from which a question is all but a question of ours: then the sentence that answers that one comes first."""

ALONE = 0.3
"""How far the other sentences of the block must be behind it."""

_POINTS_BACK = re.compile(r"(?:[\w,]+ ){1,3}(?:this|that|these|those|such|it)\b")
_POINTER = re.compile(
    r"(?:Learn more about|To learn more|See |For information about|For more|Use our clinical trial search|"
    r"To find out more)"
)


@dataclass(frozen=True, slots=True)
class Quote:
    """A stretch of one document. ``leads`` are the lines that introduce the item, outermost first; ``left`` counts
    items left out.
    """

    document: str
    section: int
    heading: tuple[str, ...]
    start: int
    end: int
    score: float
    leads: tuple[Span, ...] = ()
    left: int = 0


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


def _nothing(_: Block) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Sources:
    """What composing needs to know of the corpus."""

    documents: Mapping[str, Document]
    outline: Callable[[str], Outline]
    hides: Callable[[Block], bool] = _nothing
    """Whether a block must not be quoted to whoever asks: it speaks for another case (``facets.py``)."""

    def words(self, document: str, start: int, end: int) -> str:
        """The normalised words of a stretch."""
        return self._cut(document, start, end)[0]

    def count(self, document: str, start: int, end: int) -> int:
        """How many words a stretch has."""
        return self._cut(document, start, end)[1]

    def _cut(self, document: str, start: int, end: int) -> tuple[str, int]:
        return _cleaned(self.documents[document].text[start:end])


@lru_cache(maxsize=8192)
def _cleaned(stretch: str) -> tuple[str, int]:
    """Its words and their number, remembered: the same stretches of the sources are looked at again and again."""
    words = clean(stretch)
    return words, len(words.split())


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
    possible = _quotes_of(hit, sources, FURTHER_WORDS if chosen else FIRST_WORDS)
    if not possible:
        return Sifted(hit, left="pointer")
    fresh = [quote for found in possible for quote in _fresh(found, chosen, sources)]
    if not fresh:
        return Sifted(hit, left="known")
    used = sum(_count(quote, sources) for quote in chosen)
    if chosen and used + sum(_count(quote, sources) for quote in fresh) > words:
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


def _quotes_of(hit: Hit, sources: Sources, most: int) -> list[Quote]:
    block = hit.block
    outline = sources.outline(block.document)
    if block.kind == "lead":
        return _list_quotes(hit, outline, sources)
    if block.kind == "heading":
        return _heading_quotes(hit, outline, sources, most)
    span = _window(hit, sources, most)
    return [] if span is None else [_quote(hit, span, leads=block.leads)]


def _quote(hit: Hit, span: Span, *, leads: tuple[Span, ...] = (), left: int = 0) -> Quote:
    return Quote(hit.block.document, hit.block.section, hit.heading, span.start, span.end, hit.score, leads, left)


ITEMS = 8
"""Items of a long list that are quoted in brief; how many are left out is said."""


def _list_quotes(hit: Hit, outline: Outline, sources: Sources) -> list[Quote]:
    """A lead line with its items: in one piece where they follow each other and are short, else each item in brief."""
    block = hit.block
    lead = Span(block.start, block.end)
    whole = Span(block.start, block.items[-1].end) if block.items else lead
    inside = [other for other in outline.blocks if whole.start < other.start < whole.end]
    hidden = {other.start for other in inside if sources.hides(other)}
    follows = all(other.leads == (lead,) for other in inside) and not any(
        whole.start < f.start < whole.end for f in outline.furniture
    )
    if follows and not hidden and sources.count(block.document, whole.start, whole.end) <= MOST_WORDS:
        return [_quote(hit, whole, leads=block.leads)]
    shown = [item for item in block.items if item.start not in hidden][:ITEMS]
    if hidden and not shown:
        return []
    left = len(block.items) - len(shown)
    brief = [_quote(hit, _brief(item.start, outline)) for item in shown]
    return [_quote(hit, lead, leads=block.leads), *brief[:-1], *(replace(quote, left=left) for quote in brief[-1:])]


def _brief(start: int, outline: Outline) -> Span:
    """The first sentence of an item; the whole item where that sentence only announces what follows."""
    block = next(block for block in outline.blocks if block.start == start)
    if len(block.items) > 1 or block.kind == "heading":
        return Span(block.start, block.end)
    return Span(block.start, block.sentences[0].end)


def _heading_quotes(hit: Hit, outline: Outline, sources: Sources, most: int) -> list[Quote]:
    """A heading that is a sentence, with the block below it where both are short; a bare title gives that block."""
    block = hit.block
    below = next(
        (b for b in outline.blocks if b.start >= block.end and b.section == block.section and b.kind != "heading"), None
    )
    below = None if below is not None and sources.hides(below) else below
    sentence = sources.words(block.document, block.start, block.end).endswith(".")
    if below is None:
        return [_quote(hit, Span(block.start, block.end))] if sentence else []
    if not sentence:
        return _quotes_of(replace(hit, block=below, sentences={}), sources, most)
    together = Span(block.start, below.end)
    if below.kind in ("paragraph", "list") and sources.count(block.document, together.start, together.end) <= most:
        return [_quote(hit, together)]
    return [_quote(hit, Span(block.start, block.end))]


def _window(hit: Hit, sources: Sources, most: int) -> Span | None:
    """The sentences of a block to quote: all of a short one or a list, else those around the ones that stand out."""
    block = hit.block
    if block.kind == "list":
        return Span(block.start, block.end)
    words = [sources.words(block.document, span.start, span.end) for span in block.sentences]
    first, last = 0, len(words) - 1
    whole = sum(len(sentence.split()) for sentence in words) <= most
    if not whole and len(block.items) <= 1:
        first, last = _around(hit, words, most)
    elif block.kind == "paragraph":
        first = _asked_for(hit, words)
    while first < last and _POINTER.match(words[first]):
        first += 1
    while last > first and _POINTER.match(words[last]):
        last -= 1
    if _POINTER.match(words[first]) and hit.parts["question"] < ASKED:
        return None
    return Span(block.sentences[first].start, block.sentences[last].end)


def _asked_for(hit: Hit, words: Sequence[str]) -> int:
    """The sentence that a question of ours is known to be answered by, where just that was asked; else the first."""
    best, *others = sorted(hit.sentences, key=lambda number: (-hit.sentences[number], number)) or [0]
    runner_up = max((hit.sentences[number] for number in others), default=-1.0)
    asked = hit.sentences.get(best, -1.0) >= ALL_BUT_SAID and hit.sentences[best] - runner_up >= ALONE
    return best if asked and not leans(words[best]) and not _POINTS_BACK.match(words[best]) else 0


def _around(hit: Hit, words: Sequence[str], most: int) -> tuple[int, int]:
    best = max(range(len(words)), key=lambda number: (hit.sentences.get(number, -1.0), -number)) if hit.sentences else 0
    first = last = 0 if hit.block.kind == "definition" else best
    last = max(last, best)
    while first > 0 and leans(words[first]):
        first -= 1

    def room(start: int, end: int) -> bool:
        return sum(len(sentence.split()) for sentence in words[start : end + 1]) <= most

    while last + 1 < len(words) and room(first, last + 1):
        last += 1
    while first > 0 and room(first - 1, last):
        first -= 1
    return first, last


def _count(quote: Quote, sources: Sources) -> int:
    return sources.count(quote.document, quote.start, quote.end)


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
