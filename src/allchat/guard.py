"""The guard: what kind of message this is, decided on its words before anything is searched.

    emergency or crisis -> everyday how-to -> individual advice -> steering -> small talk -> other subjects
    -> None: go on to retrieval

The rules are data (``data/guard/*.toml``); ``rules.py`` matches them. Beside them stands a small classifier
(``classify.py``), for messages that no rule foresaw.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from allchat.classify import Classifier
from allchat.errors import SettingsError
from allchat.records import Verdict
from allchat.rules import Message, Rule, RuleBook, danger, read_table
from allchat.wording import load_wording

ORDER = ("crisis.toml", "urgent.toml", "everyday.toml", "advice.toml", "steering.toml", "smalltalk.toml", "scope.toml")
GUARD_FILES = (*ORDER, "lists.toml", "private.toml", "words.txt", "examples.jsonl")
MARK = "[private]"
EMERGENCY, ADVICE = 0.55, 0.7
"""How sure the classifier must be where no rule was met, in [0, 1]; docs/decisions/0006-guard.md has what they cost."""

ASKED_EMERGENCY, IMPERSONAL_ADVICE, FOREIGN_ADVICE = 0.9, 0.85, 0.97
"""The same for an emergency told like a question, for advice that names no person, and for advice without a word of a
child or of health or in a form that asks what to know or to ask ("what should we ask?"): there it errs more often."""

INFORMATION = 0.97
"""How sure it must be of a mere question to answer one that a rule would refuse."""

UNSURE = "unsure"
"""The reason of an emergency that no rule named: whom to call whatever it is."""

FEELINGS = "feelings"
"""The reason of warm words, where the classifier sees an emergency and the message names no danger."""

Kind = Literal["urgent", "refusal", "out_of_scope", "chat"]


class PrivacyFilter:
    """Recognises names, birth dates, record numbers, phone numbers and mail addresses."""

    def __init__(self, words: dict[str, list[str]]) -> None:
        name = r"(?-i:[A-Z](?:'[A-Z])?[a-z]+(?:[A-Z-][a-z]+)*)"  # not all capitals: that is a loud message, not a name
        names = rf"({name}(?:\s+{name}){{0,2}})"
        day, month = r"\d{1,2}(?:st|nd|rd|th)?", "[a-z]{3,9}"
        date = rf"(\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{1,4}}|{day}\s+{month},?\s+\d{{4}}|{month}\s+{day},?\s+\d{{4}})"
        gap = r"[\s:#=]*(?:is|number|no\.?|es)?[\s:#=]*"
        self._not_names = frozenset(words["not_names"])
        self._names = re.compile(
            rf"(?:\b(?:{_any(words['name_cues'])})\s*:?\s*|\b(?:my|our|mi|nuestro|nuestra)\s+(?:{_any(words['kin'])}),?\s+){names}",
            re.IGNORECASE,
        )
        self._others = (
            re.compile(rf"(?:\b(?:{_any(words['date_cues'])}){gap}){date}", re.IGNORECASE),
            re.compile(rf"\b(?:{_any(words['number_cues'])}){gap}([a-z]{{0,3}}[-\s]?\d[\d-]{{4,}})", re.IGNORECASE),
            re.compile(r"(?<![\d.,])((?:\+?\d{1,2}[\s.-])?\(?\d{3}\)?[\s.-]?\d{3}[\s.-]\d{4})(?!\d)"),
            re.compile(r"(?<![\d.,])(\d{10,11}|\d{3}-\d{2}-\d{4})(?!\d)"),
            re.compile(r"([\w.+-]+@[\w-]+\.[\w.]+)"),
        )

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where private details stand in ``text``, in order."""
        found = [match.span(1) for pattern in self._others for match in pattern.finditer(text)]
        found += [span for match in self._names.finditer(text) if (span := self._name(text, match.span(1)))]
        return sorted(found)

    def _name(self, text: str, span: tuple[int, int]) -> tuple[int, int] | None:
        """The words of ``span`` up to the first that is no name; None where that is the first."""
        end = span[0]
        for word in re.finditer(r"\S+", text[span[0] : span[1]]):
            if word.group() in self._not_names:
                break
            end = span[0] + word.end()
        return (span[0], end) if end > span[0] else None

    def redact(self, text: str) -> str:
        """``text`` with every private detail replaced by ``[private]``."""
        kept, last = [], 0
        for start, end in self.spans(text):
            if start >= last:
                kept += [text[last:start], MARK]
                last = end
        return "".join([*kept, text[last:]])


