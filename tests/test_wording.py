"""Wording: every sentence of ours comes from one file, and each can be filled."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from typing import Any

import pytest
import textstat
from places import ROOT

from allchat.contact import Contact
from allchat.errors import SettingsError
from allchat.wording import Wording, load_wording

OTHER_VALUES = {
    "attribution", "publisher", "heading", "count", "title", "date", "question", "number", "sources", "quotes", "turn",
    "limit", "month", "day", "year", "revised", "older", "index", "version", "when",
    "days", "rule", "step", "asked", "broad", "far", "feared", "foreign", "general", "harmless", "impersonal", "long",
    "margin", "mood", "refused", "score", "side",
}  # fmt: skip


def sentences(tables: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(tables, str):
        yield name, tables
    elif isinstance(tables, dict):
        for key, value in tables.items():
            yield from sentences(value, f"{name}.{key}".lstrip("."))
    elif isinstance(tables, list):
        for value in tables:
            yield from sentences(value, name)


ALL = list(sentences(load_wording()._tables))


def test_every_sentence_can_be_filled_with_what_the_program_gives() -> None:
    known = {**Contact().values(), **dict.fromkeys(OTHER_VALUES, 1.0)}
    for name, text in ALL:
        braces = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
        assert braces <= set(known), name
        assert text.format(**known).strip(), name


def test_no_sentence_starts_like_a_quote_or_carries_a_quotes_number() -> None:
    for name, text in ALL:
        assert not re.search(r"(?m)^\s*>|\[\d+\]", text), name


def test_every_name_that_the_program_asks_for_is_there() -> None:
    wording = load_wording()
    asked = set()
    for path in (ROOT / "src" / "allchat").rglob("*.py"):
        asked |= set(
            re.findall(r"""_?wording\.(?:texts?|said)\(\s*["']([a-z_.]+)["']""", path.read_text(encoding="utf-8"))
        )
    assert len(asked) > 5
    assert sorted(name for name in asked if not wording.has(name)) == []


def made(**tables: Any) -> Wording:
    return Wording(tables, language="xx")


def test_a_sentence_is_found_by_its_dotted_name_and_filled() -> None:
    wording = made(a={"b": "Call {number}.", "c": ["one", "two"]})
    assert wording.text("a.b", number=911) == "Call 911."
    assert wording.texts("a.c") == ("one", "two")
    assert wording.table("a") == {"b": "Call {number}.", "c": ["one", "two"]}
    assert wording.has("a.b")
    assert not wording.has("a.b.c")


def test_a_value_with_braces_is_shown_and_not_filled_again() -> None:
    assert made(a="{title}").text("a", title="{number}") == "{number}"


@pytest.mark.parametrize(
    ("ask", "fact"),
    [
        (lambda w: w.text("a.z"), "has no 'a.z'"),
        (lambda w: w.text("a.b.z"), "has no 'a.b.z'"),
        (lambda w: w.text("a"), "'a' is not a sentence"),
        (lambda w: w.text("a.b"), "'a.b' cannot be filled: 'number'"),
        (lambda w: w.text("a.d"), "'a.d' cannot be filled"),
        (lambda w: w.texts("a.b"), "'a.b' is not a list of sentences"),
        (lambda w: w.texts("a.e"), "'a.e' is not a list of sentences"),
        (lambda w: w.table("a.b"), "'a.b' is not a table"),
    ],
)
def test_a_wording_that_is_missing_or_cannot_be_filled_is_an_error_that_names_it(ask: Any, fact: str) -> None:
    wording = made(a={"b": "Call {number}.", "d": "{0} {", "e": [1]})
    with pytest.raises(SettingsError, match=r"xx/wording\.toml: ") as raised:
        ask(wording)
    assert fact in str(raised.value)


def test_a_language_without_wording_is_an_error() -> None:
    with pytest.raises(SettingsError, match=r"no language 'tlh'\. Write the folder languages/tlh"):
        load_wording("tlh")


def told(words: Any) -> Iterator[str]:
    """The page's sentences of five words and more; shorter ones are labels, which no measure of reading can weigh."""
    for _, text in sentences({name: value for name, value in words.items() if name != "months"}):
        filled = re.sub(r"\{\w+\}", "it", text)
        if len(filled.split()) >= 5:
            yield filled


def test_the_pages_english_reads_at_grade_six_or_below() -> None:
    textstat.set_lang("en_US")
    words = load_wording("en").table("page")
    named = {question for group in words.pop("starters") for question in group["questions"]}  # words of the sources
    hard = [text for text in told(words) if textstat.flesch_kincaid_grade(text) > 6 and text not in named]
    assert hard == [words["subtitle"]]  # it names what the page is about


def test_the_pages_spanish_is_easy_by_both_spanish_measures() -> None:
    textstat.set_lang("es")
    words = list(told(load_wording("es").table("page")))
    assert [t for t in words if textstat.fernandez_huerta(t) < 60 or textstat.szigriszt_pazos(t) < 60] == []


def test_both_languages_have_the_same_page() -> None:
    english, spanish = (load_wording(language).table("page") for language in ("en", "es"))
    assert set(english) == set(spanish)
    for name, text in english.items():
        if isinstance(text, str):
            assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", spanish[name])), name
            assert spanish[name].strip(), name
