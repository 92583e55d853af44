"""The sheet for the care team: printed, saved, and kept nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from paper import FORMATS, pale, printed

pytestmark = pytest.mark.browser


def test_from_the_first_tab_to_a_printed_sheet_with_the_keyboard_alone(real: str, visit: Any) -> None:
    here = visit(real)
    page = here.page
    page.evaluate("void (window.print = () => { window.printed = (window.printed || 0) + 1; })")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "ask"
    page.keyboard.type("What is a spinal tap?")
    page.keyboard.press("Enter")
    page.locator("#chat .said").wait_for()
    here.settled()
    here.tab_to("#chat a[href='#t1q1']", back=True)
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    here.tab_to("#sheet")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "sheet-title"
    here.tab_to("#notes")
    page.keyboard.type("Does it hurt?")
    here.tab_to("#care-sheet input")
    page.keyboard.press("Space")
    assert page.locator("#care-sheet .body").is_hidden()
    page.keyboard.press("Space")
    here.tab_to("#care-sheet button >> nth=1", back=True)
    page.keyboard.press("Enter")
    assert page.evaluate("window.printed") == 1
    page.emulate_media(media="print")
    paper = page.locator("#care-sheet").inner_text()
    assert [words for words in ON_PAPER if words not in paper] == []
    assert not page.locator("#page").is_visible()
    assert not page.locator("#care-sheet button").first.is_visible()
    sheets = printed(page)
    assert sheets[0].startswith("Questions for our care team Our own questions and notes Does it hurt?")
    assert [words for words in (*ON_PAPER, "What is a spinal tap?") if words not in " ".join(sheets)] == []
    page.emulate_media(media="screen")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "sheet"


ON_PAPER = (
    "Does it hurt?",
    "Lumbar puncture: A procedure used to collect",
    "[1]",
    "Last revised September 2, 2022",
    "National Cancer Institute (NCI)",
    "https://www.cancer.gov/",
    "Rights: NCI PDQ text",
)

HEADS = ("Questions for our care team", "Our own questions and notes")
FROM = "A publisher & friends Last revised September 2, 2022 https://example.org/leaflet?a=1&b=2 Our copy: a copy"
ANSWER = (
    "The sources say: The signs of leukemia include the following: Fever. [1] "
    "At the end of the section the last words are quoted. [2] A publisher & friends, revised September 2022 › "
    "Signs of leukemia Hair may be lost. [3] A publisher & friends, date not stated › Side effects"
)


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_a_printed_sheet_holds_title_notes_and_each_ticked_answer_on_as_many_pages_as_it_takes(
    small: str, visit: Any, size: tuple[int, int]
) -> None:
    here = visit(small, size=size)
    asked = ["what are the signs", "football", *(f"are there more signs, {n}" for n in range(3, 8))]
    for turn, question in enumerate(asked, 1):
        here.ask(question, turn=turn)
    here.page.locator("#sheet").click()
    notes = [f"Note {n}: does it hurt?" for n in range(1, 13)]
    here.page.fill("#notes", "\n".join(notes))
    here.page.locator("#care-sheet input").nth(1).uncheck()
    here.page.evaluate("document.querySelector('#care-sheet').scrollTo(0, 500)")
    for paper in FORMATS:
        sheets = printed(here.page, **paper)
        told = " ".join(sheets)
        assert len(sheets) > 1
        assert sheets[0].startswith(" ".join((*HEADS, *notes, asked[0])))
        assert [question for question in asked if f"{question} {ANSWER}" not in told] == ["football"]
        assert "football" not in told
        assert (told.count(FROM), told.count("[3] Side effects")) == (6, 6)
        assert "Made with allchat on" in sheets[-1]
        assert not any(words in told for words in ("Print this sheet", "Save as a file", "Emergency?"))
    assert pale(here.page) == []


def test_what_is_left_out_is_not_on_paper_and_a_sheet_opened_again_remembers_it(small: str, visit: Any) -> None:
    here = visit(small)
    page = here.page
    here.ask("signs")
    here.ask("football", turn=2)
    page.locator("#sheet").click()
    page.locator("#care-sheet input").nth(1).uncheck()
    page.fill("#notes", "ours")
    page.keyboard.press("Escape")
    here.ask("more signs", turn=3)
    page.locator("#sheet").click()
    assert [box.is_checked() for box in page.locator("#care-sheet input").all()] == [True, False, True]
    assert page.input_value("#notes") == "ours"
    page.emulate_media(media="print")
    assert "football" not in page.locator("#care-sheet").inner_text()


def test_a_saved_sheet_is_a_page_of_its_own_without_scripts_or_addresses_to_load(small: str, visit: Any) -> None:
    here = visit(small)
    here.ask("signs <script>window.broken = 1</script>")
    here.page.locator("#sheet").click()
    here.page.fill("#notes", "<b>bold</b> & ours")
    with here.page.expect_download() as started:
        here.page.get_by_role("button", name="Save as a file").click()
    saved = Path(started.value.path()).read_text(encoding="utf-8")
    assert started.value.suggested_filename == "care-team-questions.html"
    assert saved.startswith('<!doctype html>\n<html lang="en">')
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; ours" in saved
    assert "The leaflet &lt;title&gt;" in saved
    assert "Quote as you like." in saved
    assert not any(sign in saved.lower() for sign in ("<script", " src=", "<link", "<button", "<input", "onerror"))
    assert here.page.evaluate("window.broken") is None


def test_nothing_of_a_sheet_is_kept_by_the_browser_or_sent(small: str, visit: Any) -> None:
    here = visit(small)
    here.ask("signs of zebrafish")
    posted: list[str] = []
    here.page.on("request", lambda request: posted.append(request.post_data or ""))
    here.page.locator("#sheet").click()
    here.page.fill("#notes", "marmalade")
    here.page.keyboard.press("Escape")
    here.page.locator(".languages a[lang=es]:visible").click()
    here.page.get_by_text("Su pregunta").wait_for()
    here.settled()
    assert not any("marmalade" in text for text in posted)
    assert not any("zebrafish" in url or "marmalade" in url for url in here.requests)
    kept = here.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, window.name])")
    assert kept == '[{},{},"",""]'
    assert here.page.evaluate("indexedDB.databases()") == []
    assert here.page.evaluate("caches.keys()") == []
