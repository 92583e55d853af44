"""A Spanish question is led to the sources' words, and nothing of English is touched."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

import pytest

from allchat.errors import SettingsError
from allchat.languages.folders import packaged_languages
from allchat.languages.gloss import Gloss, gloss_of
from allchat.spelling import fold

WORDS = tomllib.loads(files("allchat").joinpath("languages/es/gloss.toml").read_text(encoding="utf-8"))["words"]


@pytest.mark.parametrize(
    ("spanish", "english"),
    [
        ("¿Qué es la quimioterapia?", "what is the chemotherapy?"),
        ("que es una puncion lumbar", "what is a lumbar puncture"),
        ("efectos secundarios de la radiación", "side effects of the radiation therapy"),
        ("¿Y los efectos secundarios?", "and the side effects?"),
        ("mi hijito tiene moretones", "my son has bruises"),
        ("mi hijo tiene fever de 39,5", "my son has fever of 39,5"),
        ("la quimioterrapia", "the chemotherapy"),  # misspelt
        ("blinatumomab", "blinatumomab"),
    ],
)
def test_a_question_is_read_word_by_word_the_longest_phrase_first(spanish: str, english: str) -> None:
    assert gloss_of(packaged_languages()["es"])(spanish) == english


def test_a_word_that_asks_is_told_by_its_accent_or_its_place() -> None:
    gloss = gloss_of(packaged_languages()["es"])
    assert gloss("los niños que tienen leucemia").split()[2] == "that"
    assert gloss("dígame qué pruebas").startswith("what")
    assert gloss("que pruebas hay").startswith("what")


def test_a_phrase_does_not_reach_over_the_end_of_a_sentence() -> None:
    assert "bone marrow" not in Gloss({"bone marrow": ["medula osea"]}, stem=str)("médula. Ósea")
    assert Gloss({"bone marrow": ["medula osea"]}, stem=str)("médula ósea") == "bone marrow"


def test_no_spanish_word_stands_twice_and_none_has_an_accent() -> None:
    forms = [form for row in WORDS.values() for form in row]
    assert len(forms) == len(set(forms))
    assert [form for form in forms if form != fold(form)] == []


def test_the_english_of_the_list_states_nothing() -> None:
    assert [english for english in WORDS if len(english.split()) > 8 or re.search(r"[.;!]", english)] == []


def test_a_language_without_a_folder_is_refused() -> None:
    with pytest.raises(SettingsError, match="languages/tlh"):
        packaged_languages()["tlh"]
