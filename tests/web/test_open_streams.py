"""Streams that never end: no client takes the places of all, and a full house says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import httpx
import pytest
from serving import serving_app

from allchat.web.middleware.allowlist import Allowlist
from allchat.web.middleware.rate_limit import Rate
from allchat.web.middleware.request_limits import IN_FLIGHT, Limits
from allchat.web.middleware.routes import WATCHING
from allchat.web.uvicorn_server import OPTIONS

HERE = None
ELSEWHERE = {"x-forwarded-for": "203.0.113.9"}
BEYOND = {"x-forwarded-for": "203.0.113.10"}


async def endless(scope: Any, receive: Any, send: Any) -> None:
    """Begins an answer, and never ends it where the page would keep it open."""
    lasts = "/gradio_api/" in scope["path"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"begun", "more_body": lasts})
    while lasts and (await receive())["type"] != "http.disconnect":
        pass


def opened_in(
    stack: ExitStack, client: httpx.Client, path: str, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    return stack.enter_context(client.stream("GET", path, headers=headers))


@contextmanager
def lasting(**limits: Any) -> Iterator[Callable[..., httpx.Response]]:
    """Asks a server whose streams never end; what it answered stays open to the end."""
    with ExitStack() as stack:
        for address in serving_app(Allowlist(Limits(endless, **limits)), options={"lifespan": "off"}):
            client = stack.enter_context(httpx.Client(base_url=address, timeout=60, limits=httpx.Limits()))
            yield partial(opened_in, stack, client)
            stack.close()


@pytest.mark.parametrize("path", ["/gradio_api/heartbeat/a", "/es/gradio_api/heartbeat/a", "/gradio_api/queue/data"])
def test_no_client_takes_the_places_of_all(path: str) -> None:
    with lasting(rate=Rate(per_minute=120)) as opened:
        own = [opened(path, ELSEWHERE) for _ in range(31)]
        assert [answer.status_code for answer in own] == [200] * 30 + [429]
        assert own[-1].headers["retry-after"] == "30"
        assert "pages" in own[-1].read().decode()
        assert own[-1].headers["content-security-policy"]
        assert [opened(path, where).status_code for where in (HERE, BEYOND)] == [200, 200]
        assert opened("/healthz", ELSEWHERE).status_code == 200
        own[0].close()
        while (answer := opened(path, ELSEWHERE)).status_code != 200:
            answer.read()


def test_this_machine_and_an_operator_without_a_rate_open_what_they_like() -> None:
    for per_minute, where in ((120, HERE), (0, ELSEWHERE)):
        with lasting(rate=Rate(per_minute)) as opened:
            assert {opened("/gradio_api/heartbeat/a", where).status_code for _ in range(40)} == {200}


def test_a_house_that_is_full_says_so_in_our_words_and_shows_its_state() -> None:
    with lasting(rate=Rate(0), in_flight=3) as opened:
        answers = [opened("/gradio_api/heartbeat/a") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 503]
        assert answers[-1].headers["retry-after"] == "30"
        assert answers[-1].headers["content-security-policy"]
        assert set(json.loads(answers[-1].read())["error"]) == {"where", "what", "remedy"}
        assert [opened(path).status_code for path in WATCHING] == [200, 200, 200]
        assert opened("/favicon.ico").status_code == 503


def test_our_own_limit_is_reached_before_the_one_that_has_no_words() -> None:
    assert OPTIONS["limit_concurrency"] >= IN_FLIGHT + 100
