"""Where sentences end, and which lean on the one before."""

from __future__ import annotations

import re
from functools import cache

from allchat.languages.folders import packaged_languages
from allchat.records import Span

# The marks of references behind an end are taken whole: by what lies ahead, for a possessive quantifier is misread by
# Python before 3.11.5 (python/cpython#106052), and an index would be another one there.
_SENTENCE_END = re.compile(r"([.!?]+[\"'”’)\]]*)(?=((?:\s*\[\d{1,3}\])*))\2(?=\s+[\"'“‘(\[]*[A-Z0-9])")


@cache
def _abbreviation() -> re.Pattern[str]:
    known = "|".join(packaged_languages().english.file.sentences.abbreviations)
    return re.compile(rf"(?:\b(?:{known})|\b[A-Z]|^\s*\d{{1,3}})\.$")


def sentences(text: str, *, start: int, end: int) -> tuple[Span, ...]:
    """The sentences of ``text[start:end]``, in reading order; together they hold all but the white space between."""
    spans: list[Span] = []
    begin = start
    for match in _SENTENCE_END.finditer(text, start, end):
        stop = match.end()
        if not _abbreviation().search(text[begin : match.end(1)]):
            spans.append(stripped(text, begin, stop))
            begin = stop
    rest = stripped(text, begin, end)
    return tuple(spans) if rest.start == rest.end else (*spans, rest)


def leans(sentence: str) -> bool:
    """Whether a sentence starts with a word that points back at the one before it: no quote starts with it."""
    first = re.match(r"[A-Za-z]+", sentence.lstrip("\"“(' "))
    return first is not None and first.group().lower() in packaged_languages().english.file.sentences.anaphors


def stripped(text: str, start: int, end: int) -> Span:
    """The span without the white space at its ends."""
    while start < end and (text[start].isspace() or (start == 0 and text[start] == "\ufeff")):
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)
