"""The matching engine under the guard: word groups instead of regular expressions, so that a nurse can read the rules.

    question -> clauses of tokens -> named lists and phrases found in each clause -> the first rule that is met

A phrase is words in a row. In it ``word*`` is any ending, ``(a|b)`` either word, ``_`` any one word, ``..`` up to three
words, ``^`` and ``$`` the beginning and the end of a clause, ``@name`` any phrase of the list ``name``, and
``<fever-temperature>``, ``<number>``, ``<dose>`` a number that was understood. ``lists.toml`` explains the fields of a
rule.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from allchat.errors import SettingsError

Spans = list[tuple[int, int]]
Hits = dict[str, Spans]

GAP = 3  # words that ".." may stand for
NEGATION_REACH = 4  # words between "no" and what it denies: "no sign of a fever"
LONGEST_CLAUSE = 400  # words; what is longer is cut, so that a pasted book stays cheap
TOKEN = re.compile(r"\d+(?:[.,:/]\d+)*|[a-z]+(?:'[a-z]+)*|[.!?;:,\n()°%+&*<>\[\]{}|-]")
UNITS = frozenset({"c", "f", "degree", "degrees", "celsius", "fahrenheit", "grados", "°"})
DOSE_UNITS = frozenset(
    {"mg", "ml", "mcg", "g", "milligram", "milligrams", "tablet", "tablets", "pill", "pills", "units"}
)
OXYGEN = frozenset(
    {"oxygen", "ox", "oximeter", "sats", "sat", "saturation", "spo", "oxigeno", "saturacion", "oximetro"}
)
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


def distance(left: str, right: str, *, most: int) -> int:
    """Edits (insert, delete, replace, swap of neighbours) from ``left`` to ``right``; ``most + 1`` when there are more.

    Source: optimal string alignment distance.
    """
    if abs(len(left) - len(right)) > most:
        return most + 1
    before: list[int] = []
    above = list(range(len(right) + 1))
    for row, a in enumerate(left, 1):
        here = [row]
        for column, b in enumerate(right, 1):
            cost = min(above[column] + 1, here[-1] + 1, above[column - 1] + (a != b))
            if row > 1 and column > 1 and a == right[column - 2] and left[row - 2] == b:
                cost = min(cost, before[column - 2] + 1)
            here.append(cost)
        before, above = above, here
    return min(above[-1], most + 1)


def _without(word: str, *, letters: int) -> set[str]:
    """``word`` and what is left of it when up to ``letters`` letters go."""
    found = {word}
    layer = {word}
    for _ in range(letters):
        layer = {w[:i] + w[i + 1 :] for w in layer for i in range(len(w))}
        found |= layer
    return found


class Speller:
    """Leads a misspelt word to a word of the rules, and leaves real words alone."""

    def __init__(self, vocabulary: set[str], *, known: frozenset[str]) -> None:
        self._vocabulary = frozenset(vocabulary)
        self._known = known
        self._memory: dict[str, str] = {}
        self._index: dict[str, list[str]] = defaultdict(list)
        for word in sorted(w for w in vocabulary if len(w) >= 5 and w.isalpha()):
            for rest in _without(word, letters=self._reach(word)):
                self._index[rest].append(word)

    @staticmethod
    def _reach(word: str) -> int:
        return 2 if len(word) >= 8 else 1

    def correct(self, word: str) -> str:
        """``word`` itself where it is known or nothing is near; ties go to the alphabet."""
        if word not in self._memory:
            if len(self._memory) > 50_000:
                self._memory.clear()
            self._memory[word] = self._search(word)
        return self._memory[word]

    def _search(self, word: str) -> str:
        for form in dict.fromkeys((word, re.sub(r"(.)\1{2,}", r"\1\1", word), re.sub(r"(.)\1{2,}", r"\1", word))):
            if form in self._vocabulary or form in self._known or (form.endswith("s") and form[:-1] in self._known):
                return form
        word = re.sub(r"(.)\1{2,}", r"\1\1", word)
        return self._nearest(word) if 4 <= len(word) <= 24 else word

    def _nearest(self, word: str) -> str:
        reach = self._reach(word)
        near = {w for rest in _without(word, letters=reach) for w in self._index.get(rest, ()) if w[0] == word[0]}
        ranked = sorted((distance(word, w, most=self._reach(w)), w) for w in near)
        return next((w for edits, w in ranked if edits <= min(reach, self._reach(w))), word)


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
        around & {"temperature", "fever", "thermometer", "fiebre", "temperatura", "calentura"}
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


class _Node(dict[str, "_Node"]):
    """A place in the tree of phrases. ``ends`` names the phrases that are complete here."""

    __slots__ = ("ends",)

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[str] = []


def expand(phrase: str) -> list[tuple[str, ...]]:
    """The plain word rows that ``(a|b)`` in a phrase stands for. An empty choice, ``(a|)``, leaves the words out.

    >>> expand("(can|may) he (still|) go")
    [('can', 'he', 'still', 'go'), ('can', 'he', 'go'), ('may', 'he', 'still', 'go'), ('may', 'he', 'go')]
    """
    start = phrase.find("(")
    if start < 0:
        return [tuple(phrase.split())]
    end = _closing(phrase, start)
    before, after = phrase[:start].split(), phrase[end + 1 :]
    options = [row for option in _options(phrase[start + 1 : end]) for row in expand(option)]
    return [(*before, *option, *rest) for option in options for rest in expand(after)]


def _closing(phrase: str, start: int) -> int:
    depth = 0
    for at in range(start, len(phrase)):
        depth += {"(": 1, ")": -1}.get(phrase[at], 0)
        if depth == 0:
            return at
    raise SettingsError(f"guard rules: a bracket is never closed in {phrase!r}. Correct the phrase.")


def _options(inside: str) -> list[str]:
    """``inside`` cut at the bars that are not within inner brackets."""
    options, depth = [""], 0
    for char in inside:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "|" and depth == 0:
            options.append("")
        else:
            options[-1] += char
    return options


class Phrasebook:
    """All phrases of all rules in a few trees, walked once per clause."""

    def __init__(self, lists: dict[str, list[str]], phrases: set[str]) -> None:
        self._lists = lists
        self._levels: list[_Node] = []
        self.vocabulary: set[str] = set()
        self._prefixes: set[str] = set()
        self._symbols: dict[str, tuple[str, ...]] = {}
        for names in self._layers():
            self._levels.append(self._tree((phrase, f"@{name}") for name in names for phrase in lists[name]))
        self._levels.append(self._tree((phrase, phrase) for phrase in sorted(phrases)))

    def _layers(self) -> list[list[str]]:
        """Lists in layers, each built only of lists in the layers before it."""
        needs = {name: set(re.findall(r"@([\w-]+)", " ".join(phrases))) for name, phrases in self._lists.items()}
        done: set[str] = set()
        layers: list[list[str]] = []
        while len(done) < len(needs):
            layer = sorted(name for name in needs if name not in done and needs[name] <= done)
            if not layer:
                stuck = sorted(set(needs) - done)
                raise SettingsError(f"guard lists {stuck}: a list is missing or refers to itself. Correct lists.toml.")
            done |= set(layer)
            layers.append(layer)
        return layers

    def _tree(self, entries: Any) -> _Node:
        root = _Node()
        for phrase, label in entries:
            for words in expand(phrase):
                node = root
                for word in words:
                    self._learn(word)
                    node = node.setdefault(word, _Node())
                node.ends.append(label)
        return root

    def _learn(self, word: str) -> None:
        if word.startswith("@") and word[1:] not in self._lists:
            raise SettingsError(f"guard rules: there is no list {word}. Add it to lists.toml or correct the name.")
        if word.endswith("*"):
            self._prefixes.add(word[:-1])
        elif word[0].isalpha():
            self.vocabulary.add(word)

    def hits(self, clause: Clause) -> Hits:
        """Where each list (``@name``) and phrase occurs: ``(first token, one past the last)``, sorted."""
        edges = [[(symbol, at + 1) for symbol in self._symbols_of(t)] for at, t in enumerate(clause.tokens)]
        found: Hits = {}
        for tree in self._levels:
            fresh: dict[str, set[tuple[int, int]]] = defaultdict(set)
            for at in range(len(edges)):
                _walk(tree, edges, at, at, fresh)
            for label in sorted(fresh):
                found[label] = sorted(fresh[label])
                for start, end in found[label]:
                    edges[start].append((label, end))
        return found

    def _symbols_of(self, token: Token) -> tuple[str, ...]:
        if token.marks:
            return (token.word, "_", *token.marks)
        if token.word not in self._symbols:
            if len(self._symbols) > 50_000:
                self._symbols.clear()
            self._symbols[token.word] = self._forms(token.word)
        return self._symbols[token.word]

    def _forms(self, word: str) -> tuple[str, ...]:
        if word in {"^", "$"}:
            return (word,)
        forms = [word, "_"]
        forms += [f"{word[:n]}*" for n in range(2, len(word) + 1) if word[:n] in self._prefixes]
        if word.endswith("s") and len(word) > 3:
            forms.append(word[:-1])
        return tuple(forms)


def _walk(
    node: _Node, edges: list[list[tuple[str, int]]], start: int, at: int, found: dict[str, set[tuple[int, int]]]
) -> None:
    for label in node.ends:
        found[label].add((start, at))
    if ".." in node:
        for skipped in range(min(GAP, len(edges) - at) + 1):
            _walk(node[".."], edges, start, at + skipped, found)
    if at < len(edges):
        for symbol, end in edges[at]:
            if symbol in node:
                _walk(node[symbol], edges, start, end, found)


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of a rule file. ``all``, ``none`` look at one clause; ``also``, ``never`` at the whole message."""

    id: str
    kind: str
    reason: str
    why: str
    all: tuple[tuple[str, ...], ...]
    also: tuple[tuple[str, ...], ...] = ()
    none: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    within: int | None = None
    personal: bool = False
    deniable: bool = False
    least_words: int = 0
    most_words: int = 100_000
    match: tuple[str, ...] = ()
    not_match: tuple[str, ...] = ()

    def phrases(self) -> set[str]:
        """Everything the rule looks for, lists and phrases."""
        groups = (*self.all, *self.also, self.none, self.never)
        return {phrase for group in groups for phrase in group}


