"""What the sources say in general beside fixed words: where support is found, and figures of the outlook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from allchat.answering.abstain import Decision
from allchat.answering.compose import NOTHING, Composed, compose
from allchat.answering.people import holds_figure, is_of_life, is_of_survival, may_see_figures
from allchat.answering.pipeline import Pipeline
from allchat.answering.quotes import choose
from allchat.answering.tongue import Heard
from allchat.answering.understanding import Looked
from allchat.records import Block
from allchat.wording import Wording

GENERAL_WORDS = 70
"""A general quote is one and short: it must stay clear that it is not about this child."""


def general(pipeline: Pipeline, phrases: Sequence[str], *, wording: Wording) -> Composed:
    """A quote of what the sources answer to each search phrase of the wording to whoever names nothing special.

    Where they do not answer a phrase there is none for it.
    """
    sources = pipeline.sources(frozenset())
    hits = [hit for phrase in phrases for hit in pipeline.general(phrase)]
    quotes = [quote for hit in hits for quote in choose((hit,), sources=sources, words=GENERAL_WORDS, quotes=1)]
    return compose(quotes, sources=sources, wording=wording)


def figures(pipeline: Pipeline, conversation: Sequence[Heard], phrases: Sequence[str], *, wording: Wording) -> Composed:
    """The general figure, with what the source says remission is, for the last question of ``conversation``.

    Nothing where it does not ask about life and death, where the figure may not be offered, or where there is none.
    """
    asked = phrases and is_of_life(conversation[-1].text, languages=pipeline.languages)
    if not asked or not _may_see(pipeline, conversation):
        return NOTHING
    found = general(pipeline, phrases, wording=wording)
    return found if any(holds_figure(citation.quote) for citation in found.citations) else NOTHING


def seen(pipeline: Pipeline, conversation: Sequence[Heard], looked: Looked) -> Looked:
    """What was found, without figures of the outlook for whoever asks of life and death in a case that they are not of.

    Where such a figure came first, what is left is no direct answer. Nor is a figure of something else, such as
    remission, to whoever asks who survives.
    """
    asked, first = conversation[-1].text, looked.found.hits[:1]
    if is_of_life(asked, languages=pipeline.languages) and not _may_see(pipeline, conversation):
        left = tuple(hit for hit in looked.found.hits if not _has_figure(pipeline, hit.block))
        found = replace(looked.found, hits=left)
        return looked._replace(found=found, decision=_at_most(looked.decision, direct=left[:1] == first))
    survival = is_of_survival(asked, languages=pipeline.languages)
    beside = survival and any(_is_of_something_else(pipeline, hit.block) for hit in first)
    return looked._replace(decision=_at_most(looked.decision, direct=not beside))


def _at_most(decision: Decision, *, direct: bool) -> Decision:
    """The decision where it may be ``direct``, else at most the nearest passage."""
    return decision if direct or decision != "answer" else "closest"


def _is_of_something_else(pipeline: Pipeline, block: Block) -> bool:
    """Whether a block tells a figure and does not say that it is of those who survive."""
    words = _words(pipeline, block)
    return holds_figure(words) and not is_of_survival(words)


def _has_figure(pipeline: Pipeline, block: Block) -> bool:
    return holds_figure(_words(pipeline, block))


def _words(pipeline: Pipeline, block: Block) -> str:
    return pipeline.documents[block.document].text[block.start : block.end]


def _may_see(pipeline: Pipeline, conversation: Sequence[Heard]) -> bool:
    texts = [heard.text for heard in conversation]
    named = frozenset().union(*(pipeline.named_by(heard, earlier=()) for heard in conversation))
    return may_see_figures(texts, named=named, languages=pipeline.languages)
