"""The clinical review and the wording under it: nothing is missing, nothing is stale, everything is easy to read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import textstat

from allchat.evaluation.clinical_review import SPOKEN, clinical_review, reviewed_sentences
from allchat.guard.guard import Guard
from allchat.markdown import escape_markdown
from allchat.wording import LANGUAGES, load_wording

PAGE = Path(__file__).parents[2] / "docs" / "clinical-review.md"
RULES = {rule.id: rule for rule in Guard.load().rules}
SAID = {language: reviewed_sentences(load_wording(language)) for language in LANGUAGES}
EVERY = [(language, name) for language in LANGUAGES for name in SAID[language]]
FILLED = {
    "emergency_number": "911",
    "crisis_number": "988",
    "poison_number": "911",
    "region": "in the town",
    "care_team": "the care team",
    "title": "the text",
    "date": "May 2",
    "older": "May 1",
    "heading": "Care",
    "attribution": "The text",
    "count": "3",
    "question": "care",
}


def test_the_page_is_what_the_rules_and_the_wording_say_now() -> None:
    assert PAGE.read_text(encoding="utf-8") == clinical_review(), "run: make docs"


@pytest.mark.parametrize("rule", RULES)
def test_the_page_has_every_rule_with_its_why_and_its_examples(rule: str) -> None:
    page, found = PAGE.read_text(encoding="utf-8"), RULES[rule]
    assert f"**Rule `{rule}`.** {found.why}" in page
    assert [text for text in (*found.match, *found.not_match) if f"- {escape_markdown(text)}" not in page] == []


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_the_page_has_every_sentence(language: str, name: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [line for line in SAID[language][name].splitlines() if line.strip() and f"> {line}" not in page] == []


def test_the_page_can_be_signed() -> None:
    assert re.findall(r"^\| (Name|Date|Signature) \|", clinical_review(), re.MULTILINE) == ["Name", "Date", "Signature"]


def test_both_languages_have_the_same_sentences_with_the_same_braces() -> None:
    english, spanish = SAID["en"], SAID["es"]
    assert set(english) == set(spanish)
    braces = {name: set(re.findall(r"\{\w+\}", text)) for name, text in english.items()}
    assert {name: set(re.findall(r"\{\w+\}", text)) for name, text in spanish.items()} == braces


@pytest.mark.parametrize("table", SPOKEN)
def test_both_languages_have_the_same_keys(table: str) -> None:
    assert keys(load_wording("en").table(table)) == keys(load_wording("es").table(table))


def keys(table: object) -> object:
    """The shape of a table: its keys, and theirs."""
    return {key: keys(value) for key, value in table.items()} if isinstance(table, dict) else type(table)


def plain(language: str, name: str) -> str:
    """A sentence with its braces filled, without markup and telephone numbers, as one hears it read aloud."""
    return re.sub(r"\(?1-800[-\dA-Z ()]*|[*#“”]", "", SAID[language][name].format(**FILLED)).strip()


@pytest.mark.parametrize("name", SAID["en"])
def test_english_reads_at_grade_six_or_below(name: str) -> None:
    textstat.set_lang("en_US")
    assert textstat.flesch_kincaid_grade(plain("en", name)) <= 6


@pytest.mark.parametrize("name", SAID["es"])
def test_spanish_is_easy_by_both_spanish_measures(name: str) -> None:
    """Fernández Huerta and Szigriszt-Pazos: 60 and more is plain, 70 and more easy."""
    textstat.set_lang("es")
    assert textstat.fernandez_huerta(plain("es", name)) >= 60
    assert textstat.szigriszt_pazos(plain("es", name)) >= 60
