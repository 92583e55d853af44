"""Reading: a question as clauses of normalised words, for the guard's rules.

text -> words (lower case, no accents, short forms and misspellings put right) -> numbers marked -> clauses
"""

from __future__ import annotations

from allchat.guard.numbers import number_marks
from allchat.guard.tokens import TOKEN, Clause, Token
from allchat.spelling import Speller, fold

LONGEST_CLAUSE = 400  # words; what is longer is cut, so that a pasted book stays cheap

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
        return [t._replace(marks=number_marks(tokens, at)) if t.word[0].isdigit() else t for at, t in enumerate(tokens)]

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
