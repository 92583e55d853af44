"""What the staff's pages show, as records: a source part by part, what a pasted text comes to, why a question was
answered as it was. Pure functions of texts, outlines and records; ``staff`` makes pages of them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from allchat.answering.cuts import Sources
from allchat.answering.quotes import Left, sift
from allchat.chat import Chat
from allchat.errors import VerificationError
from allchat.records import Answer, Block, Citation, Document, Furniture, Hit, LayTerm, Outline, Passage, Section
from allchat.sources.text import clean
from allchat.web.highlight import blocks_html

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


QuestionView = Mapping[str, Sequence[tuple[int, str]]]
"""Our questions by the key of their block: the number of the sentence (-1 for the block), and the text."""


def source_view(
    document: Document,
    outline: Outline,
    *,
    passages: Sequence[Passage],
    asked: QuestionView,
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
    asked: QuestionView,
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


def lead_texts(block: Block, start: int, *, text: str) -> tuple[str, ...]:
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
            numbers := _numbers(hit.block, (*answer.citations, *answer.further)),
            None if numbers else left,
        )
        for hit, left in zip(hits, reasons, strict=True)
    )


def _numbers(block: Block, citations: Collection[Citation]) -> tuple[int, ...]:
    return tuple(citation.number for citation in citations if _overlap(block, citation))


def views(chat: Chat) -> dict[str, SourceView]:
    """What the pages show of each source, by key."""
    asked: dict[str, list[tuple[int, str]]] = {}
    keys = [block.key for block in chat.index.blocks(range(chat.index.block_count))]
    for block, sentence, text in chat.index.questions():
        asked.setdefault(keys[block], []).append((sentence, text))
    return {
        key: source_view(
            document,
            chat.outline(key),
            passages=chat.index.passages(key),
            asked=asked,
            lay_terms=chat.lay_terms,
        )
        for key, document in chat.documents.items()
    }


def is_intact(chat: Chat, document: str) -> bool:
    """Whether a source's file is still what the index was built from."""
    try:
        chat.read_source(document)
    except VerificationError:
        return False
    return True