@dataclass(frozen=True)
class Message:
    """A question taken apart once, for all rules."""

    text: str
    clauses: tuple[Clause, ...]
    hits: tuple[Hits, ...]
    labels: frozenset[str] = field(default=frozenset())

    @cached_property
    def words(self) -> int:
        """How many words the message has."""
        return sum(len(clause.tokens) - 2 for clause in self.clauses)


_RULE_FIELDS = {"id", "reason", "why", "all", "also", "none", "never", "within", "personal", "deniable", "least_words",
                "most_words", "match", "not_match"}  # fmt: skip


def _rule(entry: dict[str, Any], *, kind: str, defaults: dict[str, Any], file: str) -> Rule:
    name = entry.get("id", "?")
    unknown = sorted(set(entry) - _RULE_FIELDS)
    if unknown or not {"id", "reason", "why", "all"} <= set(entry):
        raise SettingsError(
            f"{file}: rule {name}: needs id, reason, why, all; unknown fields {unknown}. Correct the rule."
        )
    values: dict[str, Any] = {k: v for k, v in defaults.items() if k not in entry} | entry
    for key in ("none", "never"):
        values[key] = tuple(dict.fromkeys([*defaults.get(key, ()), *entry.get(key, ())]))
    values["also"] = [*defaults.get("also", ()), *entry.get("also", ())]
    for key in ("all", "also"):
        values[key] = tuple(tuple(group) for group in values.get(key, ()))
    for key in ("match", "not_match"):
        values[key] = tuple(values.get(key, ()))
    return Rule(kind=kind, **values)


