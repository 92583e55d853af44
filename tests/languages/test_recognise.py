"""Which language a question is in."""

from __future__ import annotations

import pytest

from allchat.languages import recognise
from allchat.languages.recognise import UNKNOWN, Recogniser

SAID = Recogniser(["leukemia", "petechiae", "chemo", "leukaemia"])


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


@pytest.mark.parametrize(
    "text",
    ["what is leukemia", "petechiae", "my son has fiebre", "CAR T", "no", "12345", "ritaximab", "wat is petekia", "hi"],
)
def test_english_is_recognised_and_what_no_language_knows_is_taken_for_it(text: str) -> None:
    assert SAID(text) == "en"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("fr", "peut-on voyager pendant la chimiothérapie"),
        ("fr", "ma petite tremble et ses lèvres deviennent bleues"),
        ("de", "unser Baby krampft"), ("de", "welche Phasen gibt es"),
        ("pt", "a criança desmaiou agora"), ("pt", "ele pode ir para a escola"),
        ("vi", "cháu bị ngất xỉu"), ("vi", "be khong tho duoc"),
        ("tl", "nauntog ang ulo niya"), ("zh", "什么是白血病"), ("ar", "ما هو سرطان الدم"),
        ("hi", "ल्यूकेमिया क्या है"), ("ru", "что такое лейкоз"), (UNKNOWN, "თბილისი სად არის"),
    ],
)  # fmt: skip
def test_other_languages_are_recognised(code: str, text: str) -> None:
    assert SAID(text) == code


def test_who_asks_in_english_or_spanish_does_not_wait_for_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def loaded() -> None:
        raise AssertionError("the library was loaded")

    monkeypatch.setattr(recognise, "_library", loaded)
    assert SAID("what are the side effects of chemo") == "en"
    assert SAID("¿Cuáles son los efectos secundarios de la quimio?") == "es"


@pytest.mark.parametrize(
    "text",
    ["mere bete ko tez bukhar hai aur woh kaanp raha hai", "mtoto wangu ana homa kali na anatetemeka sana leo usiku"],
)
def test_a_sentence_that_no_language_of_ours_knows_is_in_none(text: str) -> None:
    assert SAID(text) not in ("en", "es")


def test_a_badly_written_english_sentence_is_english() -> None:
    assert SAID("my sun haz a fevr of 102 n hes shakin all ovr wat do i do") == "en"
