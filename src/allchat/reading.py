"""Reading: a question as clauses of normalised words, for the guard's rules.

text -> words (lower case, no accents, short forms and misspellings put right) -> numbers marked -> clauses
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

from allchat.spelling import Speller

LONGEST_CLAUSE = 400  # words; what is longer is cut, so that a pasted book stays cheap
TOKEN = re.compile(r"\d+(?:[.,:/]\d+)*|[a-z]+(?:'[a-z]+)*|[.!?;:,\n()°%+&*<>\[\]{}|-]")
UNITS = frozenset({"c", "f", "degree", "degrees", "celsius", "fahrenheit", "grados", "°"})
DOSE_UNITS = frozenset(
    {"mg", "ml", "mcg", "g", "milligram", "milligrams", "tablet", "tablets", "pill", "pills", "units"}
)
OXYGEN = frozenset(
    {"oxygen", "ox", "oximeter", "sats", "sat", "saturation", "spo", "oxigeno", "saturacion", "oximetro"}
)
PRESSURE = frozenset({"pressure", "bp", "presion", "tension"})
SUGAR = frozenset({"sugar", "sugars", "glucose", "azucar", "glucosa", "glucometer", "meter"})
PULSE = frozenset({"pulse", "heart", "heartbeat", "bpm", "hr", "pulso", "cardiaca", "cardiaco", "latidos"})
LOW_PRESSURE, HIGH_PRESSURE = (80, 40), (160, 110)
"""Systolic and diastolic mm Hg below, or from, which a pressure is dangerous in a child of any age."""

LOW_SUGAR, HIGH_SUGAR = 54, 300
"""Blood sugar in mg/dL below, or from, which it cannot wait."""

LOW_PULSE, HIGH_PULSE = 45, 180
"""Heartbeats in a minute below, or from, which it cannot wait in a child at rest."""

QUESTION_WORDS = frozenset(
    {"what", "how", "why", "which", "when", "where", "who", "que", "como", "cual", "cuanto", "cuantos", "cuando"}
)
JOINERS = frozenset({"and", "but", "so", "also", "then", "or", "pero", "y"})
AUXILIARIES = frozenset({"is", "are", "can", "could", "should", "would", "will", "do", "does", "did"})
HARD_BREAKS = frozenset(".!?;:\n()")
SUBJECTS = frozenset({"it", "he", "she", "they", "this", "that", "these", "those", "we", "i", "you", "there"})
NO_TELLING_AFTER = (
    AUXILIARIES
    | SUBJECTS
    | {
        "was", "were", "has", "have", "had", "may", "might", "must", "shall", "not", "if",
        "because", "since", "while", "after", "before", "until", "till", "whether", "which",
        "whose", "as", "a", "an", "the", "my", "our", "his", "her", "their", "your", "than", "like",
        "only", "also", "just", "when",
    }
)  # fmt: skip


class Token(NamedTuple):
    """A normalised word and where it stands in the text."""

    word: str
    start: int
    end: int
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clause:
    """Words that belong together; ``start`` and ``end`` cut them out of the text."""

    tokens: tuple[Token, ...]
    start: int
    end: int


class _Fold(dict[int, str]):
    """One character for one character: lower case, no accents, straight quotes; so that offsets stay true."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = (unicodedata.normalize("NFKD", char)[:1] or char).lower()
        self[code] = folded if len(folded) == 1 else char
        return self[code]


_FOLD = _Fold(
    {ord(quote): "'" for quote in "’‘`´ʼ"} | {ord(mark): "?" for mark in "¿"} | {ord(dash): "-" for dash in "–—"}
)


def fold(text: str) -> str:
    """``text`` in lower case without accents, character for character."""
    return text.translate(_FOLD)


def _british(word: str) -> str:
    """American spelling of the word families that matter here."""
    word = word.replace("aemi", "emi").replace("haem", "hem").replace("rrhoe", "rrhe").replace("oedem", "edem")
    return word.replace("paedi", "pedi").replace("tumour", "tumor").replace("diarrhoe", "diarrhe")


