"""What stands between the network and the application: routes, headers, sizes and rates. Pure ASGI.

Starlette's own ``BaseHTTPMiddleware`` would buffer the event streams of the page, so none of it is used.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from allchat.refusals import (
    BROKEN,
    NO_METHOD,
    NO_ROUTE,
    TOO_FULL,
    TOO_MANY,
    TOO_MANY_OPEN,
    TOO_SLOW,
    Refusal,
    too_large,
)
from allchat.render import PATHS

log = logging.getLogger("allchat.gate")

CSP = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-robots-tag": "noindex",
}
READING = ["GET", "HEAD", "OPTIONS"]
POSTING = ["POST", "OPTIONS"]
KIB = 1024
STAFF = "/staff"
STAFF_FORMS = tuple(f"{STAFF}/{form}" for form in ("sign-in", "sign-out", "quote", "answer", "why"))
STAFF_BODY = 4096 * KIB
"""Bytes of the one form that a file comes with: saved answers."""

PAGE: Mapping[str, list[str]] = {
    "/": READING,
    "/config": READING,
    "/theme.css": READING,
    "/gradio_api/queue/join": [*READING, "POST"],
    "/gradio_api/queue/data": READING,
    "/gradio_api/cancel": [*READING, "POST"],
    "/gradio_api/info": READING,
    "/gradio_api/startup-events": READING,
    "/gradio_api/app_id": READING,
}
"""What a page needs of Gradio; everything else that Gradio offers stays closed."""


def _at_each_page(routes: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The routes at the page of every language."""
    return {f"{home.rstrip('/')}{route}": methods for home in PATHS.values() for route, methods in routes.items()}


ROUTES: Mapping[str, list[str]] = {
    # Our own.
    "/v1/ask": POSTING,
    "/v1/batch": POSTING,
    "/v1/chat/completions": POSTING,
    "/v1/models": READING,
    "/v1/openapi.json": READING,
    "/healthz": READING,
    "/readyz": READING,
    "/metrics": READING,
    "/favicon.ico": READING,
    # The staff's pages, which do not exist either unless they are turned on.
    STAFF: READING,
    **{form: ["GET", "HEAD", "POST"] for form in STAFF_FORMS},
    # A page's own path without its last slash leads to it.
    **{home.rstrip("/"): READING for home in PATHS.values() if home != "/"},
    **_at_each_page(PAGE),
}
"""Every route that is served, with the methods that it takes; what is not listed does not exist."""

HEARTBEATS = tuple(_at_each_page({"/gradio_api/heartbeat/": READING}))
PLUMBING = tuple(_at_each_page(dict.fromkeys(("/gradio_api/", "/config", "/theme.css"), READING)))
"""What the page asks for by itself."""

LASTING = tuple(_at_each_page({"/assets/": READING, "/static/": READING}))
FOLDERS: Mapping[str, list[str]] = {
    "/source/": READING,
    f"{STAFF}/sources/": READING,
    "/v1/models/": READING,
    **dict.fromkeys((*LASTING, *HEARTBEATS), READING),
}
"""The same for everything below a path."""

JOINING = tuple(_at_each_page({"/gradio_api/queue/join": POSTING}))
"""Where a page sends a question."""

ASKING = ("/v1/ask", "/v1/batch", "/v1/chat/completions", *JOINING)
BODY_LIMITS: Mapping[str, int] = {
    "/v1/batch": 1024 * KIB,
    "/v1/chat/completions": 256 * KIB,
    **dict.fromkeys(JOINING, 256 * KIB),
    f"{STAFF}/answer": STAFF_BODY,
}
"""Bytes of a body. The page and a chat client send the whole conversation with each question."""

BODY_LIMIT = 64 * KIB
"""Bytes of a body at every other address."""

LENGTH_DIGITS = 20
"""Most digits of a declared length, as h11 takes them."""

STREAMS = (*HEARTBEATS, *_at_each_page({"/gradio_api/queue/data": READING}))
"""What stays open as long as a page does, or as a question takes."""

LEAST_STREAMS = 20
IN_FLIGHT = 800
"""Requests at once: well below the listener's connections, so that who asks too much is told so by us."""

WATCHING = ("/healthz", "/readyz", "/metrics")
"""Served however many there are: an operator must see a crowd."""


