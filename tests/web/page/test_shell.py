"""The page's first bytes: help, the notice and a box, before any of Gradio's files has come."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gradio
import pytest
from fastapi.testclient import TestClient
from places import ROOT
from small_chat import SmallChat
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from allchat.errors import PageError
from allchat.web.app import create_app
from allchat.web.assets import page_file
from allchat.web.page.messages import page_words
from allchat.web.page.shell import Assets, Front, document, read_assets, script_words
from allchat.wording import LANGUAGES

FRONTEND = Path(gradio.__file__).parent / "templates" / "frontend"
WORDS = {language: page_words(language) for language in LANGUAGES}
ASSETS = Assets(("index-a.js", "b.js"), ("a.css",), "/theme.css?v=1")
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
    assert re.findall(r'<div lang="(\w+)"><div class="starters">', body) == [language]
    assert 'href="tel:911"' in body
    assert words["notice"] in body
    assert '<textarea id="ask"' in body
    assert words["question_label"] in body
    assert f'lang="{language}" hreflang="{language}" aria-current="true"' in body


def test_the_document_names_nothing_outside_and_asks_for_each_script_at_once(client: TestClient) -> None:
    page = client.get("/").text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//(?!testserver/theme)', page)
    scripts = re.findall(r'<link rel="modulepreload" crossorigin href="([^"]+)">', page)
    assert len(scripts) > 10
    assert all(client.get(script).status_code == 200 for script in scripts)


def test_every_listed_file_is_in_this_release_of_gradio() -> None:
    names = page_file("assets.txt").split()
    assert [name for name in names if not (FRONTEND / "assets" / name).is_file()] == []


def test_a_release_of_gradio_without_the_listed_files_is_still_served(tmp_path: Path) -> None:
    assets = read_assets(tmp_path, theme_hash="1")
    assert (assets.scripts, assets.sheets) == ((), ())


ENTRY = THEIRS[THEIRS.index('<script type="module"') :]
UNKNOWN = {
    "another release": ("<html>another release</html>", "has no data"),
    "no entry script": (THEIRS.removesuffix(ENTRY), "has no entry script"),
    "an entry script of another name": (THEIRS.replace("index-a.js", "app.js"), "has no entry script"),
    "no data": (ENTRY, "has no data"),
}


@pytest.mark.parametrize("changed", UNKNOWN)
def test_a_document_that_has_no_place_for_the_emergency_bar_is_an_error_with_the_remedy(changed: str) -> None:
    theirs, fact = UNKNOWN[changed]
    with pytest.raises(PageError, match=rf"the page at /es/: Gradio's document {fact}.*emergency bar.*make setup"):
        document(theirs, words=WORDS, language="es", assets=ASSETS)


def app_of(*documents: str, status: int = 200) -> ASGIApp:
    """Gives one document after another, the last for ever, as Gradio gives its page."""
    left = list(documents)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        page = left.pop(0) if len(left) > 1 else left[0]
        await HTMLResponse(page, status_code=status)(scope, receive, send)

    return app


def front(app: ASGIApp) -> Front:
    return Front(app, words=WORDS, language="en", assets=ASSETS)


def checked(app: ASGIApp) -> None:
    """On a thread of its own: another test of this process may have left a loop running on this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, front(app).check()).result()


def test_the_page_is_tried_before_anyone_asks_for_it() -> None:
    checked(app_of(THEIRS))
    with pytest.raises(PageError, match="has no data"):
        checked(app_of("<html>another release</html>"))
    with pytest.raises(PageError, match="came with status 500"):
        checked(app_of(THEIRS, status=500))


def test_no_page_is_ever_served_without_the_emergency_bar() -> None:
    client = TestClient(front(app_of(THEIRS, "<html>changed while serving</html>")), raise_server_exceptions=False)
    assert 'href="tel:911"' in client.get("/").text
    changed = client.get("/")
    assert (changed.status_code, "changed while serving" in changed.text) == (500, False)


def test_the_head_of_the_page_is_told_without_it(client: TestClient) -> None:
    assert client.head("/").status_code == 200


@pytest.mark.slow
def test_allchat_does_not_start_beside_a_gradio_whose_page_it_does_not_know(built_index: Path, tmp_path: Path) -> None:
    """A whole Gradio, the installed one in all but its page's entry script."""
    installed = Path(gradio.__file__).parent
    shutil.copytree(installed, tmp_path / "gradio", copy_function=os.symlink)
    index = tmp_path / "gradio" / "templates" / "frontend" / "index.html"
    text = index.read_text(encoding="utf-8")
    changed = re.sub(r"assets/index-([\w-]+\.js)", r"assets/main-\1", text)
    assert changed != text
    index.unlink()
    index.write_text(changed, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, "-m", "allchat", "serve", "--port", "0", "--index", str(built_index)]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr.startswith("allchat: the page at ")
    assert "has no entry script" in ended.stderr
    assert "make setup" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_data_and_the_entry_of_gradio_are_kept() -> None:
    page = document(THEIRS, words=WORDS, language="en", assets=ASSETS)
    assert page is not None
    assert 'window.gradio_config = {"root":"http://h"};window.gradio_api_info = {};' in page
    assert '<script type="module" crossorigin src="/assets/index-a.js"></script>' in page
    assert '<link rel="stylesheet" disabled href="http://h/theme.css?v=1">' in page
    assert 'modulepreload" crossorigin href="/assets/index-a.js"' not in page


def test_no_word_can_end_the_script_that_carries_it() -> None:
    words = {"en": {**WORDS["en"], "busy": "</script><b>"}, "es": WORDS["es"]}
    said = script_words(words, language="en")
    assert "<" not in said
    assert json.loads(said)["words"]["en"]["busy"] == "</script><b>"


def test_an_address_without_its_last_slash_leads_to_the_page(client: TestClient) -> None:
    answer = client.get("/es", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, "/es/")
    assert client.get("/fr").status_code == 404
