"""How far a source can be reached: which of its blocks a question leads to, and which near misses it answers now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from allchat.answering.pipeline import Pipeline
from allchat.records import Block
from allchat.search.retriever import Search
from allchat.sources.drafts import Draft

AMONG = 3
"""A block is found where it is among so many hits: what an answer's quotes come from."""

By = Literal["questions", "own words", "nothing"]


@dataclass(frozen=True, slots=True)
class Reached:
    """A block, and what leads to it: questions of ours, a question drafted from its own words, or nothing."""

    block: Block
    by: By


def reached(pipeline: Pipeline, document: str, *, drafts: Sequence[Draft]) -> tuple[Reached, ...]:
    """What leads to each block of a document but its titles; ``drafts`` are tried as a family might ask them."""
    tongue = pipeline.tongue(pipeline.documents[document].language)
    found = _found(tongue.search, [tongue.read(question) for draft in drafts for question in draft.questions])
    blocks = [block for block in pipeline.outline(document).blocks if block.kind != "heading"]
    return tuple(
        Reached(block, "questions" if questions else "own words" if block.key in found else "nothing")
        for block, questions in zip(blocks, tongue.index.questions_of(blocks), strict=True)
    )


def _found(search: Search, questions: Sequence[str]) -> set[str]:
    """The blocks that these questions find. With a list its lead line is found, and with a lead line its items."""
    keys: set[str] = set()
    for question in questions:
        wordings = search.wordings(question)
        for hit in search.find(wordings, vectors=search.encode(wordings), limit=AMONG).hits:
            keys.add(hit.block.key)
    return keys


def near_misses(pipeline: Pipeline, answered: Sequence[str]) -> Mapping[str, list[str]]:
    """The near misses that are answered by now, by the document whose block is found first."""
    by: dict[str, list[str]] = {}
    search = pipeline.search()
    for question in answered:
        wordings = search.wordings(question)
        hits = search.find(wordings, vectors=search.encode(wordings), limit=1).hits
        if hits:
            by.setdefault(hits[0].block.document, []).append(question)
    return by
