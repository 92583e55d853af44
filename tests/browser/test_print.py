"""On paper: every question and answer, each source once, and no controls."""

from __future__ import annotations

from typing import Any

import pytest
from paper import FORMATS, pale, printed
from trials import SIZES

pytestmark = pytest.mark.browser


def test_the_printed_page_holds_answers_and_sources_and_no_controls(real: str, visit: Any) -> None:
    here = visit(real)
    here.ask("What are the signs of childhood leukemia?")
    here.page.emulate_media(media="print")
    here.keep("print")
    assert here.page.locator("#chat .said").is_visible()
    assert not here.page.locator("#ask").is_visible()
    assert not here.page.locator(".next .start").first.is_visible()


def test_three_answers_are_printed_on_four_sheets_and_each_source_is_named_once(real: str, visit: Any) -> None:
    here = visit(real)
    asked = ("What are the signs of childhood leukemia?", "What are the phases of treatment?", "What is a spinal tap?")
    for turn, question in enumerate(asked, 1):
        here.ask(question, turn=turn)
    sheets = printed(here.page, format="A4")
    assert len(sheets) <= 4
    told = " ".join(sheets)
    assert told.count("Rights: NCI PDQ text may be used freely") == 1
    assert told.count("Childhood Acute Lymphoblastic Leukemia Treatment (PDQ) - Patient Version") <= 2


IN_PRINT = (
    "Emergency? Call 911 Crisis? Call or text 988 Worried? Call your child's care team.",
    "Not medical advice.",
    "what are the signs",
    "The signs of leukemia include the following: Fever. [1]",
    "At the end of the section the last words are quoted. [2] A publisher & friends, revised September 2022",
    "Hair may be lost. [3] A publisher & friends, date not stated",
    "football allchat covers childhood leukemia.",
    "are there more signs",
    "The leaflet <title> A publisher & friends Last revised September 2, 2022",
    "Our copy: a copy Rights: Quote as you like.",
    "The notes <title> A publisher & friends Date not stated in this copy",
)


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_a_printed_conversation_holds_every_question_answer_and_source(small: str, visit: Any, size: str) -> None:
    here = visit(small, size=SIZES[size])
    for turn, question in enumerate(("what are the signs", "football", "are there more signs"), 1):
        here.ask(question, turn=turn)
    for paper in FORMATS:
        sheets = printed(here.page, **paper)
        told = " ".join(sheets)
        assert [words for words in IN_PRINT if words not in told] == []
        assert sheets[0].startswith(IN_PRINT[0])
        assert (told.count("The sources say:"), told.count("Rights: Quote as you like.")) == (2, 2)
        assert not any(words in told for words in ("Español", "Your question", "Clear all", "How is it treated?"))
    assert pale(here.page) == []


def test_a_printed_source_is_whole_with_its_rights_and_without_the_ways_to_other_pages(small: str, visit: Any) -> None:
    for language, words in (("en", "Rights:"), ("es", "Derechos:")):
        here = visit(f"{small}/source/leaflet?start=20&end=60&lang={language}#marked")
        told = " ".join(printed(here.page))
        assert told.startswith("The leaflet <title> A publisher & friends")
        assert f"{words} Quote as you like." in told
        assert told.endswith("Treatment has three phases.")
        assert pale(here.page) == []
