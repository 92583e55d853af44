"""The listener: uvicorn with an end to patience. A client that dawdles loses its connection, not others their place.

uvicorn itself limits a connection that is silent after a response, the size of a head, and the number of connections.
The time that a head takes to arrive and the time that a client takes to read are limited here, the time of a body in
``gate``.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from allchat.web.middleware.heads import HEAD_BYTES
from allchat.web.middleware.rate_limit import household, is_loopback
from allchat.web.middleware.routes import WATCHING

HEAD_SECONDS = 10.0
READ_SECONDS = 30.0
IDLE_SECONDS = 15
DRAIN_SECONDS = 30
"""Time for answers in flight after a signal: more than the longest question."""

CONNECTIONS = 1000
SPARE = 24
"""Connections beyond these at which an operator's questions are still answered, and nothing else."""

CLIENT_CONNECTIONS = 100
"""Connections of one address, or of one network of IPv6: as nginx of the example takes them."""


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

    client_connections = CLIENT_CONNECTIONS
    head_seconds = HEAD_SECONDS
    read_seconds = READ_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head: asyncio.TimerHandle | None = None
        self._read: asyncio.TimerHandle | None = None
        self._household = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock for the first head, unless there are too many connections, of this client or at all."""
        super().connection_made(_Gathering(transport, loop=self.loop))  # type: ignore[arg-type]
        self._household = self._counted()
        held = _held(self.server_state)
        held[self._household] += 1
        of_one = self.client_connections if self._household else CONNECTIONS + SPARE
        if held[self._household] > of_one or len(self.connections) > CONNECTIONS + SPARE:
            self.transport.abort()
            return
        # Without a high-water mark, whatever is left to send stops the writing: a connection that is to be closed stays
        # until the last byte of it is read.
        self.transport.set_write_buffer_limits(high=0)
        self._await_head()

    def _counted(self) -> str:
        """Who the connection is counted for: nobody for this machine and for a proxy, behind which are many."""
        client = self.client[0] if self.client else ""
        trusted = self.config.forwarded_allow_ips or ()
        return "" if is_loopback(client) or _is_among(client, trusted) else household(client)

    def data_received(self, data: bytes) -> None:
        """Take what arrived; while no answer is made, it must lead to the end of the next head before the clock does.

        That holds too for the rest of a body that was answered without being read: uvicorn throws it away, and its own
        clock of a silent connection ends with the first byte.
        """
        # Whoever asks how the server is, is told also where all other places are taken.
        self.limit_concurrency = None if data.startswith(_WATCHED) else self.config.limit_concurrency
        super().data_received(data)
        if self.conn.our_state in (h11.SEND_RESPONSE, h11.SEND_BODY):
            _stop(self._head)
            self._head = None
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks, and count one connection less."""
        held = _held(self.server_state)
        held[self._household] -= 1
        if not held[self._household]:
            del held[self._household]
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


_WATCHED = tuple(f"{method} {path} ".encode() for method in ("GET", "HEAD") for path in WATCHING)


def _held(state: Any) -> Counter[str]:
    """How many connections each client has, counted for one server."""
    held: Counter[str] = state.__dict__.setdefault("allchat_held", Counter())
    return held


def _is_among(address: str, networks: Sequence[str] | str) -> bool:
    """Whether an address is one of these addresses or in one of these networks."""
    named = [networks] if isinstance(networks, str) else networks
    try:
        return any(ip_address(address) in ip_network(network, strict=False) for network in named if network != "*")
    except ValueError:
        return False


PROXIES = ("127.0.0.1", "::1")


def serve_until_stopped(
    app: ASGIApp, *, host: str = "127.0.0.1", port: int = 7860, trusted_proxies: Sequence[str] = PROXIES
) -> None:
    """Serve until a signal ends it, then let answers in flight arrive. uvicorn writes no access log.

    A client's address is the last one in ``X-Forwarded-For`` that is not a trusted proxy's, if a trusted proxy sent it.
    """
    config = uvicorn.Config(app, host=host, port=port, forwarded_allow_ips=list(trusted_proxies), **OPTIONS)
    uvicorn.Server(config).run()


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
