"""What was asked: the counts as the staff see them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from staff_forms import PASSWORD, send

from allchat.chat import Chat
from allchat.web.app import create_app
from allchat.web.counts import STEP, Counts, today
from allchat.web.outcome import Outcome
from allchat.web.staff.pages import staff_router


@pytest.fixture
def kept(tmp_path: Path) -> Counts:
    return Counts(tmp_path)


@pytest.fixture
def counting_nurse(small_chat: Chat, kept: Counts) -> Iterator[TestClient]:
    staff = staff_router(small_chat, password=PASSWORD, counts=kept)
    with TestClient(create_app(small_chat, page=False, staff=staff, counts=kept), follow_redirects=False) as client:
        send(client, "/staff/sign-in", password=PASSWORD)
        yield client


def counted(kept: Counts, **facts: object) -> None:
    for _ in range(STEP):
        kept.add(Outcome("ask", error=None, seconds=0.1, stages_ms={}, **facts))  # type: ignore[arg-type]
    kept.settle()


def test_where_nothing_is_counted_the_page_says_how_to_turn_it_on(nurse: TestClient) -> None:
    page = nurse.get("/staff/counts").text
    assert "Nothing is counted." in page
    assert "<table" not in page


def test_a_stranger_sees_no_counts(stranger: TestClient) -> None:
    assert stranger.get("/staff/counts").headers["location"] == "/staff/sign-in"


def test_before_the_fifth_question_there_is_nothing_to_see(counting_nurse: TestClient) -> None:
    assert "There are no counts in this time" in counting_nurse.get("/staff/counts").text


def test_a_section_near_to_what_was_not_found_is_shown_with_the_way_to_it(
    counting_nurse: TestClient, small_chat: Chat, kept: Counts
) -> None:
    key = next(key for key in small_chat.documents if any(s.heading for s in small_chat.outline(key).sections))
    section = next(section for section in small_chat.outline(key).sections if section.heading)
    counted(kept, kind="not_found", nearest=(key, section.heading))
    page = counting_nurse.get("/staff/counts").text
    assert f'href="/staff/sources/{key}#s{section.number}"' in page
    assert f'id="s{section.number}"' in counting_nurse.get(f"/staff/sources/{key}").text


def test_a_section_that_is_gone_is_still_counted(counting_nurse: TestClient, kept: Counts) -> None:
    counted(kept, kind="not_found", nearest=("a-leaflet", ("Gone",)))
    assert "a section that is no longer there" in counting_nurse.get("/staff/counts").text


def test_a_rule_is_shown_with_why_it_exists(counting_nurse: TestClient, small_chat: Chat, kept: Counts) -> None:
    rule = small_chat.guard.rules[0]
    counted(kept, kind=rule.kind, reason=rule.reason, rule=rule.id)
    page = counting_nurse.get("/staff/counts").text
    assert f"<code>{rule.id}</code>" in page
    assert rule.why.split("'")[0] in page


def test_a_shorter_period_leaves_out_older_days(counting_nurse: TestClient, kept: Counts) -> None:
    before = today() - timedelta(days=20)
    counted(Counts(kept.folder, day=lambda: before), kind="answer")
    counted(kept, kind="refusal")
    assert str(before) in counting_nurse.get("/staff/counts").text
    assert str(before) not in counting_nurse.get("/staff/counts?days=7").text
    assert str(today()) in counting_nurse.get("/staff/counts?days=7").text


@pytest.mark.parametrize("days", ["", "0", "-1", "1e9", "ninety", "<script>"])
def test_another_period_than_those_offered_is_the_whole_time(counting_nurse: TestClient, days: str) -> None:
    page = counting_nurse.get("/staff/counts", params={"days": days}).text
    assert '<strong aria-current="true">last 90 days</strong>' in page


def test_a_damaged_file_is_told(counting_nurse: TestClient, kept: Counts) -> None:
    (kept.folder / f"{today()}.{'0' * 16}.json").write_text("{")
    assert "Files that could not be read, and are not counted here: 1." in counting_nurse.get("/staff/counts").text
