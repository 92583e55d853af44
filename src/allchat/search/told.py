"""What an index keeps beside its words and vectors: which words are spelt right, what names for whom a text speaks, and
which sources and blocks are one publication at two dates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from allchat.languages.folders import ENGLISH
from allchat.records import Document, LayTerm, Outline, Question
from allchat.search.words import content_words
from allchat.sources.editions import editions, successors
from allchat.sources.facets import names
from allchat.sources.glossary import Glossary
from allchat.sources.medicines import medicine_names
from allchat.sources.text import clean
from allchat.spelling import fold


def told_of(
    documents: Sequence[Document], outlines: Sequence[Outline], lay_terms: Sequence[LayTerm], asked: Sequence[Question]
) -> dict[str, Any]:
    """What is kept beside the words: those spelt right, what names for whom a text speaks, and which sources and
    blocks are one publication at two dates.
    """
    pairs = editions(documents, outlines)
    told = {
        "editions": [[documents[number].key for number in pair] for pair in pairs],
        "successors": sorted(successors(documents, outlines, pairs).items()),
    }
    outlines = [outline for document, outline in zip(documents, outlines, strict=True) if not is_foreign(document)]
    documents = [document for document in documents if not is_foreign(document)]
    return told | {
        "known_words": _known_words(documents, lay_terms, [question.text for question in asked]),
        "names": _names(documents, outlines, lay_terms),
    }


def is_foreign(document: Document) -> bool:
    """Whether a source is in another language than English, in whose words all is searched."""
    return document.language != ENGLISH


def _known_words(documents: Sequence[Document], lay_terms: Sequence[LayTerm], questions: Sequence[str]) -> list[str]:
    texts = [clean(document.text) for document in documents]
    texts += [word for term in lay_terms for word in (*term.source, *term.lay)]
    return sorted({word for text in (*texts, *questions) for word in content_words(text)})


_BRANDED = re.compile(r"([\w-]+ [\w-]+) \([A-Z][\w-]+\)")
"""A medicine of two words before the name that it is sold under: "Liposomal vincristine (Marqibo)"."""


def _names(
    documents: Sequence[Document], outlines: Sequence[Outline], lay_terms: Sequence[LayTerm]
) -> dict[str, list[str]]:
    """The medicines and defined terms of the sources that name for whom a text speaks, and lay words for medicines."""
    texts = {document.key: document.text for document in documents}
    blocks = [block for outline in outlines for block in outline.blocks]
    words = {block.key: clean(texts[block.document][block.start : block.end]) for block in blocks}
    medicines = {name for text in words.values() for name in (*medicine_names(text.lower()), *_BRANDED.findall(text))}
    named = names([*medicines, *_defined(documents, outlines)], blocks=blocks, words=words)
    called = {lay: term.source[0].lower() for term in lay_terms for lay in term.lay}
    return named | {fold(lay): named[name] for lay, name in called.items() if name in medicines and name in named}


def _defined(documents: Sequence[Document], outlines: Sequence[Outline]) -> list[str]:
    """The terms that the sources define, also without a last word that is a term itself ("re-induction")."""
    glossary = Glossary.of(
        {document.key: document for document in documents}, {outline.document: outline for outline in outlines}
    )
    terms = [form.lower() for entry in glossary.definitions for form in entry.forms]
    parted = [term.rpartition(" ") for term in terms]
    return [*terms, *(first for first, _, last in parted if first and last in terms)]
