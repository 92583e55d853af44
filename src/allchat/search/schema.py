"""What an index holds, and its tables in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from allchat.languages.folders import ENGLISH
from allchat.records import Applies, Block, Document, Item, Outline, Passage, Question, Span
from allchat.search.store import MOST_POSTINGS
from allchat.search.terms import TOKENIZER, packed, terms_of
from allchat.sources.text import clean

EVERYONE: Final = "[[], [], []]"
"""How it is stored that a block applies to everyone."""

Grain = Literal["sentence", "block", "passage", "heading", "question"]
GRAINS: Final[tuple[Grain, ...]] = ("sentence", "block", "passage", "heading", "question")

Targets = list[tuple[int, int, int, int]]
"""Where rows of vectors lead: (row, grain, block, sentence), sentence -1 for coarser grains."""

_SCHEMA = """
CREATE TABLE documents (key TEXT PRIMARY KEY, facts TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sections (document TEXT, number INTEGER, heading TEXT, start INTEGER, "end" INTEGER,
    applies TEXT, PRIMARY KEY (document, number));
CREATE TABLE blocks (id INTEGER PRIMARY KEY, document TEXT, section INTEGER, kind TEXT, start INTEGER, "end" INTEGER,
    leads TEXT, items TEXT, term TEXT, applies TEXT);
CREATE TABLE sentences (block INTEGER, number INTEGER, start INTEGER, "end" INTEGER, PRIMARY KEY (block, number));
CREATE TABLE passages (id INTEGER PRIMARY KEY, document TEXT, section INTEGER, start INTEGER, "end" INTEGER,
    text TEXT, tokens INTEGER);
CREATE TABLE furniture (document TEXT, start INTEGER, "end" INTEGER, what TEXT, PRIMARY KEY (document, start));
CREATE TABLE questions (id INTEGER PRIMARY KEY, block INTEGER, sentence INTEGER, text TEXT,
    language TEXT);
CREATE INDEX block_places ON blocks (document, start);
CREATE INDEX asked_blocks ON questions (block);
CREATE TABLE frequent (term TEXT PRIMARY KEY, count INTEGER, blocks BLOB, scores BLOB) WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_WORDS = f"CREATE VIRTUAL TABLE words USING fts5(heading, body, questions, content = '', tokenize = '{TOKENIZER}');"


@dataclass(frozen=True, slots=True)
class Contents:
    """All that goes into an index. ``read`` says by the keys of documents how those in another language than English
    are read: their texts are searched in English words, as questions in that language are.
    """

    documents: tuple[Document, ...]
    outlines: tuple[Outline, ...]
    passages: tuple[Passage, ...]
    questions: tuple[Question, ...] = ()
    read: Mapping[str, Callable[[str], str]] = field(default_factory=dict)


BLOCK_COLUMNS = 'id, document, section, kind, start, "end", leads, items, term, applies'


def block_of(row: tuple[Any, ...], spans: Sequence[Span]) -> Block:
    """A block from its row."""
    _, document, section, kind, start, end, leads, items, term, applies = row
    return Block(
        document,
        section,
        kind,
        start,
        end,
        tuple(spans),
        tuple(Span(*lead) for lead in json.loads(leads)),
        tuple(Item(*item) for item in json.loads(items)),
        term,
        applies_of(applies),
    )


def applies_of(stored: str) -> Applies:
    """What a row applies to, from the JSON that ``stored`` wrote."""
    return Applies(*map(tuple, json.loads(stored)))


def rows(contents: Contents) -> tuple[list[str], Targets]:
    """The texts to embed, our questions last, and where each leads."""
    texts: list[str] = []
    targets: Targets = []

    def add(text: str, grain: Grain, blocks: Iterable[int], sentence: int = -1) -> None:
        targets.extend((len(texts), GRAINS.index(grain), block, sentence) for block in blocks)
        texts.append(text)

    numbers = _numbers(contents)
    sources = {document.key: document for document in contents.documents}
    inside = _by_section(contents)
    for outline in contents.outlines:
        text, read = sources[outline.document].text, contents.read.get(outline.document, str)
        for section in outline.sections:
            if section.heading:
                blocks = inside.get((section.document, section.number), [])
                add(read(" \u2013 ".join(section.heading[-2:])), "heading", [numbers[block.key] for block in blocks])
        for block in outline.blocks:
            number = numbers[block.key]
            add(read(block_text(block, text=text)), "block", [number])
            for position, span in enumerate(block.sentences):
                add(read(clean(text[span.start : span.end])), "sentence", [number], position)
    for passage in contents.passages:
        blocks = [
            b for b in inside[passage.document, passage.section] if b.start < passage.end and passage.start < b.end
        ]
        add(contents.read.get(passage.document, str)(passage.text), "passage", [numbers[block.key] for block in blocks])
    for question in contents.questions:
        add(
            question.read or question.text,
            "question",
            [numbers[question.block.key]],
            -1 if question.sentence is None else question.sentence,
        )
    return texts, targets


def shortest_passage(texts: Sequence[str], targets: Targets) -> str:
    """The shortest text that stands for a passage among those of ``rows``, "" where none does."""
    passage = GRAINS.index("passage")
    found = {texts[row] for row, grain, _, _ in targets if grain == passage}
    return min(found - {""}, key=lambda text: (len(text), text), default="")


def lesson_rows(targets: Targets) -> list[tuple[int, int, bool]]:
    """Our questions and the sentences that they lead to, the first of the block where that is all they say: the row,
    its block, and whether it is a question.
    """
    question, sentence = GRAINS.index("question"), GRAINS.index("sentence")
    anchored = {(block, max(number, 0)) for _, grain, block, number in targets if grain == question}
    return [
        (row, block, grain == question)
        for row, grain, block, number in targets
        if grain == question or (grain == sentence and (block, number) in anchored)
    ]


def _by_section(contents: Contents) -> dict[tuple[str, int], list[Block]]:
    inside: dict[tuple[str, int], list[Block]] = {}
    for outline in contents.outlines:
        for block in outline.blocks:
            inside.setdefault((block.document, block.section), []).append(block)
    return inside


def block_text(block: Block, *, text: str) -> str:
    """What is embedded for a block: the term or the lead lines it stands under, then its words."""
    above = [block.term or "", *(clean(text[lead.start : lead.end]) for lead in block.leads)]
    return "\n".join(part for part in (*above, clean(text[block.start : block.end])) if part)


def _numbers(contents: Contents) -> dict[str, int]:
    blocks = [block for outline in contents.outlines for block in outline.blocks]
    return {block.key: number for number, block in enumerate(blocks)}


def write_words(path: Path, contents: Contents, settings: Mapping[str, Any], *, language: str = "en") -> None:
    """Everything but the vectors and where they lead, into SQLite, for questions in a language."""
    connection = sqlite3.connect(path)
    try:
        connection.executescript("PRAGMA page_size = 4096; PRAGMA journal_mode = OFF;" + _SCHEMA + _WORDS)
        for table, rows in _tables(contents, settings, language):
            for row in rows:
                connection.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)  # noqa: S608 - our own names
        connection.execute("INSERT INTO words(words) VALUES ('optimize')")
        for term in list(terms_of(connection, least=MOST_POSTINGS + 1)):
            connection.execute("INSERT INTO frequent VALUES (?, ?, ?, ?)", (term.text, *packed(term.postings)))
        connection.commit()
    finally:
        connection.close()


