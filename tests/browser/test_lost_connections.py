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
    here.page.route("**/queue/data*", lambda route: route.abort(), times=1)
    here.page.fill("#ask", "more signs")
    here.page.press("#ask", "Enter")
    here.page.get_by_text("The connection to allchat was lost.").wait_for()
    here.ask("more signs", turn=2)
    assert here.page.locator("#working").text_content() == ""


@pytest.mark.parametrize("status", [404, 503])
def test_an_answer_that_is_not_kept_any_more_is_said_and_the_next_question_is_answered(
    small: str, visit: Any, status: int
) -> None:
    here = visit(small, faults=True)
    here.ask("signs")
    here.page.route("**/queue/data*", lambda route: route.fulfill(status=status, json={"error": {}}), times=1)
    here.page.fill("#ask", "more signs")
    here.page.press("#ask", "Enter")
    here.page.get_by_text("The connection to allchat was lost.").wait_for()
    assert here.page.input_value("#ask") == "more signs"
    here.ask("more signs", turn=2)


@pytest.mark.parametrize(
    ("status", "words"), [(429, "Many families are asking"), (503, "Many families"), (500, "Something broke")]
)
def test_a_question_that_is_turned_away_is_told_why(small: str, visit: Any, status: int, words: str) -> None:
    here = visit(small, faults=True)
    here.page.route("**/queue/join*", lambda route: route.fulfill(status=status, json={"error": {}}), times=1)
    here.page.fill("#ask", "signs")
    here.page.press("#ask", "Enter")
    here.page.get_by_text(words).wait_for()
    here.ask("signs")


def test_a_pages_session_is_named_by_the_browsers_generator_for_secrets(small: str, visit: Any) -> None:
    here = visit(small)
    sessions: list[str] = []
    here.page.on(
        "request", lambda sent: "queue/join" in sent.url and sessions.append(sent.post_data_json["session_hash"])
    )
    assert "native code" not in here.page.evaluate("Math.random.toString()")
    drawn = here.page.evaluate("Array.from({length: 1000}, Math.random)")
    assert len(set(drawn)) == 1000
    assert 0 <= min(drawn) < 0.05 < 0.95 < max(drawn) < 1
    here.ask("signs")
    assert len(sessions[0]) >= 8
    here.page.evaluate("() => { crypto.getRandomValues = (into) => into.fill(7); }")
    assert here.page.evaluate("Math.random() === Math.random()")
