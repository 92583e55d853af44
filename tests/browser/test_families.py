"""What a family does with the page, in both languages, at every size, light and dark: from the first look to paper."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe
import pytest
from conftest import serving
from paper import FORMATS, pale, printed
from small_chat import ScriptChat, SmallChat
from test_page import SCRIPTS, SIZES

from allchat.web.page.messages import page_words
from allchat.wording import LANGUAGES

pytestmark = pytest.mark.browser
WORDS = {language: page_words(language) for language in LANGUAGES}
PATHS = {"en": "/", "es": "/es/"}
WAYS = [(size, scheme, language) for size in SIZES for scheme in ("light", "dark") for language in LANGUAGES]


def quiet(here: Any) -> None:
    """Nothing reaches past the window's sides, and axe-core has no objection (where it is installed)."""
    assert here.outside_the_window() == []
    if axe.FILE.exists():
        assert axe.violations(here.page) == []


@axe.needed
@pytest.mark.parametrize(("size", "scheme", "language"), WAYS)
def test_a_family_goes_the_whole_way(real: str, visit: Any, size: str, scheme: str, language: str) -> None:
    here = visit(f"{real}{PATHS[language]}".removesuffix("/") + ("/" if language == "es" else ""),
                 size=SIZES[size], scheme=scheme)  # fmt: skip
    page, words, name = here.page, WORDS[language], f"way-{size}-{scheme}-{language}"
    assert page.evaluate("document.documentElement.lang") == language
    here.keep(f"{name}-1-start")
    quiet(here)

    page.locator("#starters a").nth(1).click()
    page.locator('#chat a[href="#t1q1"]').first.wait_for()
    here.settled()
    here.keep(f"{name}-2-answer")
    quiet(here)

    chip = page.locator('#chat a[href^="#t1q"]').last
    chip.click()
    assert here.seen(chip.get_attribute("href"))
    here.keep(f"{name}-3-mark")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.getAttribute('href')") == chip.get_attribute("href")

    here.ask("What are the phases of treatment?", turn=2)
    word = page.locator('#chat a[href^="#w-"]').first
    word.click()
    assert page.locator("#word blockquote").first.is_visible()
    here.keep(f"{name}-4-word")
    quiet(here)
    page.keyboard.press("Escape")
    assert page.locator("#word").count() == 0
    assert page.evaluate("document.activeElement.getAttribute('href')") == word.get_attribute("href")

    page.locator("#sheet").click()
    page.fill("#notes", "Who do we call at night?")
    assert page.locator("#care-sheet .taken").count() == 2
    here.keep(f"{name}-5-sheet")
    quiet(here)
    page.emulate_media(media="print", color_scheme=scheme)
    here.keep(f"{name}-6-paper", whole=True)
    page.emulate_media(media="screen", color_scheme=scheme)
    page.keyboard.press("Escape")

    page.locator("#clear").click()
    page.get_by_text(words["cleared"]).wait_for()
    assert page.locator("#chat .bot-row, #src mark, #care-sheet, #word").count() == 0
    assert "Who do we call at night?" not in page.content()


# Languages


def test_a_change_of_language_keeps_the_conversation_and_is_said_everywhere(small: str, visit: Any) -> None:
    here = visit(small)
    page = here.page
    here.ask("signs")
    page.locator(".languages a[lang=es]:visible").click()
    page.get_by_text("Su pregunta").wait_for()
    here.settled()
    assert page.evaluate("document.documentElement.lang") == "es"
    assert page.title() == f"{WORDS['es']['title']}: {WORDS['es']['subtitle']}"
    assert page.url == f"{small}/es/"
    assert page.locator("#chat .bot-row").count() == 1
    assert page.locator("#ask-box button").inner_text() == WORDS["es"]["ask"]
    assert page.locator("#sources").inner_text() == WORDS["es"]["sources"]
    assert page.locator("#print").inner_text() == WORDS["es"]["print"]
    assert page.evaluate("document.activeElement.textContent") == "Español"
    page.locator('#chat a[href="#t1q2"]').click()
    assert here.seen("#t1q2")
    here.ask("more signs", turn=2)
    page.get_by_text("La respuesta 2 está lista").wait_for()
    page.locator(".languages a[lang=en]:visible").click()
    page.get_by_text("Your question").wait_for()
    assert page.url == f"{small}/"


def test_a_language_can_be_chosen_with_the_keyboard_and_by_its_address(small: str, visit: Any) -> None:
    here = visit(small)
    here.tab_to(".languages a[lang=es]")
    here.page.keyboard.press("Enter")
    here.page.get_by_text("Su pregunta").wait_for()
    here.page.reload()
    here.page.wait_for_selector("#ask")
    assert here.page.evaluate("document.documentElement.lang") == "es"
    assert WORDS["es"]["notice"] in here.page.inner_text("body")