def _tables(
    contents: Contents, settings: Mapping[str, Any], language: str
) -> Iterator[tuple[str, Iterable[tuple[Any, ...]]]]:
    numbers = _numbers(contents)
    blocks = [block for outline in contents.outlines for block in outline.blocks]
    yield "documents", ((document.key, _json(facts(document))) for document in contents.documents)
    yield (
        "sections",
        (
            (s.document, s.number, _json(s.heading), s.start, s.end, _stored(s.applies))
            for o in contents.outlines
            for s in o.sections
        ),
    )
    yield (
        "blocks",
        (
            (
                *(numbers[b.key], b.document, b.section, b.kind, b.start, b.end),
                *(_pairs(b.leads), _pairs(b.items), b.term, _stored(b.applies)),
            )
            for b in blocks
        ),
    )
    yield "sentences", ((numbers[b.key], n, s.start, s.end) for b in blocks for n, s in enumerate(b.sentences))
    yield (
        "passages",
        ((n, p.document, p.section, p.start, p.end, p.text, p.tokens) for n, p in enumerate(contents.passages)),
    )
    yield "furniture", ((o.document, f.start, f.end, f.what) for o in contents.outlines for f in o.furniture)
    yield (
        "questions",
        (
            (n, numbers[q.block.key], -1 if q.sentence is None else q.sentence, q.text, q.language)
            for n, q in enumerate(contents.questions)
        ),
    )
    yield "words(rowid, heading, body, questions)", _word_rows(contents, blocks, language)
    yield "settings", ((name, _json(settings[name])) for name in sorted(settings))


def _word_rows(contents: Contents, blocks: Sequence[Block], language: str) -> Iterator[tuple[int, str, str, str]]:
    """The words of each block; none of a source that is not searched in the language (``source_facts``)."""
    shut = {document.key for document in contents.documents if not is_open(document.language, asked_in=language)}
    sources = {document.key: document.text for document in contents.documents}
    headings = {(s.document, s.number): " ".join(s.heading) for outline in contents.outlines for s in outline.sections}
    asked: dict[str, list[str]] = {}
    for question in contents.questions:
        asked.setdefault(question.block.key, []).append(question.read or question.text)
    for number, block in enumerate(blocks):
        if block.document in shut:
            yield number, "", "", ""
            continue
        read = contents.read.get(block.document, str)
        words = read(block_text(block, text=sources[block.document]))
        yield number, read(headings[(block.document, block.section)]), words, "\n".join(asked.get(block.key, []))


def is_open(language: str, *, asked_in: str) -> bool:
    """Whether what is asked in a language is searched in sources in a ``language``: in its own and in English ones."""
    return language in (asked_in, ENGLISH)


def facts(document: Document) -> dict[str, Any]:
    """What is known about a document besides its text and layout, and the place of its original."""
    return {name: value for name, value in asdict(document).items() if name not in ("text", "layout", "original")}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _stored(applies: Applies) -> str:
    return _json([applies.phase, applies.age, applies.type])


def _pairs(spans: Sequence[Span] | Sequence[Item]) -> str:
    return _json([list(asdict(span).values()) for span in spans])
