"""Further questions to offer beside an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from allchat.answering.cuts import Quote
from allchat.languages.folders import Language, packaged_languages
from allchat.records import Block, Hit

SUGGESTIONS = 3
SUGGESTION_CHARACTERS = 70


def suggestion(questions: Sequence[str], *, language: Language | None = None) -> str | None:
    """The first of our questions that reads as a whole one, written as a question; None where none does."""
    said = (language or packaged_languages().english).file.suggestion
    pattern = _whole(said.question)
    whole = next((text for text in questions if pattern.match(text) and len(text) <= SUGGESTION_CHARACTERS), None)
    if whole is None:
        return None
    whole = whole.strip(f"{said.opens}? ")
    return f"{said.opens}{whole[0].upper()}{whole[1:]}?"


@cache
def _whole(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def unquoted(
    hits: Sequence[Hit],
    quotes: Sequence[Quote],
    *,
    questions_of: Callable[[Sequence[Block]], Sequence[Sequence[str]]],
    language: Language | None = None,
) -> Iterator[str]:
    """For each hit of which nothing is quoted, best first, the question that may be suggested, where there is one."""
    blocks = [hit.block for hit in hits]
    for block, questions in zip(blocks, questions_of(blocks), strict=True):
        text = suggestion(questions, language=language)
        if text and not any(
            block.document == quote.document and block.start < quote.end and quote.start < block.end for quote in quotes
        ):
            yield text
