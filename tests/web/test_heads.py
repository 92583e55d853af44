"""The head of a request: its size, the address that it names, its methods, and what it says of its body."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient
from serving import serving
from small_chat import SmallChat

from allchat.web.app import create_app
from allchat.web.middleware.heads import HEAD_BYTES, is_host
from allchat.web.middleware.routes import FOLDERS, ROUTES, methods_of

SITE = "https://ward.example"


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = create_app(SmallChat(), embed_sites=[SITE], questions_per_minute=0)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    yield from serving(SmallChat(), page=False)


def sent(address: str, request: bytes) -> bytes:
    there = urlsplit(address)
    with socket.create_connection((there.hostname, there.port), timeout=30) as connection:  # type: ignore[arg-type]
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        found = b""
        while more := connection.recv(65536):
            found += more
    return found


SAID = [
    "forwarded", "x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix", "x-forwarded-proto",
    "x-forwarded-scheme", "x-forwarded-server", "x-forwarded-ssl", "x-forwarded-uri", "x-original-host",
    "x-original-url", "x-rewrite-url",
]  # fmt: skip
HURTING = [
    'a"b', "a b", "<script>", "[", "[::1", "a:99999999", "\u00e9\u00e9", "http://evil.example/", "", '"', "a,b", "'"
]  # fmt: skip
MESSAGES = [{"role": "user", "content": "signs"}]
HOSTS = ["a", "a.example:80", "127.0.0.1:7860", "[::1]:7860", "[2001:db8::1]", "my_box:1", "A.B."]


@pytest.mark.parametrize("value", HURTING)
@pytest.mark.parametrize("name", SAID)
def test_what_a_client_says_of_the_address_it_called_breaks_nothing_and_leads_nowhere(
    client: TestClient, name: str, value: str
) -> None:
    event, completion = {"data": ["signs", "[]", "{}", "en"]}, {"model": "allchat", "messages": MESSAGES}
    for said in (value.encode("utf-8"), b"evil.example"):
        answers = [
            client.get("/es/", headers={name: said}),
            client.post("/gradio_api/run/ask", json=event, headers={name: said}),
            client.post("/v1/chat/completions", json=completion, headers={name: said}),
        ]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert "evil.example" not in "".join(answer.text for answer in answers)


@pytest.mark.parametrize("value", HURTING)
def test_a_host_that_is_none_is_refused_at_every_address(client: TestClient, value: str) -> None:
    for path in ("/", "/healthz", "/v1/models", "/nothing"):
        answer = client.get(path, headers={"host": value.encode("utf-8")})
        assert answer.status_code == 400, (path, value)
        assert not value or value not in answer.text or len(value) == 1


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_names_a_machine_is_served(client: TestClient, host: str) -> None:
    assert is_host(host.encode())
    assert client.get("/healthz", headers={"host": host}).status_code == 200


def test_a_head_is_held_to_its_limit_also_where_it_arrives_at_once(address: str) -> None:
    for padding, status in ((HEAD_BYTES - 200, b"200"), (HEAD_BYTES + 1, b"431"), (60_000, b"431")):
        head = b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx: " + b"y" * padding + b"\r\n\r\n"
        # What is beyond all bounds may end without an answer: the listener reads no further.
        answer = sent(address, head)
        assert answer.startswith(b"HTTP/1.1 " + status) or (status == b"431" and not answer.startswith(b"HTTP/1.1 2"))
    many = b"".join(b"x-%d: y\r\n" % n for n in range(4000))
    assert not sent(address, b"GET /healthz HTTP/1.1\r\nhost: a\r\n" + many + b"\r\n").startswith(b"HTTP/1.1 2")


def test_a_body_with_two_lengths_is_refused_and_what_follows_is_no_request(address: str) -> None:
    head = b"POST /v1/ask HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
    body = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: a\r\n\r\n"
    for lengths in (
        b"content-length: 5\r\ntransfer-encoding: chunked\r\n",
        b"transfer-encoding: chunked\r\ncontent-length: 49\r\n",
    ):
        answer = sent(address, head + lengths + b"\r\n" + body)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.count(b"HTTP/1.1 ") == 1


def path_of(route: str) -> str:
    return {"/source/": "/source/leaflet", "/v1/models/": "/v1/models/allchat"}.get(route, route)


SERVED = [route for route in (*ROUTES, *FOLDERS) if not route.startswith("/staff")]
BODIES: dict[str, Any] = {"/v1/ask": {"question": "signs"}}


@pytest.mark.parametrize("route", SERVED)
def test_every_method_that_is_listed_is_served_and_no_other(client: TestClient, route: str) -> None:
    listed, path = methods_of(route), path_of(route)
    for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"):
        answer = client.request(method, path, json=BODIES.get(route, {}) if method == "POST" else None)
        assert (answer.status_code == 405) == (method not in listed), (method, answer.status_code)
        assert answer.status_code < 500
        if answer.status_code == 405 or method == "OPTIONS":
            assert answer.headers["allow"] == ", ".join(listed)


@pytest.mark.parametrize("route", [route for route in SERVED if "HEAD" in methods_of(route)])
def test_head_tells_what_get_sends_without_the_body(client: TestClient, route: str) -> None:
    path = path_of(route)
    got, told = client.get(path), client.head(path)
    assert (told.status_code, told.content) == (got.status_code, b"")
    assert told.headers.get("content-type") == got.headers.get("content-type")


def test_another_site_is_told_by_options_whether_it_may_ask() -> None:
    with TestClient(create_app(SmallChat(), page=False, allowed_origins=[SITE])) as client:
        asked = {"origin": SITE, "access-control-request-method": "POST"}
        told = client.options("/v1/ask", headers=asked)
        assert (told.status_code, told.headers["access-control-allow-origin"]) == (200, SITE)
        assert client.options("/v1/ask", headers=asked | {"origin": "https://evil.example"}).status_code == 400
        assert not re.search("access-control", str(client.options("/v1/ask").headers))
