"""Numbers in a message: degrees, doses, oxygen."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict

from allchat.guard.tokens import Token

LOW_PRESSURE, HIGH_PRESSURE = (80, 40), (160, 110)
"""Systolic and diastolic mm Hg below, or from, which a pressure is dangerous in a child of any age."""

LOW_SUGAR, HIGH_SUGAR = 54, 300
"""Blood sugar in mg/dL below, or from, which it cannot wait."""

LOW_PULSE, HIGH_PULSE = 45, 180
"""Heartbeats in a minute below, or from, which it cannot wait in a child at rest."""


class NumberWords(BaseModel):
    """Words by which a number is told; ``languages/en/rules/lists.toml`` lists them under ``numbers``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    degrees: frozenset[str] = frozenset()
    fever: frozenset[str] = frozenset()
    doses: frozenset[str] = frozenset()
    counted: frozenset[str] = frozenset()
    oxygen: frozenset[str] = frozenset()
    pressure: frozenset[str] = frozenset()
    over: frozenset[str] = frozenset()
    sugar: frozenset[str] = frozenset()
    pulse: frozenset[str] = frozenset()


def number_marks(tokens: list[Token], at: int, *, words: NumberWords) -> tuple[str, ...]:
    """What the number at a place stands for: a fever, a dose, little oxygen."""
    following = tokens[at + 1].word if at + 1 < len(tokens) else ""
    marks = ["<number>"]
    if re.fullmatch(r"(19|20)\d\d", tokens[at].word):
        marks.append("<year>")
    elif following in words.doses:
        marks.append("<dose>")
    elif _is_fever(tokens, at, following, words):
        marks.append("<fever-temperature>")
    elif _is_low_oxygen(tokens, at, words):
        marks.append("<low-oxygen>")
    elif (vital := _vital_sign(tokens, at, words)) is not None:
        marks.append(vital)
    return tuple(marks)


def _is_fever(tokens: list[Token], at: int, following: str, words: NumberWords) -> bool:
    """A body temperature of 38 C or 100.4 F and more, told from weeks, pounds and counts by its unit or its company."""
    word = tokens[at].word.replace(",", ".")
    if not re.fullmatch(r"\d+(\.\d)?", word):
        return False
    value = float(word)
    if not (38.0 <= value <= 42.5 or 100.4 <= value <= 108.0):
        return False
    around = {t.word for t in tokens[max(0, at - 6) : at] + tokens[at + 1 : at + 4]}
    told = following in words.degrees or not around.isdisjoint(words.fever)
    return told or ("." in word and following not in words.counted)


def _is_low_oxygen(tokens: list[Token], at: int, words: NumberWords) -> bool:
    """An oxygen saturation of 50 to 93 percent, told from other numbers by the word beside it."""
    around = {t.word for t in tokens[max(0, at - 6) : at] + tokens[at + 1 : at + 4]}
    return re.fullmatch(r"[5-8]\d|9[0-3]", tokens[at].word) is not None and not around.isdisjoint(words.oxygen)


def _vital_sign(tokens: list[Token], at: int, words: NumberWords) -> str | None:
    """The mark of a blood pressure, blood sugar or heart rate that is dangerous, told by the words before it."""
    before = {t.word for t in tokens[max(0, at - 6) : at]}
    after = [t.word for t in tokens[at + 1 : at + 3]]
    word = tokens[at].word
    if not before.isdisjoint(words.pressure):
        return "<danger-pressure>" if _is_danger_pressure(word, after, words) else None
    if not word.isdigit():
        return None
    told = before | set(after)
    if not told.isdisjoint(words.pulse) and not LOW_PULSE <= int(word) < HIGH_PULSE and 20 <= int(word) <= 320:
        return "<danger-pulse>"
    if not before.isdisjoint(words.sugar) and not LOW_SUGAR <= int(word) < HIGH_SUGAR and 20 <= int(word) <= 1500:
        return "<danger-sugar>"
    return None


def _is_danger_pressure(word: str, after: list[str], words: NumberWords) -> bool:
    """Whether "70/30", "70 over 30" or "70 sobre 30" is a dangerous blood pressure."""
    pair = word.split("/")
    if len(after) == 2 and after[0] in words.over:
        pair = [word, after[1]]
    if len(pair) != 2 or not all(part.isdigit() for part in pair):
        return False
    high, low = (int(part) for part in pair)
    plausible = 30 <= high <= 280 and 10 <= low <= 180 and low < high
    usual = LOW_PRESSURE[0] <= high < HIGH_PRESSURE[0] and LOW_PRESSURE[1] <= low < HIGH_PRESSURE[1]
    return plausible and not usual
