"""Which language a question is in."""

from __future__ import annotations

import pytest

from allchat.languages.recognise import Recogniser

SAID = Recogniser(["leukemia", "petechiae"])


@pytest.mark.parametrize(
    "text",
    [
        "¿Qué es la remisión?",
        "que es la leucemia",
        "mi hijo tiene fever de 39",
        "y los efectos secundarios",
        "petequias",
    ],
)
def test_spanish_is_recognised(text: str) -> None:
    assert SAID(text) == "es"


@pytest.mark.parametrize("text", ["what is leukemia", "petechiae", "my son has fiebre", "CAR T", "no", "12345"])
def test_english_is_recognised(text: str) -> None:
    assert SAID(text) == "en"
