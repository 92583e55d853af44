"""The listener: slow and silent clients lose their connection."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from serving import serving, serving_app
from small_chat import SmallChat

from allchat.web import uvicorn_server
from allchat.web.middleware.rate_limit import Rate
from allchat.web.middleware.request_limits import Limits
from allchat.web.uvicorn_server import OPTIONS, PatientProtocol

SHORT = 0.2


class Hurried(PatientProtocol):
    """The same with deadlines that a test can wait for."""

    head_seconds = SHORT
    read_seconds = SHORT


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    yield from serving(SmallChat(), options={"http": Hurried, "timeout_keep_alive": SHORT}, page=False)


def connected(address: str) -> socket.socket:
    there = urlsplit(address)
    connection = socket.create_connection((there.hostname, there.port))  # type: ignore[arg-type]
    connection.settimeout(30)
    return connection


def rest(connection: socket.socket) -> bytes:
    """What still comes until the server closes."""
    found = b""
    try:
        while more := connection.recv(65536):
            found += more
    except ConnectionResetError:
        pass
    return found


@pytest.mark.parametrize("head", [b"", b"GET /healthz HTTP/1.1\r\n", b"POST /v1/ask HTTP/1.1\r\nhost: a\r\nx: "])
def test_a_head_that_does_not_arrive_ends_the_connection(address: str, head: bytes) -> None:
    with connected(address) as connection:
        connection.sendall(head)
        assert rest(connection) == b""


def test_dripping_a_head_does_not_stretch_its_time(address: str) -> None:
    with connected(address) as connection, ThreadPoolExecutor(1) as pool:
        closed = pool.submit(rest, connection)
        connection.sendall(b"GET /healthz HTTP/1.1\r\n")
        with suppress(ConnectionError):
            while True:
                connection.sendall(b"x: y\r\n")
        assert b"200" not in closed.result()


def test_an_idle_connection_ends_after_its_answer_and_also_when_the_next_head_stops(address: str) -> None:
    for more in (b"", b"GET /heal"):
        with connected(address) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
            first = connection.recv(65536)
            connection.sendall(more)
            assert b"200 OK" in first + rest(connection)


def test_a_client_that_keeps_to_the_times_is_served_again_and_again(address: str) -> None:
    with httpx.Client(base_url=address) as client:
        assert [client.get("/healthz").status_code for _ in range(5)] == [200] * 5


def test_a_client_that_asks_and_does_not_read_loses_its_connection(address: str) -> None:
    with connected(address) as connection:
        lost = None
        while lost is None:
            try:
                connection.sendall(b"GET /source/leaflet HTTP/1.1\r\nhost: a\r\n\r\n")
            except OSError as error:
                lost = error
    assert isinstance(lost, ConnectionError), "the server neither read nor closed"


UNREAD = [
    b"GET /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n",
    b"HEAD /healthz HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n",
    b"OPTIONS /v1/ask HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n",
    b"POST /nothing HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n",
    b"POST /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n",
    b"POST /v1/ask HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n",
]


@pytest.mark.parametrize("head", UNREAD)
def test_a_byte_after_an_answer_that_left_the_body_unread_does_not_hold_the_connection(
    address: str, head: bytes
) -> None:
    with connected(address) as connection:
        connection.sendall(head)
        assert connection.recv(65536).startswith(b"HTTP/1.1 ")
        connection.sendall(b"1")
        assert b"HTTP/1.1" not in rest(connection)


@pytest.mark.parametrize("more", [b"1", b"1" * 1000, b"1" * 1000 + b"GET /heal"])
def test_nor_does_what_comes_after_a_408(more: bytes) -> None:
    async def application(*_: Any) -> None:
        raise AssertionError("nothing may reach the application")

    limits = Limits(application, rate=Rate(0), body_seconds=SHORT)
    options = {"http": Hurried, "timeout_keep_alive": SHORT, "lifespan": "off"}
    for address in serving_app(limits, options=options):
        with connected(address) as connection:
            connection.sendall(b"POST /v1/ask HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")
            connection.sendall(more)
            assert rest(connection) == b""


def test_a_body_that_comes_after_its_answer_leaves_the_connection_to_the_next_request(address: str) -> None:
    with connected(address) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"1" * 1000 + b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
        assert rest(connection).startswith(b"HTTP/1.1 200 ")


class Narrow(PatientProtocol):
    """The same with little room in the machine for what a client does not read."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        super().connection_made(transport)


