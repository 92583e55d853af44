"""The page's events, as Gradio calls them; everything from the browser is doubted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_chat import SmallChat

from allchat.render import Trail, page_words
from allchat.ui import BUTTONS, Handlers, build_page, messages, questions

WORDS = page_words()
NAMES = ("chat", "trail", "sources", "box", "status", "again")


def handlers(chat: SmallChat | None = None) -> Handlers:
    return Handlers(chat or SmallChat(), WORDS, ("First?", "Second?"), 100)


def shown(updates: list[Any]) -> dict[str, Any]:
    assert len(updates) == len(NAMES) + BUTTONS
    return dict(zip(NAMES, updates, strict=False)) | {"slots": updates[len(NAMES) :]}


def ask(page: Handlers, question: object, before: dict[str, Any] | None = None) -> dict[str, Any]:
    before = before or {"chat": [], "trail": Trail().to_json()}
    return shown(page.ask(question, before["chat"], before["trail"]))


def test_a_question_brings_its_answer_its_sources_and_what_follows() -> None:
    after = ask(handlers(), "What are the <signs>?")
    assert [row["role"] for row in after["chat"]] == ["user", "assistant"]
    assert "<signs>" not in after["chat"][0]["content"]
    assert "(#t1q1)" in after["chat"][1]["content"]
    assert 'id="t1q1"' in after["sources"]
    assert after["box"] == ""
    assert [slot["value"] for slot in after["slots"]] == ["How is it treated?", "Do they go away?", "What is next?", ""]
    assert after["slots"][3]["visible"] is False


def test_the_earlier_questions_go_along_and_no_answer_does() -> None:
    chat = SmallChat()
    page = handlers(chat)
    first = ask(page, "*signs* & more?")
    ask(page, "do they go away?", first)
    assert chat.asked[-1] == ("do they go away?", ("*signs* & more?",))


def test_names_of_marks_never_repeat_from_turn_to_turn() -> None:
    page = handlers()
    second = ask(page, "signs", ask(page, "signs"))
    assert "(#t2q1)" in second["chat"][3]["content"]
    assert second["sources"].count('id="t1q1"') == second["sources"].count('id="t2q1"') == 1


def test_not_what_i_meant_asks_the_last_question_on_its_own() -> None:
    chat = SmallChat()
    page = handlers(chat)
    second = ask(page, "do they go away?", ask(page, "signs"))
    assert second["again"]["visible"] is True
    third = shown(page.again(second["chat"], second["trail"]))
    assert chat.asked[-1] == ("do they go away?", ())
    assert third["again"]["visible"] is False


def test_not_what_i_meant_before_any_question_asks_for_one() -> None:
    assert WORDS["nothing_asked"] in shown(handlers().again([], None))["status"]


def test_an_urgent_answer_comes_without_sources_or_suggestions() -> None:
    after = ask(handlers(), "emergency")
    assert after["chat"][1]["content"].startswith('<div class="urgent">')
    assert WORDS["sources_urgent"] in after["sources"]
    assert not any(slot["visible"] for slot in after["slots"])


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("", "nothing_asked"),
        ("  \n", "nothing_asked"),
        (None, "nothing_asked"),
        (7, "nothing_asked"),
        ("unreadable", "not_text"),
        ("crowded", "busy"),
    ],
)
def test_what_is_no_question_changes_nothing_but_the_status(question: object, words: str) -> None:
    after = ask(handlers(), question)
    assert WORDS[words] in after["status"]
    assert after["chat"]["__type__"] == after["box"]["__type__"] == "update"


def test_a_question_that_is_too_long_is_told_the_limit() -> None:
    assert "100 characters" in ask(handlers(), "x" * 101)["status"]


@pytest.mark.parametrize("question", ["withheld", "store", "crash"])
def test_a_fault_says_that_it_is_one_and_keeps_the_question_in_the_box(
    question: str, caplog: pytest.LogCaptureFixture
) -> None:
    after = ask(handlers(), f"{question} zebrafish")
    assert "Something broke on our side" in after["chat"][1]["content"]
    assert "does not mean that the sources say nothing" in after["chat"][1]["content"]
    assert after["box"] == f"{question} zebrafish"
    assert "zebrafish" not in caplog.text


def test_clearing_leaves_nothing_behind() -> None:
    after = shown(handlers().clear())
    assert after["chat"] == []
    assert after["trail"] == Trail().to_json()
    assert WORDS["cleared"] in after["status"]
    assert [slot["value"] for slot in after["slots"]][:2] == ["First?", "Second?"]


def test_two_equal_statuses_differ_for_the_script_that_waits_for_them() -> None:
    page = handlers()
    assert ask(page, "")["status"] != ask(page, "")["status"]


def test_a_long_conversation_keeps_its_last_turns() -> None:
    page, after = handlers(), None
    for _ in range(25):
        after = ask(page, "signs", after)
    assert after is not None
    assert len(after["chat"]) == 40
    assert "(#t25q1)" in after["chat"][-1]["content"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["role", "content", "text", "type"]), inner)
    ),
    max_leaves=8,
)


@given(ANYTHING, ANYTHING, ANYTHING)
def test_nothing_a_browser_sends_breaks_the_page(question: object, conversation: object, trail: object) -> None:
    assert len(handlers().ask(question, conversation, trail)) == len(NAMES) + BUTTONS


def test_messages_of_both_shapes_are_read() -> None:
    parts = [{"type": "text", "text": "### a&#63;"}, {"type": "file"}]
    rows = [
        {"role": "user", "content": parts},
        {"role": "user", "content": "### b"},
        {"role": "system", "content": "x"},
        3,
    ]
    assert questions(rows) == ["a?", "b"]
    assert len(messages(rows)) == 2


def test_the_page_sends_nothing_out_and_keeps_no_runs() -> None:
    page = build_page(SmallChat(), words=WORDS, question_limit=100)
    assert page.analytics_enabled is False
    assert page.state_session_capacity == 200
    assert all(function.api_visibility == "private" for function in page.fns.values())
