"""The listener: uvicorn with an end to patience. A client that dawdles loses its connection, not others their place.

uvicorn itself limits a connection that is silent after a response, the size of a head, and the number of connections.
The time that a head takes to arrive and the time that a client takes to read are limited here, the time of a body in
``gate``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import FrameType
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from allchat.web.middleware.heads import HEAD_BYTES
from allchat.web.middleware.routes import HEARTBEATS

HEAD_SECONDS = 10.0
READ_SECONDS = 30.0
IDLE_SECONDS = 15
DRAIN_SECONDS = 30
"""Time for answers in flight after a signal: more than the longest question."""

CONNECTIONS = 1000


class _Gathering:
    """A transport that sends what is written in one turn of the event loop at once, as one piece.

    uvicorn writes the head of a response and then its body. A process that dies in between would leave a proxy with
    half of an answer, which it can neither use nor ask for again.
    """

    def __init__(self, transport: asyncio.Transport, *, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self._send)
        self._parts.append(data)

    def close(self) -> None:
        self._send()
        self._transport.close()

    def _send(self) -> None:
        parts, self._parts = self._parts, []
        if parts:
            self._transport.write(b"".join(parts))


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
        super().connection_made(_Gathering(transport, loop=self.loop))  # type: ignore[arg-type]
        # Without a high-water mark, whatever is left to send stops the writing: a connection that is to be closed stays
        # until the last byte of it is read.
        self.transport.set_write_buffer_limits(high=0)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take what arrived; while no answer is made, it must lead to the end of the next head before the clock does.

        That holds too for the rest of a body that was answered without being read: uvicorn throws it away, and its own
        clock of a silent connection ends with the first byte.
        """
        super().data_received(data)
        if self.conn.our_state in (h11.SEND_RESPONSE, h11.SEND_BODY):
            _stop(self._head)
            self._head = None
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        _stop(self._head)
        _stop(self._read)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client has not read all there is: start the clock."""
        super().pause_writing()
        self._read = self._read or self.loop.call_later(self.read_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read it."""
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


PROXIES = ("127.0.0.1", "::1")


def serve_until_stopped(
    app: ASGIApp, *, host: str = "127.0.0.1", port: int = 7860, trusted_proxies: Sequence[str] = PROXIES
) -> None:
    """Serve until a signal ends it, then let answers in flight arrive. uvicorn writes no access log.

    A client's address is the last one in ``X-Forwarded-For`` that is not a trusted proxy's, if a trusted proxy sent it.
    """
    draining = Draining(app)
    trusted = list(trusted_proxies)
    config = uvicorn.Config(draining, host=host, port=port, forwarded_allow_ips=trusted, **OPTIONS)
    _Server(config, app=draining).run()


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
