"""What staff should look at before a source is added: alarms, the dates it states, the language it is in."""

from __future__ import annotations

import calendar
import importlib.resources
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache

from allchat.parsing import parse_toml
from allchat.sources.readers.pieces import Piece, Read

LONG_WORDS = 200
"""Words of a paragraph that a reader can hardly take in, or that is several paragraphs run together."""

MANY_HEADINGS = 0.5
SEVERAL_HEADINGS = 12
DUPLICATE_WORDS = 8
LEAST_WORDS = 25
SCHOLARLY = 6

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_MONTH = "|".join(_MONTHS)
_ISO = re.compile(r"\b((?:19|20)\d{2})-(\d{2})-(\d{2})\b")
_US = re.compile(rf"\b({_MONTH})\s+(\d{{1,2}}),?\s+((?:19|20)\d{{2}})\b", re.IGNORECASE)
_EU = re.compile(rf"\b(\d{{1,2}})\s+({_MONTH})\s+((?:19|20)\d{{2}})\b", re.IGNORECASE)
_SAYS = re.compile(
    r"\b(?:updated?|revised?|revision|reviewed|last\s*reviewed|modified|effective|posted|published|version)\b",
    re.IGNORECASE,
)
_PROFESSIONAL = re.compile(
    r"\bet al\b|\bdoi\b|confidence interval|\bp ?[<=] ?0?\.\d|odds ratio|\bclinicians?\b|standard operating procedure|"
    r"\bevidence rating\b|all employees|\bmeta-analysis\b|likelihood ratio|\bn ?= ?\d|guideline",
    re.IGNORECASE,
)
MAYBE_WORDS = 20
COMMON_SHARE = 0.12
"""The share of a text's words that are its language's commonest; it is above 0.2 in running text."""


@dataclass(frozen=True, slots=True)
class Dated:
    """A date that a source states: the day, the words around it, and whether they say that it is its revision."""

    day: str
    words: str
    states: bool


def dates(read: Read) -> tuple[Dated, ...]:
    """Every full date of a source, in its text, in what was left out of it and in what the file says of itself."""
    texts = [value for key, value in read.facts if key == "date"]
    texts += [piece.text for piece in read.pieces] + [left.text for left in read.left]
    found = {dated.day + dated.words[:40]: dated for text in texts for dated in _dated(text)}
    return tuple(found.values())


def _dated(text: str) -> Iterable[Dated]:
    for pattern, order in ((_ISO, (0, 1, 2)), (_US, (2, 0, 1)), (_EU, (2, 1, 0))):
        for match in pattern.finditer(text):
            year, month, day = (match.groups()[place] for place in order)
            try:
                iso = date(int(year), _MONTHS.get(month.lower()) or int(month), int(day)).isoformat()
            except ValueError:
                continue
            before = text[max(0, match.start() - 40) : match.start()]
            around = text[max(0, match.start() - 40) : match.end() + 10].strip()
            said = _SAYS.search(before) is not None and not re.search(r"access|retriev", before, re.IGNORECASE)
            yield Dated(iso, around, said)


def language_of(pieces: tuple[Piece, ...], declared: str | None) -> str | None:
    """The language by its commonest words, else the one that the file declares; None where neither says."""
    words = Counter(word for piece in pieces for word in re.findall(r"[^\W\d_]+", piece.text.lower()))
    if words.total() < MAYBE_WORDS:
        return declared
    counts = {name: sum(words[word] for word in stops) for name, stops in _common_words().items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] >= COMMON_SHARE * words.total() else declared


@cache
def _common_words() -> dict[str, list[str]]:
    content = importlib.resources.files("allchat.sources.readers").joinpath("languages.toml").read_bytes()
    return {name: str(words).split() for name, words in parse_toml(content).items()}


def alarms(read: Read) -> tuple[str, ...]:
    """What should be looked at, in the order of its weight."""
    pieces = read.pieces
    headings = [piece for piece in pieces if piece.kind == "heading"]
    body = [piece for piece in pieces if piece.kind != "heading"]
    found = list(read.alarms)
    scholarly = sum(len(_PROFESSIONAL.findall(piece.text)) for piece in pieces)
    if scholarly >= SCHOLARLY:
        found.append("it seems not written for families: it speaks as to professionals or scholars")
    long = [piece for piece in body if len(piece.text.split()) > LONG_WORDS]
    found += [f"a paragraph has {len(piece.text.split())} words: {piece.text[:80]} ..." for piece in long[:5]]
    if not headings:
        found.append("it has no headings: a search finds it by its sentences alone")
    elif len(headings) > SEVERAL_HEADINGS and len(headings) > MANY_HEADINGS * len(pieces):
        found.append(f"{len(headings)} of its {len(pieces)} lines are headings: look whether they are")
    twice = [text for text, count in Counter(piece.text for piece in body).items()
             if count > 1 and len(text.split()) >= DUPLICATE_WORDS]  # fmt: skip
    found += [f"stands twice: {text[:80]} ..." for text in twice[:5]]
    if sum(len(piece.text.split()) for piece in body) < LEAST_WORDS:
        found.append("it has hardly any text: look whether the text was left out")
    return tuple(found)
