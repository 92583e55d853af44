"""Understand: from a question and the family's earlier questions to a question that stands alone.

Conservative: a question that stands alone is never changed, and what was asked is always searched beside what was
understood. Earlier questions are untrusted text; they shape a search and are never shown as a statement.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from allchat.search.words import content_words
from allchat.sources.medicines import medicine_names

HISTORY_TURNS = 6
"""Earlier questions that are looked at, the latest first."""

MOST_WORDS = 4
"""Content words of the longest question without a pointing word that is read with earlier subjects too."""

ILLNESS = frozenset({"leukemia", "leukaemia", "cancer", "disease", "illness", "all"})

TOPICS = 2
"""Earlier questions whose subject is taken over: the latest that stand alone."""

_CLAUSE = re.compile(r"[,;:.?!]+|\b(?:and|but|or|because|if|when|while)\b", re.IGNORECASE)
_IT = re.compile(
    r"\b(?:it|its|it's)\b(?! (?:is |be )?(?:true|possible|safe|normal|common|better|best|ok|okay|bad|good"
    r"|hard|mean|called|take|time)\b)",
    re.IGNORECASE,
)
_THEY = re.compile(r"\b(?:they|them|their|theirs)\b", re.IGNORECASE)
_THAT = re.compile(
    r"(?:^\W*|\b(?:does|do|did|is|are|was|were|can|could|will|would|has|have|why|how|about|with|of|for|to|from|in|after|before|during|like"
    r"|cause|causes)\s+)(?:that|this|those|these)\b"
    r"(?! (?:disease|illness|cancer|leukemia|leukaemia|program|site|page|chat|week|year|month|day)\b)",
    re.IGNORECASE,
)
_ORDINAL = re.compile(
    r"\b(?:the|that|this|which) (?:first|second|third|fourth|last|next|other|former|latter|middle)"
    r"(?: (?:one|ones|phase|step|kind|type|stage|two|three))?\b"
    r"|\b(?:that|this|which|other) ones?\b|\bthe others?\b|\b(?:one|there)\W*$",
    re.IGNORECASE,
)
_CONTINUES = re.compile(
    r"^\W*(?:and\b|or\b|but\b|what about\b|how about\b|what if\b|so (?:why|how|when|what|who)\b|then\b|for how long\b"
    r"|why(?: not)?\W*$|how\W*$|when\W*$|where\W*$|who\W*$|how (?:long|many|much|often)(?: \w+)?\W*$)",
    re.IGNORECASE,
)

_REST = re.compile(
    r"^\W*(?:and(?: what about| how about| if)?|or|but|what about|how about|what if|then"
    r"|y(?: si)?|o|pero|qu[eé] tal)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:what|why|how|when|which|who|where|is|are|was|were|does|do|did|can|could|will|would|should|may|has|have"
    r"|qu[eé]|cu[aá]l(?:es)?|c[oó]mo|cu[aá]n(?:do|t[oa]s?)|d[oó]nde|qui[eé]n|puede|puedo|debo|debe|sirve)\b",
    re.IGNORECASE,
)


def resolve(question: str, *, history: Sequence[str]) -> str:
    """The question as understood after ``history`` (earlier questions, oldest first); itself where it stands alone."""
    earlier = [text for text in history[-HISTORY_TURNS:] if text.strip()]
    if not earlier or not leans_on_history(question):
        return question
    return bent(question, history=earlier)


def bent(question: str, *, history: Sequence[str]) -> str:
    """The question with the subject of what was asked before; itself where that has none."""
    topic = _topic([text for text in history[-HISTORY_TURNS:] if text.strip()])
    return f"{question.strip()} (about: {topic})" if topic else question


def may_lean(question: str) -> bool:
    """Whether a question that does not point out of itself may be the rest of another all the same: it is short, and
    names neither the illness nor a medicine.
    """
    words = content_words(question)
    return len(words) <= MOST_WORDS and not ILLNESS.intersection(words) and not medicine_names(question)


def meant(question: str, *, history: Sequence[str]) -> tuple[str, ...]:
    """The question with the earlier questions that it leans on, oldest first; alone where it stands alone."""
    earlier = [text for text in history[-HISTORY_TURNS:] if text.strip()]
    return (*_taken_over(earlier), question) if earlier and leans_on_history(question) else (question,)


def leans_on_history(question: str) -> bool:
    """Whether a question cannot be read alone: it is the rest of a question, or points out of itself."""
    words = content_words(question)
    if _CONTINUES.match(question):
        return len(words) <= 5
    pointers = ((_IT, 4), (_THEY, 2), (_THAT, 5), (_ORDINAL, 4))
    return any(_points_out(question, pattern) and len(words) <= most for pattern, most in pointers)


def is_rest(question: str) -> bool:
    """Whether a question is only the rest of the one before and asks the same of something else: "and tylenol?"."""
    begun = _REST.match(question)
    return begun is not None and len(content_words(question)) <= 5 and not _ASKS.search(question, begun.end())


def is_parted(question: str) -> bool:
    """Whether a question has two parts: "what is a port and how long does it stay in?"."""
    parts = [part for part in re.split(r"[?;]|\b(?:and|or)\b", question, flags=re.IGNORECASE) if _ASKS.search(part)]
    return len(parts) > 1 and all(_named(part) for part in parts[:1])


def _points_out(question: str, pattern: re.Pattern[str]) -> bool:
    """Whether the first pointing word has nothing in an earlier clause of the same question that it could mean."""
    found = pattern.search(question)
    if found is None:
        return False
    start = max((match.end() for match in _CLAUSE.finditer(question, 0, found.start())), default=0)
    return not any(len(word) > 2 for word in _named(question[:start]))


def _named(text: str) -> list[str]:
    """Words that name something, none where there are only words of form."""
    words = content_words(text) if text.strip() else []
    return [word for word in words if content_words(f"{word} leukemia") != ["leukemia"]]


def _topic(earlier: Sequence[str]) -> str:
    """What the latest earlier questions that stand alone, and the one just before, are about; the older first."""
    words = dict.fromkeys(word for text in _taken_over(earlier) for word in _named(text))
    return " ".join(words)


def _taken_over(earlier: Sequence[str]) -> tuple[str, ...]:
    alone = [text for text in earlier if not leans_on_history(text)][-TOPICS:] or list(earlier[:1])
    return (*alone, earlier[-1])
