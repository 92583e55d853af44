"""Gradio's queue beneath the page: what is refused, what is kept and for how long, and what is never fetched."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from serving import until
from small_chat import HeldChat, SmallChat

from allchat.records import Outline
from allchat.web.app import create_app
from allchat.web.languages import PATHS
from allchat.web.page import gradio_queue
from allchat.web.page.messages import page_words
from allchat.wording import LANGUAGES

ALL_WORDS = {language: page_words(language) for language in LANGUAGES}
WORDS, SPANISH = ALL_WORDS["en"], ALL_WORDS["es"]


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """The whole application."""
    with TestClient(create_app(SmallChat(), questions_per_minute=0)) as client:
        yield client


@pytest.fixture
def fresh() -> Iterator[TestClient]:
    """The whole application, of which nobody has asked anything."""
    with TestClient(create_app(SmallChat(), questions_per_minute=0)) as client:
        yield client


def join(client: TestClient, session: object = "family", **values: Any) -> Any:
    """Ask as the page's script does."""
    event = {"data": ["signs", "[]", "{}", "en"], "fn_index": 0, "session_hash": session}
    return client.post("/gradio_api/queue/join", json=event | values)


def fetch(client: TestClient, session: str = "family") -> Any:
    return client.get("/gradio_api/queue/data", params={"session_hash": session})


def queue_of(client: TestClient) -> Any:
    assert isinstance(client.app, FastAPI)
    page = next(route for route in client.app.router.routes if getattr(route, "path", None) == PATHS["en"].rstrip("/"))
    return page.app.app.page._queue  # type: ignore[attr-defined]


def kept(queue: Any) -> tuple[int, int, int]:
    return len(queue.pending_messages_per_session), len(queue.pending_event_ids_session), len(queue._clocks)


@pytest.mark.parametrize(
    "session",
    [
        "",
        "zebrafish" * 8,
        "zebra fish",
        "zebrafish\n",
        "zebrafish/",
        "zébrafish",
        None,
        7,
        ["zebrafish"],
        "z" * 250_000,
    ],
)
def test_a_session_that_no_page_would_name_is_refused_and_not_repeated(client: TestClient, session: object) -> None:
    before = kept(queue_of(client))
    refused = join(client, session)
    assert refused.status_code == 422
    assert refused.json()["error"]["where"] == "event"
    assert "zebra" not in refused.text
    assert kept(queue_of(client)) == before


@pytest.mark.parametrize(
    "values",
    [
        {"data": ["zebrafish", []]},
        {"data": ["zebrafish", "[]", "{}", "en", "more"]},
        {"data": "zebrafish"},
        {"data": ["zebrafish \ud800", "[]", "{}", "en"]},
        {"fn_index": None},
        {"fn_index": -1},
        {"fn_index": 10**6},
        {"fn_index": "zebrafish"},
    ],
)
def test_an_event_that_no_page_would_send_is_refused_and_not_repeated(client: TestClient, values: Any) -> None:
    refused = client.post(
        "/gradio_api/queue/join",
        content=json.dumps({"data": ["signs", "[]", "{}", "en"], "fn_index": 0, "session_hash": "family"} | values),
        headers={"content-type": "application/json"},
    )
    assert (refused.status_code, refused.json()["error"]["where"]) == (422, "event")
    assert "zebra" not in refused.text


def test_what_is_nested_too_deep_is_refused(client: TestClient) -> None:
    deep: Any = "zebrafish"
    for _ in range(400):
        deep = [deep]
    assert join(client, data=["signs", deep, "{}", "en"]).status_code == 422


def test_no_refusal_of_gradios_repeats_what_was_sent(client: TestClient) -> None:
    for content in ("zebrafish", '{"session_hash": ["zebrafish"]}'):
        refused = client.post("/gradio_api/cancel", content=content, headers={"content-type": "application/json"})
        assert refused.status_code == 422
        assert "zebra" not in refused.text


def test_who_reads_without_having_asked_is_told_that_nothing_waits(fresh: TestClient) -> None:
    assert fetch(fresh).status_code == fresh.get("/gradio_api/queue/data").status_code == 404
    join(fresh)
    assert "process_completed" in fetch(fresh).text
    assert fetch(fresh).status_code == 404


