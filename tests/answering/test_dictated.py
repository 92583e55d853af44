"""What dictation and copying leave in a question does not change what is searched."""

from __future__ import annotations

from pathlib import Path

import pytest
from places import ROOT

from allchat.answering.dictated import written
from allchat.chat import Chat


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("what is a port question mark", "what is a port?"),
        ("um what is what is a port", "what is a port"),
        ("what is induction see https://cancer.gov/x?y=1 thanks", "what is induction see thanks"),
        ("qué es la inducción signo de interrogación", "qué es la inducción?"),
        ("What is a lumbar puncture?", "What is a lumbar puncture?"),
        ("vitamin A a day", "vitamin A a day"),
        ("https://cancer.gov", "https://cancer.gov"),
    ],
)
def test_a_question_is_searched_as_it_would_have_been_written(said: str, meant: str) -> None:
    assert written(said) == meant


@pytest.mark.parametrize(
    ("plain", "others"),
    [
        (
            "what is induction",
            ["what is induction question mark", "um what is induction \N{CRYING FACE}", "what is la induccion"],
        ),
        ("¿Qué es la remisión?", ["que es la remision \N{CRYING FACE}", "qué es la remission"]),
    ],
)
def test_the_answer_is_that_of_the_plain_question(plain: str, others: list[str], built_index: Path) -> None:
    chat = Chat.open(built_index, corpus=ROOT / "corpus")
    wanted = chat.ask(plain).citations[0].quote
    assert [chat.ask(other).citations[0].quote for other in others] == [wanted] * len(others)
