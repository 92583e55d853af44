"""The page's events, as Gradio calls them; everything from the browser is doubted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_chat import SmallChat

from allchat.errors import QuestionError
from allchat.sources.glossary import Glossary
from allchat.web.page.blocks import build_page
from allchat.web.page.handlers import BUTTONS, SHOWN, Handlers, messages, questions
from allchat.web.page.messages import page_words
from allchat.web.page.trail import Trail
from allchat.web.page.votes import Votes
from allchat.wording import LANGUAGES

ALL_WORDS = {language: page_words(language) for language in LANGUAGES}
WORDS, SPANISH = ALL_WORDS["en"], ALL_WORDS["es"]
NAMES = SHOWN


def handlers(chat: SmallChat | None = None, *, votes: Votes | None = None) -> Handlers:
    chat = chat or SmallChat()
    glossary = Glossary.of(chat.documents, {key: chat.outline(key) for key in chat.documents})
    return Handlers(chat, ALL_WORDS, 100, lambda _chat: glossary, votes)


def shown(updates: list[Any]) -> dict[str, Any]:
    assert len(updates) == len(NAMES) + BUTTONS
    return dict(zip(NAMES, updates, strict=False)) | {"slots": updates[len(NAMES) :]}


def ask(
    page: Handlers, question: object, before: dict[str, Any] | None = None, *, language: object = "en"
) -> dict[str, Any]:
    before = before or {"chat": [], "trail": Trail().to_json()}
    return shown(page.ask(question, before["chat"], before["trail"], language))


def test_a_question_brings_its_answer_its_sources_and_what_follows() -> None:
    after = ask(handlers(), "What are the <signs>?")
    assert [row["role"] for row in after["chat"]] == ["user", "assistant"]
    assert "<signs>" not in after["chat"][0]["content"]
    assert "(#t1q1)" in after["chat"][1]["content"]
    assert 'id="t1q1"' in after["sources"]
    assert after["box"] == ""
    assert [slot["value"] for slot in after["slots"]] == ["How is it treated?", "Do they go away?", "What is next?"]
    assert after["starters"]["visible"] is False


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
    third = shown(page.again(second["chat"], second["trail"], "en"))
    assert chat.asked[-1] == ("do they go away?", ())
    assert third["again"]["visible"] is False


def test_not_what_i_meant_before_any_question_asks_for_one() -> None:
    assert WORDS["nothing_asked"] in shown(handlers().again([], None, "en"))["status"]


def test_after_an_alarm_its_call_line_stays_above_every_later_answer() -> None:
    page = handlers()
    alarm = ask(page, "emergency")
    later = ask(page, "signs", alarm)
    last = ask(page, "football", later)
    for said in (later["chat"][3]["content"], last["chat"][5]["content"]):
        assert said.startswith('<div class="kept urgent">')
    assert "kept" not in alarm["chat"][1]["content"]
    assert shown(page.clear("en"))["trail"] == Trail().to_json()


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
    after = shown(handlers().clear("en"))
    assert after["chat"] == []
    assert after["trail"] == Trail().to_json()
    assert WORDS["cleared"] in after["status"]
    assert after["starters"]["visible"] is True
    assert not any(slot["visible"] for slot in after["slots"])


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


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_nothing_a_browser_sends_breaks_the_page(
    question: object, conversation: object, trail: object, language: object
) -> None:
    page = handlers()
    assert len(page.ask(question, conversation, trail, language)) == len(NAMES) + BUTTONS
    assert page.speak(language, conversation, trail)["language"] in LANGUAGES
    assert len(page.vote("yes", question, language)) == 2


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
    page = build_page(handlers(), language="en")
    assert page.analytics_enabled is False
    assert page.state_session_capacity == 200
    assert all(function.api_visibility == "private" for function in page.fns.values())


# Languages


def test_on_a_spanish_page_our_words_are_asked_for_in_spanish_and_on_an_english_one_in_the_questions_own() -> None:
    chat = SmallChat()
    after = ask(handlers(chat), "signs", language="es")
    ask(handlers(chat), "signs", language="en")
    assert chat.languages == ["es", None]
    assert "La respuesta 1 está lista" in after["status"]
    assert "Revisado por última vez el 2 de septiembre de 2022" in after["sources"]
    assert "&amp;lang=es" in after["sources"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_can_change_its_language_and_keeps_its_conversation(language: str) -> None:
    page = handlers()
    before = ask(page, "signs")
    said = page.speak(language, before["chat"], before["trail"])
    assert "chat" in said
    assert "value" not in said["chat"]
    assert 'id="t1q1"' in said["sources"]
    assert said["box"]["label"] == ALL_WORDS[language]["question_label"]
    assert said["status"].endswith(f" {language}</span>")


def test_a_starting_question_in_spanish_is_searched_for_in_the_sources_language() -> None:
    chat = SmallChat()
    page = handlers(chat)
    spanish, english = (words["starters"][0]["questions"][1] for words in (SPANISH, WORDS))
    first = ask(page, spanish, language="es")
    assert chat.asked[-1] == (english, ())
    assert questions(first["chat"]) == [spanish]
    assert f"Entendido como: {english}"[:-1] in first["chat"][1]["content"]
    assert first["again"]["visible"] is False
    ask(page, "and then?", first, language="es")
    assert chat.asked[-1] == ("and then?", (english,))


def test_every_language_has_as_many_starting_questions_in_each_group() -> None:
    shapes = [[len(group["questions"]) for group in words["starters"]] for words in ALL_WORDS.values()]
    assert all(shape == shapes[0] for shape in shapes)


# Votes


def test_without_a_file_for_votes_nothing_is_asked_and_nothing_is_kept(tmp_path: Path) -> None:
    page = handlers()
    after = ask(page, "signs")
    assert after["message"] == ""
    assert after["votes"]["visible"] is False
    page.vote("yes", "0" * 16, "en")
    assert list(tmp_path.iterdir()) == []


def test_a_vote_is_kept_with_the_messages_random_name_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "votes.jsonl"
    page = handlers(votes=Votes(file))
    first, second = ask(page, "signs of zebrafish"), ask(page, "signs of zebrafish")
    assert first["votes"]["visible"] is True
    assert first["message"] != second["message"]
    status, row = page.vote("wrong_quote", first["message"], "es")
    assert SPANISH["vote_thanks"] in status
    assert row["visible"] is False
    page.vote("yes", second["message"], "en")
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert rows == [
        {"message": first["message"], "vote": "wrong_quote"},
        {"message": second["message"], "vote": "yes"},
    ]


@pytest.mark.parametrize("name", ["", "zebrafish", None, 7, "0" * 15, "0" * 17, "G" * 16, "0" * 16 + "\n"])
def test_what_is_no_vote_is_not_kept(name: object, tmp_path: Path) -> None:
    file = tmp_path / "votes.jsonl"
    status, _ = handlers(votes=Votes(file)).vote("yes", name, "en")
    assert WORDS["broken"] in status
    with pytest.raises(QuestionError, match="not a vote"):
        Votes(file).add("zebrafish", message="0" * 16)
    assert not file.exists()


def test_a_vote_that_cannot_be_written_is_told_and_logs_no_question(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    page = handlers(votes=Votes(tmp_path / "nowhere" / "votes.jsonl"))
    status, _ = page.vote("yes", "0" * 16, "en")
    assert WORDS["broken"] in status
    assert caplog.messages == ["a vote was not kept: StoreError"]


def test_an_urgent_answer_asks_for_no_vote(tmp_path: Path) -> None:
    assert ask(handlers(votes=Votes(tmp_path / "votes.jsonl")), "emergency")["votes"]["visible"] is False
