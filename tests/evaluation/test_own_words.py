"""An answer is held against the wording by the names of its sentences, and against its citations by their numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from allchat.chat import Chat
from allchat.evaluation.own_words import free_texts, is_ours, unfounded
from allchat.parts import Fixed, Line, Listed, Part, Quoted, Title
from allchat.records import Answer
from allchat.wording import load_wording

WORDING = load_wording()


@pytest.fixture(scope="module")
def answer(small_chat: Chat) -> Answer:
    return small_chat.ask("which medicines are forbidden at home")


def known(answer: Answer) -> set[str]:
    ours = (part for part in (*answer.parts.said, *answer.parts.notes) if isinstance(part, Fixed))
    return {value for part in ours for _, value in part.values}


def with_said(answer: Answer, *said: Part) -> Answer:
    return replace(answer, parts=replace(answer.parts, said=said))


def test_an_answer_as_it_was_composed_is_founded(answer: Answer) -> None:
    assert any(isinstance(part, Quoted) for part in answer.parts.said)
    assert unfounded(answer, known=known(answer)) == ()
    assert set(unfounded(answer, known=())) == known(answer)


def test_a_text_that_shows_more_than_its_parts_is_told(answer: Answer) -> None:
    text = f"{answer.text}\n\nGive aspirin."
    assert unfounded(replace(answer, text=text), known=known(answer)) == (text,)


@pytest.mark.parametrize(
    "change",
    [
        lambda line: replace(line, words=line.words.replace("not ", "")),
        lambda line: replace(line, number=line.number + 1),
    ],
)
def test_a_quoted_line_under_a_number_that_does_not_say_it_is_told(answer: Answer, change: Any) -> None:
    (frame,) = (part for part in answer.parts.said if isinstance(part, Quoted))
    lines = tuple(map(change, frame.lines))
    assert lines[0].words in unfounded(with_said(answer, replace(frame, lead=(), lines=lines)), known=known(answer))


def test_a_sentence_is_ours_by_its_name_and_its_words() -> None:
    lead = WORDING.said("answer.lead")
    assert is_ours(lead)
    assert not is_ours(replace(lead, sentence="Aspirin is safe."))
    assert not is_ours(replace(lead, name="answer.closest"))
    assert not is_ours(replace(lead, language="es"))


def test_whom_to_call_is_ours_in_every_language_that_we_say_it_in(small_chat: Chat) -> None:
    answer = small_chat.ask("mon fils a de la fièvre, que dois-je faire")
    assert [part.language for part in answer.parts.said if isinstance(part, Fixed)] == ["fr", "en"]
    assert unfounded(answer, known={"911"}) == ()


def test_what_fills_a_sentence_and_what_is_listed_is_free_text() -> None:
    source = WORDING.said("answer.source_section", {"attribution": "My neighbour", "heading": "Fever"})
    listed = Listed((Title("Treatment", "leaflet", 1), WORDING.said("answer.lead"), Fixed("x", "en", "Not ours.")))
    quoted = Quoted((), (Line("Quoted.", None, 1, ends=True),))
    assert list(free_texts([source, quoted, listed])) == ["My neighbour", "Fever", "Treatment", "Not ours."]
