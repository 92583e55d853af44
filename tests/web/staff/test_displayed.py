"""What families are shown of a source that may not be passed on whole, and what stands where one was withdrawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from page_parts import panel
from places import SMALL
from small_chat import FILLER, SmallChat
from staff_forms import PASSWORD, send
from word_hash import WordHash

from allchat.chat import Chat
from allchat.records import Display
from allchat.sources.withdrawn import Withdrawn
from allchat.web.app import create_app
from allchat.web.displayed import QUOTED_WORDS
from allchat.web.page.messages import page_words
from allchat.web.source_page import source_page
from allchat.web.staff.pages import staff_router

WORDS = page_words()


def shown(display: Display, quote: str | None, *, key: str = "leaflet") -> str:
    chat = SmallChat()
    document = replace(chat.documents[key], display=display)
    start = document.text.index(quote) if quote else 0
    span = (start, start + len(quote)) if quote else None
    return source_page(document, chat.outline(key), words=WORDS, span=span)


def test_of_a_source_in_sections_the_one_around_the_quote_is_shown() -> None:
    page = shown("section", "Treatment has three")
    assert '<mark class="marked" id="marked" tabindex="-1">Treatment has three</mark> phases.' in page
    assert "Check with the doctor" not in page
    assert WORDS["source_section"] in page


def test_a_section_that_is_most_of_the_text_is_shown_as_far_as_it_is_quoted() -> None:
    page = shown("section", "Check with the doctor")
    assert "about any of these signs." in page
    assert "Signs of leukemia" in page
    assert FILLER.format(n=3) not in page


@pytest.mark.parametrize("display", ["section", "quote"])
def test_without_a_place_nothing_is_shown_but_where_the_whole_is(display: Display) -> None:
    page = shown(display, None)
    assert "Signs of leukemia" not in page
    assert WORDS[f"source_{display}"] in page
    assert WORDS["publisher_page"] in page


def test_of_a_source_that_is_only_quoted_the_quoted_blocks_are_shown_whole() -> None:
    page = shown("quote", "on the arms")
    assert "The signs of leukemia include the following:" in page
    assert "Feeling tired" in page
    assert "Check with the doctor" not in page


@pytest.mark.parametrize("display", ["section", "quote"])
def test_a_link_that_asks_for_all_of_it_does_not_get_it(display: Display) -> None:
    text = SmallChat().documents["leaflet"].text
    page = shown(display, text[text.index("Signs") : text.index("\n\nTreatment")])
    assert "At the end of the section" not in page
    article = page.partition("<article")[2]
    assert 20 < len(article.split()) < QUOTED_WORDS + 40


def test_the_panel_keeps_to_it_too() -> None:
    chat = SmallChat()
    assert FILLER.format(n=3) in panel(chat.ask("signs"), chat, turn=1, words=WORDS)
    chat._documents = {key: replace(found, display="quote") for key, found in chat.documents.items()}
    shown = panel(chat.ask("signs"), chat, turn=1, words=WORDS)
    assert FILLER.format(n=3) not in shown
    assert "At the end of the section the last words are quoted." in shown
    assert WORDS["in_source"] in shown
    assert WORDS["whole_source"] not in shown


@pytest.fixture
def nurse(small_index: Path) -> Iterator[TestClient]:
    chat = Chat.open(small_index, corpus=SMALL, embedder=WordHash())
    chat.documents = {key: replace(found, display="quote") for key, found in chat.documents.items()}
    chat.withdrawn = {
        "gone": Withdrawn(id="gone", title="A <leaflet>", publisher="Ward 3", url="https://a.org", on="2026-02-03")
    }
    with TestClient(create_app(chat, page=False, staff=staff_router(chat, password=PASSWORD))) as client:
        send(client, "/staff/sign-in", password=PASSWORD)
        yield client


def test_staff_behind_their_login_see_all_of_it_and_families_do_not(nurse: TestClient) -> None:
    assert "It is read twice a day." in nurse.get("/staff/sources/lists").text
    assert "It is read twice a day." not in nurse.get("/source/lists").text


def test_at_the_links_of_a_withdrawn_source_stands_a_notice(nurse: TestClient) -> None:
    page = nurse.get("/source/gone?start=3&end=9")
    assert page.status_code == 410
    assert "“A &lt;leaflet&gt;” (Ward 3) was withdrawn on February 3, 2026" in page.text
    assert "se retiró el 3 de febrero de 2026" in nurse.get("/source/gone?lang=es").text
    assert nurse.get("/source/never").status_code == 404