def _rows(phrases: list[str]) -> frozenset[str]:
    """``phrases`` with their brackets expanded."""
    return frozenset(" ".join(words) for phrase in phrases for words in expand(phrase))


class RuleBook:
    """The rules of a folder in the order in which they are tried."""

    def __init__(
        self, rules: tuple[Rule, ...], lists: dict[str, list[str]], reading: dict[str, Any], *, known: frozenset[str]
    ) -> None:
        self.rules = rules
        plain = {p for rule in rules for p in rule.phrases() if not re.fullmatch(r"@[\w-]+", p)}
        self._book = Phrasebook(lists, plain)
        self._check(lists)
        self._reader = Reader(
            short=reading["short"],
            starters=_rows(reading["starters"]),
            tellers=_rows(reading["tellers"]),
            links=frozenset(reading["links"]),
            fillers=frozenset(reading["fillers"]),
            speller=Speller(self._book.vocabulary, known=known | frozenset(reading["real_words"])),
        )

    def _check(self, lists: dict[str, list[str]]) -> None:
        ids = [rule.id for rule in self.rules]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        named = {p[1:] for rule in self.rules for p in rule.phrases() if re.fullmatch(r"@[\w-]+", p)}
        if twice or named - set(lists):
            raise SettingsError(
                f"guard rules: ids used twice {twice}, lists that do not exist {sorted(named - set(lists))}."
            )

    @classmethod
    def load(cls, folder: Path | None, *, order: tuple[str, ...]) -> RuleBook:
        """The rules of ``folder`` (the packaged ones by default), file by file in ``order``.

        Raises:
            SettingsError: a file is missing, is not TOML, or holds a rule that cannot be understood.
        """
        base = folder if folder is not None else files("allchat") / "data" / "guard"
        try:
            shared = tomllib.loads((base / "lists.toml").read_text(encoding="utf-8"))
            tables = {name: tomllib.loads((base / name).read_text(encoding="utf-8")) for name in order}
            known = frozenset((base / "words.txt").read_text(encoding="utf-8").split())
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise SettingsError(
                f"{base}: {error}. Restore the file, or point the guard at a complete folder."
            ) from error
        rules = tuple(
            _rule(entry, kind=table["kind"], defaults=table.get("every", {}), file=name)
            for name, table in tables.items()
            for entry in table["rule"]
        )
        return cls(rules, shared["lists"], shared["reading"], known=known)

    def read(self, text: str) -> Message:
        """``text`` as clauses with everything found in them."""
        clauses = self._reader.read(text)
        hits = tuple(_with_form(self._book.hits(clause), words=len(clause.tokens) - 2) for clause in clauses)
        return Message(text, clauses, hits, frozenset(label for found in hits for label in found))

    def first(self, message: Message) -> Rule | None:
        """The first rule that ``message`` meets, in the order of the files."""
        return next((rule for rule in self.rules if meets(message, rule)), None)


