"""Fixed words: which of them are said for a verdict, in what tone, with whose numbers."""

from __future__ import annotations

from allchat.answering.people import is_of_life
from allchat.contact import Contact
from allchat.languages.folders import Languages
from allchat.parts import Fixed, Listed
from allchat.records import Tone, Verdict
from allchat.wording import Wording, contact_values

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


def directing(name: str, *, wording: Wording, contact: Contact) -> Fixed:
    """The sentence of that name, with whom to call."""
    return wording.said(name, contact_values(contact, wording=wording))


def questions(name: str, *, wording: Wording) -> Listed:
    """The questions for the care team that stand beside the words of that name."""
    count = len(wording.texts(f"{name}.questions"))
    return Listed(tuple(wording.said(f"{name}.questions.{number}") for number in range(1, count + 1)))


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