def test_without_any_script_help_is_there_and_the_languages_lead_to_each_other(small: str, visit: Any) -> None:
    here = visit(f"{small}/source/leaflet?lang=es", java_script_enabled=False)
    assert here.page.evaluate("document.documentElement.lang") == "es"
    here.page.goto(small)
    assert WORDS["en"]["no_script"] in here.page.inner_text("#early")
    assert here.page.locator(".emergency:visible a").first.inner_text() == "911"
    here.page.locator(".languages a[lang=es]:visible").click()
    assert here.page.locator(".emergency:visible").inner_text().startswith("Emergencia: llame al")


def test_an_english_quote_on_a_spanish_page_is_read_aloud_in_english(small: str, visit: Any) -> None:
    here = visit(f"{small}/es/")
    here.ask("signs")
    assert here.page.locator("#chat blockquote").first.get_attribute("lang") == "en"
    assert here.page.locator("#src .body").first.get_attribute("lang") == "en"


def test_a_spanish_emergency_is_answered_in_spanish_on_either_page(real: str, visit: Any) -> None:
    for path in ("", "/es/"):
        here = visit(real + path, size=SIZES["phone"])
        here.ask("mi hijo tiene fiebre y no despierta")
        assert here.page.locator("#chat .urgent").inner_text().startswith("Llame ahora")
        assert here.page.locator('#chat .urgent a[href="tel:911"]').count() > 0
        here.keep(f"urgent-es{path.replace('/', '-')}")


# Before Gradio is there


def test_a_question_typed_before_the_page_is_ready_is_asked_when_it_is(small: str, visit: Any) -> None:
    here = visit(small, arrive=False, hold="**/assets/*.js")
    page = here.page
    assert page.locator(".emergency:visible").count() == 1
    page.fill("#early-ask", "signs")
    page.press("#early-ask", "Enter")
    assert page.locator("#early [role=status]").inner_text() == WORDS["en"]["working"]
    here.keep("early")
    assert here.outside_the_window() == []
    here.release()
    page.locator('#chat a[href="#t1q1"]').first.wait_for()
    assert page.locator("#chat .user-row").all_inner_texts() == ["signs"]
    assert page.locator("#early").count() == 0
    here.settled()


def test_what_is_half_typed_when_the_page_becomes_ready_stays_with_its_caret(small: str, visit: Any) -> None:
    here = visit(small, arrive=False, hold="**/assets/*.js")
    here.page.focus("#early-ask")
    here.page.keyboard.type("what are sig")
    here.release()
    here.page.wait_for_selector("#ask")
    here.page.keyboard.type("ns")
    assert here.page.input_value("#ask") == "what are signs"
    here.page.keyboard.press("Enter")
    here.page.locator('#chat a[href="#t1q1"]').first.wait_for()
    here.settled()


@axe.needed
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_to_object_to_while_the_page_loads(small: str, visit: Any, size: str) -> None:
    here = visit(small, size=SIZES[size], arrive=False, hold="**/assets/*.js")
    quiet(here)
    here.release()


def test_every_script_of_the_page_was_asked_for_in_its_first_bytes(small: str, visit: Any) -> None:
    here = visit(small)
    here.settled()
    asked = [url.split("/")[-1] for url in here.requests if url.endswith(".js")]
    early = here.page.evaluate("[...document.querySelectorAll('link[rel=modulepreload]')].map((link) => link.href)")
    assert set(asked) <= {url.split("/")[-1] for url in early} | {here.page.evaluate(_ENTRY)}
    assert len(asked) == len(set(asked))
    assert sum(url.endswith(".css") for url in here.requests) <= 2


_ENTRY = "document.querySelector('script[type=module]').src.split('/').pop()"


# Hard words


def test_a_hard_word_shows_the_sources_own_words_and_their_place(real: str, visit: Any) -> None:
    here = visit(real, size=SIZES["phone"], has_touch=True)
    page = here.page
    here.ask("What are the phases of treatment?")
    before = page.locator("#chat blockquote").first.inner_text()
    word = page.locator('#chat a[href$="-remission"]').first
    word.tap()
    said = "A remission is when ALL cannot be detected in the body and there are no symptoms."
    assert said in page.locator("#word").inner_text()
    assert page.evaluate("document.activeElement.id") == "word"
    assert page.evaluate(_UNCOVERED, '#chat a[href$="-remission"]')
    with page.context.expect_page() as opened:
        page.locator("#word .links a").click()
    opened.value.locator("#marked").wait_for()
    assert opened.value.locator("mark").inner_text() == said
    page.get_by_role("button", name="Close").tap()
    assert page.locator("#word").count() == 0
    assert page.locator("#chat blockquote").first.inner_text() == before


