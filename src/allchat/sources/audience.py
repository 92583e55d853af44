"""Audience: whether a source is written for families, by what ``corpus.toml`` says of it."""

from __future__ import annotations

import re

_PROFESSIONALS = re.compile(
    r"\b(?:physicians?|clinicians?|doctors?|nurses?|staff|professionals?|providers?|scholars?|scientists?|researchers?"
    r"|students?|médicos?|profesional(?:es)?|personal sanitario|investigador(?:es)?|estudiantes?)\b",
    re.IGNORECASE,
)
_FAMILIES = re.compile(
    r"\b(?:famil(?:y|ies)|parents?|patients?|caregivers?|carers?|relatives?|visitors?|child(?:ren)?|young people|adults"
    r"|adolescents|teen(?:ager)?s?|survivors?|public|everyone|everybody|anyone|familias?|padres|madres|pacientes?"
    r"|cuidador(?:es|as)?|niños|público|todos)\b",
    re.IGNORECASE,
)
_TREATING = re.compile(
    r"\b(?:who|that) (?:treat|see|care for|look after|work with)\b.*|\b(?:of|caring for|treating) (?:\w+ )*?"
    r"(?:patients|children|adults|adolescents)\b",
    re.IGNORECASE,
)
"""Whom professionals treat is not for whom is written."""


def is_for_families(audience: str) -> bool:
    """Whether families are among those for whom a source is written; so it is taken where only others are not named."""
    named = _TREATING.sub(" ", audience)
    return bool(_FAMILIES.search(named)) or not _PROFESSIONALS.search(named)
