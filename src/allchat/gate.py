"""What stands between the network and the application: routes, sizes, rates and headers. Pure ASGI.

Starlette's own ``BaseHTTPMiddleware`` would buffer the event streams of the page, so none of it is used.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
OURS = {"/v1/ask", "/healthz", "/readyz", "/favicon.ico"}
PAGE = {"/", "/config", "/theme.css"}
PAGE_API = {
    "/gradio_api/queue/join", "/gradio_api/queue/data", "/gradio_api/cancel", "/gradio_api/info",
    "/gradio_api/startup-events", "/gradio_api/app_id",
}  # fmt: skip
FOLDERS = ("/assets/", "/static/", "/gradio_api/heartbeat/", "/source/")
LASTING = ("/assets/", "/static/")
ASKING = {"/v1/ask", "/gradio_api/queue/join"}
READING = {"GET", "HEAD", "OPTIONS"}
POSTING = (*ASKING, "/gradio_api/cancel")


@dataclass(slots=True)
class Rate:
    """At most ``per_minute`` questions of one address, spread evenly with a burst of the same size.

    Callers on this machine are not counted: an evaluation harness runs here, and a proxy here names its clients.
    ``seconds`` is the clock, in seconds; the least recent of more than 10,000 addresses are forgotten.
    """

    per_minute: int
    left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def allows(self, address: str, *, seconds: float) -> bool:
        """Count one question of the address; False when it has none left."""
        if self.per_minute <= 0 or is_loopback(address):
            return True
        left, then = self.left.pop(address, (float(self.per_minute), seconds))
        left = min(float(self.per_minute), left + (seconds - then) * self.per_minute / 60)
        self.left[address] = (left - 1 if left >= 1 else left, seconds)
        if len(self.left) > 10_000:
            self.left.popitem(last=False)
        return left >= 1


def is_loopback(address: str) -> bool:
    """Whether the address is this machine's own."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not served: a status, and where, what and remedy in words that repeat nothing of the request."""

    status: int
    where: str
    what: str
    remedy: str

    def body(self) -> bytes:
        """The error as JSON."""
        return json.dumps({"error": {"where": self.where, "what": self.what, "remedy": self.remedy}}).encode()

    def headers(self) -> dict[str, str]:
        """The headers that belong to the status."""
        again = {"retry-after": "30"} if self.status in (429, 503) else {}
        return {"content-type": "application/json", **again}


NO_ROUTE = Refusal(404, "path", "there is nothing at this address", "ask at / or POST to /v1/ask")
NO_METHOD = Refusal(405, "method", "this method is not served", "use GET or POST")
TOO_MANY = Refusal(429, "client", "too many questions within a minute", "wait half a minute and ask again")
TOO_SLOW = Refusal(408, "body", "the request did not arrive in time", "send it again")


def too_large(limit: int) -> Refusal:
    """The refusal of a body of more than ``limit`` bytes."""
    return Refusal(413, "body", f"the request is larger than {limit} bytes", "send less, or clear the conversation")


class Gate:
    """Serves only the routes that allchat uses, within limits, and adds the security headers to every response.

    ``body_limit`` and ``page_limit`` are bytes: the second is for the page's own route, which carries the conversation.
    ``prefixes`` are the paths at which pages are mounted, without the last slash ("" for the root).
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        rate: Rate,
        body_limit: int = 64 * 1024,
        page_limit: int = 256 * 1024,
        body_seconds: float = 15.0,
        prefixes: Iterable[str] = ("",),
    ) -> None:
        self.app = app
        self.rate = rate
        self.body_limit = body_limit
        self.page_limit = page_limit
        self.body_seconds = body_seconds
        self.prefixes = tuple(prefixes)

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
        if refusal is None and scope["method"] == "POST":
            limit = self.page_limit if scope["path"].endswith("/gradio_api/queue/join") else self.body_limit
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
            await refuse(refusal, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        path = scope["path"]
        if not any(is_served(path.removeprefix(prefix), page=path.startswith(prefix)) for prefix in self.prefixes):
            return NO_ROUTE
        if scope["method"] not in methods_of(path):
            return NO_METHOD
        address = scope["client"][0] if scope.get("client") else ""
        asks = scope["method"] == "POST" and path.endswith(tuple(ASKING))
        return TOO_MANY if asks and not self.rate.allows(address, seconds=time.monotonic()) else None


def is_served(path: str, *, page: bool = True) -> bool:
    """Whether a path is on the list; everything that is not on it does not exist."""
    if ".." in path or "\\" in path or "\0" in path:
        return False
    return path in OURS or (page and (path in PAGE | PAGE_API or path.startswith(FOLDERS)))


def methods_of(path: str) -> set[str]:
    """The methods that a served path takes."""
    if path == "/v1/ask":
        return {"POST", "OPTIONS"}
    return READING | {"POST"} if path.endswith(POSTING) else READING


async def read_body(scope: Scope, receive: Receive, *, limit: int) -> bytes | None:
    """The whole body, or None where it is larger than ``limit`` bytes; a larger declared length is believed."""
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > limit:
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


async def refuse(refusal: Refusal, send: Send) -> None:
    """Send the refusal as the whole response."""
    sized = {**refusal.headers(), "content-length": str(len(refusal.body()))}
    headers = [(name.encode(), value.encode()) for name, value in sized.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": refusal.body()})
