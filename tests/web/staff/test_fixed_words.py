"""An answer that is pasted whole: its quotes are looked up, and what allchat says itself is told apart from them."""

from __future__ import annotations

import html
import re

import pytest
from fastapi.testclient import TestClient
from staff_forms import send

from allchat.chat import Chat
from allchat.web.staff.fixed_words import FixedWords, fixed_words, unmarked
from allchat.web.staff.views import views


@pytest.fixture(scope="module")
def ours(small_chat: Chat) -> FixedWords:
    return fixed_words(small_chat, views(small_chat))


QUESTIONS = {
    "how often is the fever thermometer read": "answer",
    "what about aspirin for a headache": "answer",
    "How much dexamethasone should I give her?": "refusal",
    "she has a fever of 39 and is shaking": "urgent",
    "hello": "chat",
    "thank you": "chat",
    "what is the best recipe for apple pie": "out_of_scope",
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_of_an_answer_that_is_as_it_was_given_is_taken_for_an_altered_quote(
    nurse: TestClient, small_chat: Chat, question: str
) -> None:
    answer = small_chat.ask(question)
    assert answer.kind == QUESTIONS[question]
    page = send(nurse, "/staff/answer", text=answer.text).text
    assert re.findall(r'<section class="card wrong">.*?</blockquote>', page, re.DOTALL) == []
    assert 'class="say wrong"' not in page
    assert ('class="say right" role="status"' in page) == bool(answer.citations)
    assert ("This quotes nothing" in page) != bool(answer.citations)


def test_a_word_that_was_changed_in_a_pasted_answer_is_still_told(nurse: TestClient, small_chat: Chat) -> None:
    text = small_chat.ask("how often is the fever thermometer read").text
    assert "twice" in text
    page = send(nurse, "/staff/answer", text=text.replace("twice", "thrice")).text
    assert page.count('<section class="card wrong">') == 1
    assert "thrice" in "".join(re.findall(r"<del><span.*?</del>", page))


def test_what_the_families_page_copies_is_told_apart_from_the_quotes(nurse: TestClient, small_chat: Chat) -> None:
    document = next(iter(small_chat.documents.values()))
    link = f"https://ward.example/allchat/source/{document.key}@0123456789abcdef?start=5&end=9#marked"
    copied = f"It makes blood cells all day long. [1]\nYou could ask next:\n\n[1] {document.title}. {link}\n"
    page = send(nurse, "/staff/answer", text=copied).text
    assert "Every quote in it stands in the sources word for word." in page
    assert html.escape(link) in page


def test_a_sentence_of_ours_is_known_only_as_it_is(ours: FixedWords, small_chat: Chat) -> None:
    title = next(iter(small_chat.documents.values())).title
    lead = "Here is what the sources say. Each number leads to the words in their place."
    assert ours.hold(lead)
    assert ours.hold("Here is what the sources say.")
    assert not ours.hold(lead.replace("say", "said"))
    assert ours.hold(f"Our copy of “{title}” has no date.")
    assert not ours.hold("Our copy of “Aspirin is good for her” has no date.")
    assert ours.hold(f"“{title}” was last revised on May 2, 2021.")
    assert not ours.hold(f"“{title}” was last revised on the day when all children are cured and well again.")


def test_the_words_of_an_emergency_are_known_with_an_operators_number(small_chat: Chat, ours: FixedWords) -> None:
    said = small_chat.ask("she has a fever of 39 and is shaking").text
    first = unmarked(said).splitlines()[0]
    assert "911" in first
    assert ours.hold(first)
    assert not ours.hold(first.replace("911", "123"))


def test_a_question_that_is_like_a_sentence_of_a_source_is_compared_with_it(nurse: TestClient) -> None:
    page = send(nurse, "/staff/answer", text="It makes blood cells all night long?").text
    assert '<section class="card wrong">' in page
    assert "no quotes" not in page
