"""The guard: what kind of message this is, decided on its words before anything is searched.

    emergency or crisis -> everyday how-to -> individual advice -> steering -> small talk -> other subjects
    -> None: go on to retrieval

The rules are data (``guard/rules/*.toml``); ``rules.py`` matches them. Beside them stands a small classifier
(``classify.py``), for messages that no rule foresaw.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from allchat.guard.classifier import Classifier
from allchat.guard.privacy import PrivacyFilter, private_words
from allchat.guard.rules import ReadMessage, Rule, RuleBook, danger
from allchat.records import Verdict

ORDER = ("crisis.toml", "urgent.toml", "everyday.toml", "advice.toml", "steering.toml", "smalltalk.toml", "scope.toml")
GUARD_FILES = (*ORDER, "lists.toml", "private.toml", "words.txt")

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

    def read(self, question: str | ReadMessage) -> ReadMessage:
        """``question`` taken apart, with everything the rules look for in it; itself where that is done already.

        Whoever asks several things of one question reads it once and hands the ``Message`` on.
        """
        return question if isinstance(question, ReadMessage) else self._book.read(question)

    def screen(self, question: str | ReadMessage) -> Verdict:
        """What kind of message ``question`` is, by its words alone; kind None where it goes on to retrieval."""
        message = self.read(question)
        private = bool(self._privacy.spans(message.text))
        rule = self._book.first(message)
        if rule is None:
            return Verdict(None, private=private)
        return Verdict(cast(Kind, rule.kind), reason=rule.reason, rule=rule.id, private=private)

    def judge(self, question: str | ReadMessage, vector: NDArray[np.float32], verdict: Verdict) -> Verdict:
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

    def information_part(self, question: str | ReadMessage) -> str | None:
        """The clauses of a mixed message that ask for information, in its own words; None where there are none."""
        message = self.read(question)
        asks = [
            part
            for clause, hits in zip(message.clauses, message.hits, strict=True)
            if "@informs" in hits and self.screen(part := message.text[clause.start : clause.end]).kind is None
        ]
        return "? ".join(asks) + "?" if asks else None

    def is_spanish(self, question: str | ReadMessage) -> bool:
        """Whether the question is written in Spanish."""
        return "@spanish" in self.read(question).labels

    def redact(self, question: str) -> str:
        """``question`` with private details replaced by a fixed mark."""
        return self._privacy.redact(question)


def _alarm(message: ReadMessage, verdict: Verdict, score: float) -> Verdict | None:
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


def _says_how_it_is(message: ReadMessage) -> bool:
    """Whether someone says how they feel or how the day was, or tells of themselves alone, and asks nothing."""
    labels = message.labels
    of_oneself = "@speaker" in labels and labels.isdisjoint({"@the-child", "@ask-what-to-do", "@now"})
    return "?" not in message.text and ("@mood" in labels or of_oneself) and "@own-death" not in labels
