"""What became of a question, without a word of it: what logs, metrics and counts are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from allchat.records import Answer, Trace

Door = Literal["page", "ask", "batch", "completions"]

Told = tuple[Answer, Trace | None]
"""An answer, and how it came about where that was asked for."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a question. ``kind`` is None where there is no answer, ``error`` its class.

    ``seconds`` is the whole time at the door; ``stages_ms`` are the answer's own timings. ``rule`` (that decided)
    and ``nearest`` (the document's key and the headings of the best candidate) are None where nothing is traced.
    """

    door: Door
    kind: str | None
    error: str | None
    seconds: float
    stages_ms: Mapping[str, float]
    reason: str | None = None
    rule: str | None = None
    directness: str | None = None
    nearest: tuple[str, tuple[str, ...]] | None = None


Observer = Callable[[Outcome], None]


def outcome_of(door: Door, told: Told | None, *, error: str | None, seconds: float) -> Outcome:
    """The outcome of a question that was answered, or (``told`` None) was not."""
    if told is None:
        return Outcome(door, None, error, seconds, {})
    answer, trace = told
    best = trace.hits[0] if trace is not None and trace.hits else None
    return Outcome(
        door,
        answer.kind,
        error,
        seconds,
        answer.timings_ms,
        reason=answer.reason,
        rule=_decided_by(answer, trace),
        directness=answer.directness,
        nearest=None if best is None else (best.block.document, tuple(best.heading)),
    )


def _decided_by(answer: Answer, trace: Trace | None) -> str | None:
    """The rule that decided; None where a refusal gave way to what the sources say."""
    return None if trace is None or trace.verdict.kind != answer.kind else trace.verdict.rule
