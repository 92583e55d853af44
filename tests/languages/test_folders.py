"""A language is a folder: one more is asked in as it is, and none is offered that lacks what saves."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from made_languages import PACKAGED, THIRD, with_third
from places import SMALL
from word_hash import WordHash

from allchat.build import build
from allchat.chat import Chat
from allchat.errors import QuestionError, SettingsError
from allchat.languages.folders import packaged_codes, packaged_languages, read_language, read_languages
from allchat.wording import LANGUAGES

QUESTIONS = """[[block]]
begins = "Visitors wash their hands at the door."
questions = ["keru faruz vizitoroj ajo ilu pordoz"]
"""


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Chat:
    """A chat that is given the made-up language of ``third/qaa`` beside those that come with allchat."""
    folder = tmp_path_factory.mktemp("third")
    corpus = Path(shutil.copytree(SMALL, folder / "corpus"))
    (corpus / "qaa" / "questions").mkdir(parents=True)
    (corpus / "qaa" / "questions" / "furniture.toml").write_text(QUESTIONS, encoding="utf-8")
    index = build(corpus, index=folder / "index", embedder=WordHash(), languages=with_third())
    return Chat.open(index, corpus=corpus, embedder=WordHash(), languages=with_third())


def test_a_third_language_is_asked_in_and_answers_in_its_own_words(chat: Chat) -> None:
    assert chat.languages.codes == ("en", "es", "qaa")
    answer = chat.ask("Keru faruz vizitoroj ajo ilu pordoz?")
    assert (answer.kind, answer.citations[0].document) == ("answer", "furniture")
    assert answer.citations[0].quote.startswith("Visitors wash their hands at the door.")
    assert answer.text.startswith("Jenu ilu fontoj.")
    assert "Ilu fontoj esu angla." in answer.notices
    assert chat.ask("what do visitors do at the door", language="qaa").text.startswith("Jenu ilu fontoj.")


def test_an_emergency_and_a_crisis_are_heard_in_it_and_told_whom_to_call(chat: Chat) -> None:
    emergency, crisis = chat.ask("mio infanoz nevo spiruz"), chat.ask("mio infanoz voluz morizo")
    assert (emergency.kind, emergency.tone, emergency.text) == ("urgent", "emergency", "**Vokuz 911 nunoz.**")
    assert (crisis.kind, crisis.tone, crisis.text) == ("urgent", "crisis", "**Vokuz 988 nunoz.**")


def test_it_changes_nothing_for_the_other_languages(chat: Chat) -> None:
    assert chat.ask("what do visitors do at the door").text.startswith("Here is what")
    assert chat.ask("mi nina no puede respirar").tone == "emergency"


def test_without_its_folder_it_is_not_understood(small_chat: Chat) -> None:
    assert small_chat.languages.codes == LANGUAGES
    with pytest.raises(QuestionError, match="no words of ours in that language"):
        small_chat.ask("what do visitors do", language="qaa")


@pytest.mark.parametrize(
    ("file", "old", "new", "missing"),
    [
        ("rules/urgent.toml", None, None, r"no emergency rules \(rules/urgent\.toml\)"),
        ("rules/crisis.toml", None, None, r"no crisis rules \(rules/crisis\.toml\)"),
        ("rules/crisis.toml", 'all = [["voluz morizo"]]', "all = [[]]", "no crisis rules"),
        ("wording.toml", "[urgent.crisis]", "[urgent.other]", r"no urgent wording for crisis \(wording\.toml\)"),
        ("wording.toml", "[urgent.seizure]", "[urgent.other]", "no urgent wording for seizure"),
        ("wording.toml", None, None, "no urgent wording for allergy, "),
        ("language.toml", "made up for the tests, and read by them", " ", "no word of who reviewed its urgent wording"),
        ("gloss.toml", None, None, r"no list of words to search by \(gloss\.toml\)"),
    ],
)
def test_a_language_that_lacks_what_saves_is_not_offered_and_the_error_names_it(
    file: str, old: str | None, new: str | None, missing: str, tmp_path: Path
) -> None:
    path = Path(shutil.copytree(THIRD, tmp_path / "third")) / "qaa" / file
    if old is None or new is None:
        path.unlink()
    else:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(SettingsError, match=f"the language 'qaa' cannot be offered: .*{missing}"):
        read_languages(PACKAGED, tmp_path / "third")


def test_a_code_stands_once_and_english_is_always_there() -> None:
    with pytest.raises(SettingsError, match="one folder"):
        read_languages(PACKAGED, PACKAGED)
    with pytest.raises(SettingsError, match="keep en"):
        read_languages(THIRD)


def test_the_languages_that_come_with_allchat_may_be_offered() -> None:
    assert packaged_languages().codes == packaged_codes() == LANGUAGES == ("en", "es")
    assert [read_language(language.folder).code for language in packaged_languages()] == list(LANGUAGES)
