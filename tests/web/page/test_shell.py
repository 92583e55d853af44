"""The page's first bytes, which are the whole page: help, the notice, a box and the script."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from small_chat import SmallChat

from allchat.web.app import create_app
from allchat.web.page.messages import page_words
from allchat.web.page.shell import script_words
from allchat.wording import LANGUAGES

WORDS = {language: page_words(language) for language in LANGUAGES}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create_app(SmallChat())) as client:
        yield client


@pytest.mark.parametrize(("path", "language"), [("/", "en"), ("/es/", "es")])
def test_the_first_bytes_hold_help_the_notice_and_a_box_in_the_pages_language(
    client: TestClient, path: str, language: str
) -> None:
    page = client.get(path).text
    body = page.split("<body")[1]
    words = WORDS[language]
    assert f'<html lang="{language}">' in page
    assert re.findall(r'<div lang="(\w+)"><div class="starters">', body) == [language]
    assert 'href="tel:911"' in body
    assert words["notice"] in body
    assert '<textarea id="ask"' in body
    assert words["question_label"] in body
    assert f'lang="{language}" hreflang="{language}" aria-current="true"' in body


def test_the_document_asks_for_nothing_but_its_sign(client: TestClient) -> None:
    page = client.get("/").text
    assert re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="([^"]+)"', page) == ["favicon.ico"]
    assert "@import" not in page
    assert "url(" not in page


def test_the_head_of_the_page_is_told_without_it(client: TestClient) -> None:
    assert client.head("/").status_code == 200


def test_no_word_can_end_the_script_that_carries_it() -> None:
    words = {"en": {**WORDS["en"], "busy": "</script><b>"}, "es": WORDS["es"]}
    said = script_words(words, language="en")
    assert "<" not in said
    assert json.loads(said)["words"]["en"]["busy"] == "</script><b>"


def test_an_address_without_its_last_slash_leads_to_the_page(client: TestClient) -> None:
    answer = client.get("/es", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, "es/")
    assert client.get("/fr").status_code == 404
