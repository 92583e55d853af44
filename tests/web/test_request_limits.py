"""Limits of a request: its size, its time, its method, and how many a client may send."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from small_chat import SmallChat

from allchat.web.app import create_app
from allchat.web.middleware.allowlist import Allowlist
from allchat.web.middleware.rate_limit import Rate
from allchat.web.middleware.request_limits import Limits

JSON = {"content-type": "application/json"}


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a thread of its own: a browser test before this one leaves an event loop in the main thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def test_a_body_is_measured_while_it_arrives(bare: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 1000

    assert bare.post("/v1/ask", content=chunks(), headers=JSON).status_code == 413


def test_a_client_has_its_share_of_questions_and_this_machine_is_not_counted() -> None:
    rate = Rate(per_minute=3)
    asked = [rate.allows("203.0.113.9", seconds=100.0) for _ in range(5)]
    assert asked == [True, True, True, False, False]
    assert rate.allows("203.0.113.9", seconds=121.0)
    assert not rate.allows("203.0.113.9", seconds=121.0)
    assert rate.allows("203.0.113.10", seconds=121.0)
    assert all(rate.allows("127.0.0.1", seconds=0.0) for _ in range(99))
    assert all(Rate(per_minute=0).allows("203.0.113.9", seconds=0.0) for _ in range(99))


def test_a_client_of_ipv6_is_its_whole_network() -> None:
    rate = Rate(per_minute=2)
    addresses = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2::3", "2001:db8:1:3::1"]
    assert [rate.allows(address, seconds=0.0) for address in addresses] == [True, True, False, True]


def test_an_address_of_ipv4_counts_the_same_however_a_socket_writes_it() -> None:
    rate = Rate(per_minute=2)
    addresses = ["203.0.113.7", "::ffff:203.0.113.7", "::FFFF:cb00:7107", "::ffff:203.0.113.8"]
    assert [rate.allows(address, seconds=0.0) for address in addresses] == [True, True, False, True]
    assert all(rate.allows("::ffff:127.0.0.1", seconds=0.0) for _ in range(99))


@pytest.mark.parametrize("declared", ["9" * 5000, "0" * 5000, "9" * 21])
def test_a_declared_length_beyond_all_numbers_is_too_large(bare: TestClient, declared: str) -> None:
    assert bare.post("/v1/ask", content=b"{}", headers={**JSON, "content-length": declared}).status_code == 413


def test_several_questions_at_once_are_counted_all_or_not_at_all() -> None:
    rate = Rate(per_minute=10)
    assert not rate.allows("203.0.113.9", seconds=0.0, questions=11)
    assert rate.allows("203.0.113.9", seconds=0.0, questions=10)
    assert not rate.allows("203.0.113.9", seconds=0.0)


@pytest.mark.parametrize(("path", "limit"), [("/v1/ask", 64), ("/v1/chat/completions", 256), ("/v1/batch", 1024)])
def test_each_address_has_its_own_limit_of_a_body(bare: TestClient, path: str, limit: int) -> None:
    for size, status in ((limit * 1024, {400}), (limit * 1024 + 1, {413})):
        assert {bare.post(path, content=b"x" * size, headers=JSON).status_code} == status


def test_a_method_that_is_not_served_is_told_which_are(bare: TestClient) -> None:
    assert bare.get("/v1/ask").headers["allow"] == "POST, OPTIONS"
    assert bare.post("/healthz").headers["allow"] == "GET, HEAD, OPTIONS"
    assert bare.post("/v1/models").headers["allow"] == "GET, HEAD, OPTIONS"


def test_the_rate_forgets_addresses_rather_than_grow() -> None:
    rate = Rate(per_minute=3)
    for n in range(10_050):
        rate.allows(f"host-{n}", seconds=0.0)
    assert len(rate.left) == 10_000


def test_too_many_questions_are_told_when_to_come_back() -> None:
    with TestClient(create_app(SmallChat(), page=False, questions_per_minute=1), client=("203.0.113.9", 5)) as client:
        assert client.post("/v1/ask", json={"question": "signs"}).status_code == 200
        again = client.post("/v1/ask", json={"question": "signs"})
    assert again.status_code == 429
    assert again.headers["retry-after"] == "30"


def test_a_body_that_never_arrives_is_not_waited_for() -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(10)

    async def send(message: Any) -> None:
        sent.append(message)

    async def application(*_: Any) -> None:
        raise AssertionError("nothing may reach the application")

    limits = Limits(application, rate=Rate(0), body_seconds=0.05)
    scope = {"type": "http", "method": "POST", "path": "/v1/ask", "headers": [], "client": None}
    run(limits(scope, receive, send))
    assert sent[0]["status"] == 408


def test_websockets_are_closed() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    gate = Allowlist(lambda *_: None)  # type: ignore[arg-type, return-value]
    run(gate({"type": "websocket", "path": "/"}, None, send))  # type: ignore[arg-type]
    assert sent == [{"type": "websocket.close", "code": 1000}]
