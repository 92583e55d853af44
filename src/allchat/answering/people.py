"""Whom a question is about: a particular child, the one who asks, or nobody; and to whom a figure may be offered.

The figures of a source are of children in their first treatment. They are kept from a patient who asks about
themselves, and from a family that has told of a relapse, of a treatment that failed, of an infant or of a transplant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from allchat.errors import SettingsError
from allchat.guard.matcher import Hits
from allchat.guard.rules import ReadMessage
from allchat.guard.tokens import Clause
from allchat.parsing import parse_toml
from allchat.sources.facets import Named, any_phrase
from allchat.spelling import fold

_FIGURE = re.compile(r"\d ?%|\bpercent\b|\bout of (?:every )?\d|\b\d+ in \d")
_NOT_FIRST = frozenset({"relapse", "refractory", "end_of_life", "infant"})
_OWN = frozenset({"my", "our", "mi", "mis", "nuestro", "nuestra"})
_LISTS = TypeAdapter(dict[Literal["life_and_death", "own_illness", "transplant", "anyone"], list[str]])


@cache
def _words() -> Mapping[str, re.Pattern[str]]:
    """The lists of ``people.toml``.

    Raises:
        SettingsError: the file is missing or cannot be understood.
    """
    path = files("allchat").joinpath("answering/people.toml")
    try:
        lists = _LISTS.validate_python(parse_toml(path.read_bytes()))
    except (OSError, ValueError, ValidationError) as error:
        raise SettingsError(f"{path}: {error}. Restore the file: its top says what it may hold.") from error
    return {name: any_phrase(phrases) for name, phrases in lists.items()}


def _says(name: str, *messages: str) -> bool:
    return any(_words()[name].search(fold(message)) for message in messages)


def is_of_life(question: str) -> bool:
    """Whether a question about one person's future is about life and death."""
    return _says("life_and_death", question)


def may_see_figures(messages: Sequence[str], *, named: Named) -> bool:
    """Whether the figures of first treatment may be offered after ``messages``, which name these cases."""
    return _NOT_FIRST.isdisjoint(named) and not _says("own_illness", *messages) and not _says("transplant", *messages)


def holds_figure(words: str) -> bool:
    """Whether the words of a source tell how many there are of so many."""
    return _FIGURE.search(words) is not None


def person_asked_about(message: ReadMessage) -> Literal["your_child", "yourself"] | None:
    """The name of the line that goes before the quotes (``answer.*`` of the wording); None for a general question."""
    if _names_a_child(message):
        return "your_child"
    return "yourself" if _says("own_illness", message.text) else None


def _names_a_child(message: ReadMessage) -> bool:
    """Whether a particular child is named: "my daughter", or "he" where that can be nobody else."""
    if any(_names_own(clause, hits) for clause, hits in zip(message.clauses, message.hits, strict=True)):
        return True
    return "@the-child" in message.labels and not _says("anyone", message.text)


def _names_own(clause: Clause, hits: Hits) -> bool:
    return any(clause.tokens[start].word in _OWN for start, _ in hits.get("@the-child", ()))
