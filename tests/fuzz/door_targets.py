"""Targets: requests at every door, the page and the staff's pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import anyio
from fastapi.testclient import TestClient
from hypothesis import strategies as st
from inputs import any_text, broken, json_bytes, reshaped, texts, values
from target import ASKED, PASSWORD, SAVED, SOURCES, TRAIL, World, only_our_tags, target

from allchat.web.middleware.routes import FOLDERS, ROUTES, STAFF_FORMS
from allchat.web.staff.login import COOKIE, Login

# The doors


@dataclass(frozen=True)
class Sent:
    """A request as a server hands it on; ``parts`` is its body."""

    method: str
    path: str
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    parts: tuple[bytes, ...]


@dataclass(frozen=True)
class Came:
    """The response to it."""

    status: int
    body: bytes


def send(sent: Sent, doors: TestClient, *, stays: bool = True) -> Came:
    """The response of the application itself; an exception of it is raised here.

    A client that does not stay leaves when the first part of the response has come: some streams have no end.
    """
    waiting = [{"type": "http.request", "body": part, "more_body": True} for part in sent.parts]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})
    came: list[Any] = []
    answered = anyio.Event()

    async def receive() -> Any:
        if waiting:
            return waiting.pop(0)
        await (anyio.sleep_forever() if stays else answered.wait())
        return {"type": "http.disconnect"}

    async def keep(part: Any) -> None:
        came.append(part)
        if part["type"] == "http.response.body":
            answered.set()

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": "",
        "method": sent.method, "path": sent.path, "raw_path": sent.path.encode(errors="replace"),
        "query_string": sent.query, "headers": list(sent.headers), "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }  # fmt: skip
    assert doors.portal is not None
    doors.portal.call(doors.app, scope, receive, keep)
    starts = [part["status"] for part in came if part["type"] == "http.response.start"]
    assert len(starts) == 1, "one response, begun once"
    return Came(starts[0], b"".join(part.get("body", b"") for part in came))


def serves(sent: Sent, doors: TestClient, *, stays: bool = True) -> Came:
    """No fault of ours: no traceback, no 500, and JSON where it is not a page."""
    came = send(sent, doors, stays=stays)
    assert came.status < 500, (came.status, came.body[:300])
    assert b"Traceback" not in came.body
    if came.body[:1] == b"{":
        json.loads(came.body)
    return came


JSON = ((b"content-type", b"application/json"),)
BODIES = {
    "/v1/ask": [{"question": ASKED, "history": ["what is it"], "id": "q", "language": "en"}],
    "/v1/batch": [{"questions": [{"id": "a", "question": ASKED}, {"question": "and it?", "history": [ASKED]}]}],
    "/v1/chat/completions": [
        {"model": "allchat", "messages": [{"role": "system", "content": "s"}, {"role": "user",
        "content": ASKED}], "stream": True},
        {"model": "allchat", "messages": [{"role": "user", "content": [{"type": "text", "text": ASKED}]}],
         "n": 1, "logprobs": False, "response_format": {"type": "text"}, "temperature": 0.5},
    ],
}  # fmt: skip


def _split(body: bytes, at: int) -> tuple[bytes, ...]:
    return (body[: at % (len(body) + 1)], body[at % (len(body) + 1) :])


def _posted(path: str) -> st.SearchStrategy[Sent]:
    bodies = st.builds(_split, json_bytes(BODIES[path]), st.integers(0, 999))
    return st.builds(Sent, st.just("POST"), st.just(path), st.just(b""), st.just(JSON), bodies)


@target(_posted("/v1/ask"), weight=0.5)
def a_body_at_ask(sent: Sent, world: World) -> None:
    serves(sent, world.doors)


@target(_posted("/v1/batch"), weight=0.5)
def a_body_at_batch(sent: Sent, world: World) -> None:
    serves(sent, world.doors)


@target(_posted("/v1/chat/completions"), weight=0.5)
def a_body_at_completions(sent: Sent, world: World) -> None:
    serves(sent, world.doors)


_header_names = st.sampled_from(
    [b"content-type", b"content-length", b"accept", b"host", b"origin", b"authorization", b"range", b"cookie",
    b"if-modified-since",
     b"x-forwarded-for", b"x-request-id", b"transfer-encoding", b"expect", b"access-control-request-method",
     b"content-encoding"]
)  # fmt: skip
_header_values = st.one_of(
    st.sampled_from([b"", b"application/json", b"multipart/form-data; boundary=x", b"-1", b"9" * 5000,
    b"bytes=0-", b"chunked", b"gzip",
                     b"application/json; charset=\xff", b"*/*", b"null", b"https://evil.example", b"Bearer x",
                     b"a:b:c", b"[::1"]),
    st.binary(max_size=60).map(lambda value: value.translate(None, b"\r\n\0")),
)  # fmt: skip
_paths = st.one_of(
    st.sampled_from([*ROUTES, *FOLDERS]),
    st.builds("{}{}".format, st.sampled_from([*ROUTES, *FOLDERS]), texts),
    any_text.map(lambda text: f"/{text}"),
).map(lambda path: path.encode(errors="replace").decode())
_links = st.builds("/source/{}".format, st.sampled_from(["lists", "crlf", "markup", "twins-a"]) | texts).map(
    lambda path: path.encode(errors="replace").decode()
)
_cuts = st.one_of(
    st.sampled_from(
        [b"", b"start=0&end=40", b"start=5", b"end=5", b"start=-1&end=9", b"start=9&end=1", b"start=1&end=99999999999"]
    ),
    st.builds(lambda a, b: f"start={a}&end={b}".encode(), st.integers(-9, 4000), st.integers(-9, 4000)),
    st.builds(lambda a: f"start=1&end=20&sha256={a}".encode(errors="replace"), texts),
    st.binary(max_size=80),
)
_requests = st.builds(
    Sent,
    st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "TRACE", "get", "X" * 99]),
    _paths,
    _cuts,
    st.lists(st.tuples(_header_names, _header_values), max_size=4).map(tuple),
    st.lists(st.binary(max_size=80) | json_bytes(BODIES["/v1/ask"]), max_size=3).map(tuple),
)


@target(_requests, weight=0.5)
def a_request_of_any_kind(sent: Sent, world: World) -> None:
    serves(sent, world.doors)


@target(st.builds(Sent, st.just("GET"), _links, _cuts, st.just(()), st.just(())), weight=0.3)
def a_link_to_a_source(sent: Sent, world: World) -> None:
    came = send(sent, world.doors)
    assert came.status in (200, 404), came.status
    only_our_tags(came.body.decode())


# The page and the staff's pages


TOLD = json.dumps(["what is it", "and then"])
STATE = json.dumps(TRAIL)
FILE = {"path": "https://evil.example/x", "meta": {"_type": "gradio.FileData"}}
MADE = {"component": "image", "value": FILE, "constructor_args": {}, "props": {}}
EVENTS = [
    ("ask", {"data": [ASKED, TOLD, STATE, "en"], "session_hash": "family", "event_data": None, "trigger_id": 7}),
    ("again", {"data": [TOLD, STATE, "es"]}),
    ("ask", {"data": [ASKED, json.dumps([{"file": FILE}, MADE]), STATE, "en"]}),
    ("vote", {"data": ["wrong_quote", "0" * 16, "en"]}),
]


def _with_other_values(event: Mapping[str, Any]) -> st.SearchStrategy[bytes]:
    """The event with the number of values that it has."""
    values_sent = (st.just(value) | reshaped([value]) | st.one_of(texts, values) for value in event["data"])
    return st.tuples(*values_sent).map(lambda data: json.dumps({**event, "data": data}).encode())


_page_posts = st.builds(
    lambda name, body: Sent("POST", f"/gradio_api/run/{name}", b"", JSON, (body,)),
    st.sampled_from(["ask", "again", "vote"]),
    st.sampled_from([event for _, event in EVENTS]).flatmap(_with_other_values)
    | json_bytes([event for _, event in EVENTS]),
)


@target(_page_posts)
def a_body_at_the_page(sent: Sent, world: World) -> None:
    came = serves(sent, world.house)
    assert came.status != 200 or b'class=\\"told\\"' in came.body


@cache
def ticket() -> bytes:
    return f"{COOKIE}={Login(PASSWORD).ticket()}".encode()


def _form(parts: list[tuple[str, bool, bytes]], damage: tuple[int, int, bytes]) -> bytes:
    """A form as a browser sends it, with a stretch of it replaced."""
    body = b""
    for name, is_file, content in parts:
        filename = b'; filename="saved.jsonl"' if is_file else b""
        head = b'content-disposition: form-data; name="%s"%s' % (name.encode(errors="replace"), filename)
        body += b"--x\r\n%s\r\n\r\n%s\r\n" % (head, content)
    body += b"--x--\r\n"
    at, length, instead = damage
    return body[: at % len(body)] + instead + body[at % len(body) + length :] if instead else body


_fields = st.sampled_from(["text", "question", "history", "password", "file"])
_contents = st.one_of(
    (texts | broken([ASKED, PASSWORD, *SOURCES])).map(lambda text: text.encode("utf-8", "surrogatepass")),
    json_bytes(SAVED),
)
_forms = st.builds(
    _form,
    st.lists(st.tuples(_fields | texts, st.booleans(), _contents), min_size=1, max_size=4),
    st.tuples(st.integers(0, 9999), st.integers(0, 30), st.just(b"") | st.binary(max_size=9)),
)
_form_heads = st.one_of(st.just(b"multipart/form-data; boundary=x"), _header_values)
_staff_posts = st.builds(
    lambda path, head, body, at: Sent("POST", path, b"", ((b"content-type", head),), _split(body, at)),
    st.sampled_from(STAFF_FORMS),
    _form_heads,
    _forms,
    st.integers(0, 9999),
)


@target(st.tuples(_staff_posts, st.integers(0, 9)))
def a_body_at_the_staffs_forms(sent: tuple[Sent, int], world: World) -> None:
    post, stranger = sent
    signed_in = () if stranger == 0 else ((b"cookie", ticket()),)
    came = serves(replace(post, headers=post.headers + signed_in), world.house)
    assert b"<script" not in came.body
    assert b"<b onclick" not in came.body


_hosts = st.just(()) | _header_values.map(lambda value: ((b"host", value),))


@target(st.tuples(_requests, _hosts, st.booleans()))
def a_request_at_the_page_or_the_staffs(sent: tuple[Sent, Any, bool], world: World) -> None:
    request, host, signed_in = sent
    # The listener lets through no other query than one of printable ASCII.
    query = bytes(byte for byte in request.query if 0x20 < byte < 0x7F)
    headers = host + request.headers + (((b"cookie", ticket()),) if signed_in else ())
    serves(replace(request, query=query, headers=headers), world.house, stays=False)
