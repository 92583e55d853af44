"""Fragments: what a message that is only the rest of an earlier question is taken for.

A few words say little by themselves: "and tylenol?" asks what the question before asked, and the guard's classifier,
which reads it alone, may find despair in "any others like it" and low mood in "and the one after that?".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from allchat.answering.contextualize import HISTORY_TURNS, is_rest, leans_on_history, may_lean, names_one_of_several
from allchat.answering.pipeline import Pipeline
from allchat.answering.tongue import Heard
from allchat.guard.policy import CRISIS_REASON, SEARCHED
from allchat.guard.rules import ReadMessage, danger
from allchat.records import Verdict
from allchat.search.words import says_something

PERSONAL = frozenset({"@now", "@the-child", "@mood", "@fears", "@own-death"})
"""What a fragment that asks for more information does not tell of."""


def inherited(
    pipeline: Pipeline, message: ReadMessage, verdict: Verdict, *, earlier: Sequence[Heard]
) -> Verdict | None:
    """The verdict on the question before where ``message`` asks the same of something else: "and tylenol?".

    None where that was no refusal and no alarm, where a rule is met, and where a remainder asks for information by
    itself ("and the side effects of tylenol?").
    """
    languages = pipeline.languages
    if verdict.kind is not None or "@informs" in message.labels or not is_rest(message.text, languages=languages):
        return None
    asked = next((heard for heard in reversed(earlier) if not is_rest(heard.text, languages=languages)), None)
    before = Verdict(None) if asked is None else _judged(pipeline, asked)
    return replace(before, private=verdict.private) if before.kind in ("refusal", "urgent") else None


def asks_on(
    pipeline: Pipeline, message: ReadMessage, verdict: Verdict, *, heard: Heard, earlier: Sequence[Heard]
) -> bool:
    """Whether a fragment in which only the classifier finds despair or low mood, or a rule small talk, asks for more of
    what was asked before.

    It leans on that, names nobody, no danger and no mood, tells of nothing that is now, and is harmless beside the
    question before; all earlier ones were for information.
    """
    if not _may_be_doubted(verdict):
        return False
    asked = [before for before in earlier[-HISTORY_TURNS:] if not pipeline.is_small_talk(before.text)]
    if not asked or not _leans(message, heard, verdict) or not _is_impersonal(message, heard):
        return False
    whole = pipeline.hear(f"{asked[-1].text.rstrip(' ?.!')}? {heard.text}")
    return all(_judged(pipeline, text).kind is None for text in (whole, *asked))


def _may_be_doubted(verdict: Verdict) -> bool:
    """Whether a verdict may be wrong of a fragment: small talk ("how does it work then"), and what only the classifier
    finds, low mood, and a crisis where information is likelier.
    """
    if verdict.kind == "chat":
        return True
    if verdict.rule != "classifier":
        return False
    if verdict.kind == "urgent":
        return verdict.reason == CRISIS_REASON and verdict.harmless >= max(SEARCHED, verdict.score or 0.0)
    return verdict.kind == "support"


def _leans(message: ReadMessage, heard: Heard, verdict: Verdict) -> bool:
    """Whether a message points at what was asked, or is a short question about nobody: "¿dónde los encuentro?".

    What is small talk by a rule must point and say something: "who are you" does not.
    """
    if verdict.kind == "chat":
        return leans_on_history(heard.read) and says_something(heard.read)
    return leans_on_history(heard.read) or ("<question-about-nobody>" in message.labels and may_lean(heard.read))


def _is_impersonal(message: ReadMessage, heard: Heard) -> bool:
    """Whether a message asks, by its form or by pointing at one of several things, and tells of nobody."""
    asks = "?" in message.text or not message.labels.isdisjoint({"@question-start", "@informs"})
    nobody = message.labels.isdisjoint(PERSONAL) and not _names_someone(message)
    return nobody and danger(message) == "none" and (asks or names_one_of_several(heard.read))


def _names_someone(message: ReadMessage) -> bool:
    """Whether someone is named other than by asking: "tell me about ..."."""
    return any(
        not any(start <= first and last <= end for start, end in found.get("@informs", ()))
        for found in message.hits
        for first, last in found.get("@person", ())
    )


def _judged(pipeline: Pipeline, heard: Heard) -> Verdict:
    """The verdict on a message by itself."""
    message = pipeline.guard.read(heard.text)
    _, pieces = pipeline.embedder.read_pieces([heard.embedded])
    return pipeline.guard.judge(message, pieces[0] if pieces else None, pipeline.screen(message))
