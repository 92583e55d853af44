"""Newcomers: sources without questions of ours, which nobody has prepared a question or a rule for.

What the sources were when judge and guard were made says nothing of them: whether they answer is told by their own
words, and whether they are spoken of by their titles.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from allchat.answering.abstain import Judge, evidence
from allchat.guard.guard import Guard
from allchat.guard.policy import OTHER
from allchat.guard.rules import ReadMessage
from allchat.records import Verdict
from allchat.search.claims import BESIDE, SPOKEN
from allchat.search.retriever import Found, Search

STANDS = 0.65
"""Cosine from which a block of a newcomer, or one of its sentences, says what was asked."""

FAR = 0.4
"""Cosine below which a newcomer's block has nothing to do with what was asked, unless it is in its words."""

COVERED = 0.5
"""The share of a question's words, weighted by how rare they are, that must stand in that block or its heading."""

WHOLE, NEARER, SAME = 0.99, 0.05, 0.97
"""A newcomer that holds a question's words whole and is nearer than our text by this much says it better, unless we
have the very question: the cosine of that. Text is held against text here, which is of one scale."""

TEXT = ("sentence", "block")
"""The parts of a hit that are of its text alone."""

LONGEST_TITLE = 4
"""Words of a title that are looked for together."""

MOST_WORDS = 16
PERSONAL = frozenset(
    {"@child", "@the-child", "@kin", "@medicine", "@dosing", "@symptom", "@disease", "@now", "@pariente", "@fears"}
)
"""What a question may not name to be one on the house: a child, a medicine, a symptom, an illness, this moment."""

_WORD = re.compile(r"[^\W_]+")


def says_it(found: Found, *, wordings: Sequence[str], search: Search) -> float | None:
    """How far above ``STANDS`` the first hit is, where it is a newcomer's and its own words say what was asked."""
    if not found.hits or search.asked(found.numbers[0]) or found.hits[0].block.kind == "heading":
        return None
    near = _near(found, 0, TEXT)
    return near - STANDS if near >= STANDS and _held(found, 0, wordings, search) >= COVERED else None


def is_far(found: Found, *, wordings: Sequence[str], search: Search) -> bool:
    """Whether the first hit is a newcomer's that is not near and holds few of the question's words: no nearest passage
    to be shown.
    """
    if search.asked(found.numbers[0]):
        return False
    return _near(found, 0) < FAR and _held(found, 0, wordings, search) < COVERED


def is_meant(found: Found, place: int = 0, *, wordings: Sequence[str], search: Search) -> bool:
    """Whether a hit is a newcomer's that is near and holds enough of what was asked: a nearest passage, whatever the
    judge says, who was made before that source came.
    """
    return _is_theirs(found, place, search, other=False) and _is_near(found, place, wordings, search)


def _is_near(found: Found, place: int, wordings: Sequence[str], search: Search) -> bool:
    return _near(found, place) >= SPOKEN and _held(found, place, wordings, search) >= COVERED


def placed(
    found: Found, judge: Judge | None, *, wordings: Sequence[str], reading: NDArray[np.float32], search: Search
) -> Found:
    """What was found, newcomers where they belong. The judge knows what the prepared sources do not answer, by all
    evidence or by their own: there newcomers lead sooner. What is in the asker's language goes before what is not.
    """
    if judge is not None and found.ours is not None and search.asked(found.numbers[0]):
        judged = (evidence(of, wordings=wordings, reading=reading, search=search) for of in (found, found.ours))
        answered = all(judge.decide(features)[0] == "answer" for features in judged)
        found = given_way(found, answered=answered, wordings=wordings, search=search)
    return in_own_language(found, wordings=wordings, search=search) if search.sources.has_own_language else found