class Reader:
    """Turns a question into clauses of normalised tokens."""

    def __init__(
        self,
        *,
        short: dict[str, str],
        starters: frozenset[str],
        links: frozenset[str],
        fillers: frozenset[str],
        tellers: frozenset[str],
        speller: Speller,
    ) -> None:
        self._short = {word: tuple(full.split()) for word, full in short.items()}
        self._starters = starters
        self._links = links
        self._fillers = fillers
        self._tellers = tellers
        self._speller = speller

    def read(self, text: str) -> tuple[Clause, ...]:
        """The clauses of ``text`` in order; none is empty."""
        tokens = self._mark_numbers(self._tokens(fold(text)))
        bare = not any(token.word in HARD_BREAKS or token.word == "," for token in tokens)
        return tuple(clause for part in self._split(tokens, bare=bare) if (clause := self._clause(part)))

    def _tokens(self, folded: str) -> list[Token]:
        found: list[Token] = []
        for match in TOKEN.finditer(folded):
            found.extend(Token(word, *match.span()) for word in self._words(match.group()))
        return found

    def _words(self, raw: str) -> tuple[str, ...]:
        if not raw[0].isalpha():
            return (raw,)
        raw = self._short_form(raw)
        if " " in raw:
            return tuple(raw.split())
        return (self._speller.correct(_british(raw)),)

    def _short_form(self, raw: str) -> str:
        if raw in self._short:
            return " ".join(self._short[raw])
        stem, _, ending = raw.partition("'")
        if ending == "t" and stem.endswith("n"):
            return f"{stem[:-1]} not"
        full = {"re": "are", "ve": "have", "ll": "will", "d": "would", "m": "am"}.get(ending)
        return f"{stem} {full}" if full else stem

    def _mark_numbers(self, tokens: list[Token]) -> list[Token]:
        return [
            t._replace(marks=_number_marks(tokens, at)) if t.word[0].isdigit() else t for at, t in enumerate(tokens)
        ]

    def _split(self, tokens: list[Token], *, bare: bool) -> list[list[Token]]:
        """``tokens`` in clauses. ``bare``: without any punctuation, so that a new subject must do as a break."""
        parts: list[list[Token]] = [[]]
        for at, token in enumerate(tokens):
            breaks = self._breaks(parts[-1], tokens, at) or (bare and self._tells(parts[-1], tokens, at))
            if breaks or len(parts[-1]) >= LONGEST_CLAUSE:
                parts.append([])
            if token.word[0].isalnum() or token.word == "%":
                parts[-1].append(token)
        return _with_tags(parts)

    def _breaks(self, current: list[Token], tokens: list[Token], at: int) -> bool:
        word = tokens[at].word
        if word in HARD_BREAKS:
            return not (word == "." and at > 0 and tokens[at - 1].word in {"doctor", "mr", "mrs", "vs", "st"})
        if word == "-" and _is_hyphen(tokens, at):
            return False
        if word in {",", "-"}:
            return self._starts(tokens, at + 1)
        if not current:
            return False
        if current[-1].word in JOINERS:
            return len(current) > 1 and (
                self._asks(tokens, at) or (word not in AUXILIARIES and self._starts(tokens, at))
            )
        if current[0].word in QUESTION_WORDS and word not in QUESTION_WORDS:
            return False  # "what dose should I give" is one question
        if word in AUXILIARIES and current[-1].word in SUBJECTS:
            return False  # "my dad thinks it is our fault" is one statement
        return len(current) >= 2 and self._asks(tokens, at) and current[-1].word not in self._links

    def _tells(self, current: list[Token], tokens: list[Token], at: int) -> bool:
        """Whether a statement about someone begins here: "what is remission | my son has a fever"."""
        if len(current) < 3 or current[-1].word in NO_TELLING_AFTER or current[-1].word in self._links:
            return False
        return any(" ".join(t.word for t in tokens[at : at + n]) in self._tellers for n in (2, 3))

    def _starts(self, tokens: list[Token], at: int) -> bool:
        return at < len(tokens) and (tokens[at].word in self._fillers or tokens[at].word in self._starters)

    def _asks(self, tokens: list[Token], at: int) -> bool:
        return at + 1 < len(tokens) and f"{tokens[at].word} {tokens[at + 1].word}" in self._starters

    def _clause(self, tokens: list[Token]) -> Clause | None:
        if not tokens:
            return None
        while len(tokens) > 2 and tokens[0].word in self._fillers and not _judges(tokens):
            tokens = tokens[1:]
        start, end = tokens[0].start, tokens[-1].end
        return Clause((Token("^", start, start), *tokens, Token("$", end, end)), start, end)


def _judges(tokens: list[Token]) -> bool:
    """Whether "okay" is asked and not only said: "okay to start Monday?"."""
    return tokens[0].word in {"okay", "all"} and tokens[1].word in {"to", "for", "if", "with"}


