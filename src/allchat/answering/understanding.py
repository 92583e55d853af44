"""How a question is understood after what was asked before: the wordings that are searched for it.

A question that points out of itself is read with the subject of the earlier ones. A short one that does not, but may
lean on them all the same ("what are the two types"), has two readings: both are searched, and evidence decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from allchat.answering.abstain import Decision
from allchat.answering.contextualize import bent, leans_on_history, may_lean, resolve
from allchat.answering.pipeline import Pipeline, Vector
from allchat.answering.tongue import Heard, Tongue
from allchat.languages.folders import ENGLISH
from allchat.search.retriever import Found
from allchat.search.words import says_something
from allchat.sources.facets import Named

NEARER, SURER = 0.03, 0.15
"""How much nearer a question of ours must be to the second reading, and how much surer the judge: stand-alone questions
lose by a foreign subject or gain nothing, the rest of an earlier one gains 0.03 to 0.3."""


class Looked(NamedTuple):
    """What a search in some wordings found, and what the judge makes of it."""

    wordings: tuple[str, ...]
    found: Found
    decision: Decision
    margin: float

    def answers_more_than(self, other: Looked) -> bool:
        """Whether this reading is clearly the one that was meant."""
        nearer = self.found.best["question"] - other.found.best["question"]
        return self.decision == "answer" and nearer >= NEARER and self.margin - other.margin >= SURER


@dataclass(frozen=True, slots=True)
class Understood:
    """``wordings`` are searched, ``bent`` too where a question has two readings, with earlier subjects.

    ``leans`` tells that the first are the bent ones, ``named`` which cases the others name. ``spelt`` is the question
    with misspelt words put right, None where none are.
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
    leans = bool(earlier) and leans_on_history(read)
    asking = search.wordings(pipeline.read_as(heard, part)) if part and says_something(part) else ()
    alone = (*search.wordings(read), *asking)
    whole = search.wordings(resolve(read, history=earlier)) if leans else ()
    second = search.wordings(bent(read, history=earlier)) if earlier and not leans and may_lean(read) else ()
    spelt = read if heard.tongue.language.code == ENGLISH and read != asked and asked == question else None
    return Understood(
        tuple(dict.fromkeys((*whole, *alone))),
        tuple(dict.fromkeys((*second, *alone))) if second else (),
        leans,
        frozenset().union(*map(search.named, second)),
        spelt,
    )


def look_for(
    pipeline: Pipeline, tongue: Tongue, wordings: tuple[str, ...], *, readings: Mapping[str, Vector], named: Named
) -> Looked:
    """What is found for a question in some wordings, whose readings are given, by one who names these cases."""
    own = np.array([readings[wording] for wording in wordings])
    return Looked(wordings, *pipeline.look(wordings, own, named=named, tongue=tongue))
