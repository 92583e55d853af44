"""Outlines of all sources and of texts made up for a test."""

from __future__ import annotations

import hashlib
from functools import cache

from places import ROOT, SMALL

from allchat.records import Block, Document, Layout, Outline
from allchat.sources.corpus import read_corpus
from allchat.sources.outline import outline_document
from allchat.sources.text import clean


def document(text: str, *, layout: Layout | None = None) -> Document:
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return Document("d", "d.txt", "T", "P", "c", "u", None, "a", "en", "r", "", "A:", sha256, text, layout or Layout())


def outlined(text: str, *, layout: Layout | None = None) -> tuple[Outline, list[str]]:
    outline = outline_document(document(text, layout=layout))
    return outline, [clean(text[block.start : block.end]) for block in outline.blocks]


@cache
def every_outline() -> dict[str, tuple[Document, Outline]]:
    documents = [document for folder in (SMALL, ROOT / "corpus") for document in read_corpus(folder)]
    return {document.key: (document, outline_document(document)) for document in documents}


KEYS = [document.key for folder in (SMALL, ROOT / "corpus") for document in read_corpus(folder)]


def words(source: Document, block: Block) -> str:
    return clean(source.text[block.start : block.end])


def covers_all_once(source: Document, outline: Outline) -> None:
    count = [0] * len(source.text)
    for piece in (*outline.blocks, *outline.furniture):
        assert piece.start < piece.end
        for place in range(piece.start, piece.end):
            count[place] += 1
    lost = [place for place, letter in enumerate(source.text) if not letter.isspace() and not count[place]]
    assert not lost, source.text[lost[0] : lost[0] + 60]
    assert max(count, default=0) <= 1, "blocks and furniture overlap"
