"""What a family does with the page, in both languages, at every size, light and dark: from the first look to paper."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe
import pytest
from conftest import serving
from small_chat import ScriptChat, SmallChat
from trials import SCRIPTS, SIZES

from allchat.web.page.messages import page_words
from allchat.wording import LANGUAGES

pytestmark = pytest.mark.browser
WORDS = {language: page_words(language) for language in LANGUAGES}
PATHS = {"en": "/", "es": "/es/"}
WAYS = [(size, scheme, language) for size in SIZES for scheme in ("light", "dark") for language in LANGUAGES]


@axe.needed
@pytest.mark.parametrize(("size", "scheme", "language"), WAYS)
def test_a_family_goes_the_whole_way(real: str, visit: Any, size: str, scheme: str, language: str) -> None:
    here = visit(f"{real}{PATHS[language]}".removesuffix("/") + ("/" if language == "es" else ""),
                 size=SIZES[size], scheme=scheme)  # fmt: skip
    page, words, name = here.page, WORDS[language], f"way-{size}-{scheme}-{language}"
    assert page.evaluate("document.documentElement.lang") == language
    here.keep(f"{name}-1-start")
    axe.quiet(here)

    page.locator("#starters > :not([hidden]) button").nth(1).click()
    page.locator('#chat a[href="#t1q1"]').first.wait_for()
    here.settled()
    here.keep(f"{name}-2-answer")
    axe.quiet(here)

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
    axe.quiet(here)
    page.keyboard.press("Escape")
    assert page.locator("#word").count() == 0
    assert page.evaluate("document.activeElement.getAttribute('href')") == word.get_attribute("href")

    page.locator("#sheet").click()
    page.fill("#notes", "Who do we call at night?")
    assert page.locator("#care-sheet .taken").count() == 2
    here.keep(f"{name}-5-sheet")
    axe.quiet(here)
    page.emulate_media(media="print", color_scheme=scheme)
    here.keep(f"{name}-6-paper", whole=True)
    page.emulate_media(media="screen", color_scheme=scheme)
    page.keyboard.press("Escape")

    page.locator("#clear").click()
    page.get_by_text(words["cleared"]).wait_for()
    assert page.locator("#chat .said, #opened mark, #taken > *, #word").count() == 0
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
    assert page.locator("#chat .said").count() == 1
    assert page.locator("#send").inner_text() == WORDS["es"]["ask"]
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
    assert WORDS["en"]["no_script"] in here.page.inner_text("#composer")
    assert here.page.locator(".bar:visible a").first.inner_text() == "911"
    here.page.locator(".languages a[lang=es]:visible").click()
    assert here.page.locator(".bar:visible").inner_text().startswith("Emergencia: llame al")


def test_an_english_quote_on_a_spanish_page_is_read_aloud_in_english(small: str, visit: Any) -> None:
    here = visit(f"{small}/es/")
    here.ask("signs")
    assert here.page.locator("#chat blockquote").first.get_attribute("lang") == "en"
    assert here.page.locator("#opened .body").first.get_attribute("lang") == "en"


def test_a_spanish_emergency_is_answered_in_spanish_on_either_page(real: str, visit: Any) -> None:
    for path in ("", "/es/"):
        here = visit(real + path, size=SIZES["phone"])
        here.ask("mi hijo tiene fiebre y no despierta")
        assert here.page.locator("#chat .urgent").inner_text().startswith("Llame ahora")
        assert here.page.locator('#chat .urgent a[href="tel:911"]').count() > 0
        here.keep(f"urgent-es{path.replace('/', '-')}")


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
    assert not here.page.locator(".votes").is_visible()
    here.ask("signs of zebrafish")
    here.keep("votes")
    axe.quiet(here)
    here.page.get_by_role("button", name="A quote is wrong").click()
    here.page.get_by_text("Only your choice was kept").wait_for()
    assert not here.page.locator(".votes").is_visible()
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [sorted(row) for row in rows] == [["message", "vote"]]
    assert rows[0]["vote"] == "wrong_quote"


def test_without_an_operators_wish_no_vote_is_asked_for(small: str, visit: Any) -> None:
    here = visit(small)
    here.ask("signs")
    assert not here.page.locator(".votes").is_visible()


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
    assert here.page.locator("#opened mark").count() == len(SCRIPTS)
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
