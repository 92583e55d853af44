"""How a question is understood after what was asked before: the wordings that are searched for it.

A question that points out of itself is read with the subject of the earlier ones. A short one that does not, but may
lean on them all the same ("what are the two types"), has two readings: both are searched, and evidence decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allchat.answering.contextualize import bent, leans_on_history, may_lean, resolve
from allchat.answering.pipeline import Pipeline
from allchat.answering.tongue import Tongue


@dataclass(frozen=True, slots=True)
class Understood:
    """``wordings`` are searched, ``bent`` too where a question has two readings, with earlier subjects; ``leans`` tells
    that the first are the bent ones. ``spelt`` is the question with misspelt words put right, None where none are.
    """

    wordings: tuple[str, ...]
    bent: tuple[str, ...] = ()
    leans: bool = False
    spelt: str | None = None


def understood(
    pipeline: Pipeline, tongue: Tongue, question: str, *, history: Sequence[str], part: str | None = None
) -> Understood:
    """What is searched: the question as understood, as asked, and its clauses that ask for information (``part``); what
    is told of a child must not lead astray. Each also in the sources' words.
    """
    search, asked = tongue.search, tongue.read(question)
    read = pipeline.spelt(asked)
    earlier = [pipeline.spelt(pipeline.read(text)) for text in history if not pipeline.is_small_talk(text)]
    leans = bool(earlier) and leans_on_history(read)
    asking = search.wordings(tongue.read(part)) if part else ()
    alone = (*search.wordings(read), *asking)
    whole = search.wordings(resolve(read, history=earlier)) if leans else ()
    second = search.wordings(bent(read, history=earlier)) if earlier and not leans and may_lean(read) else ()
    spelt = read if tongue.language == "en" and read != asked else None
    return Understood(
        tuple(dict.fromkeys((*whole, *alone))), tuple(dict.fromkeys((*second, *alone))) if second else (), leans, spelt
    )
