"""What decided on a question, in words, with the threshold that it was held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from allchat.answering.turn import GENERAL_MARGIN
from allchat.guard import policy
from allchat.records import Answer, Trace, Verdict

Sentence = tuple[str, Mapping[str, object]]
"""The name of a sentence in the wording, and what is put into it."""

_ADVICE: Sentence = (
    "bar_advice",
    {"limit": policy.ADVICE, "impersonal": policy.IMPERSONAL_ADVICE, "foreign": policy.FOREIGN_ADVICE},
)

_BARS: Mapping[tuple[str, str], Sentence] = {
    ("urgent", policy.CRISIS_REASON): (
        "bar_crisis",
        {
            "limit": policy.CRISIS,
            "mood": policy.MOOD_CRISIS,
            "feared": policy.FEARED_CRISIS,
            "general": policy.GENERAL_CRISIS,
        },
    ),
    ("urgent", policy.UNSURE): (
        "bar_emergency",
        {"limit": policy.EMERGENCY, "general": policy.GENERAL_EMERGENCY},
    ),
    ("support", policy.FEELINGS): ("bar_support", {"limit": policy.LOW, "refused": policy.REFUSED_LOW}),
    ("refusal", policy.UNSURE): ("bar_unsure", {"limit": policy.POSSIBLE_EMERGENCY}),
    ("refusal", policy.CHANCES): _ADVICE,
    ("refusal", policy.OTHER): _ADVICE,
}
"""What the classifier must reach, by the kind and the reason of its verdict."""


def decided(answer: Answer, trace: Trace, *, settled: bool, closest: float = 0.0) -> Iterator[Sentence]:
    """The sentences that say it: ``settled`` where nothing could lift the rule, ``closest`` the margin from which on
    the nearest passage is shown.
    """
    verdict = trace.verdict
    if answer.reason == "language":
        yield "decided_language", {}
    elif verdict.kind is not None and verdict.kind == answer.kind:
        yield from _by_the_screen(verdict, settled=settled)
    else:
        if verdict.kind == "refusal":
            yield from _given_way(verdict)
        yield from _by_the_sources(answer, trace, closest=closest)


def _by_the_screen(verdict: Verdict, *, settled: bool) -> Iterator[Sentence]:
    if verdict.rule == "classifier":
        score = 0.0 if verdict.score is None else verdict.score
        yield "decided_classifier", {"score": score}
        bar = _BARS.get((str(verdict.kind), str(verdict.reason)))
        if bar is not None:
            yield bar
        return
    yield "decided_rule", {"rule": verdict.rule or "–"}
    if settled:
        yield "bar_none", {}
    elif verdict.kind == "urgent":
        yield "bar_calm", {"harmless": verdict.harmless, "limit": policy.CALM}
    elif verdict.kind == "refusal":
        limits = {"limit": policy.INFORMATION, "broad": policy.BROAD_INFORMATION, "long": policy.LONG_INFORMATION}
        yield "bar_information", {"harmless": verdict.harmless, **limits}


def _given_way(verdict: Verdict) -> Iterator[Sentence]:
    if policy.gives_way(verdict):
        values = {"harmless": verdict.harmless, "limit": policy.evident(verdict), "margin": GENERAL_MARGIN}
        yield "decided_gave_way", values
    else:
        yield "decided_house", {}


def _by_the_sources(answer: Answer, trace: Trace, *, closest: float) -> Iterator[Sentence]:
    margin = trace.margin
    if margin is None:
        yield "decided_nothing_near", {}
        return
    far = {"far": abs(margin)}
    if answer.kind == "not_found" and margin >= closest:
        yield "decided_lacks", far | {"side": margin}
    elif answer.kind == "out_of_scope":
        yield "decided_elsewhere", far
    elif answer.kind == "not_found":
        yield "decided_silent", far
    elif answer.directness == "closest":
        yield ("decided_closest" if margin < 0 else "decided_figure"), far
    else:
        yield "decided_sources", far
    yield "bar_evidence", {}
    if closest < 0:
        yield "bar_closest", {"limit": -closest}
