"""Policy: what a message is taken for, from the rules that it meets and from what the classifier makes of it.

Rules escalate, the classifier leads. Whoever signs for the guard reads this page and the rule files. The bars were
chosen on messages of writers whom the classifier had not seen; docs/decisions/0006-guard.md has what each error counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from allchat.guard.classifier import Scores
from allchat.guard.rules import ReadMessage, Rule, danger, meets_surely
from allchat.records import Verdict

CRISIS, MOOD_CRISIS, FEARED_CRISIS, GENERAL_CRISIS = 0.55, 0.3, 0.65, 0.9
EMERGENCY, GENERAL_EMERGENCY = 0.55, 0.85
"""How likely a crisis, which nothing but low mood may be likelier than, and an emergency must be to be answered as
one. A crisis less where the message is surely of one, of low mood or of an emergency: they are taken for each other.
More where someone fears for a life or wants to live, which is seldom said by one who wants to die, in a figure of
speech, and of long ago; most in a question about people in general. An emergency must be likelier in a question that
names nobody."""

MOOD = 0.7
"""How likely a crisis, low mood or an emergency must be, together, for the message to be surely of one of them."""

FEAR = 0.2
"""How likely fear for a life must be for it to count as told, beside the lists of words."""

OUTSIDE = 0.9
"""How likely either must be where a rule takes the message for an attempt to steer or for another subject, and
how likely a crisis must be where one takes it for small talk."""

POSSIBLE_CRISIS, POSSIBLE_EMERGENCY = 0.2, 0.2
"""From here on the answer has the numbers in sight: support where the message is of someone's mood, or a refusal."""

EVEN = 0.5
"""A possible emergency is none where mere information is likelier than all else: the bare name of a medicine."""

CALM, CALM_CLAUSE, CALM_ELSEWHERE = 0.85, 0.65, 0.5
"""How sure the classifier must be of mere information or low mood to lift an urgent rule that is not always held: of
the whole message, and of each clause that meets the rule, which it reads by its words alone: as sure where the rule is
on a crisis, less where it is not, least in a message that tells of another time, of others or of a story.
"""

BROAD_INFORMATION, INFORMATION, LONG_INFORMATION = 0.7, 0.92, 0.95
"""How likely mere information must be to lift a rule that refuses: one whose reason is broad, in a question; any other;
and in a message of many words, where the question at its head may drown what is told of one person."""

EVIDENT, EXACT_EVIDENT = 0.35, 0.55
"""How likely mere information must be for a refusal to give way where the sources clearly say what was asked: one whose
reason is broad, and one whose reason is exact."""

SEARCHED = 0.3
"""How likely mere information or a mention must be for a search at all, where no clause asks for information."""

MANY_WORDS = 60

ADVICE, IMPERSONAL_ADVICE, FOREIGN_ADVICE, INFORMED_ADVICE = 0.55, 0.65, 0.86, 0.9
"""How likely a request for advice must be: where someone is named, where nobody is, where no child, health or
danger is, and in a form that asks what to know or to ask ("what should we ask?")."""

LOW, REFUSED_LOW, THANKED_LOW = 0.45, 0.6, 0.85
"""How likely low mood or a crisis must be, together, for support to be the answer; more beside a rule that refuses, and
beside one of small talk."""

CRISIS_REASON, UNSURE, FEELINGS, CHANCES, OTHER = "crisis", "unsure", "feelings", "chances", "other"
"""The reasons of what only the classifier finds: a crisis, an emergency, low mood, a question of life and death, a
request for advice."""

Kind = Literal["urgent", "refusal", "out_of_scope", "chat", "support"]


@dataclass(frozen=True, slots=True)
class Met:
    """What the rules say: the first urgent rule, and the first rule of another kind; None where none is met.

    ``told`` is what the classifier makes of each clause that meets the urgent rule, by its words alone.
    """

    urgent: Verdict | None
    other: Verdict | None
    told: tuple[Scores, ...] = ()


def is_held(message: ReadMessage, rule: Rule) -> bool:
    """Whether nothing lifts an urgent rule: it is marked so and surely met, or the message tells of now; not told of
    another time.
    """
    if "@elsewhere" in message.labels:
        return False
    return "@now" in message.labels or (rule.always and meets_surely(message, rule))


def is_calm(scores: Scores, *, complaint: bool = False, least: float = CALM) -> bool:
    """Whether mere information or a mention is all but certain; or low mood, where no ``complaint`` is told."""
    return scores.harmless + (0.0 if complaint else scores.support) >= least


def gives_way(verdict: Verdict) -> bool:
    """Whether a refusal, but that of a possible emergency, is unsure enough to be an answer where the sources clearly
    say what was asked.
    """
    return verdict.reason != UNSURE and verdict.harmless >= evident(verdict)


def evident(verdict: Verdict) -> float:
    """How likely mere information must be for this refusal to give way."""
    return EVIDENT if verdict.reason == OTHER else EXACT_EVIDENT


def judged(met: Met, scores: Scores, message: ReadMessage) -> Verdict:
    """The verdict on ``message``, which met these rules, none of them one that nothing lifts."""
    urgent, other = met.urgent, met.other
    if urgent is not None:
        complaint = urgent.reason != CRISIS_REASON and danger(message) == "told"
        least = CALM if urgent.reason == CRISIS_REASON else CALM_CLAUSE
        least = CALM_ELSEWHERE if "@elsewhere" in message.labels else least
        told = all(is_calm(part, complaint=complaint, least=least) for part in met.told)
        if not (told and is_calm(scores, complaint=complaint)):
            return urgent
    return _alarm(scores, message, other) or _rest(urgent, other, scores, message)


