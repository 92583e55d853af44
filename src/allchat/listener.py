"""The listener: uvicorn with an end to patience. A client that dawdles loses its connection, not others their place.

uvicorn itself limits an idle connection after a response, the size of a head, and the number of connections. The time
that a head takes to arrive and the time that a client takes to read are limited here, the time of a body in ``gate``.
"""

from __future__ import annotations

import asyncio
from types import FrameType
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from allchat.gate import HEARTBEATS

HEAD_SECONDS = 10.0
READ_SECONDS = 30.0
IDLE_SECONDS = 15
DRAIN_SECONDS = 30
"""Time for answers in flight after a signal: more than the longest question."""

CONNECTIONS = 1000
HEAD_BYTES = 32 * 1024


class PatientProtocol(H11Protocol):
    """HTTP/1.1 with two deadlines: for the head of a request to arrive, and for a client to read what it asked for."""

    head_seconds = HEAD_SECONDS
    read_seconds = READ_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head: asyncio.TimerHandle | None = None
        self._read: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock for the first head."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take what arrived; the clock of a head runs from its first byte to its last."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            _stop(self._head)
            self._head = None
        elif self.conn.trailing_data[0]:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        _stop(self._head)
        _stop(self._read)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not read: start the clock."""
        super().pause_writing()
        self._read = self._read or self.loop.call_later(self.read_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads again."""
        _stop(self._read)
        self._read = None
        super().resume_writing()

    def _await_head(self) -> None:
        self._head = self._head or self.loop.call_later(self.head_seconds, self.transport.abort)


def _stop(clock: asyncio.TimerHandle | None) -> None:
    if clock is not None:
        clock.cancel()


class Draining:
    """The application with an end: once ``stop`` is called, what only keeps a page in touch ends at once.

    Everything else goes on, so that an answer in flight arrives.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.stopping = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        serving = self.app(scope, receive, send)
        if scope["type"] != "http" or not scope["path"].startswith(HEARTBEATS):
            await serving
            return
        beat, stop = asyncio.ensure_future(serving), asyncio.ensure_future(self.stopping.wait())
        done, pending = await asyncio.wait((beat, stop), return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        if beat in done:
            beat.result()

    def stop(self) -> None:
        """Begin the end."""
        self.stopping.set()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, *, app: Draining) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._app.stop()
        super().handle_exit(sig, frame)


def serve(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serve until a signal ends it, then let answers in flight arrive. uvicorn writes no access log."""
    draining = Draining(app)
    _Server(uvicorn.Config(draining, host=host, port=port, **OPTIONS), app=draining).run()


OPTIONS: dict[str, Any] = {
    "http": PatientProtocol,
    "ws": "none",
    "access_log": False,
    "log_config": None,
    "server_header": False,
    "limit_concurrency": CONNECTIONS,
    "timeout_keep_alive": IDLE_SECONDS,
    "timeout_graceful_shutdown": DRAIN_SECONDS,
    "h11_max_incomplete_event_size": HEAD_BYTES,
}
"""What uvicorn is told; tests serve with the same."""
