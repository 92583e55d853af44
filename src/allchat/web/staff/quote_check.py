"""A pasted quote held against every source."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from rapidfuzz import fuzz, utils

from allchat.addresses import source_link
from allchat.records import Block, Document, Outline, Span
from allchat.sources.changes import Change, differences, letters_of
from allchat.sources.sentences import sentences
from allchat.sources.text import clean
from allchat.web.answer_queue import Pace
from allchat.web.staff.near import Sentences, SourceSentence, whole_words
from allchat.web.staff.views import lead_texts

LEAST_ALIKE = 70.0
"""Likeness (rapidfuzz's ratio of letters, or of sorted words, 0 to 100) below which nothing is called near."""

NOT_MUCH_LONGER = 1.5
"""A sentence at most this many times as long as the pasted words is compared with them as a whole."""

PLACES = 20
"""Places of the same words that are told one by one; a common word stands in hundreds."""

PIECES = 60
"""Pieces of a pasted text that are looked up; one of 5,000 characters has about 55 sentences."""

LONGEST_PIECE = 600
"""Characters of a piece; a longer sentence is looked up in parts."""

STRETCHES = 5
"""Sentences around which the stretch most like a piece is looked for."""

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
    """What one pasted piece comes to: it stands at ``places`` (``count`` in all), or ``nearest`` comes near it.

    ``own``: it stands nowhere, and is what allchat says around quotes, or a question that is like nothing in a source.
    """

    words: str
    places: tuple[Place, ...] = ()
    count: int = 0
    nearest: Nearest | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """What a pasted text comes to, piece by piece; ``left`` where it has more pieces than are looked up."""

    findings: tuple[QuoteFinding, ...]
    left: bool = False

    @property
    def quotes(self) -> tuple[QuoteFinding, ...]:
        """What may be of a source: all but allchat's own words."""
        return tuple(finding for finding in self.findings if not finding.own)

    @property
    def own(self) -> tuple[str, ...]:
        """What allchat says itself, in its order."""
        return tuple(finding.words for finding in self.findings if finding.own)

    @property
    def standing(self) -> int:
        """How many pieces stand in a source word for word."""
        return sum(finding.count > 0 for finding in self.findings)


def at_once() -> None:
    """The pace of work that waits for nobody."""


def nobodys(_words: str) -> bool:
    """Where no words are known to be allchat's."""
    return False


class QuoteCheck:
    """Holds pasted text against all sources. What is looked up in is worked out once; ``own`` knows words of ours."""

    def __init__(
        self,
        documents: Mapping[str, Document],
        outline: Callable[[str], Outline],
        *,
        own: Callable[[str], bool] = nobodys,
    ) -> None:
        self._own = own
        self._documents = documents
        self._outline = outline
        self._words = {key: clean(document.text) for key, document in documents.items()}
        self._said = {key: frozenset(whole_words(words)) for key, words in self._words.items()}
        self._sentences = Sentences(documents, outline)

    def check(self, pasted: str, *, pace: Pace = at_once) -> Checked:
        """The whole text where it stands somewhere, else its sentences one by one; nothing for a text without words."""
        pieces = list(islice(self._pieces(pasted), PIECES + 1))
        known: dict[str, QuoteFinding] = {}
        for piece in pieces[:PIECES]:
            if piece not in known:
                pace()
                known[piece] = self.finding(piece)
        return Checked(tuple(known[piece] for piece in pieces[:PIECES]), left=len(pieces) > PIECES)

    def _pieces(self, pasted: str) -> Iterator[str]:
        whole = clean(pasted)
        if not _EDGE.search(whole):
            return
        if self._stands(whole):
            yield whole
            return
        paragraphs = (part for part in re.split(r"\n\s*\n", pasted.replace("\r", "")) if _EDGE.search(part))
        for paragraph in paragraphs:
            yield from self._pieces_of(paragraph)

    def _pieces_of(self, paragraph: str) -> Iterator[str]:
        """A paragraph, its lines where some of them stand (a list), or its sentences (its lines may be wrapped)."""
        lines = [line for line in map(clean, paragraph.splitlines()) if _EDGE.search(line)]
        if self._is_known(clean(paragraph)):
            yield clean(paragraph)
        elif len(lines) > 1 and any(self._is_known(line) for line in dict.fromkeys(lines)):
            for line in lines:
                yield from [line] if self._is_known(line) else _sentences(line)
        else:
            yield from _sentences(paragraph)

    def _is_known(self, words: str) -> bool:
        """Whether words need not be taken apart."""
        return self._stands(words) or (len(words) <= LONGEST_PIECE and self._own(words))

    def _stands(self, words: str) -> bool:
        said = whole_words(words)
        return any(next(self._whole(key, words), -1) >= 0 for key in self._holding(said))

    def _holding(self, said: Sequence[str]) -> Iterator[str]:
        """The documents that have all of these words: words that stand whole are words of their document."""
        return (key for key, known in self._said.items() if known.issuperset(said))

    def _whole(self, key: str, words: str) -> Iterator[int]:
        """Where words stand in a document's, not cut out of longer words: "art" is not in "heart"."""
        text = self._words[key]
        at = text.find(words) if words else -1
        while at != -1:
            if _is_whole(text, at, at + len(words)):
                yield at
            at = text.find(words, at + 1)

    def finding(self, words: str) -> QuoteFinding:
        """What one piece comes to; ``words`` are normalised."""
        said = whole_words(words)
        found = [(key, at) for key in self._holding(said) for at in self._whole(key, words)]
        if not found and self._own(words):
            return QuoteFinding(words, own=True)
        if not found:
            nearest = self._nearest(words)
            return QuoteFinding(words, nearest=nearest, own=nearest is None and words.endswith("?"))
        shown = [(key, self._span(key, at, at + len(words))) for key, at in found[:PLACES]]
        return QuoteFinding(words, tuple(self._place(key, span) for key, span in shown), len(found))

    def _span(self, key: str, first: int, after: int) -> Span:
        """Where letters ``first`` to ``after`` of a document's words stand in its text."""
        _, letters = letters_of(self._documents[key].text)
        return Span(letters[first][1], letters[after - 1][2])

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
        like = self._sentences.like(words)
        found = [
            *(self._stretch(near, words) for near in like[:STRETCHES]),
            *((_likeness(words, near.words), near.document, near.span) for near in like),
        ]
        likeness, key, span = max(found, key=lambda near: near[0], default=(0.0, "", Span(0, 0)))
        if likeness < LEAST_ALIKE:
            return None
        place = self._place(key, span)
        parts = differences(words, place.words)
        return Nearest(place, parts, round(likeness, 1), _plain(words) == _plain(place.words))

    def _stretch(self, near: SourceSentence, words: str) -> tuple[float, str, Span]:
        """The stretch of whole words around a sentence with the most like letters; of a sentence not much longer, all
        of it.
        """
        key, text, source = near.document, self._words[near.document], self._documents[near.document].text
        _, letters = letters_of(source)
        begin = max(0, bisect_left(letters, near.span.start, key=_start) - len(words) // 2)
        window = text[begin : bisect_left(letters, near.span.end, key=_start) + len(words) // 2]
        found = fuzz.partial_ratio_alignment(words, window)
        if found is None or found.dest_start >= found.dest_end:
            return 0.0, key, Span(0, 0)
        first = text.rfind(" ", 0, begin + found.dest_start + 1) + 1
        after = text.find(" ", max(begin + found.dest_end - 1, first + 1))
        span = self._span(key, first, after if after > 0 else len(text))
        inside = [block for block in self._outline(key).blocks if block.start < span.end and span.start < block.end]
        whole = _completed(span, inside)
        if len(clean(source[whole.start : whole.end])) <= NOT_MUCH_LONGER * len(words):
            span = whole
        return fuzz.ratio(words, clean(source[span.start : span.end])), key, span


def _start(letter: tuple[str, int, int]) -> int:
    return letter[1]


def _likeness(words: str, sentence: str) -> float:
    """How many words two texts have in common, in whatever order."""
    return fuzz.token_sort_ratio(words, sentence, processor=utils.default_process)


def _sentences(text: str) -> Iterator[str]:
    for span in sentences(text, start=0, end=len(text)):
        words = clean(text[span.start : span.end])
        while len(words) > LONGEST_PIECE:
            cut = words.rfind(" ", 1, LONGEST_PIECE)
            cut = cut if cut > 0 else LONGEST_PIECE
            yield words[:cut]
            words = words[cut:].lstrip()
        if _EDGE.search(words):
            yield words


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
