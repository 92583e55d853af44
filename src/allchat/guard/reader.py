"""Reading: a question as clauses of normalised words, for the guard's rules.

text -> words (lower case, no accents, short forms and misspellings put right) -> numbers marked -> clauses
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from allchat.guard.matcher import expand
from allchat.guard.numbers import NumberWords, number_marks
from allchat.guard.tokens import TOKEN, Clause, Token
from allchat.spelling import Speller, fold

NOT = "n't"
LONGEST_CLAUSE = 400  # words; what is longer is cut, so that a pasted book stays cheap

HARD_BREAKS = frozenset(".!?;:\n()")


class Reading(BaseModel):
    """Words by which a question is taken apart; ``languages/en/rules/lists.toml`` says what each list is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    starters: list[str]
    tellers: list[str]
    links: frozenset[str]
    fillers: frozenset[str]
    real_words: frozenset[str]
    question_words: frozenset[str] = frozenset()
    joiners: frozenset[str] = frozenset()
    auxiliaries: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    no_telling_after: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()
    judging: frozenset[str] = frozenset()
    judged_before: frozenset[str] = frozenset()
    spellings: dict[str, str] = {}
    contractions: dict[str, str] = {}
    short: dict[str, Annotated[str, Field(pattern=r"\S")]]
    short_after: dict[str, Annotated[str, Field(pattern=r"\S")]] = {}
    numbers: NumberWords = NumberWords()


class Reader:
    """Turns a question into clauses of normalised tokens."""

    def __init__(self, reading: Reading, *, speller: Speller) -> None:
        self._reading = reading
        self._short = {word: tuple(full.split()) for word, full in reading.short.items()}
        self._starters = _rows(reading.starters)
        self._tellers = _rows(reading.tellers)
        self._no_telling_after = reading.no_telling_after | reading.auxiliaries | reading.subjects | reading.links
        self._speller = speller

    def read(self, text: str) -> tuple[Clause, ...]:
        """The clauses of ``text`` in order; none is empty."""
        tokens = self._mark_numbers(self._tokens(fold(text)))
        bare = not any(token.word in HARD_BREAKS or token.word == "," for token in tokens)
        return tuple(clause for part in self._split(tokens, bare=bare) if (clause := self._clause(part)))

    def _tokens(self, folded: str) -> list[Token]:
        found: list[Token] = []
        for match in TOKEN.finditer(folded):
            before = found[-1].word if found else ""
            found.extend(Token(word, *match.span()) for word in self._words(match.group(), before=before))
        return found

    def _words(self, raw: str, *, before: str) -> tuple[str, ...]:
        if not raw[0].isalpha():
            return (raw,)
        told = "#" if before[:1].isdigit() else before
        raw = self._reading.short_after.get(f"{told} {raw}") or self._short_form(raw)
        if " " in raw:
            return tuple(raw.split())
        for other, usual in self._reading.spellings.items():
            raw = raw.replace(other, usual)
        return (self._speller.correct(raw),)

    def _short_form(self, raw: str) -> str:
        if raw in self._short:
            return " ".join(self._short[raw])
        stem, _, ending = raw.partition("'")
        contracted = self._reading.contractions
        if ending == "t" and stem.endswith("n") and NOT in contracted:
            return f"{stem[:-1]} {contracted[NOT]}"
        full = contracted.get(ending)
        return f"{stem} {full}" if full else stem

    def _mark_numbers(self, tokens: list[Token]) -> list[Token]:
        words = self._reading.numbers
        return [
            token._replace(marks=number_marks(tokens, at, words=words)) if token.word[0].isdigit() else token
            for at, token in enumerate(tokens)
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
        return self._with_tags(parts)

    def _breaks(self, current: list[Token], tokens: list[Token], at: int) -> bool:
        word = tokens[at].word
        if word in HARD_BREAKS:
            return not (word == "." and at > 0 and tokens[at - 1].word in self._reading.titles)
        if word == "-" and _is_hyphen(tokens, at):
            return False
        if word in {",", "-"}:
            return self._starts(tokens, at + 1)
        if not current:
            return False
        if current[-1].word in self._reading.joiners:
            return len(current) > 1 and (
                self._asks(tokens, at) or (word not in self._reading.auxiliaries and self._starts(tokens, at))
            )
        if current[0].word in self._reading.question_words and word not in self._reading.question_words:
            return False  # "what dose should I give" is one question
        if word in self._reading.auxiliaries and current[-1].word in self._reading.subjects:
            return False  # "my dad thinks it is our fault" is one statement
        return len(current) >= 2 and self._asks(tokens, at) and current[-1].word not in self._reading.links

    def _tells(self, current: list[Token], tokens: list[Token], at: int) -> bool:
        """Whether a statement about someone begins here: "what is remission | my son has a fever"."""
        if len(current) < 3 or current[-1].word in self._no_telling_after:
            return False
        return any(" ".join(t.word for t in tokens[at : at + n]) in self._tellers for n in (2, 3))

    def _starts(self, tokens: list[Token], at: int) -> bool:
        return at < len(tokens) and (tokens[at].word in self._reading.fillers or tokens[at].word in self._starters)

    def _asks(self, tokens: list[Token], at: int) -> bool:
        return at + 1 < len(tokens) and f"{tokens[at].word} {tokens[at + 1].word}" in self._starters

    def _clause(self, tokens: list[Token]) -> Clause | None:
        if not tokens:
            return None
        while len(tokens) > 2 and tokens[0].word in self._reading.fillers and not self._judges(tokens):
            tokens = tokens[1:]
        start, end = tokens[0].start, tokens[-1].end
        return Clause((Token("^", start, start), *tokens, Token("$", end, end)), start, end)

    def _judges(self, tokens: list[Token]) -> bool:
        """Whether "okay" is asked and not only said: "okay to start Monday?"."""
        return tokens[0].word in self._reading.judging and tokens[1].word in self._reading.judged_before

    def _with_tags(self, parts: list[list[Token]]) -> list[list[Token]]:
        """``parts`` with a bare "is it?", "do they?" put to what stands before it: it asks about nothing else."""
        kept: list[list[Token]] = []
        for part in parts:
            tag = len(part) == 2 and part[0].word in self._reading.auxiliaries and part[1].word in {"it", "they"}
            if tag and kept and kept[-1]:
                kept[-1] = [*kept[-1], *part]
            else:
                kept.append(part)
        return kept


def _rows(phrases: list[str]) -> frozenset[str]:
    """``phrases`` with their brackets expanded."""
    return frozenset(" ".join(words) for phrase in phrases for words in expand(phrase))


def _is_hyphen(tokens: list[Token], at: int) -> bool:
    """Whether the dash at ``at`` stands within a word: "stroke-like"."""
    within = 0 < at < len(tokens) - 1
    return within and tokens[at - 1].end == tokens[at].start and tokens[at].end == tokens[at + 1].start