def given_way(found: Found, *, answered: bool, wordings: Sequence[str], search: Search) -> Found:
    """What was found with our prepared sources behind the first hit of a newcomer, where that is meant and they do not
    answer, or where it says better what they answer.
    """
    best = next((n for n in range(len(found.hits)) if _is_theirs(found, n, search, other=answered)), None)
    yields = _says_it_better if answered else is_meant
    if not best or not yields(found, best, wordings=wordings, search=search):
        return found
    return _behind(found, best, search.asked)


def in_own_language(found: Found, *, wordings: Sequence[str], search: Search) -> Found:
    """What was found with sources in other languages behind the first hit in the asker's own that is near and holds
    enough of what was asked.
    """
    foreign = search.sources.foreign
    for place, (hit, number) in enumerate(zip(found.hits, found.numbers, strict=True)):
        if hit.block.kind != "heading" and not foreign[number] and _is_near(found, place, wordings, search):
            return _behind(found, place, lambda number: bool(foreign[number]))
    return found


def _behind(found: Found, best: int, goes: Callable[[int], bool]) -> Found:
    """The hits, those that go standing behind the best of the others."""
    least = min(1.0, BESIDE * found.hits[best].score / max(found.hits[0].score, 1e-9))
    ranked = [
        (replace(hit, score=round(hit.score * least, 6)) if goes(number) else hit, number)
        for hit, number in zip(found.hits, found.numbers, strict=True)
    ]
    ranked.sort(key=lambda one: -one[0].score)
    return replace(found, hits=tuple(hit for hit, _ in ranked), numbers=tuple(number for _, number in ranked))


def _is_theirs(found: Found, place: int, search: Search, *, other: bool) -> bool:
    """Whether a hit is a newcomer's for families and no heading; of an ``other`` publication, if asked for."""
    number = found.numbers[place]
    if search.asked(number) or search.sources.professional[number] or found.hits[place].block.kind == "heading":
        return False
    return not (other and search.is_edition(number))


def _says_it_better(found: Found, place: int, *, wordings: Sequence[str], search: Search) -> bool:
    ours, theirs = _near(found, 0, TEXT), _near(found, place, TEXT)
    if theirs < max(STANDS, ours + NEARER) or found.best["question"] >= SAME:
        return False
    return _held(found, place, wordings, search) >= WHOLE


def _near(found: Found, place: int, parts: Sequence[str] = (*TEXT, "heading")) -> float:
    return max(found.hits[place].parts[part] for part in parts)


def _held(found: Found, place: int, wordings: Sequence[str], search: Search) -> float:
    return max(_covered(wording, found.numbers[place], search) for wording in wordings)


def _covered(wording: str, number: int, search: Search) -> float:
    said = search.postings(wording)
    rarity = [max(0.1, math.log((search.block_count + 1) / (word.count + 0.5))) for word in said]
    held = sum(value for value, word in zip(rarity, said, strict=True) if word.stands_in((number,)))
    return held / (sum(rarity) or 1.0)


def is_of_a_source(message: ReadMessage, verdict: Verdict, *, titles: Iterable[str], guard: Guard) -> bool:
    """Whether the subject that a rule took for another is the title of a source: words of it that stand together in the
    message, and that meet the same rule by themselves.
    """
    asked = f" {' '.join(_WORD.findall(message.text.lower()))} "
    return any(
        f" {words} " in asked and guard.screen(f"what is {words}").rule == verdict.rule
        for title in titles
        for words in _runs(_WORD.findall(title.lower()))
    )


def _runs(words: Sequence[str]) -> Iterable[str]:
    return (
        " ".join(words[start : start + length])
        for length in range(LONGEST_TITLE, 0, -1)
        for start in range(len(words) - length + 1)
    )


def is_of_the_house(message: ReadMessage, verdict: Verdict) -> bool:
    """Whether a refused question is of nobody's care ("may I visit at noon?"): a hospital's leaflet may answer."""
    named = message.labels & PERSONAL
    return verdict.reason == OTHER and not named and message.words <= MOST_WORDS and "@question-start" in message.labels
