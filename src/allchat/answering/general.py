"""What the sources say in general beside fixed words: where support is found, and figures of the outlook."""

from __future__ import annotations

from collections.abc import Sequence

from allchat.answering.compose import NOTHING, Composed, compose
from allchat.answering.people import holds_figure, is_of_life, may_see_figures
from allchat.answering.pipeline import Pipeline
from allchat.answering.quotes import choose
from allchat.answering.tongue import Heard
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
    texts, languages = [heard.text for heard in conversation], pipeline.languages
    if not phrases or not is_of_life(texts[-1], languages=languages):
        return NOTHING
    named = frozenset().union(*(pipeline.named_by(heard, earlier=()) for heard in conversation))
    if not may_see_figures(texts, named=named, languages=languages):
        return NOTHING
    found = general(pipeline, phrases, wording=wording)
    return found if any(holds_figure(citation.quote) for citation in found.citations) else NOTHING
