"""Whom a question is about, and to whom a general figure may be offered."""

from __future__ import annotations

import pytest

from allchat.answering.people import holds_figure, is_of_life, may_see_figures, person_asked_about
from allchat.guard.guard import Guard

GUARD = Guard.load()


@pytest.mark.parametrize(
    "text",
    [
        "My son starts vincristine on Monday. What is it for?",
        "what is a lumbar puncture, our little girl gets one",
        "Why does she need a port?",
        "Mi hija recibe vincristina. ¿Para qué sirve?",
    ],
)
def test_a_particular_child_is_named(text: str) -> None:
    assert person_asked_about(GUARD.read(text)) == "your_child"


@pytest.mark.parametrize("text", ["I'm 15 and I have leukemia. What is maintenance?", "what is my leukemia called"])
def test_one_who_is_ill_is_told_of_themselves(text: str) -> None:
    assert person_asked_about(GUARD.read(text)) == "yourself"


@pytest.mark.parametrize(
    "text",
    [
        "What is maintenance therapy?",
        "Explain to me what a port is",
        "What happens when a child loses her hair?",
        "Do children feel ill when they get methotrexate?",
        "I want to understand remission",
        "¿Qué es la quimioterapia?",
    ],
)
def test_a_general_question_names_nobody(text: str) -> None:
    assert person_asked_about(GUARD.read(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "Will my daughter survive this?", "Is my boy going to die?", "What are her odds", "will he pull through",
        "¿Se va a morir mi hijo?", "will it come back in our son", "how long does she have", "is he going to be okay",
        "what is my son's life expectancy",
    ],
)  # fmt: skip
def test_life_and_death_are_asked_about(text: str) -> None:
    assert is_of_life(text)


@pytest.mark.parametrize("text", ["Will chemo make my daughter infertile?", "When will his hair grow again?"])
def test_a_side_effect_years_from_now_is_not_life_and_death(text: str) -> None:
    assert not is_of_life(text)


def test_a_parent_may_see_the_figure() -> None:
    assert may_see_figures(["What is induction?", "Is my boy going to die?"], named=frozenset({"first_treatment"}))


@pytest.mark.parametrize(
    ("messages", "named"),
    [
        (["am I going to die? I am nine"], ()),
        (["I'm 14 and have ALL", "what are the odds"], ()),
        (["my mom says I'm going to die"], ()),
        (["¿me voy a morir? tengo leucemia"], ()),
        (["She had a transplant in May", "will she live"], ()),
        (["will she live"], ("relapse",)),
        (["will she live"], ("refractory",)),
        (["will she live"], ("infant",)),
        (["will she live"], ("end_of_life",)),
    ],
)
def test_a_figure_that_may_not_hold_or_may_frighten_is_kept_back(messages: list[str], named: tuple[str, ...]) -> None:
    assert not may_see_figures(messages, named=frozenset(named))


def test_a_figure_is_known_by_its_form() -> None:
    assert holds_figure("More than 95% of children reach it.")
    assert holds_figure("9 out of 10 children")
    assert not holds_figure("Treatment lasts 2 to 3 years.")
