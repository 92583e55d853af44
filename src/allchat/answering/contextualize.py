"""Understand: from a question and the family's earlier questions to a question that stands alone.

Conservative: a question that stands alone is never changed, and what was asked is always searched beside what was
understood. Earlier questions are untrusted text; they shape a search and are never shown as a statement.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from allchat.languages.folders import Languages, packaged_languages
from allchat.search.words import WORD, content_words, lowered, says_something, stop_words
from allchat.sources.medicines import medicine_names

HISTORY_TURNS = 6
"""Earlier questions that are looked at, the latest first."""

MOST_WORDS = 4
"""Content words of the longest question without a pointing word that is read with earlier subjects too."""

TOPICS = (1, 2)
"""Earlier questions that stand alone whose subjects are taken over, the latest: read with one, and with two."""

_PART = re.compile(r"[?;]|\b(?:and|or)\b", re.IGNORECASE)


class _Pointing:
    """What points out of a question; questions in all languages are read as English first."""

    def __init__(self) -> None:
        words = packaged_languages().english.pointing
        self.illness = words.illness
        self.breaks, self.continues = _compiled(words.breaks), _compiled(words.continues)
        self.compares = _compiled(rf"\b{words.compares}\b")
        self.form = re.compile(words.form)
        self.several = _compiled(words.ordinal)
        self.pronoun = _compiled(f"{words.it}|{words.they}")
        self.pointers = tuple((_compiled(pattern), most) for pattern, most in
                              ((words.it, 4), (words.they, 2), (words.that, 5), (words.ordinal, 4)))  # fmt: skip


@cache
def _pointing() -> _Pointing:
    return _Pointing()


@cache
def _opens(languages: Languages) -> re.Pattern[str]:
    opens = "|".join(language.file.follow_up.opens for language in languages)
    return _compiled(rf"^(?:\W*\b(?:{opens})\b\W*)+")


@cache
def _rest(languages: Languages) -> re.Pattern[str]:
    return _compiled(rf"^\W*(?:{'|'.join(language.file.follow_up.rest for language in languages)})\b")


@cache
def _asks(languages: Languages) -> re.Pattern[str]:
    return _compiled(rf"\b(?:{'|'.join(language.file.follow_up.asks for language in languages)})\b")


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def bent(question: str, *, history: Sequence[str]) -> tuple[str, ...]:
    """The question with the subject of what was asked before (``history``, oldest first), as the last question that
    stands alone tells it and as the last two do; without a pronoun the first of these also as a plain phrase ("the two
    types transplant"), which is nearer to how our questions are written. None where they name nothing.
    """
    earlier, asked = _earlier(history), _opened(question)
    topics = [topic for most in TOPICS if (topic := ", ".join(map(_subject, _taken_over(earlier, most))))]
    plain = [] if _pointing().pronoun.search(asked) else [f"{asked.rstrip(' ?.!')} {topic}" for topic in topics[:1]]
    return tuple(dict.fromkeys((*(f"{asked} (about: {topic})" for topic in topics), *plain)))


def _opened(question: str, languages: Languages | None = None) -> str:
    """A question without the thanks before it."""
    return _opens(languages or packaged_languages()).sub("", question).strip()


def may_lean(question: str) -> bool:
    """Whether a question that does not point out of itself may be the rest of another all the same: it is short, and
    names neither the illness nor a medicine.
    """
    words = content_words(_opened(question))
    return len(words) <= MOST_WORDS and not _pointing().illness.intersection(words) and not medicine_names(question)


def meant(question: str, *, history: Sequence[str]) -> tuple[str, ...]:
    """The question with the earlier questions that it leans on, oldest first; alone where it stands alone."""
    earlier = _earlier(history)
    return (*_taken_over(earlier, TOPICS[-1]), question) if earlier and leans_on_history(question) else (question,)


def _earlier(history: Sequence[str]) -> list[str]:
    return [text for text in map(_opened, history[-HISTORY_TURNS:]) if text]


def leans_on_history(question: str) -> bool:
    """Whether a question cannot be read alone: it is the rest of one, points out of itself, or names nothing."""
    question = _opened(question)
    if not says_something(question):
        return True
    words = content_words(question)
    if _pointing().continues.match(question):
        return len(words) <= 5
    return any(_points_out(question, pattern) and len(words) <= most for pattern, most in _pointing().pointers)


def names_one_of_several(question: str) -> bool:
    """Whether a question points at one of several things: "the other one", "any others"."""
    return _pointing().several.search(question) is not None


def is_rest(question: str, *, languages: Languages | None = None) -> bool:
    """Whether a question is only the rest of the one before and asks the same of something else: "and tylenol?".

    ``languages`` are those that questions may be in, by default those that come with allchat.
    """
    known = languages or packaged_languages()
    question = _opened(question, known)
    begun = _rest(known).match(question)
    return begun is not None and len(content_words(question)) <= 5 and not _asks(known).search(question, begun.end())


def is_parted(question: str, *, languages: Languages | None = None) -> bool:
    """Whether a question has two parts: "what is a port and how long does it stay in?", compares two things, or only
    names two ("systemic or intrathecal chemo?").
    """
    if _pointing().compares.search(question):
        return True
    asks = _asks(languages or packaged_languages())
    parts = _PART.split(question)
    asking = [part for part in parts if asks.search(part)]
    if not asking:
        return len(content_words(question)) <= MOST_WORDS and sum(bool(_named(part)) for part in parts) == 2
    return len(asking) > 1 and bool(_named(asking[0]))


def _points_out(question: str, pattern: re.Pattern[str]) -> bool:
    """Whether the first pointing word has nothing in an earlier clause of the same question that it could mean."""
    found = pattern.search(question)
    if found is None:
        return False
    start = max((match.end() for match in _pointing().breaks.finditer(question, 0, found.start())), default=0)
    return not any(len(word) > 2 for word in _named(question[:start]))


def _named(text: str) -> list[str]:
    """Words that name something but the illness itself, none where there are only words of form."""
    return [word for word in content_words(text) if word != "leukemia" and not _is_of_form(word)]


def _subject(text: str) -> str:
    """What a question is about, in its own words: from the first that names something to the last. A letter by itself
    names something: T cells, a B cell.
    """
    found = [word for word in WORD.finditer(text) if not _is_of_form(lowered(word.group()), letters=False)]
    return text[found[0].start() : found[-1].end()]


def _is_of_form(word: str, *, letters: bool = True) -> bool:
    """Whether a word only says how is asked: a stop word, a letter by itself if ``letters`` are, or one of form."""
    stops = word in stop_words() and (letters or len(word) > 1)
    return stops or _pointing().form.fullmatch(word) is not None


def _taken_over(earlier: Sequence[str], most: int) -> tuple[str, ...]:
    """The earlier questions, the oldest first, back to the last but ``most`` that stand alone; each names something."""
    taken: list[str] = []
    for text in reversed(earlier):
        if most and _named(text):
            taken.insert(0, text)
            most -= not leans_on_history(text)
    return tuple(taken)
