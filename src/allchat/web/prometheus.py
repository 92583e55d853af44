"""Metrics for Prometheus: counts, times and states of one process. No figure belongs to one person or one question."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, runtime_checkable

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from allchat.answering.query import Asker
from allchat.search.store import Hears
from allchat.web.answer_queue import Capacity
from allchat.web.errors import Refusal, RefusedError
from allchat.web.middleware.rate_limit import client_of, is_loopback
from allchat.web.outcome import Outcome

BUCKET_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
PROXIED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"""A request with one of these came through a proxy: that its peer is this machine then says nothing."""

CLOSED = Refusal(403, "client", "the metrics are not open to this client", "set ALLCHAT_METRICS_TOKEN and send it")


@runtime_checkable
class Followed(Protocol):
    """What is shown of the store that a chat follows; one that follows none is not of this kind."""

    @property
    def kind(self) -> str:
        """Which kind of store it is."""

    @property
    def version(self) -> str:
        """The name of the index that answers."""

    @property
    def current(self) -> bool:
        """Whether that is the one in force."""

    @property
    def reachable(self) -> bool:
        """Whether the store answered when it was last asked."""

    @property
    def connections(self) -> int:
        """How many connections to it are in use."""

    def hear(self, told: Hears) -> None:
        """Have the seconds of each query told."""


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
        self._show(states)

    def watch_store(self, chat: Asker) -> None:
        """Show which index a chat answers from, and how the store is in which that lies, where it follows one."""
        if not isinstance(chat, Followed):
            return
        states: dict[str, tuple[str, Callable[[], float]]] = {
            "allchat_index_current": ("Whether the index that answers is the one in force.", lambda: chat.current),
            "allchat_store_reachable": ("Whether the store answered when last asked.", lambda: chat.reachable),
            "allchat_store_connections": ("Connections to the store that are in use.", lambda: chat.connections),
        }
        self._show(states)
        self.registry.register(_Answering(chat))
        queries = Histogram(
            "allchat_store_query_seconds", "Time of a query that the store is sent, waiting for a connection included.",
            buckets=BUCKET_SECONDS, registry=self.registry,
        )  # fmt: skip
        chat.hear(queries.observe)

    def _show(self, states: Mapping[str, tuple[str, Callable[[], float]]]) -> None:
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


class _Answering(Collector):
    """Names, as labels of a figure that is always 1, the index that answers and the kind of store that it lies in."""

    def __init__(self, followed: Followed) -> None:
        self._followed = followed

    def collect(self) -> Iterator[Metric]:
        """What Prometheus reads."""
        info = GaugeMetricFamily("allchat_index_info", "The index that answers.", labels=("store", "version"))
        info.add_metric((self._followed.kind, self._followed.version), 1)
        yield info


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
