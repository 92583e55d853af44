"""What the staff's pages show, as records: a source part by part, what a pasted text comes to, why a question was
answered as it was. Pure functions of texts, outlines and records; ``staff`` makes pages of them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process, utils

from allchat.answer import Left, Sources, sift
from allchat.corpus import clean, clean_places
from allchat.marked import blocks_html
from allchat.outline import sentences
from allchat.records import Answer, Block, Citation, Document, Furniture, Hit, LayTerm, Outline, Passage, Section, Span
from allchat.verify import Change, differences, places

LEAST_ALIKE = 70.0
"""Likeness (rapidfuzz's ratio of letters, or of sorted words, 0 to 100) below which nothing is called near."""

NOT_MUCH_LONGER = 1.5
"""A sentence at most this many times as long as the pasted words is compared with them as a whole."""

PLACES = 20
"""Places of the same words that are told one by one; a common word stands in hundreds."""

_EDGE = re.compile(r"\w")
_MARKS = re.compile(r"[^\w\s]+")


# Sources


@dataclass(frozen=True, slots=True)
class Part:
    """A block or a stretch of page furniture, in the order of reading, with what is declared about it.

    ``html`` are the words as the page for families shows them, lists as lists; ``words`` is their ``clean`` form.
    ``questions`` are ours, each with the words of the sentence that answers it ("" for the whole block);
    ``lay`` holds the sources' terms that stand in the block, each with families' words for it.
    """

    start: int
    end: int
    words: str
    html: str = ""
    block: Block | None = None
    furniture: Furniture | None = None
    leads: tuple[str, ...] = ()
    questions: tuple[tuple[str, str], ...] = ()
    lay: tuple[tuple[str, tuple[str, ...]], ...] = ()
    passages: tuple[int, ...] = ()

    @property
    def uncovered(self) -> bool:
        """Whether no question reaches the block. A title needs none: it is found through the block below it."""
        return self.block is not None and self.block.kind != "heading" and not self.questions


@dataclass(frozen=True, slots=True)
class Chapter:
    """A section with its parts; the first one of a document may have no heading."""

    section: Section | None
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class SourceView:
    """A document as the staff see it."""

    document: Document
    chapters: tuple[Chapter, ...]
    passages: tuple[Passage, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts in the order of reading."""
        return tuple(part for chapter in self.chapters for part in chapter.parts)

    @property
    def coverable(self) -> int:
        """How many blocks a question should reach: all but the titles."""
        return sum(part.block is not None and part.block.kind != "heading" for part in self.parts)

    @property
    def uncovered(self) -> int:
        """How many of these no question reaches."""
        return sum(part.uncovered for part in self.parts)

    @property
    def questions(self) -> int:
        """How many questions of ours lead into the document."""
        return sum(len(part.questions) for part in self.parts)


Asked = Mapping[str, Sequence[tuple[int, str]]]
"""Our questions by the key of their block: the number of the sentence (-1 for the block), and the text."""


def source_view(
    document: Document,
    outline: Outline,
    *,
    passages: Sequence[Passage],
    asked: Asked,
    lay_terms: Sequence[LayTerm],
) -> SourceView:
    """The document part by part; blocks and furniture together are the whole text."""
    lay = [(term, _any_word(term.source)) for term in lay_terms]
    parts = [_block_part(block, document.text, passages=passages, asked=asked, lay=lay) for block in outline.blocks]
    parts += [Part(f.start, f.end, clean(document.text[f.start : f.end]), furniture=f) for f in outline.furniture]
    parts.sort(key=lambda part: (part.start, part.end))
    # A section ends where its last block does; a footer behind it belongs to it all the same.
    begins = [section.start for section in outline.sections]
    owner = [bisect_right(begins, part.start) for part in parts]
    chapters = [
        Chapter(section, tuple(part for part, number in zip(parts, owner, strict=True) if number == at))
        for at, section in enumerate((None, *outline.sections))
    ]
    return SourceView(document, tuple(chapter for chapter in chapters if chapter.parts), tuple(passages))


def _block_part(
    block: Block,
    text: str,
    *,
    passages: Sequence[Passage],
    asked: Asked,
    lay: Sequence[tuple[LayTerm, re.Pattern[str]]],
) -> Part:
    words = clean(text[block.start : block.end])
    return Part(
        block.start,
        block.end,
        words,
        blocks_html([block], text=text, level=4),
        block,
        leads=tuple(clean(text[lead.start : lead.end]) for lead in block.leads),
        questions=tuple(
            (question, "" if number < 0 else _sentence(block, number, text=text))
            for number, question in asked.get(block.key, ())
        ),
        lay=tuple((found.group(), term.lay) for term, pattern in lay if term.lay and (found := pattern.search(words))),
        passages=tuple(n for n, passage in enumerate(passages, 1) if _overlap(passage, block)),
    )


def _sentence(block: Block, number: int, *, text: str) -> str:
    span = block.sentences[number]
    return clean(text[span.start : span.end])


def _any_word(words: Iterable[str]) -> re.Pattern[str]:
    choice = "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
    return re.compile(rf"(?<!\w)(?:{choice})(?!\w)", re.IGNORECASE)


def _overlap(one: Passage | Block | Citation, other: Passage | Block | Citation) -> bool:
    return one.document == other.document and one.start < other.end and other.start < one.end


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
        return f"/source/{self.document.key}#c{self.start}-{self.end}"


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
class Finding:
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

    def check(self, pasted: str) -> tuple[Finding, ...]:
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

    def _finding(self, words: str) -> Finding:
        spans = [
            (key, Span(start, end))
            for key, document in self._documents.items()
            if _whole_words(self._words[key], words)
            for start, end in places(document.text, words, letters=self._letters[key])
            if _is_whole(document.text, start, end)
        ]
        if not spans:
            return Finding(words, nearest=self._nearest(words))
        return Finding(words, tuple(self._place(key, span) for key, span in spans[:PLACES]), len(spans))

    def _place(self, key: str, span: Span) -> Place:
        document, outline = self._documents[key], self._outline(key)
        text = document.text
        inside = [block for block in outline.blocks if block.start < span.end and span.start < block.end]
        whole = _completed(span, inside)
        section = next((s for s in reversed(outline.sections) if s.start <= span.start), None)
        furniture = next((f.what for f in outline.furniture if f.start < span.end and span.start < f.end), "")
        leads = _leads(inside[0], span.start, text=text) if inside else ()
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


def _leads(block: Block, start: int, *, text: str) -> tuple[str, ...]:
    """What introduces the words at ``start``, outermost first: lines before the block, its own, and outer items."""
    leads = [clean(text[lead.start : lead.end]) for lead in block.leads]
    above = [item for item in block.items if item.start <= start < block.end]
    if above:
        leads.append(clean(text[block.start : block.items[0].start]))
        depth, outer = above[-1].depth, []
        for item in reversed(above):
            if item.depth < depth:
                depth = item.depth
                outer.append(clean(text[item.start : item.end]))
        leads += reversed(outer)
    return tuple(lead for lead in leads if lead)


def _plain(words: str) -> list[str]:
    return _MARKS.sub(" ", words).casefold().split()


# Why


@dataclass(frozen=True, slots=True)
class Candidate:
    """A hit with what became of it: ``numbers`` are the citations that quote it, ``left`` why it was left out."""

    hit: Hit
    words: str
    numbers: tuple[int, ...] = ()
    left: Left | None = None

    @property
    def link(self) -> str:
        """The permanent link to the block in its source."""
        return f"/source/{self.hit.block.document}#c{self.hit.block.start}-{self.hit.block.end}"


def candidates(hits: Sequence[Hit], answer: Answer, *, sources: Sources) -> tuple[Candidate, ...]:
    """The hits, best first, with the citations that quote them, or the reason why an answer leaves them out.

    Reasons are given for an answer alone: beside a refusal and in silence nothing is left out of an answer.
    """
    reasons = [taken.left for taken in sift(hits, sources=sources)] if answer.kind == "answer" else [None] * len(hits)
    return tuple(
        Candidate(
            hit,
            sources.words(hit.block.document, hit.block.start, hit.block.end),
            numbers := _numbers(hit.block, answer.citations),
            None if numbers else left,
        )
        for hit, left in zip(hits, reasons, strict=True)
    )


def _numbers(block: Block, citations: Collection[Citation]) -> tuple[int, ...]:
    return tuple(citation.number for citation in citations if _overlap(block, citation))
