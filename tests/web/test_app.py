"""The HTTP door: what it answers, what it refuses, and that no refusal repeats what was asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_chat import SmallChat

from allchat.web.app import create_app
from allchat.web.middleware.routes import route_of
from allchat.web.middleware.security_headers import HEADERS

JSON = {"content-type": "application/json"}
WARD = "https://ward.example"


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create_app(SmallChat()), raise_server_exceptions=False) as client:
        yield client


def test_an_answer_is_the_record_of_the_python_door(client: TestClient) -> None:
    answer = client.post("/v1/ask", json={"id": "q-17", "question": "signs?", "history": ["before"]})
    assert answer.status_code == 200
    assert answer.json() == json.loads(json.dumps(SmallChat().ask("signs?", history=["before"], id="q-17").to_dict()))


def test_only_the_last_ten_questions_count() -> None:
    chat = SmallChat()
    with TestClient(create_app(chat, page=False)) as client:
        client.post("/v1/ask", json={"question": "signs", "history": [f"h{n}" for n in range(30)]})
    assert chat.asked == [("signs", tuple(f"h{n}" for n in range(20, 30)))]


SECRET = "zebrafish"  # noqa: S105 - a word to look for
WRONG = [
    (b"", 422),
    (SECRET.encode(), 400),
    (b"\xff\xfe" + SECRET.encode(), 400),
    (b"[" * 60_000, 400),
    (json.dumps([SECRET]).encode(), 422),
    (json.dumps({}).encode(), 422),
    (json.dumps({"question": [SECRET]}).encode(), 422),
    (json.dumps({"question": SECRET + "\0"}).encode(), 422),
    (b'{"question": "zebrafish \\ud800"}', 422),
    (json.dumps({"question": SECRET * 3000}).encode(), 422),
    (json.dumps({"question": SECRET, "id": 7}).encode(), 422),
    (json.dumps({"question": SECRET, "id": "x" * 500}).encode(), 422),
    (json.dumps({"question": SECRET, "history": SECRET}).encode(), 422),
    (json.dumps({"question": SECRET, "history": [{"role": "assistant"}]}).encode(), 422),
    (json.dumps({"question": SECRET, "history": ["x" * 5000]}).encode(), 422),
    (json.dumps({"question": "unreadable " + SECRET}).encode(), 422),
    (json.dumps({"question": SECRET, "history": ["x" * 1000] * 100}).encode(), 413),
]


@pytest.mark.parametrize(("body", "status"), WRONG)
def test_wrong_input_gets_a_clear_refusal_that_repeats_nothing(client: TestClient, body: bytes, status: int) -> None:
    answer = client.post("/v1/ask", content=body, headers=JSON)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"where", "what", "remedy"}
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text


def test_another_content_type_is_refused(client: TestClient) -> None:
    assert client.post("/v1/ask", content=b"{}", headers={"content-type": "text/plain"}).status_code == 415
    assert (
        client.post("/v1/ask", content=b"{}", headers={"content-type": "Application/JSON; charset=utf-8"}).status_code
        == 422
    )


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300) | st.text().map(lambda text: json.dumps({"question": text}).encode()))
def test_no_body_whatever_breaks_the_reading(bare: TestClient, body: bytes) -> None:
    assert bare.post("/v1/ask", content=body, headers=JSON).status_code in (200, 400, 422)


def test_a_fault_is_an_error_and_never_shaped_like_silence(
    client: TestClient, capfd: pytest.CaptureFixture[str]
) -> None:
    withheld = client.post("/v1/ask", json={"question": "withheld"})
    store = client.post("/v1/ask", json={"question": "store"})
    crash = client.post("/v1/ask", json={"question": f"crash {SECRET}"})
    assert [withheld.status_code, store.status_code, crash.status_code] == [500, 503, 500]
    assert "withheld" in withheld.json()["error"]["what"]
    assert "allchat build" in store.json()["error"]["what"]
    assert all("kind" not in answer.json() for answer in (withheld, store, crash))
    assert SECRET not in crash.text + "".join(capfd.readouterr())


def test_no_question_enters_a_log(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    for question in ("signs", "crash", "unreadable", "store"):
        client.post("/v1/ask", json={"question": f"{question} {SECRET}"})
    assert SECRET not in caplog.text


def test_health_and_readiness_are_two_things() -> None:
    app = create_app(SmallChat(), page=False)
    before = TestClient(app)
    assert before.get("/healthz").status_code == 200
    assert before.get("/readyz").status_code == 503
    with TestClient(app) as client:
        assert client.get("/readyz").json() == {"ready": True}


def test_the_page_comes_with_every_security_header(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert re.match(r"default-src 'none'; script-src 'sha256-\S+'; style-src 'unsafe-inline'; ", policy)
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


CLOSED = [
    "/monitoring",
    "/monitoring/summary",
    "/openapi.json",
    "/docs",
    "/login",
    "/gradio_api/openapi.json",
    "/gradio_api/upload",
    "/gradio_api/deep_link",
    "/gradio_api/file=/etc/passwd",
    "/gradio_api/file/etc/passwd",
    "/gradio_api/proxy=http://example.org",
    "/config",
    "/theme.css",
    "/assets/index.js",
    "/gradio_api/info",
    "/gradio_api/queue/join",
    "/gradio_api/queue/data",
    "/gradio_api/heartbeat/a",
    "/gradio_api/run/other",
    "/gradio_api/call/ask",
    "/gradio_api/runs",
    "/gradio_api/vibe-code",
    "/assets/../../secret",
    "/assets/..%2f..%2fsecret",
    "/nothing",
]


@pytest.mark.parametrize("path", CLOSED)
def test_what_gradio_offers_beyond_the_page_does_not_exist(client: TestClient, path: str) -> None:
    for method in ("GET", "POST", "PUT"):
        answer = client.request(method, path)
        assert answer.status_code == 404
        assert answer.json()["error"]["where"] == "path"


def test_other_methods_are_turned_away(client: TestClient) -> None:
    assert client.put("/v1/ask", json={}).status_code == 405
    for method, path in [("GET", "/v1/ask"), ("POST", "/healthz"), ("POST", "/"), ("DELETE", "/source/leaflet")]:
        answer = client.request(method, path)
        assert answer.status_code == 405
        assert "error" in answer.json()
    assert client.head("/healthz").status_code == client.head("/source/leaflet").status_code == 200


def test_what_fails_inside_is_told_without_a_traceback(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = client.post("/gradio_api/run/ask", content=b"zebrafish", headers=JSON)
    assert answer.status_code in (400, 422)
    assert "Traceback" not in answer.text


def test_no_other_origin_may_call_unless_it_is_named() -> None:
    ask = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    with TestClient(create_app(SmallChat())) as client:
        assert "access-control-allow-origin" not in client.options("/v1/ask", headers=ask).headers
        for path in ("/", "/es/", "/v1/ask"):
            reflected = client.get(path, headers={"origin": "https://evil.example", "host": "families.example"})
            assert "access-control-allow-origin" not in reflected.headers
    with TestClient(create_app(SmallChat(), page=False, allowed_origins=["https://ward.example"])) as client:
        named = client.options("/v1/ask", headers=ask | {"origin": "https://ward.example"})
        assert named.headers["access-control-allow-origin"] == "https://ward.example"
        assert "access-control-allow-credentials" not in named.headers


@pytest.mark.parametrize(("size", "statuses"), [(65_537, [413, 413]), (40, [200, 429])], ids=["too large", "too many"])
def test_an_origin_that_is_named_can_read_why_it_is_refused(size: int, statuses: list[int]) -> None:
    app = create_app(SmallChat(), page=False, questions_per_minute=1 if size == 40 else 9, allowed_origins=[WARD])
    with TestClient(app, client=("203.0.113.9", 5)) as client:
        for status in statuses:
            body = b'{"question": "signs"}'.ljust(size)
            answer = client.post("/v1/ask", content=body, headers={**JSON, "origin": WARD})
            assert answer.status_code == status
            assert answer.headers["access-control-allow-origin"] == WARD
            assert HEADERS.items() <= answer.headers.items()
            other = client.post("/v1/ask", content=b"{}", headers={**JSON, "origin": "https://evil.example"})
            assert "access-control-allow-origin" not in other.headers


def test_what_is_not_served_is_not_offered_to_an_origin_that_is_named() -> None:
    wish = {"origin": WARD, "access-control-request-method": "POST"}
    with TestClient(create_app(SmallChat(), page=False, allowed_origins=[WARD])) as client:
        assert client.options("/nothing", headers=wish).status_code == 404
        assert client.options("/staff/sign-in", headers=wish).status_code == 404
        served = client.options("/v1/ask", headers=wish)
    assert served.status_code == 200
    assert HEADERS.items() <= served.headers.items()


@given(st.text(max_size=40))
def test_a_path_with_a_way_up_is_never_served(path: str) -> None:
    assert route_of(f"/assets/{path}/../x") == ""


def test_a_source_is_shown_whole_and_marked_by_offsets(client: TestClient) -> None:
    text = SmallChat().documents["leaflet"].text
    start = text.index("Treatment has")
    plain = client.get("/source/leaflet")
    marked = client.get(f"/source/leaflet?start={start}&end={start + 27}")
    assert "<mark" not in plain.text
    assert "say broken" not in plain.text
    assert '<mark class="marked" id="marked" tabindex="-1">Treatment has three phases.</mark>' in marked.text


@pytest.mark.parametrize(
    "query", ["start=1", "start=x&end=y", "start=5&end=2", "start=0&end=99999999999", "start=²&end=5"]
)
def test_a_span_that_makes_no_sense_marks_nothing_and_says_so(client: TestClient, query: str) -> None:
    page = client.get(f"/source/leaflet?{query}")
    assert page.status_code == 200
    assert "<mark" not in page.text
    assert "could not be placed" in page.text


def test_a_link_to_a_source_that_has_changed_marks_nothing(client: TestClient) -> None:
    page = client.get("/source/leaflet?start=40&end=50&sha256=0000")
    assert "has changed" in page.text
    assert "<mark" not in page.text


def test_an_unknown_source_is_not_found(client: TestClient) -> None:
    page = client.get("/source/<script>alert(1)<script>")
    assert page.status_code == 404
    assert "<script>" not in page.text


def test_the_page_has_its_own_sign(client: TestClient) -> None:
    assert client.get("/favicon.ico").headers["content-type"] == "image/svg+xml"


def test_a_server_without_its_page_says_so_in_the_same_shape(bare: TestClient) -> None:
    answer = bare.get("/")
    assert answer.status_code == 404
    assert set(answer.json()["error"]) == {"where", "what", "remedy"}