def _is_hyphen(tokens: list[Token], at: int) -> bool:
    """Whether the dash at ``at`` stands within a word: "stroke-like"."""
    within = 0 < at < len(tokens) - 1
    return within and tokens[at - 1].end == tokens[at].start and tokens[at].end == tokens[at + 1].start


def _with_tags(parts: list[list[Token]]) -> list[list[Token]]:
    """``parts`` with a bare "is it?", "do they?" put to what stands before it: it asks about nothing else."""
    kept: list[list[Token]] = []
    for part in parts:
        if kept and kept[-1] and len(part) == 2 and part[0].word in AUXILIARIES and part[1].word in {"it", "they"}:
            kept[-1] = [*kept[-1], *part]
        else:
            kept.append(part)
    return kept


def _number_marks(tokens: list[Token], at: int) -> tuple[str, ...]:
    following = tokens[at + 1].word if at + 1 < len(tokens) else ""
    marks = ["<number>"]
    if re.fullmatch(r"(19|20)\d\d", tokens[at].word):
        marks.append("<year>")
    elif following in DOSE_UNITS:
        marks.append("<dose>")
    elif _is_fever(tokens, at, following):
        marks.append("<fever-temperature>")
    elif _is_low_oxygen(tokens, at):
        marks.append("<low-oxygen>")
    elif (vital := _vital_sign(tokens, at)) is not None:
        marks.append(vital)
    return tuple(marks)


def _is_fever(tokens: list[Token], at: int, following: str) -> bool:
    """A body temperature of 38 C or 100.4 F and more, told from weeks, pounds and counts by its unit or its company."""
    word = tokens[at].word.replace(",", ".")
    if not re.fullmatch(r"\d+(\.\d)?", word):
        return False
    value = float(word)
    if not (38.0 <= value <= 42.5 or 100.4 <= value <= 108.0):
        return False
    around = {t.word for t in tokens[max(0, at - 6) : at] + tokens[at + 1 : at + 4]}
    told = following in UNITS or bool(
        around
        & {"temperature", "fever", "thermometer", "fiebre", "temperatura", "calentura", "spiked", "spikes", "spiking"}
    )
    counted = following in {
        "weeks",
        "week",
        "days",
        "hours",
        "kg",
        "kilos",
        "pounds",
        "months",
        "%",
        "years",
        "year",
        "mm",
    }
    return told or ("." in word and not counted)


def _is_low_oxygen(tokens: list[Token], at: int) -> bool:
    """An oxygen saturation of 50 to 93 percent, told from other numbers by the word beside it."""
    around = {t.word for t in tokens[max(0, at - 6) : at] + tokens[at + 1 : at + 4]}
    return re.fullmatch(r"[5-8]\d|9[0-3]", tokens[at].word) is not None and not around.isdisjoint(OXYGEN)


def _vital_sign(tokens: list[Token], at: int) -> str | None:
    """The mark of a blood pressure, blood sugar or heart rate that is dangerous, told by the words before it."""
    before = {t.word for t in tokens[max(0, at - 6) : at]}
    after = [t.word for t in tokens[at + 1 : at + 3]]
    word = tokens[at].word
    if not before.isdisjoint(PRESSURE):
        return "<danger-pressure>" if _is_danger_pressure(word, after) else None
    if not word.isdigit():
        return None
    told = before | set(after)
    if not told.isdisjoint(PULSE) and not LOW_PULSE <= int(word) < HIGH_PULSE and 20 <= int(word) <= 320:
        return "<danger-pulse>"
    if not before.isdisjoint(SUGAR) and not LOW_SUGAR <= int(word) < HIGH_SUGAR and 20 <= int(word) <= 1500:
        return "<danger-sugar>"
    return None


def _is_danger_pressure(word: str, after: list[str]) -> bool:
    """Whether "70/30", "70 over 30" or "70 sobre 30" is a dangerous blood pressure."""
    pair = word.split("/")
    if len(after) == 2 and after[0] in {"over", "sobre"}:
        pair = [word, after[1]]
    if len(pair) != 2 or not all(part.isdigit() for part in pair):
        return False
    high, low = (int(part) for part in pair)
    plausible = 30 <= high <= 280 and 10 <= low <= 180 and low < high
    usual = LOW_PRESSURE[0] <= high < HIGH_PRESSURE[0] and LOW_PRESSURE[1] <= low < HIGH_PRESSURE[1]
    return plausible and not usual
