"""Fixed words: which of them are said for a verdict, in what tone, with whose numbers."""

from __future__ import annotations

from allchat.answering.people import is_of_life
from allchat.languages.folders import Languages
from allchat.records import Tone, Verdict
from allchat.wording import Wording

FALLBACK = {"refusal": "other", "support": "feelings", "urgent": "unsure"}
"""The reason whose words fit all of a kind, where a reason has none of its own."""


def name_of(verdict: Verdict, *, wording: Wording, asked: str = "", languages: Languages | None = None) -> str:
    """The name of the fixed words for a verdict on what was ``asked``, such as ``refusal.dose``.

    The words for life and death stand where these are asked about, and nowhere else.
    """
    if verdict.kind == "refusal" and verdict.reason == "chances" and not is_of_life(asked, languages=languages):
        return "refusal.outcome"
    name = f"{verdict.kind}.{verdict.reason}"
    return name if wording.has(name) else f"{verdict.kind}.{FALLBACK.get(str(verdict.kind))}"


def tone_of(verdict: Verdict) -> Tone | None:
    """How help is offered: a crisis calmly, another emergency loudly; None where none is."""
    if verdict.kind == "urgent":
        return "crisis" if verdict.reason == "crisis" else "emergency"
    return "support" if verdict.kind == "support" else None


def reason_of(verdict: Verdict) -> str | None:
    """The reason, with the rule or the classifier that gave it."""
    if verdict.reason is None or verdict.rule is None:
        return verdict.reason
    score = "" if verdict.rule != "classifier" or verdict.score is None else f" {verdict.score:.2f}"
    return f"{verdict.reason}: {verdict.rule}{score}"
