"""What stands between the network and the application: routes, headers, sizes and rates. Pure ASGI.

Starlette's own ``BaseHTTPMiddleware`` would buffer the streams of OpenAI's shape, so none of it is used.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from allchat.web.errors import NO_METHOD, NO_ROUTE, Refusal
from allchat.web.middleware.heads import head_refusal
from allchat.web.middleware.routes import EMBEDS, STAFF, methods_of, route_of
from allchat.web.middleware.security_headers import with_headers

log = logging.getLogger("allchat.gate")


class Allowlist:
    """Serves only the routes that allchat uses, and adds the security headers to every response.

    Only with ``staff`` is there anything at ``/staff``, and at ``/embed`` only for frames of ``embed_sites``.
    """

    def __init__(self, app: ASGIApp, *, staff: bool = False, embed_sites: Sequence[str] = ()) -> None:
        self.app = app
        self.staff = staff
        self.embed_sites = embed_sites

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; websockets are not used and are turned away."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            query = scope.get("query_string", b"")
            headed = with_headers(send, path=scope["path"], query=query, embed_sites=self.embed_sites)
            await self._http(scope, receive, headed)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = head_refusal(scope) or self._refusal(scope)
        if refusal is not None:
            await refuse(refusal, send, path=scope["path"])
        elif scope["method"] == "HEAD":
            await self.app({**scope, "method": "GET"}, receive, _without_body(send))
        elif scope["method"] == "OPTIONS" and not _is_preflight(scope):
            allowed = ", ".join(methods_of(route_of(scope["path"]))).encode()
            await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", allowed)]})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self.app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        route = route_of(scope["path"])
        if not route or (route.startswith(STAFF) and not self.staff) or (route in EMBEDS and not self.embed_sites):
            return NO_ROUTE
        if scope["method"] not in methods_of(route):
            return replace(NO_METHOD, allowed=tuple(methods_of(route)))
        return None


def _is_preflight(scope: Scope) -> bool:
    """Whether a browser asks for another site whether it may ask."""
    return {b"origin", b"access-control-request-method"} <= {name for name, _ in scope["headers"]}


def _without_body(send: Send) -> Send:
    """A ``send`` for HEAD: what GET would send, without the body."""

    async def sending(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return sending


async def refuse(refusal: Refusal, send: Send, *, path: str = "") -> None:
    """Send the refusal as the whole response, in the shape that the address speaks."""
    body = refusal.body(path)
    sized = {**refusal.headers(), "content-length": str(len(body))}
    headers = [(name.encode(), value.encode()) for name, value in sized.items()]
    await send({"type": "http.response.start", "status": refusal.status_at(path), "headers": headers})
    await send({"type": "http.response.body", "body": body})
