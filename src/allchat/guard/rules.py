"""The rules of the guard, and when a message meets one; they are data that a nurse can read (``rule_files``).

    message -> clauses with the lists and phrases found in each -> the first rule that is met

``lists.toml`` explains the fields of a rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Literal

from allchat.errors import SettingsError
from allchat.guard.matcher import Hits, Phrasebook, Spans
from allchat.guard.reader import Reader, Reading
from allchat.guard.tokens import Clause
from allchat.spelling import Speller

NEGATION_REACH = 4  # words between "no" and what it denies: "no sign of a fever"


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
    always: bool = False
    unsure: tuple[str, ...] = ()
    least_words: int = 0
    most_words: int = 100_000
    match: tuple[str, ...] = ()
    not_match: tuple[str, ...] = ()
    still_urgent: tuple[str, ...] = ()

    def phrases(self) -> set[str]:
        """Everything the rule looks for, lists and phrases."""
        groups = (*self.all, *self.also, self.none, self.never)
        return {phrase for group in groups for phrase in group}


@dataclass(frozen=True)
class ReadMessage:
    """A question taken apart once, for all rules."""

    text: str
    clauses: tuple[Clause, ...]
    hits: tuple[Hits, ...]
    labels: frozenset[str] = field(default=frozenset())

    @cached_property
    def words(self) -> int:
        """How many words the message has."""
        return sum(len(clause.tokens) - 2 for clause in self.clauses)


class RuleBook:
    """The rules of a folder in the order in which they are tried."""

    def __init__(
        self, rules: tuple[Rule, ...], lists: dict[str, list[str]], reading: Reading, *, known: frozenset[str]
    ) -> None:
        self.rules = rules
        plain = {p for rule in rules for p in rule.phrases() if not re.fullmatch(r"@[\w-]+", p)}
        self._book = Phrasebook(lists, plain)
        self._check(lists)
        self._reader = Reader(reading, speller=Speller(self._book.vocabulary, known=known | set(reading.real_words)))

    def _check(self, lists: dict[str, list[str]]) -> None:
        ids = [rule.id for rule in self.rules]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        named = {p[1:] for rule in self.rules for p in rule.phrases() if re.fullmatch(r"@[\w-]+", p)}
        if twice or named - set(lists):
            raise SettingsError(
                f"guard rules: ids used twice {twice}, lists that do not exist {sorted(named - set(lists))}."
            )

    def read(self, text: str) -> ReadMessage:
        """``text`` as clauses with everything found in them."""
        clauses = self._reader.read(text)
        hits = tuple(_with_form(self._book.hits(clause), words=len(clause.tokens) - 2) for clause in clauses)
        return ReadMessage(text, clauses, hits, frozenset(label for found in hits for label in found))

    def first(self, message: ReadMessage, *, but: str | None = None) -> Rule | None:
        """The first rule that ``message`` meets, in the order of the files; none of the kind ``but``."""
        return next((rule for rule in self.rules if rule.kind != but and meets(message, rule)), None)


def _with_form(found: Hits, *, words: int) -> Hits:
    """``found`` and marks of the clause's form.

    ``<impersonal-question>`` asks about nobody here, ``<question-about-nobody>`` does so without any word of what to do
    or to think about it, ``<general-question>`` about children, doctors, a disease or a drug in general,
    ``<general-statement>`` says something about them, ``<asks-our-subject>`` asks about a child, a body or a treatment.
    """
    marks: Hits = {}
    nobody = not _names_someone(found)
    if words > 2 and nobody and "@question-start" in found and "@points-back" not in found:
        marks["<impersonal-question>"] = found["@question-start"]
        if "@asks-for-us" not in found:
            marks["<question-about-nobody>"] = found["@question-start"]
    if nobody and "@general-question" in found and "@asks-for-us" not in found:
        marks["<general-question>"] = found["@general-question"]
    if "@our-subject" in found and not found.keys().isdisjoint({"@question-start", "@informs"}):
        marks["<asks-our-subject>"] = found["@our-subject"]
    if "@the-child" not in found and "@general-statement" in found:
        marks["<general-statement>"] = found["@general-statement"]
    return found | marks


def _names_someone(found: Hits) -> bool:
    """Whether the clause names a person other than in "children his age"."""
    like = found.get("@children-like", [])
    people = (*found.get("@person", ()), *found.get("@the-child", ()))
    return any(not any(start <= a and b <= end for start, end in like) for a, b in people)


def meets(message: ReadMessage, rule: Rule) -> bool:
    """Whether some clause of ``message`` meets ``rule``."""
    labels = message.labels
    if not rule.least_words <= message.words <= rule.most_words or not labels.isdisjoint(rule.never):
        return False
    if not all(any(p in labels for p in group) for group in (*rule.all, *rule.also)):
        return False
    return any(_clause_meets(found, rule, labels) for found in message.hits)


def meets_surely(message: ReadMessage, rule: Rule) -> bool:
    """Whether some clause of ``message`` meets ``rule`` by more than what has other senses too."""
    if not rule.unsure:
        return meets(message, rule)
    sure = tuple(tuple(phrase for phrase in group if phrase not in rule.unsure) for group in rule.all)
    return meets(message, replace(rule, all=sure))


def _clause_meets(found: Hits, rule: Rule, labels: frozenset[str]) -> bool:
    if _excluded(found, rule):
        return False
    groups = [[span for p in group for span in found.get(p, ())] for group in rule.all]
    if rule.deniable and groups:
        groups[0] = [span for span in groups[0] if not _denied(span, found)]
    if not all(groups) or (rule.personal and not _is_personal(found, labels)):
        return False
    return rule.within is None or _near(groups, rule.within)


def danger(message: ReadMessage) -> Literal["told", "idle", "none"]:
    """Whether ``message`` names a body, a symptom, a medicine or a danger (list alarm-words).

    ``idle``: only to deny it, of long ago, supposed of nobody, as a figure of speech about oneself, or in words that
    tell of no danger.
    """
    named = [found for found in message.hits if "@alarm-words" in found or "@idle-alarm" in found]
    if any(_told(found, message.labels) for found in named):
        return "told"
    return "idle" if named else "none"


def _told(found: Hits, labels: frozenset[str]) -> bool:
    past = "@long-ago" in found and "@now" not in labels
    supposed = "@supposed" in found and "@person" not in found
    figure = "@figure-of-speech" in found and "@the-child" not in found
    idle = found.get("@idle-alarm", [])
    vital = found.get("@vital-words", [])  # these alarm above all where they are denied: "not breathing"
    words = [span for span in found.get("@alarm-words", ()) if not _within(span, idle)]
    return not (past or supposed or figure) and any(span in vital or not _denied(span, found) for span in words)


def _excluded(found: Hits, rule: Rule) -> bool:
    """Whether a phrase of ``none`` stands in the clause, other than in signs that someone is told to have."""
    told = found.get("@told-signs", [])
    return any(not _within(span, told) for p in rule.none for span in found.get(p, ()))


def _denied(span: tuple[int, int], found: Hits) -> bool:
    """Whether a negation stands shortly before ``span``, other than in "can not help", which denies nothing."""
    idle = found.get("@no-denial", [])
    negations = (end for start, end in found.get("@negation", ()) if not _within((start, end), idle))
    return any(0 <= span[0] - end < NEGATION_REACH for end in negations)


def _within(span: tuple[int, int], wider: Spans) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in wider)


def _is_personal(found: Hits, labels: frozenset[str]) -> bool:
    """The clause names someone; or it is no question, and the message names someone or the clause tells of now."""
    if "@person" in found:
        return True
    return "@question-start" not in found and ("@person" in labels or "@now" in found)


def _near(groups: list[Spans], words: int) -> bool:
    return any(max(s for s, _ in row) - min(e for _, e in row) <= words for row in product(*groups))
