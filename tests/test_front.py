"""The page's first bytes: help, the notice and a box, before any of Gradio's files has come."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import gradio
import pytest
from fastapi.testclient import TestClient
from small_chat import SmallChat

from allchat.front import Assets, document, read_assets, spoken
from allchat.render import page_file, page_words
from allchat.server import create_app
from allchat.wording import LANGUAGES

FRONTEND = Path(gradio.__file__).parent / "templates" / "frontend"
WORDS = {language: page_words(language) for language in LANGUAGES}
ASSETS = Assets(("index-a.js", "b.js"), ("a.css",), "/theme.css?v=1", b"p{}")
THEIRS = (
    '<script>window.gradio_config = {"root":"http://h"};</script><script>window.gradio_api_info = {};</script>'
    '<script type="module" crossorigin src="./assets/index-a.js"></script>'
)


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
    assert re.findall(r'<div class="top-(\w+)" lang="\w+">', body) == [language]
    assert 'href="tel:911"' in body
    assert words["notice"] in body
    assert '<textarea id="early-ask"' in body
    assert words["question_label"] in body
    assert f'lang="{language}" hreflang="{language}" aria-current="true"' in body


def test_the_document_names_nothing_outside_and_asks_for_each_script_at_once(client: TestClient) -> None:
    page = client.get("/").text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//(?!testserver/theme)', page)
    scripts = re.findall(r'<link rel="modulepreload" crossorigin href="([^"]+)">', page)
    assert len(scripts) > 10
    assert all(client.get(script).status_code == 200 for script in scripts)


def test_the_one_style_sheet_is_served_and_kept_by_browsers(client: TestClient) -> None:
    path = re.findall(r'<link rel="stylesheet" href="(/assets/allchat-[0-9a-f]{16}\.css)">', client.get("/").text)[0]
    answer = client.get(path)
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "max-age" in answer.headers["cache-control"]
    assert len(answer.text) > 50_000


def test_every_listed_file_is_in_this_release_of_gradio_and_refers_to_no_other() -> None:
    names = page_file("assets.txt").split()
    assert [name for name in names if not (FRONTEND / "assets" / name).is_file()] == []
    assets = read_assets(FRONTEND, theme_css="p{}", theme_hash="1")
    assert set(re.findall(rb"url\(['\"]?(\w+:)?", assets.style)) <= {b"data:"}
    assert b"@import" not in assets.style


def test_a_release_of_gradio_without_the_listed_files_is_still_served(tmp_path: Path) -> None:
    assets = read_assets(tmp_path, theme_css="p{}", theme_hash="1")
    assert (assets.scripts, assets.sheets, assets.style) == ((), (), b"p{}")


def test_a_document_that_is_not_as_we_know_it_is_left_as_it_is() -> None:
    assert document("<html>another release</html>", words=WORDS, language="en", assets=ASSETS) is None


def test_the_data_and_the_entry_of_gradio_are_kept() -> None:
    page = document(THEIRS, words=WORDS, language="en", assets=ASSETS)
    assert page is not None
    assert 'window.gradio_config = {"root":"http://h"};window.gradio_api_info = {};' in page
    assert '<script type="module" crossorigin src="/assets/index-a.js"></script>' in page
    assert '<link rel="stylesheet" disabled href="http://h/theme.css?v=1">' in page
    assert 'modulepreload" crossorigin href="/assets/index-a.js"' not in page


def test_no_word_can_end_the_script_that_carries_it() -> None:
    words = {"en": {**WORDS["en"], "busy": "</script><b>"}, "es": WORDS["es"]}
    said = spoken(words, language="en")
    assert "<" not in said
    assert json.loads(said)["words"]["en"]["busy"] == "</script><b>"


def test_an_address_without_its_last_slash_leads_to_the_page(client: TestClient) -> None:
    answer = client.get("/es", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, "/es/")
    assert client.get("/fr").status_code == 404
