"""A pasted quote held against every source."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process, utils

from allchat.addresses import source_link
from allchat.records import Block, Document, Outline, Span
from allchat.sources.changes import Change, differences, places
from allchat.sources.sentences import sentences
from allchat.sources.text import clean, clean_places
from allchat.web.staff.views import lead_texts

LEAST_ALIKE = 70.0
"""Likeness (rapidfuzz's ratio of letters, or of sorted words, 0 to 100) below which nothing is called near."""

NOT_MUCH_LONGER = 1.5
"""A sentence at most this many times as long as the pasted words is compared with them as a whole."""

PLACES = 20
"""Places of the same words that are told one by one; a common word stands in hundreds."""

_EDGE = re.compile(r"\w")
_MARKS = re.compile(r"[^\w\s]+")

# A quote


@dataclass(frozen=True, slots=True)
class Place:
    """Where words stand: ``before`` and ``after`` complete the sentences they are cut from, ``leads`` introduce them.

    ``furniture`` names what they are part of where that is not body text.
    """

    document: Document
    start: int
    end: int
    heading: tuple[str, ...]
    words: str
    before: str = ""
    after: str = ""
    leads: tuple[str, ...] = ()
    furniture: str = ""

    @property
    def link(self) -> str:
        """The permanent link to the words in their source."""
        return source_link(self.document.key, self.document.sha256, self.start, self.end)


@dataclass(frozen=True, slots=True)
class Nearest:
    """What in the sources is most like a text, and the words that make the difference.

    ``parts`` lead from the pasted words to those at ``place``, ("removed", words that are pasted only), ("added", words
    that only the source has). ``likeness`` is in [0, 100].
    ``marks_only``: the words are the same, signs or capitals differ.
    """

    place: Place
    parts: tuple[tuple[Change, str], ...]
    likeness: float
    marks_only: bool


@dataclass(frozen=True, slots=True)
class QuoteFinding:
    """What one pasted piece comes to: it stands at ``places`` (``count`` in all), or ``nearest`` comes near it."""

    words: str
    places: tuple[Place, ...] = ()
    count: int = 0
    nearest: Nearest | None = None


class QuoteCheck:
    """Holds pasted text against all sources. The sources' normalised letters are worked out once."""

    def __init__(self, documents: Mapping[str, Document], outline: Callable[[str], Outline]) -> None:
        self._documents = documents
        self._outline = outline
        self._letters = {key: clean_places(document.text) for key, document in documents.items()}
        self._words = {key: "".join(letter for letter, _, _ in found) for key, found in self._letters.items()}

    def check(self, pasted: str) -> tuple[QuoteFinding, ...]:
        """The whole text where it stands somewhere, else its sentences one by one; nothing for a text without words."""
        return tuple(map(self._finding, self._pieces(pasted)))

    def _pieces(self, pasted: str) -> list[str]:
        whole = clean(pasted)
        if not _EDGE.search(whole):
            return []
        if self._stands(whole):
            return [whole]
        paragraphs = (part for part in re.split(r"\n\s*\n", pasted.replace("\r", "")) if _EDGE.search(part))
        return [piece for paragraph in paragraphs for piece in self._pieces_of(paragraph)]

    def _pieces_of(self, paragraph: str) -> Iterator[str]:
        """A paragraph, its lines where some of them stand (a list), or its sentences (its lines may be wrapped)."""
        lines = [line for line in paragraph.splitlines() if _EDGE.search(line)]
        if self._stands(clean(paragraph)):
            yield clean(paragraph)
        elif len(lines) > 1 and any(self._stands(clean(line)) for line in lines):
            for line in lines:
                yield from [clean(line)] if self._stands(clean(line)) else _sentences(line)
        else:
            yield from _sentences(paragraph)

    def _stands(self, words: str) -> bool:
        return any(_whole_words(self._words[key], words) for key in self._documents)

    def _finding(self, words: str) -> QuoteFinding:
        spans = [
            (key, Span(start, end))
            for key, document in self._documents.items()
            if _whole_words(self._words[key], words)
            for start, end in places(document.text, words, letters=self._letters[key])
            if _is_whole(document.text, start, end)
        ]
        if not spans:
            return QuoteFinding(words, nearest=self._nearest(words))
        return QuoteFinding(words, tuple(self._place(key, span) for key, span in spans[:PLACES]), len(spans))

    def _place(self, key: str, span: Span) -> Place:
        document, outline = self._documents[key], self._outline(key)
        text = document.text
        inside = [block for block in outline.blocks if block.start < span.end and span.start < block.end]
        whole = _completed(span, inside)
        section = next((s for s in reversed(outline.sections) if s.start <= span.start), None)
        furniture = next((f.what for f in outline.furniture if f.start < span.end and span.start < f.end), "")
        leads = lead_texts(inside[0], span.start, text=text) if inside else ()
        return Place(
            document,
            span.start,
            span.end,
            section.heading if section else (),
            clean(text[span.start : span.end]),
            before=clean(text[whole.start : span.start]),
            after=clean(text[span.end : whole.end]),
            leads=leads,
            furniture="" if inside else furniture,
        )

    def _nearest(self, words: str) -> Nearest | None:
        """What is most like the words: a stretch with nearly their letters, or a sentence with many of their words."""
        found = [near for key in self._documents for near in (self._stretch(key, words), self._sentence(key, words))]
        likeness, key, span = max(found, key=lambda near: near[0], default=(0.0, "", Span(0, 0)))
        if likeness < LEAST_ALIKE:
            return None
        place = self._place(key, span)
        parts = differences(words, place.words)
        return Nearest(place, parts, round(likeness, 1), _plain(words) == _plain(place.words))

    def _stretch(self, key: str, words: str) -> tuple[float, str, Span]:
        """The stretch of whole words with the most like letters; of a sentence not much longer, all of it."""
        text, letters = self._words[key], self._letters[key]
        found = fuzz.partial_ratio_alignment(words, text)
        if found is None or found.dest_start >= found.dest_end:
            return 0.0, key, Span(0, 0)
        first = text.rfind(" ", 0, found.dest_start + 1) + 1
        after = text.find(" ", max(found.dest_end - 1, first + 1))
        span = Span(letters[first][1], letters[after - 1 if after > 0 else -1][2])
        source = self._documents[key].text
        inside = [block for block in self._outline(key).blocks if block.start < span.end and span.start < block.end]
        whole = _completed(span, inside)
        if len(clean(source[whole.start : whole.end])) <= NOT_MUCH_LONGER * len(words):
            span = whole
        return fuzz.ratio(words, clean(source[span.start : span.end])), key, span

    def _sentence(self, key: str, words: str) -> tuple[float, str, Span]:
        """The sentence with the most words in common, in whatever order."""
        spans = [span for block in self._outline(key).blocks for span in block.sentences]
        texts = [clean(self._documents[key].text[span.start : span.end]) for span in spans]
        if not texts:
            return 0.0, key, Span(0, 0)
        _, likeness, at = process.extractOne(
            words, texts, scorer=fuzz.token_sort_ratio, processor=utils.default_process
        )
        return likeness, key, spans[at]


def _sentences(text: str) -> list[str]:
    found = [clean(text[span.start : span.end]) for span in sentences(text, start=0, end=len(text))]
    return [words for words in found if _EDGE.search(words)]


def _whole_words(text: str, words: str) -> bool:
    """Whether normalised words stand in a normalised text, not cut out of longer words: "art" is not in "heart"."""
    at = text.find(words) if words else -1
    while at != -1:
        if _is_whole(text, at, at + len(words)):
            return True
        at = text.find(words, at + 1)
    return False


def _is_whole(text: str, start: int, end: int) -> bool:
    def joined(at: int) -> bool:
        return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()

    return not joined(start) and not joined(end)


def _completed(span: Span, inside: Sequence[Block]) -> Span:
    """The span widened to the sentences that it touches."""
    touched = [s for block in inside for s in block.sentences if s.start < span.end and span.start < s.end]
    return Span(min((s.start for s in touched), default=span.start), max((s.end for s in touched), default=span.end))


def _plain(words: str) -> list[str]:
    return _MARKS.sub(" ", words).casefold().split()
