"""The records that the stages hand to each other. Frozen, slotted, importing of this package nothing but parts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from allchat.parts import Parts

BlockKind = Literal["heading", "paragraph", "lead", "list", "definition", "caption"]
AnswerKind = Literal["answer", "refusal", "urgent", "not_found", "out_of_scope", "support", "chat"]
Tone = Literal["emergency", "crisis", "support"]
Display = Literal["whole", "section", "quote"]  # what families may be shown of a source


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters ``start`` to ``end`` (exclusive) of a document's text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FurnitureRule:
    """Declared page furniture: from the line beginning with ``begins`` through the line beginning with ``through``.

    Without ``through`` it is that line alone (each that begins so with ``every``), or with ``to_end`` all after it.
    With ``inline`` it starts inside a line, at the words of ``begins``, and runs to that line's end.
    """

    begins: str
    what: str
    through: str | None = None
    to_end: bool = False
    inline: bool = False
    every: bool = False


@dataclass(frozen=True, slots=True)
class ListRule:
    """A list that the copy shows without bullets: its lead line, how each item begins, and what follows it."""

    lead: str
    items: tuple[str, ...]
    until: str


@dataclass(frozen=True, slots=True)
class Applies:
    """For whom a text speaks: phases of the illness, ages, types of ALL. An axis without a value is for everyone."""

    phase: tuple[str, ...] = ()
    age: tuple[str, ...] = ()
    type: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """All values, whatever their axis."""
        return (*self.phase, *self.age, *self.type)


@dataclass(frozen=True, slots=True)
class AppliesRule:
    """For whom the sections under ``heading`` speak, or the blocks from ``begins`` to ``through`` (or that alone)."""

    applies: Applies
    heading: str | None = None
    begins: str | None = None
    through: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """How a source is laid out: whole paragraphs on a line, wrapped lines, or (``structure``) as its converter says."""

    wrapped: bool = False
    structure: str | None = None
    headings: tuple[str, ...] = ()
    no_headings: tuple[str, ...] = ()
    furniture: tuple[FurnitureRule, ...] = ()
    lists: tuple[ListRule, ...] = ()
    applies: tuple[AppliesRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A source text with what is known about where it comes from; ``revised`` is an ISO date, or None if not stated.

    ``text`` is the file's bytes decoded as UTF-8 and nothing else: every offset in allchat counts its characters.
    """

    key: str
    file: str
    title: str
    publisher: str
    copy: str
    url: str
    revised: str | None
    audience: str
    language: str
    rights: str
    notes: str
    attribution: str
    sha256: str
    text: str = field(repr=False)
    layout: Layout = field(default=Layout(), repr=False)
    display: Display = "whole"
    original: tuple[str, str] | None = field(default=None, repr=False)  # its place in the corpus folder, and sha256


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it. ``heading`` is the path of headings to it, outermost first, normalised."""

    document: str
    number: int
    heading: tuple[str, ...]
    start: int
    end: int
    applies: Applies = Applies()


@dataclass(frozen=True, slots=True)
class Item:
    """One list item: its own span (without the items nested below it) and its depth, 0 being the outermost."""

    start: int
    end: int
    depth: int


@dataclass(frozen=True, slots=True)
class Block:
    """The smallest piece that may be quoted whole: a paragraph, a list with its lead line, a definition item, ...
    A ``lead`` introduces definition items (or sub-headings) that are blocks of their own; their spans are its
    ``items``, and it is quoted with them. A ``heading`` is a title, or a whole sentence that the source uses as one.
    ``sentences`` lie in reading order inside ``start``..``end``. ``leads`` are the lines outside the block that
    introduce it (outermost first); a quote never leaves without them. ``items`` are a list's, ``applies`` for whom.
    """

    document: str
    section: int
    kind: BlockKind
    start: int
    end: int
    sentences: tuple[Span, ...]
    leads: tuple[Span, ...] = ()
    items: tuple[Item, ...] = ()
    term: str | None = None
    applies: Applies = Applies()

    @property
    def key(self) -> str:
        """Stable name of the block; its order is the order of documents and of reading."""
        return f"{self.document}:{self.start:07d}-{self.end:07d}"


@dataclass(frozen=True, slots=True)
class Furniture:
    """A stretch of a source that is not body text, and why it is left out."""

    start: int
    end: int
    what: str


@dataclass(frozen=True, slots=True)
class Outline:
    """A document's structure. Blocks and furniture together cover every character that is not white space."""

    document: str
    sections: tuple[Section, ...]
    blocks: tuple[Block, ...]
    furniture: tuple[Furniture, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """Consecutive blocks of one section, small enough for the embedding model's window.

    ``text`` is what is embedded: the heading path, a line break, the normalised words; ``tokens`` by tiktoken.
    """

    document: str
    section: int
    start: int
    end: int
    text: str
    tokens: int

    @property
    def key(self) -> str:
        """Stable name of the passage; ties are broken by it."""
        return f"{self.document}:{self.start:07d}-{self.end:07d}"


@dataclass(frozen=True, slots=True)
class Question:
    """A question of ours that a block, or its ``sentence``, answers; ``read``: how it is searched if not English."""

    block: Block
    sentence: int | None
    text: str
    language: str = "en"
    read: str = ""


@dataclass(frozen=True, slots=True)
class LayTerm:
    """Families' words (``lay``) for what the sources call by one of ``source``."""

    source: tuple[str, ...]
    lay: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Examples:
    """Questions of ours to calibrate on: those the sources answer, near misses, and other subjects."""

    answerable: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    far: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A block that a search found. ``score`` in [0, 1], larger is better; ``parts`` says what it is made of.
    ``sentences`` gives the sentences of the block that stand out, by their number, with a score each.
    """

    block: Block
    heading: tuple[str, ...]
    score: float
    parts: dict[str, float]
    sentences: dict[int, float]


@dataclass(frozen=True, slots=True)
class Lead:
    """The line that introduces a list, cut like a quote: ``clean(text[start:end]) == quote`` in the document's text."""

    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote and where it stands: ``clean(text[start:end]) == quote`` in the document's text; an item has its lead."""

    number: int
    document: str
    file: str
    title: str
    publisher: str
    url: str
    revised: str | None
    heading: tuple[str, ...]
    quote: str
    start: int
    end: int
    source_sha256: str
    score: float
    link: str
    rights: str
    lead: Lead | None = None
    original: dict[str, Any] | None = None  # page and boxes, or element, where the source was converted


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the screen makes of a question before anything is searched; ``kind`` None goes on to the search.
    ``reason`` is a word of the wording, ``rule`` what matched; the classifier scores the verdict, and mere information.
    """

    kind: Literal["urgent", "refusal", "out_of_scope", "chat", "support"] | None
    reason: str | None = None
    rule: str | None = None
    score: float | None = None
    private: bool = False
    harmless: float = 0.0


@dataclass(frozen=True, slots=True)
class Trace:
    """How an answer came about. Private details in ``searched`` are replaced by a mark.
    ``hits`` are the candidates, best first; ``margin`` is how far the evidence was above the threshold, or None.
    """

    verdict: Verdict
    searched: tuple[str, ...] = ()
    hits: tuple[Hit, ...] = ()
    decision: Literal["answer", "closest", "not_found", "out_of_scope"] | None = None
    margin: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The record that ``--json``, ``batch`` and ``POST /v1/ask`` give, without ``parts``, which each medium renders."""

    id: str
    question: str
    understood_as: str
    kind: AnswerKind
    reason: str | None
    text: str
    citations: tuple[Citation, ...]
    notices: tuple[str, ...]
    suggestions: tuple[str, ...]
    versions: dict[str, str]
    timings_ms: dict[str, float]
    further: tuple[Citation, ...] = ()  # on request: the text holds none of these
    tone: Tone | None = None
    directness: Literal["direct", "closest"] | None = None
    parts: Parts = field(default=Parts(), repr=False, metadata={"exclude": True})  # pydantic leaves it out

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON-ready values, in the order of the fields."""
        return {name: value for name, value in asdict(self).items() if name != "parts"}
