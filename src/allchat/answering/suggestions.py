"""Further questions to offer beside an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from allchat.answering.cuts import Quote
from allchat.records import Block, Hit

SUGGESTIONS = 3
SUGGESTION_CHARACTERS = 70
_WHOLE_QUESTION = re.compile(r"(?:what|how|why|who|when|where|which|is|are|can|do|does) ", re.IGNORECASE)
_WHOLE_IN_SPANISH = re.compile(
    r"¿?(?:(?:a|de|con|en|por|para) )?(?:qué|cómo|cuándo|cuánt[oa]s?|cuál(?:es)?|quién(?:es)?|dónde) "
    r"(?!.*\b(?:mi|mí|mis|mía|mío|nos|me|soy)\b)[^.,;¿]+$",
    re.IGNORECASE,
)
"""Written with its accents, in one clause, and of nobody's own child."""


def suggestion(questions: Sequence[str], *, language: str = "en") -> str | None:
    """The first of our questions that reads as a whole one, written as a question; None where none does."""
    pattern = _WHOLE_IN_SPANISH if language == "es" else _WHOLE_QUESTION
    whole = next((text for text in questions if pattern.match(text) and len(text) <= SUGGESTION_CHARACTERS), None)
    if whole is None:
        return None
    whole = whole.strip("¿? ")
    return f"{'¿' if language == 'es' else ''}{whole[0].upper()}{whole[1:]}?"


def unquoted(
    hits: Sequence[Hit],
    quotes: Sequence[Quote],
    *,
    questions_of: Callable[[Block], Sequence[str]],
    language: str = "en",
) -> Iterator[str]:
    """For each hit of which nothing is quoted, best first, the question that may be suggested, where there is one."""
    for hit in hits:
        block = hit.block
        text = suggestion(questions_of(block), language=language)
        if text and not any(
            block.document == quote.document and block.start < quote.end and quote.start < block.end for quote in quotes
        ):
            yield text
