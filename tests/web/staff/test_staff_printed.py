"""The staff see the page as printed of every source that was a PDF, whatever families may see of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from made_leaflet import FACTS, at, corpus_of, opened
from staff_forms import PASSWORD, send

from allchat.chat import Chat
from allchat.sources.readers.picture import PagePicture, picture_apart
from allchat.web import printed
from allchat.web.app import create_app
from allchat.web.staff.pages import staff_router

QUOTE = "Wash your hands when you come in."


@pytest.fixture
def chat(tmp_path: Path) -> Chat:
    return opened(corpus_of(tmp_path, facts=replace(FACTS, display="quote")))


@pytest.fixture
def nurse(chat: Chat) -> Iterator[TestClient]:
    with TestClient(create_app(chat, page=False, staff=staff_router(chat, password=PASSWORD))) as client:
        send(client, "/staff/sign-in", password=PASSWORD)
        yield client


def test_a_checked_quote_opens_beside_its_page(nurse: TestClient) -> None:
    page = send(nurse, "/staff/quote", text=QUOTE).text
    (address,) = re.findall(r'<img src="([^"]+)" loading="lazy"', page)
    picture = nurse.get(address)
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.text.count("data:image/png;base64,") == 1
    assert "<rect" in picture.text
    assert "<script" not in picture.text


def test_each_row_of_a_checked_answer_opens_beside_its_page(nurse: TestClient, chat: Chat) -> None:
    document = chat.documents["visits"]
    start = document.text.index(QUOTE)
    cited = {
        "number": 1,
        "document": "visits",
        "quote": QUOTE,
        "start": start,
        "end": start + len(QUOTE),
        "source_sha256": document.sha256,
    }
    saved = {"id": "q", "question": "how do I come in", "text": f"> {QUOTE} [1]", "citations": [cited]}
    page = send(nurse, "/staff/answer", file=json.dumps(saved).encode()).text
    assert f"/staff/sources/visits?printed={start}-{start + len(QUOTE)}" in page


@pytest.mark.parametrize("place", ["", "0-0", "5-2", "9-99999999", "1-2-3", "../x", "٣-٤"])
def test_a_place_that_is_none_has_no_page(nurse: TestClient, place: str) -> None:
    assert nurse.get("/staff/sources/visits", params={"printed": place}).status_code == 404
    assert nurse.get("/staff/sources/never", params={"printed": "1-9"}).status_code == 404
    assert nurse.get("/staff/sources/visits@0123456789abcdef", params={"printed": "1-9"}).status_code == 404


def test_staff_and_families_share_what_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def counted(content: bytes, *, page: int) -> PagePicture | None:
        drawn.append(page)
        return picture_apart(content, page=page)

    monkeypatch.setattr(printed, "picture_apart", counted)
    chat = opened(corpus_of(tmp_path))
    with TestClient(create_app(chat, page=False, staff=staff_router(chat, password=PASSWORD))) as client:
        send(client, "/staff/sign-in", password=PASSWORD)
        start, end = at(chat.documents["visits"], QUOTE)
        assert "data:image/png" in client.get(f"/staff/sources/visits?printed={start}-{end}").text
        assert "data:image/png" in client.get(f"/source/visits?start={start}&end={end}&page=printed").text
    assert drawn == [1]


def test_strangers_see_no_page(chat: Chat) -> None:
    client = TestClient(
        create_app(chat, page=False, staff=staff_router(chat, password=PASSWORD)), follow_redirects=False
    )
    assert client.get("/staff/sources/visits?printed=1-9").status_code == 303


def test_a_source_that_was_no_pdf_has_none(nurse: TestClient, chat: Chat) -> None:
    chat.documents = {"visits": replace(chat.documents["visits"], original=None)}
    assert nurse.get("/staff/sources/visits?printed=1-9").status_code == 404
    assert "<img" not in send(nurse, "/staff/quote", text=QUOTE).text
