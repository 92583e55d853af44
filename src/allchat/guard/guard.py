"""The guard: what kind of message this is, before anything is searched.

    emergency or crisis -> everyday how-to -> individual advice -> steering -> small talk -> other subjects
    -> None: go on to retrieval

The rules are data in each language's folder (``rule_files``), matched by ``rules``. A classifier (``classifier``)
reads the sense of the message beside them, and ``policy`` decides from both.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from allchat.guard.classifier import Classifier, Scores
from allchat.guard.network import Pieces
from allchat.guard.policy import Kind, Met, is_held, judged
from allchat.guard.privacy import PRIVATE_FILE, PrivacyFilter, private_words
from allchat.guard.rule_files import LISTS_FILE, read_rules
from allchat.guard.rules import ReadMessage, Rule, RuleBook, meets
from allchat.languages.folders import Languages, packaged_languages
from allchat.records import Verdict

ORDER = (
    "crisis.toml", "urgent.toml", "everyday.toml", "advice.toml", "steering.toml", "support.toml", "smalltalk.toml",
    "scope.toml",
)  # fmt: skip
GUARD_FILES = (*ORDER, LISTS_FILE, PRIVATE_FILE)


class Guard:
    """Screens questions. The same words always give the same verdict.

    ``model`` is the fingerprint of the embedding model that reads messages: a classifier that was trained on
    another one reads a message by its words alone.
    """

    def __init__(
        self, book: RuleBook, privacy: PrivacyFilter, *, classifier: Classifier | None = None, model: str = ""
    ) -> None:
        self._book = book
        self._privacy = privacy
        self._classifier = classifier
        self._embeds = classifier is not None and classifier.model == model
        self._rules = {rule.id: rule for rule in book.rules}

    @classmethod
    def load(
        cls, languages: Languages | None = None, *, classifier: Classifier | None = None, model: str = ""
    ) -> Guard:
        """The guard with the rules of these languages, by default those that come with allchat.

        Raises:
            SettingsError: a rule file is missing or cannot be understood.
        """
        known = languages or packaged_languages()
        book, privacy = read_rules(known, order=ORDER), PrivacyFilter(private_words(known))
        return cls(book, privacy, classifier=classifier, model=model)

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
        return self._screened(question)

    def within(self, question: str | ReadMessage) -> Verdict:
        """``screen`` where the subject is one of the sources': no rule on other subjects counts."""
        return self._screened(question, but="out_of_scope")

    def _screened(self, question: str | ReadMessage, *, but: Kind | None = None) -> Verdict:
        message = self.read(question)
        verdict = _verdict(self._book.first(message, but=but)) or Verdict(None)
        return replace(verdict, private=bool(self._privacy.spans(message.text)))

    def judge(self, question: str | ReadMessage, pieces: Pieces | None, verdict: Verdict) -> Verdict:
        """``verdict`` of the rules, after the classifier was asked; the record names whichever decided.

        ``pieces`` is what the embedding model reads of the word pieces of ``question``, ``(p, l) float32``; None where
        that cannot be had.
        """
        message = self.read(question)
        if self._classifier is None or self.is_settled(message, verdict):
            return verdict
        scores = self._classifier.scores(message, pieces if self._embeds else None)
        found = judged(self._met(message, verdict), scores, message)
        return replace(found, private=verdict.private, harmless=scores.harmless)

    def is_settled(self, question: str | ReadMessage, verdict: Verdict) -> bool:
        """Whether the rules alone decide, whatever the classifier says: nothing need be embedded for it."""
        if verdict.kind == "urgent":
            return verdict.rule is None or is_held(self.read(question), self._rules[verdict.rule])
        return False

    def _met(self, message: ReadMessage, verdict: Verdict) -> Met:
        if verdict.kind != "urgent" or verdict.rule is None:
            return Met(None, verdict if verdict.kind is not None else None)
        other = _verdict(self._book.first(message, but="urgent"))
        return Met(verdict, other, self._told(message, self._rules[verdict.rule]))

    def _told(self, message: ReadMessage, rule: Rule) -> tuple[Scores, ...]:
        """What the classifier makes of each clause that meets ``rule``: a question beside it must not drown it."""
        parts = (self.read(message.text[clause.start : clause.end]) for clause in message.clauses)
        told = (part for part in parts if meets(part, rule))
        return () if self._classifier is None else tuple(self._classifier.scores(part, None) for part in told)

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

    def redact(self, question: str) -> str:
        """``question`` with private details replaced by a fixed mark."""
        return self._privacy.redact(question)


def _verdict(rule: Rule | None) -> Verdict | None:
    return None if rule is None else Verdict(cast(Kind, rule.kind), reason=rule.reason, rule=rule.id)