class NarrowAndHurried(Narrow):
    read_seconds = SHORT


async def forty_kib(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"40960")]})
    await send({"type": "http.response.body", "body": b"x" * 40960})


def test_a_client_that_leaves_a_little_unread_loses_its_connection_too() -> None:
    for address in serving_app(forty_kib, options={"http": NarrowAndHurried, "lifespan": "off"}):
        there = urlsplit(address)
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(30)
            connection.connect((there.hostname, there.port))
            connection.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            lost = None
            while lost is None:
                try:
                    connection.sendall(b"x" * 1000)
                except OSError as error:
                    lost = error
    assert isinstance(lost, ConnectionError), "the server neither read nor closed"


def test_a_client_that_reads_slowly_gets_all_of_it() -> None:
    for address in serving_app(forty_kib, options={"http": Narrow, "lifespan": "off"}):
        with connected(address) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            found = b""
            while more := connection.recv(512):
                found += more
        assert found.endswith(b"x" * 40960)


def test_a_head_that_is_too_large_is_refused(address: str) -> None:
    with connected(address) as connection:
        with suppress(OSError):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nx: " + b"y" * 200_000)
        assert b"200 OK" not in rest(connection)


def test_what_uvicorn_is_told_writes_no_address_of_a_family() -> None:
    assert OPTIONS["access_log"] is False
    assert OPTIONS["server_header"] is False
    assert OPTIONS["timeout_graceful_shutdown"] > 25


class Counted(PatientProtocol):
    """As if every client were somebody from outside, who may have three connections."""

    client_connections = 3

    def _counted(self) -> str:
        return "203.0.113.9"


def test_one_address_has_its_share_of_connections_and_gets_it_back() -> None:
    for address in serving(SmallChat(), options={"http": Counted}, page=False):
        held = [connected(address) for _ in range(3)]
        for connection in held:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
            assert b"200 OK" in connection.recv(65536)
        with connected(address) as more:
            assert rest(more) == b""
        held.pop().close()
        for _ in range(100):
            with connected(address) as again, suppress(OSError):
                again.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
                if b"200 OK" in rest(again):
                    break
        else:
            raise AssertionError("a place that was given up was not given away again")
        for connection in held:
            connection.close()


def test_a_proxy_and_this_machine_are_not_counted() -> None:
    protocol = object.__new__(PatientProtocol)
    protocol.config = uvicorn.Config(forty_kib, log_config=None, forwarded_allow_ips=["192.0.2.0/24", "2001:db8::1"])
    addresses = {"127.0.0.1": "", "::1": "", "192.0.2.77": "", "2001:db8::1": "", "198.51.100.4": "198.51.100.4"}
    for client, counted in {**addresses, "2001:db8:7::9": "2001:db8:7::/64"}.items():
        protocol.client = (client, 1)
        assert protocol._counted() == counted


def test_a_place_is_kept_for_who_asks_how_the_server_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uvicorn_server, "CONNECTIONS", 4)
    monkeypatch.setattr(uvicorn_server, "SPARE", 2)
    for address in serving(SmallChat(), options={"limit_concurrency": 4}, page=False):
        held = [connected(address) for _ in range(4)]
        with connected(address) as asking:
            asking.sendall(b"GET /v1/models HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            assert rest(asking).startswith(b"HTTP/1.1 503 ")
        with connected(address) as watching:
            watching.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            assert rest(watching).startswith(b"HTTP/1.1 200 ")
        held += [connected(address) for _ in range(2)]
        with connected(address) as beyond, suppress(OSError):
            beyond.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
            assert rest(beyond) == b""
        for connection in held:
            connection.close()
