"""Logs: every line is JSON, says what an operator needs, and holds no word that anyone typed."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Mapping
from typing import Any

import pytest
from fastapi.testclient import TestClient
from small_chat import SmallChat

from allchat.records import Document
from allchat.web import logs
from allchat.web.app import create_app
from allchat.web.errors import BROKEN
from allchat.web.logs import configure_logs
from allchat.web.middleware.security_headers import HEADERS, SOURCE_SCRIPT

SECRET = "zebrafish"  # noqa: S105 - a word to look for


def read(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def client_of(**values: Any) -> TestClient:
    return TestClient(create_app(SmallChat(), page=False, **values), raise_server_exceptions=False)


def test_a_question_gives_two_lines_under_one_id_that_its_response_tells(lines: io.StringIO) -> None:
    with client_of() as client:
        answer = client.post("/v1/ask", json={"question": "signs"})
    question, request = read(lines)
    assert question["request_id"] == request["request_id"] == answer.headers["x-request-id"]
    assert (question["event"], question["door"], question["kind"]) == ("question", "ask", "answer")
    assert question["stages_ms"] == {"total": 1.0}
    assert (request["event"], request["route"], request["method"], request["status"]) == (
        "request", "/v1/ask", "POST", 200,
    )  # fmt: skip
    assert question["ms"] <= request["ms"]


def test_no_word_of_a_question_a_path_a_header_or_a_method_is_logged(lines: io.StringIO) -> None:
    texts = ["signs", "they", "unreadable", "withheld", "store", "crash", "emergency", "football"]
    with client_of() as client:
        for text in texts:
            body = {"question": f"{text} {SECRET}", "history": [SECRET], "id": SECRET}
            client.post("/v1/ask", json=body, headers={"x-request-id": SECRET, "user-agent": SECRET})
            messages = [{"role": role, "content": f"{text} {SECRET}"} for role in ("system", "user")]
            client.post("/v1/chat/completions", json={"model": "allchat", "messages": messages, "stream": True})
            client.post("/v1/batch", json={"questions": [body]})
        client.post("/v1/ask", content=f"{{{SECRET}", headers={"content-type": "application/json"})
        client.post("/v1/ask", json={SECRET: SECRET, "question": SECRET})
        client.get(f"/source/{SECRET}?start={SECRET}")
        client.get(f"/v1/models/{SECRET}")
        client.get(f"/{SECRET}", headers={"host": f"{SECRET}.example"})
        client.request(SECRET.upper(), "/v1/ask")
    found = read(lines)
    assert len(found) == 8 * 6 + 6
    assert {line["kind"] for line in found if line["event"] == "question"} == {"answer", "urgent", "out_of_scope", None}
    assert SECRET not in lines.getvalue().lower()


def test_the_page_logs_its_questions_as_the_others_do(lines: io.StringIO) -> None:
    with TestClient(create_app(SmallChat())) as client:
        client.post("/gradio_api/run/ask", json={"data": [f"signs {SECRET}", "[]", "{}", "en"]})
    found = read(lines)
    assert [(line["door"], line["kind"]) for line in found if line["event"] == "question"] == [("page", "answer")]
    assert SECRET not in lines.getvalue()


def test_an_operator_may_have_faults_alone(lines: io.StringIO) -> None:
    configure_logs(requests=False, stream=lines)
    with client_of() as client:
        client.post("/v1/ask", json={"question": "signs"})
        client.post("/v1/ask", json={"question": f"crash {SECRET}"})
    assert [(line["event"], line.get("error"), line.get("status")) for line in read(lines)] == [
        ("question", "RuntimeError", None), ("request", None, 500),
    ]  # fmt: skip


class Broken(SmallChat):
    """Breaks where nobody expects it."""

    @property
    def documents(self) -> Mapping[str, Document]:
        raise RuntimeError(SECRET)


@pytest.mark.parametrize("requests", [True, False])
def test_what_nobody_expected_is_a_500_of_ours_and_told_by_its_class(lines: io.StringIO, requests: bool) -> None:
    configure_logs(requests=requests, stream=lines)
    app = create_app(Broken(), page=False, allowed_origins=["https://ward.example"])
    with TestClient(app, client=("127.0.0.1", 5)) as client:
        answer = client.get("/source/leaflet", headers={"origin": "https://ward.example"})
        figures = client.get("/metrics").text
    assert (answer.status_code, answer.json()) == (500, BROKEN.content())
    assert answer.headers["access-control-allow-origin"] == "https://ward.example"
    assert HEADERS.keys() <= answer.headers.keys()
    assert SOURCE_SCRIPT in answer.headers["content-security-policy"]
    assert 'allchat_requests_total{method="GET",route="/source/",status="500"} 1.0' in figures
    found = read(lines)
    assert [(line["event"], line["level"], line.get("status")) for line in found] == [
        ("/source/: the request broke: RuntimeError", "error", None), ("request", "warning", 500),
    ]  # fmt: skip
    assert {line["request_id"] for line in found} == {answer.headers["x-request-id"]}
    assert SECRET not in lines.getvalue() + answer.text


def test_a_question_of_the_page_carries_the_request_it_came_with_and_no_other(lines: io.StringIO) -> None:
    with TestClient(create_app(SmallChat())) as client:
        ids = [
            client.post("/gradio_api/run/ask", json={"data": [question, "[]", "{}", "en"]}).headers["x-request-id"]
            for question in ("signs", "crash", "signs again")
        ]
    asked = [line["request_id"] for line in read(lines) if line["event"] == "question"]
    assert asked == ids


def test_health_and_the_pages_sign_are_logged_only_where_they_fail(lines: io.StringIO) -> None:
    with TestClient(create_app(SmallChat())) as client:
        for path in ("/healthz", "/readyz", "/favicon.ico"):
            assert client.get(path).status_code == 200
        assert read(lines) == []
        client.post("/favicon.ico")
    assert [(line["route"], line["status"]) for line in read(lines)] == [("/favicon.ico", 405)]


def test_what_other_libraries_log_loses_its_arguments_and_its_traceback(lines: io.StringIO) -> None:
    library = logging.getLogger("uvicorn.error")
    library.warning("cannot take %s", SECRET)
    try:
        raise ValueError(SECRET)
    except ValueError:
        library.exception("Exception in ASGI application\n%s", SECRET)
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: %s" % SECRET)  # noqa: UP031
    library.info("not written: %s", SECRET)
    assert [line["event"] for line in read(lines)] == [
        "cannot take %s", "Exception in ASGI application (ValueError)", "Task exception was never retrieved",
    ]  # fmt: skip
    assert SECRET not in lines.getvalue()


def test_a_line_of_another_library_is_written_once_a_minute(
    lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = logging.getLogger("asyncio")
    for _ in range(1000):
        library.error("socket.accept() out of system resource\nsocket: %s", SECRET)
    library.error("another line")
    assert [line["event"] for line in read(lines)] == ["socket.accept() out of system resource", "another line"]
    monkeypatch.setattr(logs, "ONCE_SECONDS", 0.0)
    library.error("another line")
    logging.getLogger("allchat.page").error("ours")
    logging.getLogger("allchat.page").error("ours")
    assert [line["event"] for line in read(lines)][2:] == ["another line", "ours", "ours"]


def test_a_warning_is_written_as_its_class(lines: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    warnings.simplefilter("always")
    warnings.warn(f"Pydantic serializer warnings: [input_value='{SECRET}']", stacklevel=1)
    assert [(line["event"], line["category"]) for line in read(lines)] == [("a library warns", "UserWarning")]
    assert SECRET not in lines.getvalue() + "".join(capfd.readouterr())


def test_our_own_lines_keep_their_facts(lines: io.StringIO) -> None:
    logging.getLogger("allchat.page").error("no answer: %s", "StoreError")
    assert [(line["event"], line["logger"], line["level"]) for line in read(lines)] == [
        ("no answer: StoreError", "allchat.page", "error")
    ]


def test_without_being_asked_to_nothing_is_changed_in_a_programs_logging() -> None:
    handlers = list(logging.getLogger().handlers)
    with client_of() as client:
        client.post("/v1/ask", json={"question": "signs"})
    assert logging.getLogger().handlers == handlers
