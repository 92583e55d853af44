"""Further questions to offer beside an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from allchat.answering.cuts import Quote
from allchat.records import Block, Hit

SUGGESTIONS = 3
SUGGESTION_CHARACTERS = 70
_WHOLE_QUESTION = re.compile(r"(?:what|how|why|who|when|where|which|is|are|can|do|does) ", re.IGNORECASE)


def suggestion(questions: Sequence[str]) -> str | None:
    """The first of our questions that reads as a whole one, written as a question; None where none does."""
    whole = next(
        (text for text in questions if _WHOLE_QUESTION.match(text) and len(text) <= SUGGESTION_CHARACTERS), None
    )
    return None if whole is None else f"{whole[0].upper()}{whole[1:].rstrip('?')}?"


def unquoted(
    hits: Sequence[Hit], quotes: Sequence[Quote], *, questions_of: Callable[[Block], Sequence[str]]
) -> Iterator[str]:
    """For each hit of which nothing is quoted, best first, the question that may be suggested, where there is one."""
    for hit in hits:
        block = hit.block
        text = suggestion(questions_of(block))
        if text and not any(
            block.document == quote.document and block.start < quote.end and quote.start < block.end for quote in quotes
        ):
            yield text