@dataclass(slots=True)
class Rate:
    """At most ``per_minute`` questions of one address, spread evenly with a burst of the same size.

    Callers on this machine are not counted: an evaluation harness runs here, and a proxy here names its clients.
    ``seconds`` is the clock, in seconds; the least recent of more than 10,000 addresses are forgotten.
    """

    per_minute: int
    left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def allows(self, address: str, *, seconds: float, questions: int = 1) -> bool:
        """Count questions of the address; False, and none counted, when it has fewer left."""
        if not self.holds(address):
            return True
        client = household(address)
        left, then = self.left.pop(client, (float(self.per_minute), seconds))
        left = min(float(self.per_minute), left + (seconds - then) * self.per_minute / 60)
        allowed = left >= questions
        self.left[client] = (left - questions if allowed else left, seconds)
        if len(self.left) > 10_000:
            self.left.popitem(last=False)
        return allowed

    def holds(self, address: str) -> bool:
        """Whether the address is held to the rate."""
        return self.per_minute > 0 and not is_loopback(address)

    @property
    def streams(self) -> int:
        """How many streams one address may have open: where many families share one, a raised rate raises this too."""
        return max(LEAST_STREAMS, self.per_minute // 4)


def household(address: str) -> str:
    """The address that is counted: a whole /64 of IPv6, which is what one client has; of IPv4, or none, as it is."""
    parsed = _parsed(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address if parsed is None else str(parsed)


def is_loopback(address: str) -> bool:
    """Whether the address is this machine's own."""
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, None for what is none; ``::ffff:203.0.113.7`` is one of IPv4, as a socket for both writes it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed


class Gate:
    """Serves only the routes that allchat uses, and adds the security headers to every response.

    Only with ``staff`` is there anything at ``/staff``.
    """

    def __init__(self, app: ASGIApp, *, staff: bool = False) -> None:
        self.app = app
        self.staff = staff

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; websockets are not used and are turned away."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            await self._http(scope, receive, _with_headers(send, path=scope["path"]))

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, send)
        else:
            await refuse(refusal, send, path=scope["path"])

    def _refusal(self, scope: Scope) -> Refusal | None:
        route = route_of(scope["path"])
        if not route or (route.startswith(STAFF) and not self.staff):
            return NO_ROUTE
        if scope["method"] not in methods_of(route):
            return replace(NO_METHOD, allowed=tuple(methods_of(route)))
        return None


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
        self._streams: Counter[str] = Counter()

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
        route = route_of(scope["path"])
        holder = self._holder(scope, route)
        self._open += 1
        self._streams[holder] += 1
        try:
            await self._pass_on(scope, receive, send, refusal=self._refusal(scope, route, holder=holder))
        finally:
            self._open -= 1
            self._streams[holder] -= 1
            if not self._streams[holder]:
                del self._streams[holder]

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, *, refusal: Refusal | None) -> None:
        route = route_of(scope["path"])
        if refusal is None and scope["method"] == "POST":
            limit = BODY_LIMITS.get(route, BODY_LIMIT)
            try:
                body = await asyncio.wait_for(read_body(scope, receive, limit=limit), self.body_seconds)
            except TimeoutError:
                body, refusal = b"", TOO_SLOW
            if body is None:
                refusal = too_large(limit)
            else:
                receive = _replayed(body, receive)
        if refusal is None:
            await self.app(scope, receive, send)
        else:
            await refuse(refusal, send, path=scope["path"])

    def _holder(self, scope: Scope, route: str) -> str:
        """The client that holds the request as a stream; "" for what is no stream and for whom is not counted."""
        client = client_of(scope)
        return household(client) if route in STREAMS and self.rate.holds(client) else ""

    def _refusal(self, scope: Scope, route: str, *, holder: str) -> Refusal | None:
        """Why the request, which is among those that are open, is not served."""
        if self._open > self.in_flight and route not in WATCHING:
            return TOO_FULL
        if holder and self._streams[holder] > self.rate.streams:
            return TOO_MANY_OPEN
        asks = scope["method"] == "POST" and route in ASKING
        return TOO_MANY if asks and not self.rate.allows(client_of(scope), seconds=time.monotonic()) else None


def client_of(scope: Scope) -> str:
    """The address of the client, "" where it is not known."""
    return str(scope["client"][0]) if scope.get("client") else ""


def route_of(path: str) -> str:
    """The listed route that a path belongs to, a folder with its last slash; "" where there is none.

    A route holds nothing that a client chose, so it may stand in a log.
    """
    if ".." in path or "\\" in path or "\0" in path:
        return ""
    return path if path in ROUTES else next((folder for folder in FOLDERS if path.startswith(folder)), "")


def methods_of(route: str) -> list[str]:
    """The methods that a listed route takes."""
    return ROUTES[route] if route in ROUTES else FOLDERS[route]


async def read_body(scope: Scope, receive: Receive, *, limit: int) -> bytes | None:
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


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Hand out the body that was read; afterwards wait for the client as before (streams must notice it leaving)."""
    handed = False

    async def replay() -> Message:
        nonlocal handed
        if handed:
            return await receive()
        handed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _with_headers(send: Send, *, path: str) -> Send:
    added = {**HEADERS, "cache-control": "public, max-age=86400" if path.startswith(LASTING) else "no-store"}

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message.get("headers", []) if name.decode().lower() not in added]
            message["headers"] = kept + [(name.encode(), value.encode()) for name, value in added.items()]
        await send(message)

    return sending


async def refuse(refusal: Refusal, send: Send, *, path: str = "") -> None:
    """Send the refusal as the whole response, in the shape that the address speaks."""
    body = refusal.body(path)
    sized = {**refusal.headers(), "content-length": str(len(body))}
    headers = [(name.encode(), value.encode()) for name, value in sized.items()]
    await send({"type": "http.response.start", "status": refusal.status_at(path), "headers": headers})
    await send({"type": "http.response.body", "body": body})
