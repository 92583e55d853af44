"""Offered: questions to start from and to go on with, as the corpus that is there allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from allchat.answering.query import Asker, standing
from allchat.answering.suggestions import suggestion
from allchat.records import Answer
from allchat.search.words import content_words
from allchat.web.page.cards import short_name
from allchat.wording import Words

OWN = 6
"""Starting questions that are taken from a corpus of which the wording knows none."""

NEXT = 3
"""Questions to go on with, below an answer."""


def next_questions(answer: Answer, *, asked: Sequence[str], words: Words) -> tuple[str, ...]:
    """Questions to touch below an answer: the record's own, else those of the starting questions that come nearest.

    An alarm and words of support bring none: help is what stands there. The starting questions are known to be
    answered. Those that share words with the question, or with what was quoted, come first, then their own order.
    """
    if answer.tone:
        return ()
    headings = (citation.heading[-1] for citation in answer.citations if citation.heading)
    about = set(content_words(" ".join((answer.question, *headings))))
    known = {_plain(text) for text in (*asked, answer.question)}
    own = [text for text in answer.suggestions if _plain(text) not in known]
    starters = [text for group in words["starters"] for text in group["questions"] if _plain(text) not in known]
    nearest = sorted(starters, key=lambda text: -len(about.intersection(content_words(text))))
    return tuple(dict.fromkeys([*own, *nearest]))[: min(NEXT, max(2, len(own)) if own else NEXT)]


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


def naming(words: Words, asker: Asker) -> Words:
    """The page's words with the line that names whose texts are quoted."""
    names = dict.fromkeys(short_name(document.publisher) for document in standing(asker).documents.values())
    return {**words, "who_wrote": _who_wrote(words, list(names)[:OWN])}


def _who_wrote(words: Words, names: Sequence[str]) -> str:
    *others, last = names or [""]
    named = f"{', '.join(others)} {words['and']} {last}" if others else last
    return str(words["who_wrote"]).format(sources=named)


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
