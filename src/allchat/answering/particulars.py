"""Particulars: the medicines, numbers and ages that a question names, which a nearest passage must hold to be shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from allchat.records import Citation
from allchat.sources.medicines import medicine_names

_NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?")
_COUNTED = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    r"eighteen)\b(?=[ -](?:years?|months?|weeks?|days?|hours?|year-old|month-old|milligrams?|grams?|mg|percent)\b)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")


def particulars(question: str) -> frozenset[str]:
    """The medicines, and the numbers (doses, results, ages, times), that a question names."""
    numbers = {found[0].replace(",", "") for found in _NUMBER.finditer(question)}
    counted = {found[0].lower() for found in _COUNTED.finditer(question)}
    return medicine_names(question) | numbers | counted


def strange(wordings: Iterable[str], words: str) -> bool:
    """Whether a question names medicines, and quoted words none of them, under any of its wordings."""
    held = medicine_names(words)
    return all(named and not named & held for named in map(medicine_names, wordings))


def lacks(wordings: Iterable[str], words: str) -> bool:
    """Whether quoted words lack a medicine or number of a question, in each of its wordings.

    A medicine under another name in the sources' wording is held where that name is.
    """
    held = frozenset(found[0].replace("’", "'").replace(",", "").lower() for found in _WORD.finditer(words))
    held |= {found[0].replace(",", "") for found in _NUMBER.finditer(words)}
    return all(particulars(wording) - held for wording in wordings)


def words_of(citations: Sequence[Citation]) -> str:
    """The words of citations, with their leads and headings."""
    leads = (citation.lead.quote for citation in citations if citation.lead)
    return " ".join((*leads, *(" ".join((*citation.heading, citation.quote)) for citation in citations)))
