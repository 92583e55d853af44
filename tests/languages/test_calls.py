"""Whoever writes in a language in which nothing is searched is told whom to call, and is answered in no other."""

from __future__ import annotations

import pytest
from page_parts import message

from allchat.chat import Chat
from allchat.languages import calls as module
from allchat.languages.calls import call_parts, calls
from allchat.languages.recognise import UNKNOWN
from allchat.web.page.messages import page_words

ASKED = {
    "fr": "mon fils a de la fièvre, que dois-je faire",
    "de": "meine Tochter blutet aus der Nase",
    "pt": "meu filho não consegue respirar",
    "zh": "我儿子发烧了",
    "ar": "ابني عنده حمى",
    "hi": "मेरे बेटे को बुखार है",
    "vi": "con tôi bị sốt 39 độ",
    "tl": "hindi makahinga ang anak ko",
    "ru": "у сына температура 39",
}


@pytest.mark.parametrize(("code", "question"), ASKED.items())
def test_each_language_is_met_in_its_own_words_with_the_emergency_number(
    code: str, question: str, small_chat: Chat
) -> None:
    answer = small_chat.ask(question)
    assert answer.kind == "out_of_scope"
    assert answer.reason == "language"
    assert answer.text.startswith(calls()[code].text.partition("{")[0])
    assert answer.text.count("911") == 2  # not signed: the English sentence stands below
    assert not answer.citations
    assert small_chat.ask(question, language="es").text == answer.text


def test_an_alarm_in_english_words_is_never_lost_in_another_language(small_chat: Chat) -> None:
    answer = small_chat.ask("mon fils a de la fièvre depuis hier soir, he can not breathe")
    assert "911" in answer.text


def test_a_signed_sentence_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    signed = calls() | {"fr": calls()["fr"].model_copy(update={"signed": "A. Nurse, 2026-11-30"})}
    monkeypatch.setattr(module, "calls", lambda: signed)
    assert [part.language for part in call_parts("fr", emergency_number="112")] == ["fr"]
    assert [part.language for part in call_parts("de", emergency_number="112")] == ["de", "en"]


def test_a_language_that_is_not_known_is_met_in_english() -> None:
    (part,) = call_parts(UNKNOWN, emergency_number="112")
    assert part.filled() == calls()["en"].text.format(emergency_number="112")


def test_every_paragraph_is_marked_with_its_language_and_direction(small_chat: Chat) -> None:
    shown = message(small_chat.ask(ASKED["ar"]), small_chat, turn=1, words=page_words("en"))
    assert '<div lang="ar" dir="rtl">' in shown
    assert '<div lang="en" dir="ltr">' in shown
    assert '<a href="tel:911">911</a>' in shown


def test_a_spanish_answer_on_the_english_page_is_marked_as_spanish(small_chat: Chat) -> None:
    answer = small_chat.ask("mi hijo tiene fiebre de 39")
    shown = message(answer, small_chat, turn=1, words=page_words("en"))
    assert shown.startswith('<div lang="es">')
    assert '<p class="note" lang="es">' in shown
    assert 'lang="es"' not in message(answer, small_chat, turn=1, words=page_words("es"))
    assert "lang=" not in message(small_chat.ask("What is a wig?"), small_chat, turn=1, words=page_words("en"))
