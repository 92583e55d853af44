"""Who may ask at the page: a question is charged by its cost, and an emergency passes whatever limit is reached."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.types import Scope

from allchat.web.errors import Refusal
from allchat.web.middleware.rate_limit import Rate, cost_of
from allchat.web.page.handlers import questions


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Holds the events of the page to ``rate``. ``alarms`` says whether a rule finds a message urgent."""

    rate: Rate
    alarms: Callable[..., Awaitable[bool]]

    async def refusal(self, scope: Scope, data: Sequence[object]) -> Refusal | None:
        """Why an event is not handed on; None where it is."""
        question, history = asked_in(data)
        over = self.rate.over(scope, cost=cost_of(question, history))
        if over is None or (question.strip() and await self.alarms(question, history=history)):
            return None
        return over


def asked_in(data: Sequence[object]) -> tuple[str, tuple[str, ...]]:
    """The question of an event and those before it: four values ask, three ask the last one again, two vote."""
    if len(data) < 3:
        return "", ()
    *first, asked, _, _ = data
    before = questions(asked)
    if first:
        return first[0] if isinstance(first[0], str) else "", tuple(before)
    return (before or [""])[-1], ()
