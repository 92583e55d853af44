"""Whom a question is about: a particular child, the one who asks, or nobody; and to whom a figure may be offered.

The figures of a source are of children in their first treatment. They are kept from a patient who asks about
themselves, and from a family that has told of a relapse, of a treatment that failed, of an infant or of a transplant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Literal

from allchat.guard.matcher import Hits
from allchat.guard.rules import ReadMessage
from allchat.guard.tokens import Clause
from allchat.languages.folders import Languages, packaged_languages
from allchat.sources.facets import Named, any_phrase
from allchat.spelling import fold

_FIGURE = re.compile(r"\d ?%|\bpercent\b|\bout of (?:every )?\d|\b\d+ in \d")
_NOT_FIRST = frozenset({"relapse", "refractory", "end_of_life", "infant"})


@cache
def _words(name: str, languages: Languages) -> re.Pattern[str]:
    return any_phrase(_listed(name, languages))


def _listed(name: str, languages: Languages) -> list[str]:
    """A list of each language's ``people.toml``, together.

    Raises:
        SettingsError: a file is missing or cannot be understood.
    """
    return [phrase for language in languages for phrase in language.people.get(name, ())]


@cache
def _own(languages: Languages) -> frozenset[str]:
    return frozenset(_listed("own", languages))


def _says(name: str, *messages: str, languages: Languages | None) -> bool:
    words = _words(name, languages or packaged_languages())
    return any(words.search(fold(message)) for message in messages)


def is_of_life(question: str, *, languages: Languages | None = None) -> bool:
    """Whether a question about one person's future is about life and death.

    ``languages`` are those that it may be in, by default those that come with allchat.
    """
    return _says("life_and_death", question, languages=languages)


def is_of_survival(words: str, *, languages: Languages | None = None) -> bool:
    """Whether the words of a question or of a source are about living or dying itself, and not only of what is near."""
    return _says("survival", words, languages=languages)


def may_see_figures(messages: Sequence[str], *, named: Named, languages: Languages | None = None) -> bool:
    """Whether the figures of first treatment may be offered after ``messages``, which name these cases."""
    told = (_says(name, *messages, languages=languages) for name in ("own_illness", "transplant"))
    return _NOT_FIRST.isdisjoint(named) and not any(told)


def holds_figure(words: str) -> bool:
    """Whether the words of a source tell how many there are of so many."""
    return _FIGURE.search(words) is not None


def person_asked_about(
    message: ReadMessage, *, languages: Languages | None = None
) -> Literal["your_child", "yourself"] | None:
    """The name of the line that goes before the quotes (``answer.*`` of the wording); None for a general question."""
    if _names_a_child(message, languages):
        return "your_child"
    return "yourself" if _says("own_illness", message.text, languages=languages) else None


def _names_a_child(message: ReadMessage, languages: Languages | None) -> bool:
    """Whether a particular child is named: "my daughter", or "he" where that can be nobody else."""
    own = _own(languages or packaged_languages())
    if any(_names_own(clause, hits, own) for clause, hits in zip(message.clauses, message.hits, strict=True)):
        return True
    return "@the-child" in message.labels and not _says("anyone", message.text, languages=languages)


def _names_own(clause: Clause, hits: Hits, own: frozenset[str]) -> bool:
    return any(clause.tokens[start].word in own for start, _ in hits.get("@the-child", ()))