def test_what_nobody_fetches_is_forgotten_after_a_while(fresh: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = queue_of(fresh)
    for number in range(10):
        assert join(fresh, f"family{number}").status_code == 200
    until(lambda: not queue.event_ids_to_events)
    assert kept(queue) == (10, 10, 10)
    monkeypatch.setattr(gradio_queue, "UNFETCHED_SECONDS", 0.01)
    for number in range(10):
        join(fresh, f"family{number}")
    until(lambda: kept(queue) == (0, 0, 0))
    assert fetch(fresh, "family0").status_code == 404


def test_of_what_nobody_fetches_only_the_latest_is_kept(fresh: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = queue_of(fresh)
    monkeypatch.setattr(gradio_queue, "MOST_UNFETCHED", 5)
    for number in range(20):
        assert join(fresh, f"family{number}").status_code == 200
        until(lambda: not queue.event_ids_to_events)
    until(lambda: kept(queue) == (5, 5, 5))
    assert "process_completed" in fetch(fresh, "family19").text
    assert fetch(fresh, "family0").status_code == 404
    for _ in range(10):
        join(fresh, "family")
        until(lambda: not queue.event_ids_to_events)
    assert sum(map(len, queue.pending_event_ids_session.values())) <= 5


def test_sessions_that_have_fetched_all_are_bounded_too(fresh: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradio_queue, "MOST_SESSIONS", 5)
    for number in range(12):
        join(fresh, f"family{number}")
        assert "process_completed" in fetch(fresh, f"family{number}").text
    assert max(kept(queue_of(fresh))) <= 5


def test_a_question_that_is_still_being_answered_is_not_forgotten(
    fresh: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradio_queue, "UNFETCHED_SECONDS", 0.3)
    join(fresh, data=["slow signs", "[]", "{}", "en"])
    assert "process_completed" in fetch(fresh).text


ELSEWHERE = {"path": "https://zebrafish.example/x", "meta": {"_type": "gradio.FileData"}}
MADE = {"component": "image", "value": ELSEWHERE, "constructor_args": {"label": "zebrafish"}, "props": {}}


@pytest.mark.parametrize(
    "conversation",
    [
        [{"role": "user", "content": [{"file": ELSEWHERE}]}],
        [{"role": "user", "content": [MADE]}],
        [{"role": "user", "content": ELSEWHERE}],
        [ELSEWHERE],
        ELSEWHERE,
        [{"role": "zebrafish", "content": "zebrafish four"}],
        [{"role": "user", "content": {"zebrafish": "four"}}],
        [["zebrafish", "four"]],
        "zebrafish four",
        7,
    ],
)
def test_of_a_conversation_only_text_is_taken_and_nothing_is_fetched_for_it(
    client: TestClient, conversation: object
) -> None:
    join(client, data=["signs", conversation, "{}", "en"])  # every test fails that tries to reach another machine
    said = fetch(client).text
    assert "The signs of leukemia" in said
    assert "zebrafish.example" not in said


def test_an_earlier_question_goes_along_and_comes_back(client: TestClient) -> None:
    join(client, data=["signs", json.dumps(["and zebrafish?"]), "{}", "en"])
    assert "and zebrafish?" in fetch(client).text


@pytest.mark.parametrize("place", range(4))
def test_no_other_part_of_an_event_names_a_file_either(client: TestClient, place: int) -> None:
    data: list[Any] = ["signs", "[]", "{}", "en"]
    data[place] = ELSEWHERE
    join(client, data=data)
    assert '"success":true' in fetch(client).text


class FailingChat(SmallChat):
    """Its sources can be read until somebody asks."""

    def outline(self, document: str) -> Outline:
        if self.asked:
            raise RuntimeError(f"unexpected: {self.asked[-1]}")
        return super().outline(document)


def test_an_event_that_fails_is_logged_as_its_class_and_printed_nowhere(
    lines: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    with TestClient(create_app(FailingChat())) as client:
        join(client, data=["zebrafish seven", "[]", "{}", "en"])
        said = fetch(client).text
    assert '"success":false' in said
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line["event"] for line in told if line["logger"] == "allchat.page"] == [
        "an event of the page failed: RuntimeError"
    ]
    assert "zebra" not in said + lines.getvalue() + "".join(capfd.readouterr())


def test_an_event_of_a_page_that_is_older_than_the_program_is_printed_nowhere(
    client: TestClient, lines: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    join(client, data=["zebrafish seven", []])
    assert [json.loads(line)["status"] for line in lines.getvalue().splitlines()] == [422]
    assert "zebra" not in lines.getvalue() + "".join(capfd.readouterr())


def test_whoever_waits_at_the_page_waits_where_the_time_is_counted() -> None:
    chat = HeldChat()
    app = create_app(chat, workers=2, waiting=60, seconds=60, questions_per_minute=0)
    with TestClient(app, client=("127.0.0.1", 1)) as client:
        for number in range(62):
            assert join(client, f"family{number}", data=["held signs", "[]", "{}", "en"]).status_code == 200
        until(lambda: "\nallchat_queue_length 60.0\n" in client.get("/metrics").text)
        join(client, "late")
        assert WORDS["busy"] in fetch(client, "late").text  # at once, though nobody has an answer yet
        join(client, "talk", fn_index=2, data=["0" * 16, "en"])
        assert WORDS["vote_thanks"] in fetch(client, "talk").text
        chat.free.set()
        assert all("The signs of leukemia" in fetch(client, f"family{number}").text for number in range(62))
