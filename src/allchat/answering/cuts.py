"""From a hit to whole quotes: where a stretch of a source may begin and end."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from allchat.records import Block, Document, Hit, Outline, Span
from allchat.sources.sentences import leans
from allchat.sources.text import clean

ASKED = 0.7
"""A block that only points elsewhere is quoted where one of its own questions is as near as this cosine."""

ALL_BUT_SAID = 0.9
"""Cosine from which a question is all but a question of ours: then the sentence that answers that one comes first."""

ALONE = 0.3
"""How far the other sentences of the block must be behind it."""

_POINTS_BACK = re.compile(r"(?:[\w,]+ ){1,3}(?:this|that|these|those|such|it)\b")
_SHORT = re.compile(r"\((?P<short>[A-Z]{2,6})\)")
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

    @property
    def lead(self) -> Span | None:
        """The one stretch that holds all its leads."""
        return Span(self.leads[0].start, self.leads[-1].end) if self.leads else None


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


def cuts_of(hit: Hit, sources: Sources, most: int) -> list[Quote]:
    """The quotes that a hit gives, a paragraph in at most ``most`` words; none where it only points elsewhere."""
    block = hit.block
    outline = sources.outline(block.document)
    if block.kind == "lead":
        return _list_quotes(hit, outline, sources)
    if block.kind == "heading":
        return _heading_quotes(hit, outline, sources, most)
    span = _window(hit, sources, most)
    quote = None if span is None else _quote(hit, span, leads=block.leads)
    return [] if quote is None or _broken(quote.lead, outline) else [quote]


def _broken(lead: Span | None, outline: Outline) -> bool:
    """Whether furniture stands among the lines that introduce an item, so that they are no one stretch."""
    return lead is not None and any(lead.start < f.end and f.start < lead.end for f in outline.furniture)


def _quote(hit: Hit, span: Span, *, leads: tuple[Span, ...] = (), left: int = 0) -> Quote:
    return Quote(hit.block.document, hit.block.section, hit.heading, span.start, span.end, hit.score, leads, left)


ITEMS = 8
"""Items of a long list that are quoted in brief; how many are left out is said."""

LIST_WORDS = 150
"""A list of definitions with no more words than this is quoted whole."""


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
    if follows and not hidden and sources.count(block.document, whole.start, whole.end) <= LIST_WORDS:
        return [_quote(hit, whole, leads=block.leads)]
    shown = [item for item in block.items if item.start not in hidden][:ITEMS]
    if hidden and not shown:
        return []
    left = len(block.items) - len(shown)
    if not shown:
        return [_quote(hit, lead, leads=block.leads)]
    brief = [_quote(hit, _brief(item.start, outline), leads=(*block.leads, lead)) for item in shown]
    return [*brief[:-1], replace(brief[-1], left=left)]


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
        return cuts_of(replace(hit, block=below, sentences={}), sources, most)
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
    return best if asked and not _leans(words, best) and not _POINTS_BACK.match(words[best]) else 0


def _leans(words: Sequence[str], at: int) -> bool:
    """Whether a sentence leans on those before it: it begins so, or has a short form that one of them explains."""
    said = set(re.findall(r"\w+", words[at]))
    return leans(words[at]) or any(found["short"] in said for found in _SHORT.finditer(" ".join(words[:at])))


def _around(hit: Hit, words: Sequence[str], most: int) -> tuple[int, int]:
    best = max(range(len(words)), key=lambda number: (hit.sentences.get(number, -1.0), -number)) if hit.sentences else 0
    first = last = 0 if hit.block.kind == "definition" else best
    last = max(last, best)
    while first > 0 and _leans(words, first):
        first -= 1

    def room(start: int, end: int) -> bool:
        return sum(len(sentence.split()) for sentence in words[start : end + 1]) <= most

    while last + 1 < len(words) and room(first, last + 1):
        last += 1
    while first > 0 and room(first - 1, last):
        first -= 1
    return first, last
