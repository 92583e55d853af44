"""Audience: whether a source is written for families, by what ``corpus.toml`` says of it."""

from __future__ import annotations

import re
from functools import cache

from allchat.languages.folders import packaged_languages


def is_for_families(audience: str) -> bool:
    """Whether families are among those for whom a source is written; so it is taken where only others are not named."""
    families, professionals, treating = _patterns()
    named = treating.sub(" ", audience)  # whom professionals treat is not for whom is written
    return bool(families.search(named)) or not professionals.search(named)


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    said = [language.file.audience for language in packaged_languages()]
    lists = zip(*((one.families, one.professionals, one.treating) for one in said), strict=True)
    return tuple(re.compile(rf"\b(?:{'|'.join(patterns)})\b", re.IGNORECASE) for patterns in lists)
