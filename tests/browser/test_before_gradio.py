"""Before Gradio is there: help, a box to type in, and every script asked for."""

from __future__ import annotations

from typing import Any

import axe
import pytest
from trials import SIZES

from allchat.web.page.messages import page_words
from allchat.wording import LANGUAGES

pytestmark = pytest.mark.browser
WORDS = {language: page_words(language) for language in LANGUAGES}


def test_a_question_typed_before_the_page_is_ready_is_asked_when_it_is(small: str, visit: Any) -> None:
    here = visit(small, arrive=False, hold="**/assets/*.js")
    page = here.page
    assert page.locator(".bar:visible").count() == 1
    page.fill("#ask", "signs")
    page.press("#ask", "Enter")
    assert page.locator("#working").inner_text() == WORDS["en"]["working"]
    here.keep("early")
    assert here.outside_the_window() == []
    here.release()
    page.locator('#chat a[href="#t1q1"]').first.wait_for()
    assert page.locator("#chat .asked").all_inner_texts() == ["signs"]
    here.settled()


def test_what_is_half_typed_when_the_page_becomes_ready_stays_with_its_caret(small: str, visit: Any) -> None:
    here = visit(small, arrive=False, hold="**/assets/*.js")
    here.page.focus("#ask")
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
    axe.quiet(here)
    here.release()


def test_every_script_of_the_page_was_asked_for_in_its_first_bytes(small: str, visit: Any) -> None:
    here = visit(small)
    here.settled()
    asked = [url.split("/")[-1] for url in here.requests if url.endswith(".js")]
    early = here.page.evaluate("[...document.querySelectorAll('link[rel=modulepreload]')].map((link) => link.href)")
    assert set(asked) <= {url.split("/")[-1] for url in early} | {here.page.evaluate(_ENTRY)}
    assert len(asked) == len(set(asked))
    assert sum(url.endswith(".css") for url in here.requests) <= 1


_ENTRY = "document.querySelector('script[type=module]').src.split('/').pop()"
