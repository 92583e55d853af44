"""Offered: questions to start from and to go on with, as the corpus that is there allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress

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


def starters(words: Words) -> list[str]:
    """The starting questions of one language, of all groups."""
    return [question for group in words["starters"] for question in group["questions"]]


def next_questions(answer: Answer, *, asked: Sequence[str], words: Words) -> tuple[str, ...]:
    """Questions to touch below an answer: the record's own, else those of the starting questions that come nearest.

    An alarm and words of support bring none: help is what stands there. The starting questions are known to be
    answered. Those that share words with the question, or with what was quoted, come first, then their own order.
    """
    if answer.tone:
        return ()
    headings = (citation.heading[-1] for citation in answer.citations if citation.heading)
    about = set(content_words(" ".join((answer.question, *headings))))
    nearest = sorted(starters(words), key=lambda text: -len(about.intersection(content_words(text))))
    known = {_plain(text) for text in (*asked, answer.question)}
    own, others = ([text for text in some if _plain(text) not in known] for some in (answer.suggestions, nearest))
    return tuple(dict.fromkeys([*own, *others]))[: min(NEXT, max(2, len(own)) if own else NEXT)]


def of_corpus(words: Mapping[str, Words], asker: Asker) -> dict[str, Words]:
    """The page's words in each language, of the starting questions those that are asked of this corpus; where none is,
    questions from all over it, in one group.

    An asker that does not tell its questions keeps the starting questions of the wording.
    """
    asked: Sequence[str] | None = getattr(standing(asker), "questions", None)
    if asked is None:
        return dict(words)
    known = {_plain(question) for question in asked}
    kept = [[_plain(text) in known for text in row["questions"]] for row in next(iter(words.values()))["starters"]]
    if any(map(any, kept)):
        return {language: {**said, "starters": _fitting(said, kept)} for language, said in words.items()}
    own = [text for question in asked if (text := suggestion([question]))]
    own = list(dict.fromkeys(own[:: max(1, len(own) // OWN)]))[:OWN]
    return {
        language: {**said, "starters": [{"title": said["starters_own"], "questions": own}] if own else []}
        for language, said in words.items()
    }


def _fitting(words: Words, kept: Sequence[Sequence[bool]]) -> list[Words]:
    """The groups with those of their questions that are ``kept``."""
    rows = zip(words["starters"], kept, strict=True)
    return [{**row, "questions": [*compress(row["questions"], fits)]} for row, fits in rows if any(fits)]


def naming(words: Words, asker: Asker) -> Words:
    """The page's words with the line that names whose texts are quoted."""
    names = dict.fromkeys(short_name(document.publisher) for document in standing(asker).documents.values())
    *others, last = list(names)[:OWN] or [""]
    named = f"{', '.join(others)} {words['and']} {last}" if others else last
    return {**words, "who_wrote": str(words["who_wrote"]).format(sources=named)}


def _plain(question: str) -> str:
    return question.rstrip("?").lower()
