"""What rules and classifier decide together."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from places import ROOT

from allchat.guard import policy
from allchat.guard.classifier import Scores
from allchat.guard.guard import Guard
from allchat.guard.policy import gives_way, is_held
from allchat.guard.rules import danger
from allchat.records import Verdict

GUARD = Guard.load()
RULES = {rule.id: rule for rule in GUARD.rules}


def guard(**scores: float) -> Guard:
    """A guard whose classifier gives these scores, whatever it is asked; what is left to 1 is information."""
    given = {"information": 1 - sum(scores.values()), **dict.fromkeys(Scores._fields[1:], 0.0), **scores}
    classifier: Any = SimpleNamespace(scores=lambda *_, **__: Scores(**given), model="")
    return Guard.load(classifier=classifier)


PIECES = np.zeros((3, 768), dtype=np.float32)
INFORMING = guard()
ADVISING = guard(advice=0.9)
ALARMING = guard(emergency=0.9)
DESPAIRING = guard(crisis=0.9)
LOW = guard(support=0.9)


def end_of(guard: Guard, text: str) -> tuple[str | None, str | None, str | None]:
    found = guard.judge(text, PIECES, guard.screen(text))
    return found.kind, found.reason, found.rule


def test_the_decision_on_the_guard_names_every_bar_and_no_other() -> None:
    decision = (ROOT / "docs/decisions/0006-guard.md").read_text(encoding="utf-8")
    told = decision.split("- **The policy**")[1].split("- **Steering")[0]
    bars = {value for value in vars(policy).values() if isinstance(value, float)}
    assert set(map(float, re.findall(r"\d\.\d+", told))) == bars


def test_the_classifier_refuses_what_no_rule_met() -> None:
    assert end_of(ADVISING, "my son and the pool, what is the rule") == ("refusal", "other", "classifier")


def test_the_classifier_finds_an_emergency_and_a_crisis_that_no_rule_met() -> None:
    assert end_of(ALARMING, "his skin is a funny color, what now") == ("urgent", "unsure", "classifier")
    assert end_of(DESPAIRING, "I am done, he will be fine with his dad") == ("urgent", "crisis", "classifier")


def test_an_emergency_of_the_classifier_alone_needs_a_danger_that_is_told_of() -> None:
    assert end_of(ALARMING, "it was a long week and the car broke down")[0] != "urgent"


def test_between_the_bars_the_numbers_are_in_sight() -> None:
    assert end_of(guard(crisis=0.3, support=0.3), "it is all too much for me")[:2] == ("support", "feelings")
    assert end_of(guard(emergency=0.25, advice=0.4), "his skin looks odd")[:2] == ("refusal", "unsure")


def test_low_mood_without_a_question_is_met_with_support_and_a_question_in_it_is_answered() -> None:
    assert end_of(LOW, "it was a hard day")[:2] == ("support", "feelings")
    assert end_of(LOW, "it was a hard day, what is remission?")[0] is None


def test_words_of_no_feeling_are_not_met_with_support() -> None:
    assert end_of(guard(support=0.4), "best pizza near me")[0] != "support"


def test_an_emergency_beside_a_feeling_is_found() -> None:
    assert end_of(ALARMING, "I am so scared, a snake bit me on the ankle")[0] == "urgent"
    assert end_of(INFORMING, "I am so scared")[:2] == ("support", "feelings")


@pytest.mark.parametrize("scores", [INFORMING, LOW, ADVISING])
@pytest.mark.parametrize(
    "text", ["my son can not breathe", "he wants to die", "her temperature is 39.2", "he has a fever right now"]
)
def test_what_a_rule_always_holds_and_what_is_told_of_now_is_never_lifted(scores: Guard, text: str) -> None:
    found = scores.screen(text)
    assert found.kind == "urgent"
    assert scores.is_settled(text, found)
    assert scores.judge(text, PIECES, found) == found


def test_another_urgent_rule_is_lifted_where_the_classifier_is_all_but_certain() -> None:
    text = "we had shivers on the roller coaster with my son"
    assert end_of(INFORMING, text)[0] is None
    assert end_of(guard(advice=0.2), text)[0] == "urgent"


def test_a_lifted_crisis_keeps_the_number_in_sight() -> None:
    text = "my girl has been so worthless at this game"
    assert end_of(guard(crisis=0.2), text)[:2] == ("urgent", "crisis")
    assert end_of(INFORMING, text)[:2] == ("support", "feelings")


def test_what_tells_of_another_time_or_a_story_may_be_lifted() -> None:
    text = "my son played a boy in a film, he can not breathe in it"
    rule = RULES[GUARD.screen(text).rule or ""]
    assert rule.always
    assert not is_held(GUARD.read(text), rule)


def test_the_rules_that_always_hold_are_those_of_minutes() -> None:
    held = {rule.reason for rule in GUARD.rules if rule.always}
    assert held == {
        "crisis",
        "breathing",
        "seizure",
        "consciousness",
        "stroke",
        "bleeding",
        "poison",
        "very_ill",
        "fever",
    }


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("his lips look dusky", "told"),
        ("not breathing", "told"),
        ("she can not help hurting herself", "told"),
        ("there is no pus and no swelling", "idle"),
        ("she had a seizure three years ago", "idle"),
        ("my stomach is in knots", "idle"),
        ("her hair fell out", "idle"),
        ("it was a long week", "none"),
    ],
)
def test_a_danger_is_told_of_or_only_named_or_absent(text: str, named: str) -> None:
    assert danger(GUARD.read(text)) == named


@pytest.mark.parametrize(
    "text", ["blood pressure 110/70", "bp 100 over 65", "sugar 95", "pulse 110", "platelets 190", "anc 520", "room 520"]
)
def test_a_usual_vital_sign_and_other_numbers_are_no_danger(text: str) -> None:
    assert not {"<danger-pressure>", "<danger-sugar>", "<danger-pulse>"} & GUARD.read(text).labels


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("bp 70/30", "<danger-pressure>"),
        ("presion 75 sobre 35", "<danger-pressure>"),
        ("blood pressure 180/115", "<danger-pressure>"),
        ("glucose 520", "<danger-sugar>"),
        ("her sugar is 40", "<danger-sugar>"),
        ("heart rate 190", "<danger-pulse>"),
        ("pulso 40", "<danger-pulse>"),
    ],
)
def test_a_dangerous_vital_sign_is_marked(text: str, mark: str) -> None:
    assert mark in GUARD.read(text).labels


def test_a_refusal_is_lifted_only_where_information_is_likely() -> None:
    verdict = Verdict("refusal", reason="dose", rule="dose-asked", private=True)
    kept = guard(advice=0.5).judge("what is the dose", PIECES, verdict)
    assert (kept.kind, kept.rule, kept.harmless) == ("refusal", "dose-asked", 0.5)
    lifted = INFORMING.judge("what is the dose", PIECES, verdict)
    assert (lifted.kind, lifted.rule, lifted.private) == (None, None, True)


def test_what_names_no_person_must_be_surer_to_be_refused() -> None:
    likely = guard(advice=0.6)
    assert end_of(likely, "what about the pool for my son")[0] == "refusal"
    assert end_of(likely, "the pills")[0] is None
    assert end_of(likely, "my garden")[0] is None


def test_what_is_told_must_be_surer_information_than_what_is_asked() -> None:
    verdict = Verdict("refusal", reason="other", rule="personal-and-no-information-asked")
    likely = guard(advice=0.3)
    assert likely.judge("what is her consolidation for?", PIECES, verdict).kind is None
    assert likely.judge("what is her dose?", PIECES, replace(verdict, reason="dose")).kind == "refusal"
    assert likely.judge("her consolidation", PIECES, verdict).kind == "refusal"


def test_an_unsure_refusal_gives_way_to_clear_evidence_and_a_sure_one_does_not() -> None:
    assert gives_way(Verdict("refusal", reason="other", harmless=0.4))
    assert not gives_way(Verdict("refusal", reason="other", harmless=0.3))
    assert gives_way(Verdict("refusal", reason="symptom", harmless=0.7))
    assert not gives_way(Verdict("refusal", reason="symptom", harmless=0.4))
    assert not gives_way(Verdict("refusal", reason="symptom"))


def test_the_refusal_of_a_possible_emergency_never_gives_way() -> None:
    assert not gives_way(Verdict("refusal", reason="unsure", harmless=0.45))


def test_small_talk_stays_small_talk() -> None:
    assert end_of(guard(support=0.5), "thanks!")[:2] == ("chat", "thanks")


def test_an_alarm_in_what_looks_like_another_subject_or_steering_must_be_surer() -> None:
    told = "who won the game last night"
    assert GUARD.screen(told).kind == "out_of_scope"
    assert end_of(guard(crisis=0.7), told)[0] == "out_of_scope"
    assert end_of(guard(support=0.9), told)[0] == "out_of_scope"
    assert end_of(DESPAIRING, told)[:2] == ("urgent", "crisis")


def test_fear_that_tells_is_met_with_support_and_fear_that_asks_is_no_low_mood() -> None:
    assert end_of(guard(fear=0.9), "does he have a future?")[0] != "support"
    assert end_of(guard(fear=0.6, advice=0.4), "does he have a future?")[0] == "refusal"
    assert end_of(guard(fear=0.9), "i see him fade")[:2] == ("support", "feelings")


def test_a_mention_is_searched_like_information() -> None:
    assert end_of(guard(mention=0.9), "the film had a seizure in it")[0] is None


def test_without_a_classifier_the_rules_alone_decide() -> None:
    assert GUARD.judge("my son", PIECES, Verdict(None)) == Verdict(None)
    assert GUARD.judge("my son has a fever", None, GUARD.screen("my son has a fever")).kind == "urgent"


def test_a_classifier_of_another_embedding_model_reads_words_alone() -> None:
    asked: list[object] = []

    def scores(_: object, pieces: object) -> Scores:
        asked.append(pieces)
        return Scores(1, 0, 0, 0, 0)

    classifier: Any = SimpleNamespace(scores=scores, model="one")
    for model in ("one", "another"):
        Guard.load(classifier=classifier, model=model).judge("what is induction", PIECES, Verdict(None))
    assert asked[0] is PIECES
    assert asked[1] is None


def test_a_question_of_ones_own_life_that_only_the_classifier_finds_gets_the_words_on_chances() -> None:
    assert end_of(guard(fear=0.9), "will I live? I'm 16") == ("refusal", "chances", "classifier")
    assert end_of(guard(fear=0.5, information=0.5), "is that worry common?")[0] is None


def test_fear_that_asks_for_nothing_is_met_with_support_and_searched_for_where_a_clause_asks() -> None:
    assert end_of(guard(fear=0.9), "i keep thinking of the worst") == ("support", "feelings", "classifier")
    assert end_of(guard(fear=0.9), "i keep thinking of the worst, what is induction?")[0] is None
