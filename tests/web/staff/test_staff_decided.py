"""Why, in words: each way to an answer has its sentence, with the threshold that it was held against."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from staff_forms import send

from allchat.chat import Chat
from allchat.guard.policy import ADVICE, CALM, EVIDENT, FEARED_CRISIS, INFORMATION
from allchat.records import Answer, Trace, Verdict
from allchat.web.staff.decided import decided
from allchat.wording import load_wording

ANSWER = Answer("q", "?", "?", "answer", None, "", (), (), (), {}, {})


def told(nurse: TestClient, question: str) -> str:
    page = send(nurse, "/staff/why", question=question).text
    found = re.search(r'<p id="decided">(.*?)</p>', page, re.DOTALL)
    assert found, page
    return html.unescape(found[1])


def answer(kind: str, **facts: object) -> Answer:
    return replace(ANSWER, kind=kind, **facts)  # type: ignore[arg-type]


def said(kind: str, trace: Trace, *, settled: bool = False, closest: float = -0.4, **facts: object) -> str:
    words = load_wording().table("staff")
    found = decided(answer(kind, **facts), trace, settled=settled, closest=closest)
    return " ".join(words[name].format(**values) for name, values in found)


def test_a_rule_that_nothing_lifts_has_no_threshold(nurse: TestClient, small_chat: Chat) -> None:
    rule = next(rule for rule in small_chat.guard.rules if rule.kind == "urgent" and rule.always)
    met = small_chat.guard.screen(rule.match[0]).rule
    assert told(nurse, rule.match[0]) == (
        f"A rule decided, by the words of the message: {met}. Nothing lifts this rule here: it has no threshold."
    )


def test_an_alarm_that_the_classifier_raised_alone_is_explained(nurse: TestClient, small_chat: Chat) -> None:
    question = "they would all manage fine without me around"
    _, trace = small_chat.explain(question)
    assert (trace.verdict.kind, trace.verdict.rule) == ("urgent", "classifier")
    assert told(nurse, question).startswith("The classifier decided, no rule: it came to")


def test_an_answer_says_how_far_the_evidence_was_above_the_threshold(nurse: TestClient, small_chat: Chat) -> None:
    question = "what about aspirin for a headache"
    _, trace = small_chat.explain(question)
    assert f"the evidence that they say it was {trace.margin:.3f} above the threshold." in told(nurse, question)


VERDICTS = [
    (Verdict("urgent", "fever", "fever-1", harmless=0.3), f"from {CALM:.2f} on. It was 0.30 sure"),
    (Verdict("refusal", "dose", "dose-1", harmless=0.6), f"from {INFORMATION:.2f} on"),
    (Verdict("refusal", "other", "classifier", 0.71), f"came to 0.71. Its threshold for advice is {ADVICE:.2f}"),
    (Verdict("urgent", "crisis", "classifier", 0.9), f"{FEARED_CRISIS:.2f} where someone fears"),
    (Verdict("urgent", "unsure", "classifier", 0.9), "threshold for an emergency"),
    (Verdict("support", "feelings", "classifier", 0.9), "threshold for low mood"),
    (Verdict("refusal", "unsure", "classifier", 0.3), "A possible emergency is taken seriously"),
    (Verdict("chat", "hello", "hello-1"), "A rule decided, by the words of the message: hello-1."),
]


@pytest.mark.parametrize(("verdict", "words"), VERDICTS)
def test_a_verdict_of_the_screen_says_what_it_was_held_against(verdict: Verdict, words: str) -> None:
    assert words in said(str(verdict.kind), Trace(verdict))


def test_a_refusal_that_gave_way_says_so() -> None:
    unsure = Trace(Verdict("refusal", "other", "classifier", 0.6, harmless=0.4), decision="answer", margin=0.9)
    assert f"(0.40; needed: {EVIDENT:.2f})" in said("answer", unsure, directness="direct")
    house = Trace(Verdict("refusal", "travel_school", "visit-1"), decision="answer", margin=0.2)
    assert said("answer", house, directness="direct").startswith(
        "The screen took it for advice on the ways of a house."
    )


@pytest.mark.parametrize(
    ("kind", "margin", "directness", "words"),
    [
        ("answer", 0.25, "direct", "0.250 above the threshold"),
        ("answer", -0.25, "closest", "0.250 below the threshold, near enough for one passage"),
        ("not_found", -0.5, None, "0.500 below the threshold, too far for any passage"),
        ("not_found", 0.25, None, "(+0.250 from the threshold), but the passage lacks"),
        ("not_found", -0.25, None, "(-0.250 from the threshold), but the passage lacks"),
        ("not_found", None, None, "it found nothing at all"),
        ("out_of_scope", -0.5, None, "looks like another subject"),
    ],
)
def test_what_the_sources_decided_is_told_with_its_margin(
    kind: str, margin: float | None, directness: str | None, words: str
) -> None:
    assert words in said(kind, Trace(Verdict(None), margin=margin), directness=directness)


def test_a_language_without_sources_is_told_to_have_decided() -> None:
    assert said("out_of_scope", Trace(Verdict(None)), reason="language").startswith("The language decided")
