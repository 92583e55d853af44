"""What of the page reaches Gradio, and how long Gradio keeps an answer."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs

from fastapi import Request, Response
from pydantic import BaseModel, Field, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import clear_contextvars

from allchat.web.errors import Refusal
from allchat.web.middleware.allowlist import refuse
from allchat.web.middleware.request_limits import read_body
from allchat.web.middleware.routes import BODY_LIMITS, JOINING
from allchat.web.page.doorkeeper import Doorkeeper
from allchat.web.page.gradio_setup import gr, queueing, route_utils

UNFETCHED_SECONDS = 60.0
"""How long an answer waits for the page that asked: a page reads while it asks, so this one is gone."""

MOST_UNFETCHED = 100
"""Answers that wait at once, each with the conversation that it goes on from: 256 KiB at most."""

MOST_SESSIONS = 1000


class Deliveries(queueing.Queue):
    """Gradio's queue with an end to what it keeps. Gradio itself keeps every session, and what none has fetched."""

    def __init__(self, page: gr.Blocks) -> None:
        super().__init__(
            live_updates=True,
            concurrency_count=page.max_threads,
            update_intervals=1,
            max_size=64,
            blocks=page,
            default_concurrency_limit=None,
        )
        # By session, the one that has been still for longest first.
        self._clocks: dict[str, asyncio.TimerHandle] = {}

    async def push(self, body: Any, request: Any, username: Any) -> Any:
        """Take an event in; see Gradio's."""
        self._keep(body.session_hash)
        return await super().push(body, request, username)

    async def process_events(self, events: list[Any], batch: Any, begin_time: Any, fn: Any) -> None:
        """Answer events; see Gradio's. They run in what the first visitor's request began: its id is not theirs."""
        clear_contextvars()
        try:
            await super().process_events(events, batch, begin_time, fn)
        finally:
            for event in events:
                self._keep(event.session_hash)

    def _keep(self, session: str) -> None:
        """Start the session's time anew, and forget who has waited longest where there are too many."""
        self._restart(session)
        for oldest in list(self._clocks):
            unfetched = sum(map(len, self.pending_event_ids_session.values())) - len(self.event_ids_to_events)
            if unfetched <= MOST_UNFETCHED and len(self._clocks) <= MOST_SESSIONS:
                return
            self._forget(oldest)

    def _restart(self, session: str) -> None:
        if session in self._clocks:
            self._clocks.pop(session).cancel()
        self._clocks[session] = asyncio.get_running_loop().call_later(UNFETCHED_SECONDS, self._forget, session)

    def _forget(self, session: str) -> None:
        """Let go of a session, unless one of its events is still waiting or being answered."""
        if any(event.session_hash == session for event in self.event_ids_to_events.values()):
            self._restart(session)
            return
        self._clocks.pop(session).cancel()
        self.pending_messages_per_session.pop(session, None)
        self.pending_event_ids_session.pop(session, None)


class Event(BaseModel):
    """What Gradio needs of an event; a session is a few letters and digits that the page drew for itself."""

    session_hash: str = Field(pattern="^[A-Za-z0-9_-]{1,64}$")
    fn_index: int
    data: list[Any]


NO_EVENT = Refusal(422, "event", "this is not an event of the page", "load the page again")
NO_ADDRESS = Refusal(400, "host", "no page is at such an address", "use the address that you were given")
NOTHING_WAITS = Refusal(404, "session_hash", "nothing waits for this page", "ask again")


class Events:
    """Hands Gradio only what its page could have sent, and no reader for whom nothing waits.

    Gradio itself takes anything for a session, fails on an event that it does not know, and breaks off a stream that it
    has begun.
    """

    def __init__(self, app: ASGIApp, *, page: gr.Blocks, keeper: Doorkeeper | None = None) -> None:
        self.app = app
        self.keeper = keeper
        self.page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path, method = scope.get("path", ""), scope.get("method")
        if scope["type"] == "http" and not _placed(scope):
            await refuse(NO_ADDRESS, send)
        elif path in JOINING and method == "POST":
            await self._join(scope, receive, send)
        elif path.endswith("/gradio_api/queue/data") and method == "GET" and not self._waits(scope):
            await refuse(NOTHING_WAITS, send)
        else:
            await self.app(scope, receive, send)

    async def _join(self, scope: Scope, receive: Receive, send: Send) -> None:
        event = self._event(await read_body(scope, receive, limit=BODY_LIMITS[scope["path"]]))
        refusal = NO_EVENT if event is None else await self._over(scope, event)
        content = b"" if event is None else event.model_dump_json().encode()
        whole: list[Message] = [{"type": "http.request", "body": content, "more_body": False}]

        async def checked() -> Message:
            return whole.pop() if whole else await receive()

        await (self.app(scope, checked, send) if refusal is None else refuse(refusal, send))

    async def _over(self, scope: Scope, event: Event) -> Refusal | None:
        return None if self.keeper is None else await self.keeper.refusal(scope, event.data)

    def _event(self, body: bytes | None) -> Event | None:
        """The body as an event of this page with nothing else in it; None where it is none."""
        try:
            event = Event.model_validate_json(body or b"")
        except ValidationError:
            return None
        known = self.page.fns.get(event.fn_index)
        if known is None or len(event.data) != len(known.inputs):
            return None
        # All that a page sends is text: from any address, Gradio fetches a file that a value names.
        event.data = [value if isinstance(value, str) else None for value in event.data]
        return event

    def _waits(self, scope: Scope) -> bool:
        """Whether there is, or will be, an answer for the session that the address names."""
        session = (parse_qs(scope["query_string"].decode(errors="replace")).get("session_hash") or [""])[0]
        queue = self.page._queue
        return session in queue.pending_messages_per_session and bool(queue.pending_event_ids_session.get(session))


def _placed(scope: Scope) -> bool:
    """Whether Gradio can say where its page stands; it fails on a host that is none."""
    try:
        route_utils.get_root_url(Request(scope), route_path=scope["path"], root_path=None)
    except Exception:  # noqa: BLE001 - whatever it fails with: there it would be a fault of ours
        return False
    return True


async def unreadable(_request: Request, _error: Exception) -> Response:
    """FastAPI's own refusal repeats what was sent."""
    return Response(NO_EVENT.body(), NO_EVENT.status, NO_EVENT.headers())
