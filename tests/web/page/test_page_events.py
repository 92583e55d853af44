"""The page's events, as Gradio calls them; everything from the browser is doubted."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_chat import SmallChat

from allchat.errors import QuestionError
from allchat.sources.glossary import Glossary
from allchat.web.page.blocks import build_page
from allchat.web.page.handlers import SHOWN, Handlers, questions
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


def shown(updates: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(NAMES, updates, strict=True))


def ask(
    page: Handlers, question: object, before: dict[str, Any] | None = None, *, language: object = "en"
) -> dict[str, Any]:
    before = before or {"asked": "[]", "trail": Trail().to_json()}
    return shown(page.ask(question, before["asked"], before["trail"], language))


def test_a_question_brings_its_answer_its_sources_and_what_follows() -> None:
    after = ask(handlers(), "What are the <signs>?")
    post = after["post"]
    assert post.startswith('<h3 class="asked">What are the &lt;signs&gt;?</h3>')
    assert 'href="#t1q1"' in post
    assert 'id="t1q1"' in post.partition('<div class="sources">')[2]
    assert re.findall(r'<button type="button" class="start">(.*?)</button>', post) == [
        "How is it treated?",
        "Do they go away?",
        "What is next?",
    ]
    assert questions(after["asked"]) == ["What are the <signs>?"]


def test_the_earlier_questions_go_along_and_no_answer_does() -> None:
    chat = SmallChat()
    page = handlers(chat)
    first = ask(page, "*signs* & more?")
    ask(page, "do they go away?", first)
    assert chat.asked[-1] == ("do they go away?", ("*signs* & more?",))


def test_names_of_marks_never_repeat_from_turn_to_turn() -> None:
    page = handlers()
    second = ask(page, "signs", ask(page, "signs"))
    assert 'href="#t2q1"' in second["post"]
    assert (second["post"].count('id="t1q1"'), second["post"].count('id="t2q1"')) == (0, 1)


def test_not_what_i_meant_asks_the_last_question_on_its_own() -> None:
    chat = SmallChat()
    page = handlers(chat)
    second = ask(page, "do they go away?", ask(page, "signs"))
    assert 'class="again"' in second["post"]
    third = shown(page.again(second["asked"], second["trail"], "en"))
    assert chat.asked[-1] == ("do they go away?", ())
    assert 'class="again"' not in third["post"]


def test_not_what_i_meant_before_any_question_asks_for_one() -> None:
    assert WORDS["nothing_asked"] in shown(handlers().again("[]", None, "en"))["post"]


def test_after_an_alarm_its_call_line_stays_above_every_later_answer() -> None:
    page = handlers()
    alarm = ask(page, "emergency")
    later = ask(page, "signs", alarm)
    last = ask(page, "football", later)
    for after in (later, last):
        assert re.search(r'<div class="said of-\w+">\s*<div class="kept urgent">', after["post"])
    assert "kept" not in alarm["post"]


def test_an_urgent_answer_comes_without_sources_or_suggestions() -> None:
    after = ask(handlers(), "emergency")
    assert re.search(r'<div class="said of-urgent">\s*<div class="urgent">', after["post"])
    assert '<div class="sources"></div>' in after["post"]
    assert 'class="next"' not in after["post"]


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
def test_what_is_no_question_is_told_and_changes_nothing(question: object, words: str) -> None:
    after = ask(handlers(), question)
    assert WORDS[words] in after["post"]
    assert 'class="said' not in after["post"]
    assert (after["asked"], after["trail"], after["message"]) == (None, None, None)


def test_a_question_that_is_too_long_is_told_the_limit() -> None:
    assert "100 characters" in ask(handlers(), "x" * 101)["post"]


@pytest.mark.parametrize("question", ["withheld", "store", "crash"])
def test_a_fault_says_that_it_is_one_and_repeats_the_question(question: str, caplog: pytest.LogCaptureFixture) -> None:
    after = ask(handlers(), f"{question} zebrafish")
    assert "Something broke on our side" in after["post"]
    assert "does not mean that the sources say nothing" in after["post"]
    assert f'<h3 class="asked">{question} zebrafish</h3>' in after["post"]
    assert "zebrafish" not in caplog.text


def test_a_long_conversation_keeps_its_last_questions() -> None:
    page, after = handlers(), None
    for number in range(25):
        after = ask(page, f"signs {number}", after)
    assert after is not None
    assert questions(after["asked"]) == [f"signs {number}" for number in range(15, 25)]
    assert 'href="#t25q1"' in after["post"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["role", "content", "text", "type"]), inner)
    ),
    max_leaves=8,
)


@settings(deadline=None)  # the first one reads the wording of every language
@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_nothing_a_browser_sends_breaks_the_page(
    question: object, conversation: object, trail: object, language: object
) -> None:
    page = handlers()
    assert len(page.ask(question, conversation, trail, language)) == len(NAMES)
    assert len(page.again(json.dumps(conversation), trail, language)) == len(NAMES)
    assert 'class="told"' in page.vote("yes", question, language)


@pytest.mark.parametrize("value", [None, 7, [], "", "{", "{}", '"a"', "[" * 10_000, "[1, null, [], {}]"])
def test_earlier_questions_of_another_shape_are_none(value: object) -> None:
    assert questions(value) == []
    assert questions('["a?", 3, "b"]') == ["a?", "b"]


def test_the_page_sends_nothing_out_and_keeps_no_runs() -> None:
    page = build_page(handlers())
    assert page.analytics_enabled is False
    assert [function.api_name for function in page.fns.values()] == ["ask", "again", "vote"]
    assert not any(function.queue or function.api_visibility == "public" for function in page.fns.values())


# Languages


def test_on_a_spanish_page_our_words_are_asked_for_in_spanish_and_on_an_english_one_in_the_questions_own() -> None:
    chat = SmallChat()
    after = ask(handlers(chat), "signs", language="es")
    ask(handlers(chat), "signs", language="en")
    assert chat.languages == ["es", None]
    assert "La respuesta 1 está lista" in after["post"]
    assert "Revisado por última vez el 2 de septiembre de 2022" in after["post"]
    assert "&amp;lang=es" in after["post"]


def test_a_starting_question_in_spanish_is_searched_for_in_the_sources_language() -> None:
    chat = SmallChat()
    page = handlers(chat)
    spanish, english = (words["starters"][0]["questions"][1] for words in (SPANISH, WORDS))
    first = ask(page, spanish, language="es")
    assert chat.asked[-1] == (english, ())
    assert questions(first["asked"]) == [spanish]
    assert f"Entendido como: {english}"[:-1] in first["post"]
    assert 'class="again"' not in first["post"]
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
    assert 'class="votes"' not in after["post"]
    page.vote("yes", "0" * 16, "en")
    assert list(tmp_path.iterdir()) == []


def test_a_vote_is_kept_with_the_messages_random_name_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "votes.jsonl"
    page = handlers(votes=Votes(file))
    first, second = ask(page, "signs of zebrafish"), ask(page, "signs of zebrafish")
    assert 'class="votes"' in first["post"]
    assert first["message"] != second["message"]
    assert SPANISH["vote_thanks"] in page.vote("wrong_quote", first["message"], "es")
    page.vote("yes", second["message"], "en")
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert rows == [
        {"message": first["message"], "vote": "wrong_quote"},
        {"message": second["message"], "vote": "yes"},
    ]


@pytest.mark.parametrize("name", ["", "zebrafish", None, 7, "0" * 15, "0" * 17, "G" * 16, "0" * 16 + "\n"])
def test_what_is_no_vote_is_not_kept(name: object, tmp_path: Path) -> None:
    file = tmp_path / "votes.jsonl"
    assert WORDS["broken"] in handlers(votes=Votes(file)).vote("yes", name, "en")
    with pytest.raises(QuestionError, match="not a vote"):
        Votes(file).add("zebrafish", message="0" * 16)
    assert not file.exists()


def test_a_vote_that_cannot_be_written_is_told_and_logs_no_question(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    votes = Votes(tmp_path / "nowhere" / "votes.jsonl")
    page = handlers(votes=votes)
    assert WORDS["broken"] in page.vote("yes", votes.new_message(), "en")
    assert caplog.messages == ["a vote was not kept: StoreError"]


def test_an_urgent_answer_asks_for_no_vote(tmp_path: Path) -> None:
    assert 'class="votes"' not in ask(handlers(votes=Votes(tmp_path / "votes.jsonl")), "emergency")["post"]
