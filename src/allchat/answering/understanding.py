"""How a question is understood after what was asked before: the wordings that are searched for it.

A question that points out of itself ("is it hereditary"), or is short and may be the rest of an earlier one all
the same ("what are the two types"), has two readings: alone, and with the subject of the earlier ones. Both are
searched, and evidence decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from allchat.answering.abstain import Decision
from allchat.answering.contextualize import bent, leans_on_history, may_lean
from allchat.answering.pipeline import Pipeline, Vector
from allchat.answering.tongue import Heard, Tongue
from allchat.languages.folders import ENGLISH
from allchat.records import Hit
from allchat.search.retriever import Found
from allchat.search.words import says_something
from allchat.sources.facets import Named

FARTHER = 0.13
"""How much farther a question of ours may be from the second reading than from the first where the question points out
of itself: where it is farther still, "it" is the illness ("is it hereditary?"). Where it does not it must be nearer:
stand-alone questions lose by a foreign subject, the rest of an earlier one gains up to 0.3."""

ALONE = 0.4
"""What a hit's score for the question alone counts beside its score for the question with earlier subjects."""

SAID = 2
"""Hits that the question before is taken to have been answered by."""


class Looked(NamedTuple):
    """What a search in some wordings found, and what the judge makes of it."""

    wordings: tuple[str, ...]
    found: Found
    decision: Decision
    margin: float

    def is_meant(self, first: Looked, *, leans: bool) -> bool:
        """Whether this reading, with earlier subjects, is the one that was meant, and not the ``first``, without."""
        nearer = self.found.best["question"] - first.found.best["question"]
        if not leans:
            return self.decision == "answer" and nearer > 0
        if first.decision == "answer" and self.decision != "answer":
            return nearer > 0
        return nearer > -FARTHER or first.decision not in ("answer", "closest")

    def with_alone(self, first: Looked) -> Looked:
        """This reading, its hits ranked by how well they answer the ``first`` too: the subject alone must not win.

        Where a question of ours is nearer to the first one, that is about something else, and its hits say nothing.
        """
        if first.found.best["question"] > self.found.best["question"]:
            return self
        alone = {hit.block.key: hit for hit in first.found.hits}
        ranked = [
            (_also(hit, alone.pop(hit.block.key, None)), number)
            for hit, number in zip(self.found.hits, self.found.numbers, strict=True)
        ]
        ranked.sort(key=lambda one: -one[0].score)
        hits, numbers = (tuple(column) for column in zip(*ranked, strict=True)) if ranked else ((), ())
        return self._replace(found=replace(self.found, hits=hits, numbers=numbers))


def _also(hit: Hit, alone: Hit | None) -> Hit:
    """A hit with the score of the question alone added."""
    if alone is None:
        return replace(hit, score=round(hit.score / (1 + ALONE), 6))
    sentences = {
        number: max(one.sentences.get(number, -1.0) for one in (hit, alone))
        for number in sorted({*hit.sentences, *alone.sentences})
    }
    return replace(hit, score=round((hit.score + ALONE * alone.score) / (1 + ALONE), 6), sentences=sentences)


@dataclass(frozen=True, slots=True)
class Understood:
    """``wordings`` are searched, ``bent`` too where a question has two readings: with earlier subjects.

    ``leans`` tells that it points out of itself, ``named`` which cases the second reading names. ``spelt`` is the
    question with misspelt words put right, None where none are.
    """

    wordings: tuple[str, ...]
    bent: tuple[str, ...] = ()
    leans: bool = False
    named: Named = frozenset()
    spelt: str | None = None


def understood(
    pipeline: Pipeline, heard: Heard, question: str, *, history: Sequence[Heard], part: str | None = None
) -> Understood:
    """What is searched for what was ``heard``: the ``question`` in it as understood, as asked, and its clauses that ask
    for information (``part``, if it says what about); what is told of a child must not lead astray. Each also in the
    sources' words.
    """
    search, asked = heard.tongue.search, pipeline.read_as(heard, question)
    read = pipeline.spelt(asked)
    earlier = [pipeline.spelt(before.read) for before in history if not pipeline.is_small_talk(before.text)]
    if question != heard.text and not leans_on_history(heard.read):
        earlier = []  # what a part of a message points at stands in the message
    leans = bool(earlier) and leans_on_history(read)
    asking = search.wordings(pipeline.read_as(heard, part)) if part and says_something(part) else ()
    alone = (*search.wordings(read), *asking)
    after = bent(read, history=earlier) if leans or may_lean(read) else ()
    second = [wording for text in after for wording in search.wordings(text)]
    if second and not may_lean(read):  # it names the illness or a medicine itself
        second += alone
    spelt = read if heard.tongue.language.code == ENGLISH and read != asked and asked == question else None
    return Understood(
        tuple(dict.fromkeys(alone)),
        tuple(dict.fromkeys(second)),
        leans,
        frozenset().union(*map(search.named, second)),
        spelt,
    )


def look(
    pipeline: Pipeline, heard: Heard, asked: Understood, *, readings: Mapping[str, Vector], named: Named
) -> tuple[Looked, bool]:
    """What is found for the reading that was meant, and whether that is the one with earlier subjects."""
    first = _look_for(pipeline, heard.tongue, asked.wordings, readings=readings, named=named)
    if asked.bent:
        second = _look_for(pipeline, heard.tongue, asked.bent, readings=readings, named=named | asked.named)
        if second.is_meant(first, leans=asked.leans):
            return second.with_alone(first), True
    return first, False


def answered_before(pipeline: Pipeline, earlier: Sequence[Heard]) -> frozenset[str]:
    """The keys of the blocks that the last of the ``earlier`` questions is best answered by."""
    asked = [heard for heard in earlier if not pipeline.is_small_talk(heard.text)]
    if not asked:
        return frozenset()
    *before, last = asked
    meant = understood(pipeline, last, last.text, history=before)
    texts = tuple(dict.fromkeys((*meant.wordings, *meant.bent)))
    readings = dict(zip(texts, pipeline.readings(texts), strict=True))
    looked, _ = look(pipeline, last, meant, readings=readings, named=pipeline.named_by(last, earlier=before))
    return frozenset(hit.block.key for hit in looked.found.hits[:SAID])


def _look_for(
    pipeline: Pipeline, tongue: Tongue, wordings: tuple[str, ...], *, readings: Mapping[str, Vector], named: Named
) -> Looked:
    """What is found for a question in some wordings, whose readings are given, by one who names these cases."""
    own = np.array([readings[wording] for wording in wordings])
    return Looked(wordings, *pipeline.look(wordings, own, named=named, tongue=tongue))
