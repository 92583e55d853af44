"""What a parent on a phone has in sight, from the first bytes to the next question, at four sizes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from walk import CONVERSATIONS, MORE, PHONES, Tally, walk

pytestmark = pytest.mark.browser
FIRST = "the first quote above the fold of an answer"


def walked(real: str, visit: Any, ways: Iterable[tuple[tuple[int, int], Sequence[tuple[str, ...]]]]) -> Tally:
    """Walks each size's conversations in one page of one window, which is empty afterwards."""
    tally = Tally()
    for size, conversations in ways:
        page = visit(real, size=size, has_touch=True, is_mobile=True).page
        for questions in conversations:
            walk(page, real, questions, tally)
        page.goto("about:blank")  # a page left open keeps a processor busy
    print("\n" + "\n".join(tally.lines()))  # noqa: T201
    return tally


def test_a_parent_on_a_phone_has_in_sight_what_is_needed(real: str, visit: Any) -> None:
    """Six conversations, each at one size; with ``WALK_ALL=1`` twenty, each at all four."""
    ways = [(size, CONVERSATIONS[number :: len(PHONES)]) for number, size in enumerate(PHONES)]
    if os.environ.get("WALK_ALL"):
        ways = [(size, (*CONVERSATIONS, *MORE)) for size in PHONES]
    assert missed(walked(real, visit, ways)) == []


def missed(tally: Tally) -> list[str]:
    """What was not as it should be."""
    rare = [name for name in tally.held if tally.share(name) < (0.95 if name == FIRST else 1)]
    bounds = {"layout shift": 0.05, "pixels that the box moves": 1, "words before the first quote": 12}
    return [*rare, *(name for name, most in bounds.items() if tally.most[name] > most)]