def _with_form(found: Hits, *, words: int) -> Hits:
    """``found`` and marks of the clause's form.

    ``<impersonal-question>`` asks about nobody here, ``<question-about-nobody>`` does so without any word of what to do
    or to think about it, ``<general-question>`` about children, doctors, a disease or a drug in general,
    ``<general-statement>`` says something about them.
    """
    marks: Hits = {}
    nobody = not _names_someone(found)
    if words > 2 and nobody and "@question-start" in found and "@points-back" not in found:
        marks["<impersonal-question>"] = found["@question-start"]
        if "@asks-for-us" not in found:
            marks["<question-about-nobody>"] = found["@question-start"]
    if nobody and "@general-question" in found and "@asks-for-us" not in found:
        marks["<general-question>"] = found["@general-question"]
    if "@the-child" not in found and "@general-statement" in found:
        marks["<general-statement>"] = found["@general-statement"]
    return found | marks


def _names_someone(found: Hits) -> bool:
    """Whether the clause names a person other than in "children his age"."""
    like = found.get("@children-like", [])
    people = (*found.get("@person", ()), *found.get("@the-child", ()))
    return any(not any(start <= a and b <= end for start, end in like) for a, b in people)


def meets(message: Message, rule: Rule) -> bool:
    """Whether some clause of ``message`` meets ``rule``."""
    labels = message.labels
    if not rule.least_words <= message.words <= rule.most_words or not labels.isdisjoint(rule.never):
        return False
    if not all(any(p in labels for p in group) for group in (*rule.all, *rule.also)):
        return False
    return any(_clause_meets(found, rule, labels) for found in message.hits)


def _clause_meets(found: Hits, rule: Rule, labels: frozenset[str]) -> bool:
    if any(p in found for p in rule.none):
        return False
    groups = [[span for p in group for span in found.get(p, ())] for group in rule.all]
    if rule.deniable and groups:
        groups[0] = [span for span in groups[0] if not _denied(span, found.get("@negation", []))]
    if not all(groups) or (rule.personal and not _is_personal(found, labels)):
        return False
    return rule.within is None or _near(groups, rule.within)


def _denied(span: tuple[int, int], negations: Spans) -> bool:
    return any(0 <= span[0] - end < NEGATION_REACH for _, end in negations)


def _is_personal(found: Hits, labels: frozenset[str]) -> bool:
    """The clause names someone; or it is no question, and the message names someone or the clause tells of now."""
    if "@person" in found:
        return True
    return "@question-start" not in found and ("@person" in labels or "@now" in found)


def _near(groups: list[Spans], words: int) -> bool:
    return any(max(s for s, _ in row) - min(e for _, e in row) <= words for row in product(*groups))
