"""Reported wordings: what the staff type and nothing else, and only where an operator named a file for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from staff_forms import PASSWORD, send

from allchat.chat import Chat
from allchat.errors import StoreError
from allchat.web import kept_lines
from allchat.web.app import create_app
from allchat.web.staff.pages import staff_router
from allchat.web.staff.wordings import LONGEST, Wordings
from allchat.wording import load_wording

WORDS = load_wording().table("staff")
ASKED = "which medicines are forbidden at home for Xaver"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "reports.jsonl"


@pytest.fixture
def reporter(small_chat: Chat, kept: Path) -> Iterator[TestClient]:
    staff = staff_router(small_chat, password=PASSWORD, reports=kept)
    with TestClient(create_app(small_chat, page=False, staff=staff), follow_redirects=False) as client:
        send(client, "/staff/sign-in", password=PASSWORD)
        yield client


def test_the_form_beside_an_explanation_is_empty_and_asking_keeps_nothing(reporter: TestClient, kept: Path) -> None:
    page = send(reporter, "/staff/why", question=ASKED).text
    form = page.partition('action="/staff/report"')[2].partition("</form>")[0]
    assert re.findall(r"<textarea[^>]*>\s*([^<]*)</textarea>", form) == ["", ""]
    assert "<input" not in form
    assert not kept.exists()


def test_what_was_typed_is_kept_and_nothing_else(reporter: TestClient, kept: Path) -> None:
    send(reporter, "/staff/why", question=ASKED)
    page = send(reporter, "/staff/report", wording=" the tube is stuck\n", note="ask the ward", question=ASKED)
    assert WORDS["report_kept"] in page.text
    assert "the tube is stuck" not in page.text
    assert [json.loads(line) for line in kept.read_text("utf-8").splitlines()] == [
        {"wording": "the tube is stuck", "note": "ask the ward"}
    ]
    assert kept.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("wording", ["", " \n", "x" * (LONGEST + 1)])
def test_nothing_and_too_much_are_refused_and_what_was_typed_stays_in_the_form(
    reporter: TestClient, kept: Path, wording: str
) -> None:
    page = send(reporter, "/staff/report", wording=wording, note="ask the ward")
    assert page.status_code == 422
    assert "ask the ward</textarea>" in page.text
    assert page.text.count('spellcheck="false"') == page.text.count("<textarea") == 2
    assert not kept.exists()


def test_without_a_file_there_is_no_form_and_nothing_is_taken(nurse: TestClient) -> None:
    assert "/staff/report" not in send(nurse, "/staff/why", question=ASKED).text
    page = send(nurse, "/staff/report", wording="the tube is stuck")
    assert page.status_code == 404
    assert WORDS["no_report"] in page.text


def test_strangers_and_other_sites_report_nothing(reporter: TestClient, kept: Path) -> None:
    sent = {"files": {"wording": (None, "x")}, "headers": {"sec-fetch-site": "cross-site"}}
    assert reporter.post("/staff/report", **sent).status_code == 403
    reporter.cookies.clear()
    assert send(reporter, "/staff/report", wording="x").status_code == 403
    assert not kept.exists()


def test_a_full_or_unwritable_file_is_told_and_nothing_is_lost(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = Wordings(kept)
    assert reports.check() == 0
    reports.add("a")
    size = kept.stat().st_size
    assert reports.check() == size
    monkeypatch.setattr(kept_lines, "LIMIT", size + 3)
    with pytest.raises(StoreError, match="no more are taken"):
        reports.add("b")
    assert kept.stat().st_size == size
    for nowhere in (tmp_path / "none" / "reports.jsonl", tmp_path):
        with pytest.raises(StoreError, match="setting reports"):
            Wordings(nowhere).add("a")
        with pytest.raises(StoreError, match="setting reports"):
            Wordings(nowhere).check()
