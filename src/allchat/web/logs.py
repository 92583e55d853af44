"""Logs: one JSON object a line on standard error, made by structlog. No line holds a word that anyone typed.

Every question gives a line with its kind, its timings and the door it came through; every request one with its route,
its status and its time. A request's lines carry one id, which its response tells as ``x-request-id``. Addresses of
clients are nobody's business and are not written.
"""

from __future__ import annotations

import logging
import sys
import time
import uuid
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TextIO

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars
from structlog.stdlib import ProcessorFormatter, add_log_level, add_logger_name
from structlog.typing import EventDict

from allchat.web.middleware.routes import route_of
from allchat.web.outcome import Outcome

QUIET = ("/favicon.ico", "/healthz", "/readyz", "/metrics")
"""Routes whose requests are counted, and logged only where they fail: there are many, and none is a question."""

ONCE_SECONDS = 60.0
"""How long a line of another library is not written again."""

_FACTS: tuple[Any, ...] = (merge_contextvars, add_log_level, add_logger_name, structlog.processors.TimeStamper("iso"))

# Bound to a logger of the standard library: an application that never calls configure_logs keeps its own logging.
log: structlog.stdlib.BoundLogger = structlog.wrap_logger(
    logging.getLogger("allchat"),
    processors=[structlog.stdlib.filter_by_level, *_FACTS, ProcessorFormatter.wrap_for_formatter],
    wrapper_class=structlog.stdlib.BoundLogger,
)


def configure_logs(*, requests: bool = True, stream: TextIO | None = None) -> None:
    """Write every log of this process as JSON lines to ``stream``, by default standard error.

    Without ``requests`` only faults are written. Messages of other libraries are cut to their first line as it stands
    in their code: what they would fill in, and the words of an exception, may hold a question.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(_OnceAMinute())
    handler.setFormatter(
        _WithoutText(
            foreign_pre_chain=_FACTS,
            processors=[ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("allchat").setLevel(logging.INFO if requests else logging.WARNING)
    warnings.showwarning = _log_warning


class _OnceAMinute(logging.Filter):
    """Lets a line of another library through once a minute: where no file is left, asyncio writes thousands of one."""

    def __init__(self) -> None:
        super().__init__()
        self._last: OrderedDict[tuple[str, str], float] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written. Ours always are: each of them is another question."""
        if record.name.startswith("allchat"):
            return True
        line, now = (record.name, str(record.msg).partition("\n")[0][:200]), time.monotonic()
        if now - self._last.get(line, -ONCE_SECONDS) < ONCE_SECONDS:
            return False
        self._last[line] = now
        if len(self._last) > 100:
            self._last.popitem(last=False)
        return True


def _log_warning(
    message: Warning | str,  # noqa: ARG001 - what must not be written
    category: type[Warning],
    *_where: Any,
    **_how: Any,
) -> None:
    """Write a warning's class: its words may hold a question, and would go to standard error."""
    log.warning("a library warns", category=category.__name__)


class _WithoutText(ProcessorFormatter):
    """Takes from a record of the standard library's logging what could hold a user's words: see ``configure_logs``."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line of JSON."""
        if hasattr(record, "_logger"):  # structlog's own: facts, each of them chosen by us
            return super().format(record)
        ours = record.name.startswith("allchat")
        said = record.getMessage() if ours else str(record.msg).partition("\n")[0]
        kind = record.exc_info[0] if record.exc_info else None
        plain = {"args": (), "exc_info": None, "exc_text": None, "stack_info": None}
        words = said if kind is None else f"{said} ({kind.__name__})"
        return super().format(logging.makeLogRecord({**record.__dict__, **plain, "msg": words}))


def log_question(outcome: Outcome) -> None:
    """Write what became of a question."""
    facts: EventDict = {
        "door": outcome.door,
        "kind": outcome.kind,
        "ms": round(1000 * outcome.seconds, 1),
        "stages_ms": dict(outcome.stages_ms),
    }
    if outcome.error is None:
        log.info("question", **facts)
    else:
        log.warning("question", error=outcome.error, **facts)


class RequestLog:
    """Gives every request an id, writes a line when it is over, and hands the same to ``count``. Pure ASGI.

    A status of 0 is that of a client that left before there was one.
    """

    def __init__(self, app: ASGIApp, *, count: Callable[[str, str, int], None]) -> None:
        self.app = app
        self.count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status, request_id = time.perf_counter(), 0, uuid.uuid4().hex

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
            await send(message)

        clear_contextvars()
        bind_contextvars(request_id=request_id)
        try:
            await self.app(scope, receive, sending)
        finally:
            route, seconds = route_of(scope["path"]) or "none", time.perf_counter() - begun
            self.count(route, _method(scope), status)
            if status >= 400 or not route.startswith(QUIET):
                write = log.warning if status >= 500 else log.info
                write("request", route=route, method=_method(scope), status=status, ms=round(1000 * seconds, 1))


def _method(scope: Scope) -> str:
    """The method, where it is one of HTTP's: a client may send any word as one."""
    return scope["method"] if scope["method"] in _METHODS else "other"


_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
