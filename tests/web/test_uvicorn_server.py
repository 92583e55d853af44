"""The listener: slow and silent clients lose their connection, and the end of the process loses no answer."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from places import ROOT
from serving import serving, serving_app
from small_chat import SmallChat

from allchat.web.middleware.allowlist import Allowlist
from allchat.web.middleware.rate_limit import Rate
from allchat.web.middleware.request_limits import IN_FLIGHT, Limits
from allchat.web.middleware.routes import WATCHING
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


HERE = None
ELSEWHERE = {"x-forwarded-for": "203.0.113.9"}
BEYOND = {"x-forwarded-for": "203.0.113.10"}


async def endless(scope: Any, receive: Any, send: Any) -> None:
    """Begins an answer, and never ends it where the page would keep it open."""
    lasts = "/gradio_api/" in scope["path"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"begun", "more_body": lasts})
    while lasts and (await receive())["type"] != "http.disconnect":
        pass


def opened_in(
    stack: ExitStack, client: httpx.Client, path: str, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    return stack.enter_context(client.stream("GET", path, headers=headers))


@contextmanager
def lasting(**limits: Any) -> Iterator[Callable[..., httpx.Response]]:
    """Asks a server whose streams never end; what it answered stays open to the end."""
    with ExitStack() as stack:
        for address in serving_app(Allowlist(Limits(endless, **limits)), options={"lifespan": "off"}):
            client = stack.enter_context(httpx.Client(base_url=address, timeout=60, limits=httpx.Limits()))
            yield partial(opened_in, stack, client)
            stack.close()


@pytest.mark.parametrize("path", ["/gradio_api/heartbeat/a", "/es/gradio_api/heartbeat/a", "/gradio_api/queue/data"])
def test_no_client_takes_the_places_of_all(path: str) -> None:
    with lasting(rate=Rate(per_minute=120)) as opened:
        own = [opened(path, ELSEWHERE) for _ in range(31)]
        assert [answer.status_code for answer in own] == [200] * 30 + [429]
        assert own[-1].headers["retry-after"] == "30"
        assert "pages" in own[-1].read().decode()
        assert own[-1].headers["content-security-policy"]
        assert [opened(path, where).status_code for where in (HERE, BEYOND)] == [200, 200]
        assert opened("/healthz", ELSEWHERE).status_code == 200
        own[0].close()
        while (answer := opened(path, ELSEWHERE)).status_code != 200:
            answer.read()


def test_this_machine_and_an_operator_without_a_rate_open_what_they_like() -> None:
    for per_minute, where in ((120, HERE), (0, ELSEWHERE)):
        with lasting(rate=Rate(per_minute)) as opened:
            assert {opened("/gradio_api/heartbeat/a", where).status_code for _ in range(40)} == {200}


def test_a_house_that_is_full_says_so_in_our_words_and_shows_its_state() -> None:
    with lasting(rate=Rate(0), in_flight=3) as opened:
        answers = [opened("/gradio_api/heartbeat/a") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 503]
        assert answers[-1].headers["retry-after"] == "30"
        assert answers[-1].headers["content-security-policy"]
        assert set(json.loads(answers[-1].read())["error"]) == {"where", "what", "remedy"}
        assert [opened(path).status_code for path in WATCHING] == [200, 200, 200]
        assert opened("/favicon.ico").status_code == 503


def test_our_own_limit_is_reached_before_the_one_that_has_no_words() -> None:
    assert OPTIONS["limit_concurrency"] >= IN_FLIGHT + 100


SLOW_SERVER = """
    import sys, time
    sys.path[:0] = [{tests!r}]
    from small_chat import SmallChat
    from allchat.web.uvicorn_server import OPTIONS
    from allchat.web.app import run_server

    OPTIONS["timeout_graceful_shutdown"] = 3600

    class Slow(SmallChat):
        def ask(self, question, **how):
            if "slowly" in question:
                print("begun", flush=True)
                time.sleep(1.5)
            return super().ask(question, **how)

    run(Slow(), port={port}, page={page})
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def started(*, page: bool) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """A server in a process of its own, with all the time in the world to drain, and a client of it."""
    port = free_port()
    code = textwrap.dedent(SLOW_SERVER.format(tests=str(ROOT / "tests"), port=port, page=page))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        transport = httpx.HTTPTransport(retries=100)
        try:
            with httpx.Client(transport=transport, timeout=60, base_url=f"http://127.0.0.1:{port}") as client:
                yield process, client
        finally:
            process.kill()


def begun(process: subprocess.Popen[str]) -> bool:
    """Wait until a question is being answered."""
    return process.stdout is not None and process.stdout.readline() == "begun\n"


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True])
def test_a_terminated_process_answers_what_it_was_asked_and_takes_nothing_more(stream: bool) -> None:
    body = {"model": "allchat", "stream": stream, "messages": [{"role": "user", "content": "signs, slowly"}]}
    with started(page=False) as (process, client), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.post, "/v1/chat/completions", json=body)
        assert begun(process)
        process.send_signal(signal.SIGTERM)
        response = answer.result()
        assert response.status_code == 200
        assert "The signs of leukemia" in response.text
        assert not stream or response.text.endswith("data: [DONE]\n\n")
        assert process.wait(timeout=60) == -signal.SIGTERM
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{client.base_url}/healthz")


@pytest.mark.slow
def test_a_terminated_process_answers_the_page_and_does_not_wait_for_open_pages() -> None:
    reading = threading.Event()

    def fetched(client: httpx.Client) -> str:
        with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": "family"}) as response:
            reading.set()
            return response.read().decode()

    with started(page=True) as (process, client), ThreadPoolExecutor(2) as pool:
        asking = next(
            number for number, event in enumerate(client.get("/config").json()["dependencies"]) if event["inputs"]
        )
        heart = pool.submit(client.get, "/gradio_api/heartbeat/family")
        data = {"data": ["signs, slowly", [], "{}", "en"], "fn_index": asking, "session_hash": "family"}
        assert client.post("/gradio_api/queue/join", json=data).status_code == 200
        answer = pool.submit(fetched, client)
        assert begun(process)
        assert reading.wait(30)
        process.send_signal(signal.SIGTERM)
        assert "The signs of leukemia" in answer.result()
        with suppress(httpx.HTTPError):  # cut off in the middle, as it has no end
            heart.result()
        assert process.wait(timeout=60) == -signal.SIGTERM
