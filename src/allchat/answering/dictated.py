"""A question as it would have been written, for the search: without what dictation and copying leave in it."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from allchat.languages.folders import Languages, packaged_languages

_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\w+", re.IGNORECASE)
_TWICE = re.compile(r"\b(\w{2,}(?: \w+){0,2})(?: \1\b)+", re.IGNORECASE)


class _Left(NamedTuple):
    """What dictation leaves."""

    mark: re.Pattern[str]
    comma: re.Pattern[str]
    filler: re.Pattern[str]


@cache
def _left(languages: Languages) -> _Left:
    said = [language.file.dictation for language in languages]

    def pattern(forms: list[str], end: str = "") -> re.Pattern[str]:
        return re.compile(rf"\b(?:{'|'.join(forms) or '(?!)'})\b{end}", re.IGNORECASE)

    return _Left(
        pattern([form for one in said for form in one.marks]),
        pattern([form for one in said for form in one.commas]),
        pattern([form for one in said for form in one.fillers], ",?"),
    )


def written(question: str, *, languages: Languages | None = None) -> str:
    """The question without web addresses, spoken marks, fillers and words that are said twice; itself where none are.

    What would leave nothing is left as it is. ``languages`` are those that it may be in.
    """
    left = _left(languages or packaged_languages())
    text = left.mark.sub("?", _ADDRESS.sub(" ", question))
    text = _TWICE.sub(r"\1", left.filler.sub(" ", left.comma.sub(",", text)))
    if text == question:
        return question
    text = re.sub(r"\s+([?,.])", r"\1", " ".join(text.split())).strip(" ,")
    return text if any(sign.isalnum() for sign in text) else question
