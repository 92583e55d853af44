"""Understand: from a question and the family's earlier questions to a question that stands alone.

Conservative: a question that stands alone is never changed, and what was asked is always searched beside what was
understood. Earlier questions are untrusted text; they shape a search and are never shown as a statement.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from allchat.retrieve import content_words

HISTORY_TURNS = 6
"""Earlier questions that are looked at, the latest first."""

_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|theirs|this|that|these|those|one|ones|there|the (?:first|second|third|fourth|last|other|former|latter)"
    r"(?: one| phase| step| kind| type| stage)?|both|either|neither|same|such)\b",
    re.IGNORECASE,
)
_CONTINUES = re.compile(
    r"^\W*(?:and|or|but|so|what about|how about|what if|why|how (?:long|many|much|often|come)|when|where|who|which|for how long|really|ok(?:ay)?)\b",
    re.IGNORECASE,
)


def resolve(question: str, *, history: Sequence[str]) -> str:
    """The question as it is understood after ``history`` (earlier questions, oldest first); itself where it stands alone."""
    earlier = [text for text in history[-HISTORY_TURNS:] if text.strip()]
    if not earlier or not leans_on_history(question):
        return question
    topic = _topic(earlier)
    return f"{question.rstrip()} ({topic})" if topic else question


def leans_on_history(question: str) -> bool:
    """Whether a question cannot be read without what came before: it points back, or it is only the rest of a question."""
    words = content_words(question)
    short = len(words) <= 2 and len(question.split()) <= 6
    return (bool(_POINTS_BACK.search(question)) and len(words) <= 5) or (bool(_CONTINUES.match(question)) and short)


def _topic(earlier: Sequence[str]) -> str:
    """The latest earlier question that stands alone, without its form."""
    for text in reversed(earlier):
        if not leans_on_history(text):
            return " ".join(content_words(text))
    return " ".join(content_words(earlier[0]))
