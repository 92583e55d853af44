"""Offered: the page's starting questions, as the corpus that is there allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from allchat.answering.query import Asker, standing
from allchat.answering.suggestions import suggestion
from allchat.wording import Words

OWN = 6
"""Starting questions that are taken from a corpus of which the wording knows none."""


def of_corpus(words: Mapping[str, Words], asker: Asker) -> dict[str, Words]:
    """The page's words in each language, of the starting questions those that are asked of this corpus; where none is,
    questions from all over it, in one group.

    An asker that does not tell its questions keeps the starting questions of the wording.
    """
    here = standing(asker)
    asked: Sequence[str] | None = getattr(here, "questions", None)
    first = next(iter(words.values()))
    kept = None if asked is None else _places(first["starters"], asked)
    return {language: {**said, "starters": _starters(said, kept, asked or ())} for language, said in words.items()}


def _places(groups: Sequence[Mapping[str, Any]], asked: Sequence[str]) -> list[list[int]]:
    """For each group the places of its questions that are among those asked of the corpus."""
    known = {_plain(question) for question in asked}
    return [[n for n, question in enumerate(row["questions"]) if _plain(question) in known] for row in groups]


def _starters(words: Words, kept: list[list[int]] | None, asked: Sequence[str]) -> list[dict[str, Any]]:
    groups = list(words["starters"])
    if kept is None:
        return groups
    fitting = [
        {**row, "questions": [row["questions"][n] for n in places]}
        for row, places in zip(groups, kept, strict=True)
        if places
    ]
    own = _spread([text for question in asked if (text := suggestion([question]))]) if not fitting else []
    return fitting or ([{"title": words["starters_own"], "questions": own}] if own else [])


def _spread(questions: Sequence[str]) -> list[str]:
    """A few of the questions, from all over the list."""
    step = max(1, len(questions) // OWN)
    return list(dict.fromkeys(questions[::step]))[:OWN]


def _plain(question: str) -> str:
    return question.rstrip("?").lower()
