"""A leaflet of two pages in a corpus of its own, and a chat that answers from it."""

from __future__ import annotations

from pathlib import Path

from made_files import lines, pdf
from word_hash import WordHash

from allchat.build import build
from allchat.chat import Chat
from allchat.records import Document
from allchat.sources.adding import Facts, add
from allchat.sources.readers.convert import convert
from allchat.sources.starting import start_folder

VISIT = "You may visit your child at any time of the day. Ring the bell at the door of the ward and wait for a nurse."
WASH = "Wash your hands when you come in. Leave your coat at the door. Tell the nurse when you have a cold or a cough."
NIGHT = "One parent may stay with the child for the night. A bed is brought to the room before ten in the evening."
LEAFLET = pdf(
    [(72, 760, 18, True, "Visiting the ward"), *lines(VISIT, top=700), *lines(WASH, top=600)],
    [(72, 760, 18, True, "Staying for the night"), *lines(NIGHT, top=700)],
)
FACTS = Facts(
    id="visits",
    title="Visiting the ward",
    publisher="City Hospital",
    url="https://example.org/visits",
    rights="Our own.",
    language="en",
    revised="2026-01-31",
    audience="families",
    attribution="City Hospital states:",
)


def corpus_of(folder: Path, content: bytes = LEAFLET, name: str = "visits.pdf", facts: Facts = FACTS) -> Path:
    """A corpus with this one file."""
    start_folder(folder / "own")
    corpus = folder / "own" / "corpus"
    add(content, name=name, converted=convert(content, name=name), facts=facts, corpus=corpus)
    return corpus


def opened(corpus: Path) -> Chat:
    """A chat that answers from a corpus."""
    index = build(corpus, index=corpus.parent / "index", embedder=WordHash())
    return Chat.open(index, corpus=corpus, embedder=WordHash())


def at(document: Document, words: str) -> tuple[int, int]:
    """Where words stand in a document."""
    start = document.text.index(words)
    return start, start + len(words)
