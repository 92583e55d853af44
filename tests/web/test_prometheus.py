"""Metrics: what is counted, that nothing typed is in it, and who may read it."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from small_chat import SmallChat
from word_hash import WordHash

from allchat.build import build
from allchat.chat import Chat
from allchat.search.folder import CURRENT
from allchat.web.app import create_app
from allchat.web.reload import Following

SECRET = "zebrafish"  # noqa: S105 - a word to look for
HERE = ("127.0.0.1", 5)
ELSEWHERE = ("203.0.113.9", 5)


def client_of(chat: Any = None, *, at: tuple[str, int] = HERE, **values: Any) -> TestClient:
    app = create_app(chat or SmallChat(), page=False, **values)
    return TestClient(app, client=at, raise_server_exceptions=False)


def figures(client: TestClient) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = client.get("/metrics").text
    assert SECRET not in text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_questions_are_counted_by_door_and_kind_and_failures_by_error() -> None:
    with client_of() as client:
        for text in ("signs", "signs", "emergency", "store", "crash"):
            client.post("/v1/ask", json={"question": f"{text} {SECRET}", "id": SECRET})
        client.post("/v1/batch", json={"questions": [{"question": f"signs {SECRET}"}] * 3})
        client.get(f"/{SECRET}")
        client.request(SECRET.upper(), "/v1/ask")
        found = figures(client)
    assert found["allchat_questions_total", (("door", "ask"), ("kind", "answer"))] == 2
    assert found["allchat_questions_total", (("door", "ask"), ("kind", "urgent"))] == 1
    assert found["allchat_questions_total", (("door", "batch"), ("kind", "answer"))] == 3
    assert found["allchat_failures_total", (("door", "ask"), ("error", "StoreError"))] == 1
    assert found["allchat_failures_total", (("door", "ask"), ("error", "RuntimeError"))] == 1
    assert found["allchat_question_seconds_count", (("door", "ask"),)] == 5
    assert found["allchat_requests_total", (("method", "POST"), ("route", "/v1/ask"), ("status", "200"))] == 3
    assert found["allchat_requests_total", (("method", "GET"), ("route", "none"), ("status", "404"))] == 1
    assert found["allchat_requests_total", (("method", "other"), ("route", "/v1/ask"), ("status", "405"))] == 1


def test_every_stage_of_an_answer_has_its_histogram(small_chat: Chat) -> None:
    with client_of(small_chat) as client:
        stages = client.post("/v1/ask", json={"question": "which medicines are forbidden at home"}).json()["timings_ms"]
        found = figures(client)
    assert {"screen", "embed", "retrieve", "compose", "verify", "total"} <= set(stages)
    for stage, milliseconds in stages.items():
        assert found["allchat_stage_seconds_sum", (("stage", stage),)] == pytest.approx(milliseconds / 1000)
        assert found["allchat_stage_seconds_bucket", (("le", "+Inf"), ("stage", stage))] == 1


def test_the_queue_and_the_age_of_the_index_are_states_of_now(small_chat: Chat) -> None:
    with client_of(small_chat) as client:
        found = figures(client)
    assert found["allchat_queue_length", ()] == found["allchat_answering", ()] == 0
    assert 0 < found["allchat_index_age_seconds", ()] <= time.time() - small_chat.built
    assert found["process_resident_memory_bytes", ()] > 0


def test_the_index_that_answers_is_named_with_its_store_and_whether_it_is_the_one_in_force(
    corpus: Path, tmp_path: Path
) -> None:
    index = build(corpus, index=tmp_path / "index", embedder=WordHash())
    chat = Following(lambda: Chat.open(index, corpus=corpus, embedder=WordHash()), index=index)
    first = chat.version
    with client_of(chat) as client:
        found = figures(client)
        assert found["allchat_index_info", (("store", "folder"), ("version", first))] == 1
        assert (found["allchat_index_current", ()], found["allchat_store_reachable", ()]) == (1, 1)
        assert (found["allchat_store_connections", ()], found["allchat_store_query_seconds_count", ()]) == (0, 0)
        (index / CURRENT).write_text("0123456789abcdef")
        chat.look()
        assert figures(client)["allchat_index_current", ()] == 0
        (corpus / "lay_terms.toml").unlink()
        build(corpus, index=index, embedder=WordHash())
        chat.look()
        found = figures(client)
        assert found["allchat_index_info", (("store", "folder"), ("version", chat.version))] == 1
        assert found["allchat_index_current", ()] == 1
        assert not [labels for _, labels in found if ("version", first) in labels]


def test_a_chat_that_follows_no_store_has_no_figures_of_one() -> None:
    with client_of() as client:
        assert not [name for name, _ in figures(client) if "store" in name or "allchat_index_info" in name]


def test_a_question_that_waits_is_seen_waiting() -> None:
    free = threading.Event()

    class Held(SmallChat):
        def ask(self, question: str, **how: Any) -> Any:
            assert free.wait(30)
            return super().ask(question, **how)

    with client_of(Held(), workers=1) as client:
        asking = [
            threading.Thread(target=client.post, args=("/v1/ask",), kwargs={"json": {"question": "signs"}})
            for _ in range(3)
        ]
        for thread in asking:
            thread.start()
        while figures(client)["allchat_queue_length", ()] < 2:
            time.sleep(0.01)
        assert figures(client)["allchat_answering", ()] == 1
        free.set()
        for thread in asking:
            thread.join()


def test_without_a_token_only_this_machine_reads_them_and_no_proxy_opens_them() -> None:
    with client_of() as client:
        assert client.get("/metrics").status_code == 200
        for header in ("x-forwarded-for", "forwarded", "via", "x-real-ip"):
            assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 403
    with client_of(at=ELSEWHERE) as client:
        refused = client.get("/metrics")
        assert refused.status_code == 403
        assert "allchat_" not in refused.text


@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic right", "right", "bearer right x", "Bearer é"]
)
def test_with_a_token_nobody_reads_them_without_it(sent: str) -> None:
    for at in (HERE, ELSEWHERE):
        with client_of(at=at, metrics_token="right") as client:  # noqa: S106 - a test's own
            assert client.get("/metrics", headers={"authorization": sent.encode()}).status_code == 403
            assert client.get("/metrics", headers={"authorization": "Bearer right"}).status_code == 200
