"""A question in its language, and what it is searched with: the reading, the search and the judge of the language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from allchat.answering.abstain import MODEL_FILE, Judge, unpacked
from allchat.languages.folders import ENGLISH, Language
from allchat.languages.gloss import gloss_of
from allchat.search.index import file_name
from allchat.search.retriever import Search
from allchat.search.store import Store


@dataclass(frozen=True, slots=True)
class Tongue:
    """``read`` gives a text in the language as it is searched; ``judge`` is None where the corpus has no examples."""

    language: Language
    read: Callable[[str], str]
    search: Search
    index: Store
    judge: Judge | None


@dataclass(frozen=True, slots=True)
class Heard:
    """A text of a family and its language: as it is ``read`` by the search and ``embedded`` for the guard.

    All of it is found once (``Pipeline.hear``), whoever asks for it.
    """

    text: str
    language: str
    tongue: Tongue
    read: str
    embedded: str


def tongue_of(index: Store, search: Search, *, language: Language) -> Tongue:
    """The tongue of an index that is in this language."""
    file = file_name(MODEL_FILE, index.language)
    judge = unpacked(index.folder / file) if file in index.manifest["files"] else None
    read = str if language.code == ENGLISH else partial(_glossed, language)
    return Tongue(language, read, search, index, judge)


def _glossed(language: Language, text: str) -> str:
    # The list is read when the first question in the language comes: one in English need not wait for it.
    return gloss_of(language)(text)