_UNCOVERED = """(selector) => {
  const box = document.querySelector(selector).getBoundingClientRect();
  return box.top >= 0 && box.bottom <= document.querySelector("#word").getBoundingClientRect().top;
}"""


def test_hard_words_are_large_enough_to_touch_and_can_be_reached_by_keyboard(real: str, visit: Any) -> None:
    here = visit(real, size=SIZES["phone"])
    here.ask("What are the phases of treatment?")
    boxes = here.page.locator('#chat a[href^="#w-"]').evaluate_all(
        "(words) => words.map((word) => word.getClientRects()[0]).map((box) => [box.width, box.height])"
    )
    assert len(boxes) > 2
    assert min(min(box) for box in boxes) >= 24
    here.page.locator('#chat a[href^="#w-"]').first.focus()
    here.page.keyboard.press("Enter")
    assert here.page.evaluate("document.activeElement.id") == "word"


# The sheet for the care team


def test_from_the_first_tab_to_a_printed_sheet_with_the_keyboard_alone(real: str, visit: Any) -> None:
    here = visit(real)
    page = here.page
    page.evaluate("void (window.print = () => { window.printed = (window.printed || 0) + 1; })")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "ask"
    page.keyboard.type("What is a spinal tap?")
    page.keyboard.press("Enter")
    page.locator("#chat .bot-row").wait_for()
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
    assert not page.locator("#main").is_visible()
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
    "At the end of the section the last words are quoted. [2] Hair may be lost. [3]"
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


# Announcements, votes, scripts


def test_a_finished_answer_is_announced_once(small: str, visit: Any) -> None:
    here = visit(small)
    here.page.evaluate(_LISTEN)
    here.ask("signs")
    said = here.page.evaluate("window.said")
    assert said.count("Answer 1 is ready, with 3 quotes from 2 sources.") == 1
    assert said.count(WORDS["en"]["working"]) == 1
    assert len(said) == 2


_LISTEN = """() => {
  window.said = [];
  const spoken = (region) => region.innerText.trim();
  const live = "[role=status], [role=alert], [aria-live=polite], [aria-live=assertive]";
  document.querySelectorAll(live).forEach((region) => {
    let last = spoken(region);
    new MutationObserver(() => {
      const now = spoken(region);
      if (now && now !== last) window.said.push(now);
      last = now;
    }).observe(region, { childList: true, subtree: true, characterData: true });
  });
}"""


@pytest.fixture(scope="module")
def voting(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    file = tmp_path_factory.mktemp("votes") / "votes.jsonl"
    for address in serving(SmallChat(), votes=file):
        yield address, file


def test_a_vote_keeps_a_random_name_and_no_word_of_the_question(voting: tuple[str, Path], visit: Any) -> None:
    address, file = voting
    here = visit(address, size=SIZES["phone"])
    assert not here.page.locator("#votes").is_visible()
    here.ask("signs of zebrafish")
    here.keep("votes")
    quiet(here)
    here.page.get_by_role("button", name="A quote is wrong").click()
    here.page.get_by_text("Only your choice was kept").wait_for()
    assert not here.page.locator("#votes").is_visible()
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [sorted(row) for row in rows] == [["message", "vote"]]
    assert rows[0]["vote"] == "wrong_quote"


def test_without_an_operators_wish_no_vote_is_asked_for(small: str, visit: Any) -> None:
    here = visit(small)
    here.ask("signs")
    assert not here.page.locator("#votes").is_visible()


@pytest.fixture(scope="module")
def scripted(chromium: str) -> Iterator[str]:
    yield from serving(ScriptChat(SCRIPTS))


def test_a_source_full_of_scripts_is_only_text(scripted: str, visit: Any) -> None:
    here = visit(scripted)
    here.ask("what do they say?")
    shown = here.page.locator("#chat blockquote").all_inner_texts()
    assert len(shown) == len(SCRIPTS)
    for text, script in zip(shown, SCRIPTS, strict=True):
        assert script in text
    assert here.page.locator("#src mark").count() == len(SCRIPTS)
    here.page.locator("#sheet").click()
    assert here.page.locator("#care-sheet blockquote").count() == len(SCRIPTS)
    assert here.page.evaluate("window.broken") is None
    bad = (
        "#chat img, #chat iframe, #src img, #src svg, #src iframe, #care-sheet img, #care-sheet svg, #care-sheet script"
    )
    assert here.page.locator(bad).count() == 0
    here.page.goto(f"{scripted}/source/scripts")
    assert here.page.evaluate("window.broken") is None
    assert here.page.locator("article p").all_inner_texts() == list(SCRIPTS)
