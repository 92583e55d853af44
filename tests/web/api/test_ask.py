"""``/v1/ask`` and ``/v1/batch`` against their published schema: what it promises is what they do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from places import ROOT
from serving import serving
from small_chat import HeldChat, SmallChat

from allchat.chat import Chat
from allchat.web.answer_queue import Capacity
from allchat.web.api.ask import BATCH_SECONDS, OUT_OF_TIME, api_router
from allchat.web.app import create_app
from allchat.web.middleware.rate_limit import Rate
from allchat.web.uvicorn_server import DRAIN_SECONDS

ASKED = "which medicines are forbidden at home"
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "10")
"""Requests that schemathesis makes up for each address, beside those that it takes from the schema: make fuzz."""

SECRET = "zebrafish"  # noqa: S105 - a word to look for


@pytest.fixture(scope="module")
def client(small_chat: Chat) -> Iterator[TestClient]:
    with TestClient(create_app(small_chat, page=False), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def double() -> Iterator[tuple[SmallChat, TestClient]]:
    chat = SmallChat()
    with TestClient(create_app(chat, page=False), raise_server_exceptions=False) as client:
        yield chat, client


# The schema


@pytest.mark.slow
def test_every_door_keeps_to_its_schema_whatever_schemathesis_sends(small_chat: Chat, tmp_path: Path) -> None:
    for address in serving(small_chat, page=False, questions_per_minute=0):
        command = ["--config-file", ROOT / "examples/schemathesis.toml", "run", f"{address}/v1/openapi.json"]
        run = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", *command, "--no-color", "--max-examples", EXAMPLES],
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "5 selected / 5 total" in run.stdout


def test_the_schema_has_the_harness_doors_and_nothing_of_the_page() -> None:
    with TestClient(create_app(SmallChat())) as client:
        schema = client.get("/v1/openapi.json").json()
    assert sorted(schema["paths"]) == [
        "/v1/ask", "/v1/batch", "/v1/chat/completions", "/v1/models", "/v1/models/{model}",
    ]  # fmt: skip
    assert schema["openapi"].startswith("3.1")
    assert {"Answer", "Citation", "AskRequest", "BatchRequest", "CompletionRequest"} <= set(
        schema["components"]["schemas"]
    )
    assert "HTTPValidationError" not in schema["components"]["schemas"]


def test_the_schema_of_an_answer_names_every_field_of_the_record(client: TestClient, small_chat: Chat) -> None:
    answer = client.get("/v1/openapi.json").json()["components"]["schemas"]["Answer"]
    assert list(answer["properties"]) == list(small_chat.ask(ASKED).to_dict())


# /v1/ask


def test_our_own_words_come_in_the_language_that_is_asked_for(client: TestClient) -> None:
    english, spanish = (
        client.post("/v1/ask", json={"question": ASKED, "language": language}).json() for language in ("en", "es")
    )
    assert english["text"] != spanish["text"]
    assert [cite["quote"] for cite in english["citations"]] == [cite["quote"] for cite in spanish["citations"]]


@pytest.mark.parametrize(
    "more", [{SECRET: 1}, {"language": SECRET}, {"language": 7}, {"histroy": []}, {"id": None}, {"question": None}]
)
def test_a_field_that_is_not_known_is_refused_and_not_repeated(client: TestClient, more: dict[str, Any]) -> None:
    answer = client.post("/v1/ask", json={"question": ASKED, **more})
    assert answer.status_code == 422
    assert SECRET not in answer.text
    assert "openapi.json" in answer.json()["error"]["remedy"]


def test_a_refusal_says_which_field_it_is_about(client: TestClient) -> None:
    def where(**body: Any) -> str:
        return str(client.post("/v1/ask", json=body).json()["error"]["where"])

    assert where() == "question"
    assert where(question=ASKED, history=["x", 7]) == "history.1"
    assert where(question=ASKED, id="x" * 201) == "id"
    assert where(question=ASKED, extra=1) == "body"


def test_more_history_than_counts_may_be_sent_up_to_a_limit(client: TestClient) -> None:
    assert client.post("/v1/ask", json={"question": ASKED, "history": ["signs"] * 100}).status_code == 200
    assert client.post("/v1/ask", json={"question": ASKED, "history": ["signs"] * 101}).status_code == 422


# /v1/batch


def test_a_batch_answers_each_question_as_it_would_be_answered_alone(client: TestClient) -> None:
    questions = [{"id": f"q-{n}", "question": text} for n, text in enumerate([ASKED, "she is not breathing", ASKED])]
    answers = client.post("/v1/batch", json={"questions": questions}).json()["answers"]
    alone = [client.post("/v1/ask", json=question).json() for question in questions]
    assert [{**answer, "timings_ms": None} for answer in answers] == [{**one, "timings_ms": None} for one in alone]


def test_a_batch_says_in_its_place_which_question_has_no_answer(double: tuple[SmallChat, TestClient]) -> None:
    _, client = double
    texts = ["signs", f"unreadable {SECRET}", "store", f"crash {SECRET}", "signs"]
    answers = client.post(
        "/v1/batch", json={"questions": [{"id": f"q-{n}", "question": text} for n, text in enumerate(texts)]}
    ).json()["answers"]
    assert [answer["id"] for answer in answers] == [f"q-{n}" for n in range(5)]
    assert ["error" in answer for answer in answers] == [False, True, True, True, False]
    assert all("kind" not in answer for answer in answers[1:4])
    assert SECRET not in json.dumps(answers)


def test_a_batch_whose_time_is_over_gives_what_is_answered_and_says_so_of_the_rest() -> None:
    chat, app = HeldChat(), FastAPI()
    app.include_router(api_router(Capacity(chat, seconds=8), rate=Rate(0), batch_seconds=2))
    texts = ["signs", "held", "signs", "signs"]
    with TestClient(app) as client:
        questions = [{"id": f"q-{n}", "question": text} for n, text in enumerate(texts)]
        answers = client.post("/v1/batch", json={"questions": questions}).json()["answers"]
        asked = [question for question, _ in chat.asked]
        chat.free.set()
    assert [answer["id"] for answer in answers] == ["q-0", "q-1", "q-2", "q-3"]
    assert [answer.get("kind") for answer in answers] == ["answer", None, None, None]
    assert "no answer within" in answers[1]["error"]["what"]
    assert "within 8 seconds" not in answers[1]["error"]["what"]
    assert [answer["error"] for answer in answers[2:]] == [OUT_OF_TIME.content()["error"]] * 2
    assert asked == ["signs"]


def test_the_time_of_a_batch_is_the_one_that_is_told_and_ends_before_all_that_would_cut_it_off() -> None:
    schema = create_app(SmallChat(), page=False).openapi()
    assert f"for {BATCH_SECONDS:g} seconds" in schema["paths"]["/v1/batch"]["post"]["description"]
    waits = re.findall(r"proxy_read_timeout (\d+)s", (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8"))
    assert min(DRAIN_SECONDS, *map(int, waits)) >= BATCH_SECONDS + 5


def test_a_batch_is_whole_or_refused(double: tuple[SmallChat, TestClient]) -> None:
    chat, client = double
    for questions in ([], [{"question": "signs"}] * 101, [{"question": "signs"}, {"question": 7}]):
        assert client.post("/v1/batch", json={"questions": questions}).status_code == 422
    assert chat.asked == []


def test_every_question_of_a_batch_counts_against_the_clients_rate() -> None:
    chat = SmallChat()
    with TestClient(create_app(chat, page=False, questions_per_minute=10), client=("203.0.113.9", 5)) as client:
        assert client.post("/v1/ask", json={"question": "signs"}).status_code == 200
        chat.asked.clear()
        assert client.post("/v1/batch", json={"questions": [{"question": "signs"}] * 10}).status_code == 429
        assert chat.asked == []
        assert client.post("/v1/batch", json={"questions": [{"question": "signs"}] * 8}).status_code == 200
        assert client.post("/v1/ask", json={"question": "signs"}).status_code == 429


def test_a_batch_that_no_waiting_would_let_through_is_told_the_limit() -> None:
    app, questions = create_app(SmallChat(), page=False, questions_per_minute=10), [{"question": "signs"}] * 11
    with TestClient(app, client=("203.0.113.9", 5)) as client:
        refused = client.post("/v1/batch", json={"questions": questions})
    assert refused.status_code == 422
    assert "within a minute, 10" in refused.json()["error"]["what"]
    with TestClient(app, client=("127.0.0.1", 5)) as client:
        assert client.post("/v1/batch", json={"questions": questions}).status_code == 200