def _alarm(scores: Scores, message: ReadMessage, other: Verdict | None) -> Verdict | None:
    """A crisis or an emergency that only the classifier finds; an emergency only where a danger is told of."""
    kind = None if other is None else other.kind
    crisis = max(_crisis_bar(scores, message), OUTSIDE if kind in ("out_of_scope", "chat") else 0.0)
    emergency = max(_emergency_bar(message), OUTSIDE if kind == "out_of_scope" else 0.0)
    if scores.crisis >= crisis and scores.crisis == max(scores._replace(support=0.0)):
        return _found("urgent", CRISIS_REASON, scores.crisis)
    if scores.emergency >= emergency and danger(message) == "told":
        return _found("urgent", UNSURE, scores.emergency)
    return None


def _rest(urgent: Verdict | None, other: Verdict | None, scores: Scores, message: ReadMessage) -> Verdict:
    """What is no alarm: small talk, support, a refusal, another subject, or None: a question for the search."""
    if other is not None and other.kind == "out_of_scope":
        return other
    asks = _asks(message)
    low = scores.crisis + scores.support + (0.0 if asks else scores.fear)
    if other is not None and other.kind == "chat" and low < THANKED_LOW:
        return other
    refused = other is not None and other.kind == "refusal"
    complaint = scores.crisis < POSSIBLE_CRISIS and danger(message) == "told"
    likely = low >= max(REFUSED_LOW if refused else LOW, scores.advice, scores.harmless)
    if likely and _is_of_mood(scores, asks=asks, refused=refused, complaint=complaint):
        return _found("refusal", OTHER, low) if complaint else _found("support", FEELINGS, low)
    if urgent is not None and urgent.reason == CRISIS_REASON and not asks:
        return _found("support", FEELINGS, low)
    if other is not None and not (refused and scores.harmless >= _known(message, other)):
        return other
    if scores.emergency >= POSSIBLE_EMERGENCY and scores.harmless < EVEN and danger(message) == "told":
        return _found("refusal", UNSURE, scores.emergency)
    return _unmet(scores, message)


def _unmet(scores: Scores, message: ReadMessage) -> Verdict:
    """What meets no rule and is no alarm: advice, or a question for the search; what hardly asks is of a mood."""
    mood, own_death = scores.crisis + scores.support + scores.fear, "@own-death" in message.labels
    asked = scores.advice + scores.emergency + scores.crisis + _feared(scores, message) >= _needed(message)
    searched = scores.harmless >= SEARCHED or not message.labels.isdisjoint({"@informs", "<asks-our-subject>"})
    searched |= _is_foreign(message) and scores.advice > mood  # nothing of ours is asked, and the search will say so
    if searched and not asked:
        return Verdict(None, score=1 - scores.harmless)
    if asked or own_death or mood < scores.advice + scores.emergency:
        return _found("refusal", CHANCES if own_death else OTHER, scores.advice)
    return _found("support", FEELINGS, mood)


def _is_of_mood(scores: Scores, *, asks: bool, refused: bool, complaint: bool) -> bool:
    """Whether low mood may be what a message is about: a rule that refuses what is asked, or a complaint that is told,
    knows better; so does a question that holds no crisis.
    """
    if refused:
        return not asks and not complaint
    return not asks or scores.crisis >= POSSIBLE_CRISIS


def _found(kind: Kind, reason: str, score: float) -> Verdict:
    return Verdict(kind, reason=reason, rule="classifier", score=score)


def _crisis_bar(scores: Scores, message: ReadMessage) -> float:
    if scores.fear >= FEAR or not message.labels.isdisjoint({"@fears", "@own-death", "@figure-of-speech", "@long-ago"}):
        return FEARED_CRISIS
    about_others = "@general" in message.labels and message.labels.isdisjoint({"@person", "@medicine"})
    if about_others and _informs(message):
        return GENERAL_CRISIS
    return MOOD_CRISIS if scores.crisis + scores.support + scores.emergency >= MOOD else CRISIS


def _emergency_bar(message: ReadMessage) -> float:
    return GENERAL_EMERGENCY if _informs(message) and "@person" not in message.labels else EMERGENCY


def _asks(message: ReadMessage) -> bool:
    return "?" in message.text or "@question-start" in message.labels


def _informs(message: ReadMessage) -> bool:
    """Whether the message has the form of a question and tells of nothing that is now."""
    return not message.labels.isdisjoint({"@question-start", "@informs"}) and "@now" not in message.labels


def _known(message: ReadMessage, refused: Verdict) -> float:
    if "@own-death" in message.labels:  # whether someone will die is never a mere question
        return 1.0
    if message.words > MANY_WORDS:
        return LONG_INFORMATION
    return BROAD_INFORMATION if refused.reason == OTHER and _asks(message) else INFORMATION


def _feared(scores: Scores, message: ReadMessage) -> float:
    """What fear says for a refusal in a question: all of it where one's own death or a child's is asked about."""
    if not _asks(message):
        return 0.0
    return scores.fear if "@own-death" in message.labels else scores.fear / 2


def _needed(message: ReadMessage) -> float:
    """How likely a request for advice must be."""
    if "@only-informs" in message.labels:
        return INFORMED_ADVICE
    if _is_foreign(message):
        return FOREIGN_ADVICE
    if message.labels.isdisjoint({"@child-or-health", "@chances"}):
        return IMPERSONAL_ADVICE
    return ADVICE if "@person" in message.labels else IMPERSONAL_ADVICE


def _is_foreign(message: ReadMessage) -> bool:
    """Whether a message has no word of a child, of health, of chances or of a danger."""
    return message.labels.isdisjoint({"@child-or-health", "@chances"}) and danger(message) == "none"
