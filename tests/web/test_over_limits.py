"""Over a limit: a question is charged by its cost, and what a rule finds urgent is answered all the same."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from small_chat import HeldChat, SmallChat
from word_hash import WordHash

from allchat.answering.query import Asked
from allchat.errors import BusyError
from allchat.web.answer_queue import Capacity, PageDoor
from allchat.web.app import create_app
from allchat.web.middleware.rate_limit import Rate, cost_of
from allchat.web.middleware.request_limits import Limits
from allchat.web.page.doorkeeper import asked_in

FAMILY = ("203.0.113.9", 5)
LONG = "signs " * 600


def door(rate: int, *, page: bool = False) -> TestClient:
    return TestClient(create_app(SmallChat(), page=page, questions_per_minute=rate), client=FAMILY)


def asked(client: TestClient, question: str, path: str = "/v1/ask") -> Any:
    if path == "/v1/ask":
        return client.post(path, json={"question": question})
    if path == "/v1/chat/completions":
        return client.post(path, json={"model": "allchat", "messages": [{"role": "user", "content": question}]})
    event = {"data": [question, "[]", "{}", "en"], "fn_index": 0, "session_hash": "family"}
    return client.post(path, json=event)


def test_a_question_of_usual_length_in_a_usual_conversation_counts_as_one() -> None:
    assert cost_of("What are the side effects of chemotherapy?", ["What is a lumbar puncture?"] * 10) == 1
    assert cost_of("x" * 400) == 1
    assert cost_of("x" * 4000) == 49
    assert cost_of("x", ["y" * 4000] * 10) > 90


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/chat/completions", "/gradio_api/queue/join"])
def test_a_long_message_is_charged_by_what_it_costs_at_every_door(path: str) -> None:
    with door(50, page=path.startswith("/gradio")) as client:
        assert asked(client, LONG, path).status_code == 200
        assert [asked(client, "signs", path).status_code for _ in range(10)][-1] == 429


def test_a_long_history_is_charged_too_and_a_message_that_costs_more_than_a_minute_can_still_be_asked() -> None:
    with door(20) as client:
        body = {"question": "signs", "history": ["x" * 4000] * 10}
        assert client.post("/v1/ask", json=body).status_code == 200
        assert client.post("/v1/ask", json=body).status_code == 429


def test_a_batch_is_charged_by_its_questions() -> None:
    with door(60) as client:
        assert client.post("/v1/batch", json={"questions": [{"question": LONG}] * 2}).status_code == 422
        assert client.post("/v1/batch", json={"questions": [{"question": "signs"}] * 50}).status_code == 200


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/chat/completions", "/gradio_api/queue/join"])
def test_an_emergency_is_answered_beyond_the_rate_at_every_door(path: str) -> None:
    with door(1, page=path.startswith("/gradio")) as client:
        assert asked(client, "signs", path).status_code == 200
        if path.startswith("/gradio"):
            client.get("/gradio_api/queue/data", params={"session_hash": "family"})
        assert asked(client, "more signs", path).status_code == 429
        urgent = asked(client, "emergency", path)
        assert urgent.status_code == 200
        if path == "/v1/ask":
            assert urgent.json()["kind"] == "urgent"
        if path.startswith("/gradio"):
            assert "of-urgent" in client.get("/gradio_api/queue/data", params={"session_hash": "family"}).text


def test_the_page_can_ask_again_for_an_emergency_beyond_the_rate() -> None:
    assert asked_in(["[]", "{}", "en"]) == ("", ())
    assert asked_in([json.dumps(["signs", "emergency"]), "{}", "en"]) == ("emergency", ())
    assert asked_in(["more", json.dumps(["signs"]), "{}", "en"]) == ("more", ("signs",))
    assert asked_in(["name", "en"]) == ("", ())


def test_a_vote_beyond_the_rate_is_turned_away() -> None:
    with door(1, page=True) as client:
        event = {"data": ["", "en"], "fn_index": 2, "session_hash": "family"}
        found = [client.post("/gradio_api/queue/join", json=event).status_code for _ in range(2)]
    assert found == [200, 429]


def test_an_emergency_is_answered_while_more_requests_than_are_served_at_once_are_open() -> None:
    with TestClient(Limits(create_app(SmallChat(), page=False), rate=Rate(0), in_flight=0)) as client:
        assert client.post("/v1/batch", json={"questions": [{"question": "emergency"}]}).status_code == 503
        assert client.post("/v1/ask", json={"question": "signs"}).status_code == 503
        assert client.post("/v1/ask", json={"question": "emergency"}).json()["kind"] == "urgent"


def test_an_emergency_is_answered_while_every_place_is_taken_and_too_late() -> None:
    chat = HeldChat()

    async def work() -> None:
        capacity = Capacity(chat, workers=1, waiting=0)
        held = asyncio.create_task(capacity.ask(Asked("held signs"), door="ask"))
        await asyncio.to_thread(chat.begun.acquire)
        with pytest.raises(BusyError):
            await capacity.ask(Asked("signs"), door="ask")
        assert (await capacity.ask(Asked("emergency"), door="ask")).kind == "urgent"
        here = await asyncio.to_thread(PageDoor(chat, capacity=capacity).ask, "crisis")
        assert here.kind == "urgent"
        with pytest.raises(BusyError):
            await asyncio.to_thread(PageDoor(chat, capacity=capacity).ask, "signs")
        chat.free.set()
        await held
        slow = Capacity(chat, workers=1, seconds=0.05)
        assert (await slow.ask(Asked("emergency, slow"), door="ask")).kind == "urgent"

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work()).result()


def test_the_real_rules_find_it_and_nothing_else_passes(small_chat: Any) -> None:
    told = small_chat.alarm("My child is not breathing", id="one")
    assert (told.kind, told.id) == ("urgent", "one")
    for question in ("Which medicines are forbidden at home?", "", "   ", "x" * 5000, "what is a fever"):
        assert small_chat.alarm(question) is None
    assert told.text == small_chat.ask("My child is not breathing", id="one").text


def test_reading_for_an_alarm_embeds_nothing(small_chat: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    by: list[str] = []
    monkeypatch.setattr(WordHash, "encode", lambda *_args, **_how: by.append(threading.current_thread().name))
    assert small_chat.alarm("Which medicines are forbidden at home?") is None
    assert by == []
