"""Where sentences end, and which lean on the one before."""

from __future__ import annotations

import re

from allchat.records import Span

ANAPHORS = ("this", "these", "they", "it", "its", "their", "those", "such", "he", "she", "however", "also", "but")
"""First words that lean on the sentence before: a quote does not start with one of them."""

_ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|St|No|vs|etc|Fig|Inc|Jr|Sr|e\.g|i\.e|U\.S|approx)|\b[A-Z]|^\s*\d{1,3})\.$"
)
_SENTENCE_END = re.compile(r"([.!?]+[\"'”’)\]]*)(?:\s*\[\d{1,3}\])*+(?=\s+[\"'“‘(\[]*[A-Z0-9])")


def sentences(text: str, *, start: int, end: int) -> tuple[Span, ...]:
    """The sentences of ``text[start:end]``, in reading order; together they hold all but the white space between."""
    spans: list[Span] = []
    begin = start
    for match in _SENTENCE_END.finditer(text, start, end):
        stop = match.end()
        if not _ABBREVIATION.search(text[begin : match.end(1)]):
            spans.append(stripped(text, begin, stop))
            begin = stop
    rest = stripped(text, begin, end)
    return tuple(spans) if rest.start == rest.end else (*spans, rest)


def leans(sentence: str) -> bool:
    """Whether a sentence starts with a word that points back at the sentence before it."""
    first = re.match(r"[A-Za-z]+", sentence.lstrip("\"“(' "))
    return first is not None and first.group().lower() in ANAPHORS


def stripped(text: str, start: int, end: int) -> Span:
    """The span without the white space at its ends."""
    while start < end and (text[start].isspace() or (start == 0 and text[start] == "\ufeff")):
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)
