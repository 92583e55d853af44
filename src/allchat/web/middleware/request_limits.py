"""How large a request may be and how many are served at once."""

from __future__ import annotations

import asyncio
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from allchat.web.errors import BROKEN, TOO_FULL, TOO_MANY, TOO_SLOW, Refusal, too_large
from allchat.web.middleware.allowlist import log, refuse
from allchat.web.middleware.rate_limit import OVER, Rate, client_of
from allchat.web.middleware.routes import ALARMED, ASKING, BODY_LIMIT, BODY_LIMITS, WATCHING, route_of

LENGTH_DIGITS = 20
"""Most digits of a declared length, as h11 takes them."""

IN_FLIGHT = 800
"""Requests at once: well below the listener's connections, so that who asks too much is told so by us."""


class Limits:
    """Holds requests to their numbers, rates, sizes and times; what breaks within becomes a refusal.

    ``body_seconds`` is the time that a body may take to arrive, ``in_flight`` how many requests are served at once.
    """

    def __init__(self, app: ASGIApp, *, rate: Rate, body_seconds: float = 15.0, in_flight: int = IN_FLIGHT) -> None:
        self.app = app
        self.rate = rate
        self.body_seconds = body_seconds
        self.in_flight = in_flight
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._serve(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 - the outermost door: no traceback leaves, and no words enter a log
            log.error("%s: the request broke: %s", route_of(scope["path"]), type(error).__name__)
            if not begun:  # what has begun is left unfinished, and the listener closes the connection
                await refuse(BROKEN, send, path=scope["path"])

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._open += 1
        try:
            await self._pass_on(scope, receive, send, refusal=self._refusal(scope, route_of(scope["path"])))
        finally:
            self._open -= 1

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, *, refusal: Refusal | None) -> None:
        route = route_of(scope["path"])
        if refusal in (TOO_MANY, TOO_FULL) and scope["method"] == "POST" and route in ALARMED:
            scope, refusal = {**scope, OVER: refusal}, None
        if refusal is None and scope["method"] == "POST":
            limit = BODY_LIMITS.get(route, BODY_LIMIT)
            try:
                body = await asyncio.wait_for(_read_body(scope, receive, limit=limit), self.body_seconds)
            except TimeoutError:
                body, refusal = b"", TOO_SLOW
            if body is None:
                refusal = too_large(limit)
            else:
                receive = replayed(body, receive)
        if refusal is None:
            await self.app(scope, receive, send)
        else:
            await refuse(refusal, send, path=scope["path"])

    def _refusal(self, scope: Scope, route: str) -> Refusal | None:
        """Why the request, which is among those that are open, is not served."""
        if self._open > self.in_flight and route not in WATCHING:
            return TOO_FULL
        asks = scope["method"] == "POST" and route in ASKING
        return TOO_MANY if asks and not self.rate.allows(client_of(scope), seconds=time.monotonic()) else None


async def _read_body(scope: Scope, receive: Receive, *, limit: int) -> bytes | None:
    """The whole body, or None where it is larger than ``limit`` bytes; a larger declared length is believed."""
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    # So many digits that Python reads no number in them are too many, too.
    if declared.isdigit() and (len(declared) > LENGTH_DIGITS or int(declared) > limit):
        return None
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if message["type"] != "http.request" or not message.get("more_body", False):
            return bytes(body)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Hand out the body that was read; afterwards wait for the client as before (streams must notice it leaving)."""
    handed = False

    async def replay() -> Message:
        nonlocal handed
        if handed:
            return await receive()
        handed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
