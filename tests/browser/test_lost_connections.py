"""What goes wrong on the way to an answer is said, and the next question is answered."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser


def test_a_lost_connection_is_said_and_the_next_question_is_answered(small: str, visit: Any) -> None:
    here = visit(small, faults=True)
    here.ask("signs")
    here.page.context.set_offline(True)
    here.page.fill("#ask", "more signs")
    here.page.press("#ask", "Enter")
    here.page.get_by_text("The connection to allchat was lost.").wait_for()
    assert here.page.input_value("#ask") == "more signs"
    here.page.context.set_offline(False)
    here.ask("more signs", turn=2)
    assert here.page.locator("#chat .said").count() == 2


def test_an_answer_cut_off_on_its_way_is_said_and_the_next_question_is_answered(small: str, visit: Any) -> None:
    here = visit(small, faults=True)
    here.ask("signs")
    for cut in (lambda route: route.abort(), lambda route: route.fulfill(status=200, body='{"data": ["<p')):
        here.page.route("**/run/ask", cut, times=1)
        here.page.fill("#ask", "more signs")
        here.page.press("#ask", "Enter")
        here.page.get_by_text("The connection to allchat was lost.").wait_for()
        assert here.page.input_value("#ask") == "more signs"
        assert here.page.locator("#working").text_content() == ""
    here.ask("more signs", turn=2)


def test_an_answer_that_never_comes_is_said_and_the_next_question_is_answered(small: str, visit: Any) -> None:
    here = visit(small, faults=True)
    here.page.evaluate(
        "const real = AbortSignal.timeout; AbortSignal.timeout = (ms) => real.call(AbortSignal, ms / 100)"
    )
    here.page.route("**/run/ask", lambda _route: None, times=1)
    here.page.fill("#ask", "signs")
    here.page.press("#ask", "Enter")
    here.page.get_by_text("The connection to allchat was lost.").wait_for()
    assert here.page.input_value("#ask") == "signs"
    here.ask("signs")


@pytest.mark.parametrize(
    ("status", "words"), [(429, "Many families are asking"), (503, "Many families"), (500, "Something broke")]
)
def test_a_question_that_is_turned_away_is_told_why(small: str, visit: Any, status: int, words: str) -> None:
    here = visit(small, faults=True)
    here.page.route("**/run/ask", lambda route: route.fulfill(status=status, json={"error": {}}), times=1)
    here.page.fill("#ask", "signs")
    here.page.press("#ask", "Enter")
    here.page.get_by_text(words).wait_for()
    here.ask("signs")
