"""What goes into the small index, and the files that come out."""

from __future__ import annotations

from pathlib import Path

from places import SMALL
from word_hash import WordHash

from allchat.search.folder import CURRENT
from allchat.search.schema import Contents
from allchat.sources.annotations import read_questions
from allchat.sources.corpus import read_corpus
from allchat.sources.outline import outline_document


def small_contents() -> Contents:
    documents = read_corpus(SMALL)
    outlines = tuple(outline_document(document) for document in documents)
    return Contents(documents, outlines, (), read_questions(SMALL, documents=documents, outlines=outlines))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def current(folder: Path) -> Path:
    return folder / (folder / CURRENT).read_text().strip()


class OtherWordHash(WordHash):
    fingerprint = "0" * 64
