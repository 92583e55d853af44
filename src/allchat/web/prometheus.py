"""Metrics for Prometheus: counts, times and states of one process. No figure belongs to one person or one question."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.process_collector import ProcessCollector

from allchat.web.answer_queue import Capacity
from allchat.web.errors import Refusal, RefusedError
from allchat.web.middleware.rate_limit import client_of, is_loopback
from allchat.web.outcome import Outcome

BUCKET_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
PROXIED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"""A request with one of these came through a proxy: that its peer is this machine then says nothing."""

CLOSED = Refusal(403, "client", "the metrics are not open to this client", "set ALLCHAT_METRICS_TOKEN and send it")


class Metrics:
    """The figures of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._questions = Counter(
            "allchat_questions", "Questions by kind of answer.", ("door", "kind"), registry=self.registry
        )
        self._failures = Counter(
            "allchat_failures", "Questions without an answer, by class of error.", ("door", "error"),
            registry=self.registry,
        )  # fmt: skip
        self._requests = Counter(
            "allchat_requests", "HTTP requests.", ("route", "method", "status"), registry=self.registry
        )
        self._at_door = Histogram(
            "allchat_question_seconds", "Time of a question at its door, waiting included.", ("door",),
            buckets=BUCKET_SECONDS, registry=self.registry,
        )  # fmt: skip
        self._stages = Histogram(
            "allchat_stage_seconds", "Time of one stage of an answer.", ("stage",), buckets=BUCKET_SECONDS,
            registry=self.registry,
        )  # fmt: skip

    def watch(self, capacity: Capacity, *, built: Callable[[], float], sound: Callable[[], bool]) -> None:
        """Show how full a capacity is, how old the index is and whether the model is ``sound``; ``built`` is seconds
        since 1970, 0 for unknown.
        """
        states: dict[str, tuple[str, Callable[[], float]]] = {
            "allchat_queue_length": ("Questions that wait for a worker.", lambda: capacity.waiting),
            "allchat_answering": ("Questions that have a worker.", lambda: capacity.answering),
            "allchat_model_sound": ("Whether the model gives a known text its known vector.", lambda: float(sound())),
            "allchat_index_age_seconds": ("Time since the index was built.", lambda: max(0.0, time.time() - built())),
        }
        for name, (what, value) in states.items():
            Gauge(name, what, registry=self.registry).set_function(value)

    def count_question(self, outcome: Outcome) -> None:
        """Count what became of a question."""
        if outcome.kind is not None:
            self._questions.labels(outcome.door, outcome.kind).inc()
        if outcome.error is not None:
            self._failures.labels(outcome.door, outcome.error).inc()
        self._at_door.labels(outcome.door).observe(outcome.seconds)
        for stage, milliseconds in outcome.stages_ms.items():
            self._stages.labels(stage).observe(milliseconds / 1000)

    def count_request(self, route: str, method: str, status: int) -> None:
        """Count a request."""
        self._requests.labels(route, method, status).inc()


def metrics_router(metrics: Metrics, *, token: str = "") -> APIRouter:
    """``/metrics``: for who sends the bearer ``token``, or, without one, for callers on this machine alone."""
    router = APIRouter(include_in_schema=False)

    @router.get("/metrics")
    async def read(request: Request) -> Response:
        if not _may_read(request, token):
            raise RefusedError(CLOSED)
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router


def _may_read(request: Request, token: str) -> bool:
    if token:
        sent = request.headers.get("authorization", "")
        return hmac.compare_digest(sent.encode(), f"Bearer {token}".encode())
    proxied = any(name in request.headers for name in PROXIED)
    return not proxied and is_loopback(client_of(request.scope))