def _any(words: list[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


@dataclass(frozen=True, slots=True)
class Example:
    """A message of ours with what the guard should make of it."""

    id: str
    text: str
    kind: str | None
    reason: str | None


class Guard:
    """Screens questions. The same words always give the same verdict."""

    def __init__(self, book: RuleBook, privacy: PrivacyFilter, *, classifier: Classifier | None = None) -> None:
        self._book = book
        self._privacy = privacy
        self._classifier = classifier

    @classmethod
    def load(cls, folder: Path | None = None, *, classifier: Classifier | None = None) -> Guard:
        """The guard with the rules of ``folder``, by default those that come with allchat.

        Raises:
            SettingsError: a rule file is missing or cannot be understood.
        """
        return cls(RuleBook.load(folder, order=ORDER), PrivacyFilter(private_words(folder)), classifier=classifier)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules in the order in which they are tried, for the reviewer."""
        return self._book.rules

    def read(self, question: str | Message) -> Message:
        """``question`` taken apart, with everything the rules look for in it; itself where that is done already.

        Whoever asks several things of one question reads it once and hands the ``Message`` on.
        """
        return question if isinstance(question, Message) else self._book.read(question)

    def screen(self, question: str | Message) -> Verdict:
        """What kind of message ``question`` is, by its words alone; kind None where it goes on to retrieval."""
        message = self.read(question)
        private = bool(self._privacy.spans(message.text))
        rule = self._book.first(message)
        if rule is None:
            return Verdict(None, private=private)
        return Verdict(cast(Kind, rule.kind), reason=rule.reason, rule=rule.id, private=private)

    def judge(self, question: str | Message, vector: NDArray[np.float32], verdict: Verdict) -> Verdict:
        """``verdict`` of the rules, after the classifier was asked; the record names whichever decided.

        It finds what no rule foresaw (``_alarm``), and answers what a rule would refuse where it is all but certain
        that information is asked for. An emergency of the rules stands whatever it says. ``vector`` is the embedding of
        ``question``, ``(384,) float32``.
        """
        if self._classifier is None or self.is_settled(verdict):
            return verdict
        message = self.read(question)
        scores = self._classifier.scores(message, vector)
        labels = message.labels
        asked = not labels.isdisjoint({"@question-start", "@informs"}) and "@now" not in labels
        alarmed = scores.emergency >= (ASKED_EMERGENCY if asked else EMERGENCY)
        if alarmed and (judged := _alarm(message, verdict, scores.emergency)) is not None:
            return judged
        if verdict.kind == "chat":
            return verdict
        score = 1 - scores.information
        if scores.information >= INFORMATION and not (verdict.kind == "refusal" and "@own-death" in labels):
            return Verdict(None, score=score, private=verdict.private)
        if verdict.kind == "refusal":
            return verdict
        if score < self._needed(labels):
            return replace(verdict, score=score)
        return replace(verdict, kind="refusal", reason="other", rule="classifier", score=score)

    @staticmethod
    def is_settled(verdict: Verdict) -> bool:
        """Whether the rules alone decide. Beside a feeling an emergency may stand, so the classifier is asked too."""
        return verdict.kind in ("urgent", "chat", "out_of_scope") and verdict.reason != FEELINGS

    @staticmethod
    def _needed(labels: frozenset[str]) -> float:
        """How sure the classifier must be of a request for advice."""
        if "@child-or-health" not in labels or "@only-informs" in labels:
            return FOREIGN_ADVICE
        return ADVICE if "@person" in labels else IMPERSONAL_ADVICE

    def telling(self, question: str, *, kind: str) -> tuple[str, ...]:
        """The words of ``question`` that speak most for ``kind`` to the classifier; none where there is none."""
        return () if self._classifier is None else self._classifier.telling(self.read(question), kind=kind)

    def information_part(self, question: str | Message) -> str | None:
        """The clauses of a mixed message that ask for information, in its own words; None where there are none."""
        message = self.read(question)
        asks = [
            part
            for clause, hits in zip(message.clauses, message.hits, strict=True)
            if "@informs" in hits and self.screen(part := message.text[clause.start : clause.end]).kind is None
        ]
        return "? ".join(asks) + "?" if asks else None

    def is_spanish(self, question: str | Message) -> bool:
        """Whether the question is written in Spanish."""
        return "@spanish" in self.read(question).labels

    def redact(self, question: str) -> str:
        """``question`` with private details replaced by a fixed mark."""
        return self._privacy.redact(question)


def _alarm(message: Message, verdict: Verdict, score: float) -> Verdict | None:
    """What becomes of an emergency that the classifier alone sees; None: the verdict of the rules holds.

    It stands where a body, a symptom, a medicine or a danger is told of, or where nothing says that it is something
    else. It becomes warm words with the crisis number where someone only says how hard it is, and falls where danger is
    named only to deny it or where someone's death is feared or asked about.
    """
    named = danger(message)
    if named != "told" and _says_how_it_is(message):
        return replace(verdict, kind="chat", reason=FEELINGS, rule="classifier", score=score)
    if named == "idle" or (named == "none" and verdict.reason == "chances"):
        return None
    return replace(verdict, kind="urgent", reason=UNSURE, rule="classifier", score=score)


def _says_how_it_is(message: Message) -> bool:
    """Whether someone says how they feel or how the day was, or tells of themselves alone, and asks nothing."""
    labels = message.labels
    of_oneself = "@speaker" in labels and labels.isdisjoint({"@the-child", "@ask-what-to-do", "@now"})
    return "?" not in message.text and ("@mood" in labels or of_oneself) and "@own-death" not in labels


def private_words(folder: Path | None = None) -> dict[str, list[str]]:
    """The words of ``private.toml``.

    Raises:
        SettingsError: the file is missing or is not TOML.
    """
    base = folder if folder is not None else files("allchat") / "data" / "guard"
    words = read_table(base / "private.toml", dict[str, list[str]])
    missing = sorted({"name_cues", "kin", "date_cues", "number_cues", "not_names"} - set(words))
    if missing:
        raise SettingsError(f"{base / 'private.toml'}: has no {missing[0]!r}. Restore it.")
    return words


def training_examples() -> tuple[Example, ...]:
    """Our own examples that the classifier is trained on, in the order of the file."""
    text = (files("allchat") / "data" / "guard" / "examples.jsonl").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines() if line.strip()]
    return tuple(Example(row["id"], row["text"], row["kind"], row["reason"]) for row in rows)


# ---- the check on a finished answer --------------------------------------------------------------------------------

_VERBS = (
    "give|stop|take|skip|start|hold|keep|avoid|use|wait|double|delay|continue|increase|reduce|"
    "lower|raise|repeat|try|make sure|eat|drink|feed|apply|switch|change|go|stay|send|let|put|"
    "bring|consider|choose|refuse|ask|call|tell|remember|follow|dele|no le de|tome|suspenda|deje|"
    "evite|use|espere|llame|pregunte|vaya|pida"
)
_OPENING = r"(?:please|just|simply|always|never|first|then|so|do not|don't|you can|you may|por favor|no)"
_WHO = "(?:you|he|she|they|we|your (?:child|son|daughter))"
_DIRECTIVE = re.compile(
    rf"(?:^|[,;:]\s+|\b(?:and|or|then|but|y|o)\s+)(?:{_OPENING}\s+)*(?:{_VERBS})\b(?!-)"
    rf"|\b{_WHO} (?:should|must|ought to|needs? to|ha(?:ve|s) to|had better)\b"
    rf"|\b{_WHO} (?:can|may|could) (?:now |still |safely )?(?:have|{_VERBS})\b"
    r"|\b(?:is|are) (?:safe|allowed|okay|ok|fine|best) to\b|\b(?:debe|debes|deben|tiene que|hay que)\b",
    re.IGNORECASE,
)
LANGUAGES = ("en", "es")


def directives(text: str) -> tuple[str, ...]:
    """The sentences of an answer's text that could be read as a direction and are neither quoted nor fixed wording.

    Lines that begin with ``>`` are quotes. A line that is a sentence of the wording files is fixed; what was filled
    into its braces is looked at all the same.
    """
    own = (line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith(">"))
    parts = (part for line in own for piece in _unfixed(line) for part in re.split(r"(?<=[.!?])\s+", piece))
    return tuple(part for part in parts if is_directive(part))


def is_directive(sentence: str) -> bool:
    """Whether ``sentence`` is in the form of a command or of advice, in English or Spanish."""
    return _DIRECTIVE.search(re.sub(r"^[\s*\-•\d.)“\"]+", "", sentence)) is not None


def _unfixed(line: str) -> tuple[str, ...]:
    """What of ``line`` is not fixed: nothing or the values in its braces, or all of it."""
    for pattern in _fixed_lines():
        found = pattern.fullmatch(line.removeprefix("- "))
        if found is not None:
            return found.groups()
    return (line,)


@cache
def _fixed_lines() -> tuple[re.Pattern[str], ...]:
    tables = ("answer", "not_found", "out_of_scope", "notice", "urgent", "questions", "refusal", "chat", "private")
    texts = {text for code in LANGUAGES for name in tables for text in _strings(load_wording(code).table(name))}
    lines = {line.strip() for text in texts for line in text.splitlines() if line.strip()}
    by_length = sorted(lines, key=lambda line: (-len(re.sub(r"\{\w+\}", "", line)), line))
    return tuple(re.compile(re.sub(r"\\\{\w+\\\}", "(.+?)", re.escape(line))) for line in by_length)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)
