"""Answers that never end: a full house says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import httpx
from serving import serving_app

from allchat.web.middleware.allowlist import Allowlist
from allchat.web.middleware.rate_limit import Rate
from allchat.web.middleware.request_limits import IN_FLIGHT, Limits
from allchat.web.middleware.routes import WATCHING
from allchat.web.uvicorn_server import OPTIONS


async def endless(scope: Any, receive: Any, send: Any) -> None:
    """Begins an answer, and at a source never ends it."""
    lasts = "/source/" in scope["path"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"begun", "more_body": lasts})
    while lasts and (await receive())["type"] != "http.disconnect":
        pass


def opened_in(stack: ExitStack, client: httpx.Client, path: str) -> httpx.Response:
    return stack.enter_context(client.stream("GET", path))


@contextmanager
def lasting(**limits: Any) -> Iterator[Callable[..., httpx.Response]]:
    """Asks a server whose streams never end; what it answered stays open to the end."""
    with ExitStack() as stack:
        for address in serving_app(Allowlist(Limits(endless, **limits)), options={"lifespan": "off"}):
            client = stack.enter_context(httpx.Client(base_url=address, timeout=60, limits=httpx.Limits()))
            yield partial(opened_in, stack, client)
            stack.close()


def test_a_house_that_is_full_says_so_in_our_words_and_shows_its_state() -> None:
    with lasting(rate=Rate(0), in_flight=3) as opened:
        answers = [opened("/source/a") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 503]
        assert answers[-1].headers["retry-after"] == "30"
        assert answers[-1].headers["content-security-policy"]
        assert set(json.loads(answers[-1].read())["error"]) == {"where", "what", "remedy"}
        assert [opened(path).status_code for path in WATCHING] == [200, 200, 200]
        assert opened("/favicon.ico").status_code == 503


def test_our_own_limit_is_reached_before_the_one_that_has_no_words() -> None:
    assert OPTIONS["limit_concurrency"] >= IN_FLIGHT + 100
