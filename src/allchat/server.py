"""The HTTP door: the page, ``POST /v1/ask``, ``GET /source/<document>``, ``/healthz`` and ``/readyz`` in one place.

Settings are not read here: plain values are handed in.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from allchat.errors import AllchatError, QuestionError, VerificationError
from allchat.gate import Gate, Rate, Refusal
from allchat.records import Answer
from allchat.render import CONTACT, Asker, Words, page_file, page_words, source_page

MAX_HISTORY = 10
MAX_ID = 200
READING = ["GET", "HEAD"]
_AGAIN = "ask again; tell the operator if it stays"

log = logging.getLogger("allchat.server")


class RefusedError(Exception):
    """A request that is answered with a refusal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.what)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked request of ``POST /v1/ask``."""

    id: str
    question: str
    history: tuple[str, ...]


def create_app(
    chat: Asker,
    *,
    allowed_origins: Sequence[str] = (),
    questions_per_minute: int = 120,
    body_limit: int = 64 * 1024,
    question_limit: int = 4000,
    contact: Mapping[str, str] = CONTACT,
    workers: int = 4,
    waiting: int = 64,
    page: bool = True,
) -> FastAPI:
    """The application around an opened chat.

    ``allowed_origins`` may call from another web page (none by default). ``questions_per_minute`` is per client
    address, 0 for no limit, and never counts callers on this machine. ``workers`` questions are answered at once and
    ``waiting`` more may wait. ``contact`` holds ``emergency_number``, ``crisis_number`` and ``care_team``. Without
    ``page`` there is no page, and the rest stays.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan)
    app.state.ready = False
    words = page_words(contact=contact)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(allowed_origins),
        allow_methods=["GET", "POST"],
        allow_headers=["content-type"],
    )
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(Gate, rate=Rate(questions_per_minute), body_limit=body_limit)
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(HTTPException, _http_error)
    app.api_route("/healthz", methods=READING)(healthz)
    app.api_route("/readyz", methods=READING)(readyz)
    app.api_route("/favicon.ico", methods=READING)(favicon)
    app.post("/v1/ask")(_ask_endpoint(chat, question_limit=question_limit, queue=Queue(workers, waiting)))
    app.api_route("/source/{document}", methods=READING)(_source_endpoint(chat, words=words))
    if page:
        from allchat.ui import mount_page

        mount_page(app, chat, words=words, question_limit=question_limit)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.ready = True
    yield
    app.state.ready = False


async def healthz() -> dict[str, bool]:
    """Say that the process lives."""
    return {"ok": True}


async def readyz(request: Request) -> JSONResponse:
    """Say whether questions are taken: not before the start is complete and not after the end has begun."""
    ready = bool(request.app.state.ready)
    return JSONResponse({"ready": ready}, status_code=200 if ready else 503)


async def favicon() -> Response:
    """The page's sign: a speech bubble with a quotation mark."""
    return Response(page_file("icon.svg"), media_type="image/svg+xml")


class Queue:
    """Runs blocking work in a few threads; beyond those who may wait, the next is told to come back."""

    def __init__(self, workers: int, waiting: int) -> None:
        self.workers = workers
        self.waiting = waiting
        self.inside = 0
        self.limiter: anyio.CapacityLimiter | None = None

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """The result of ``work``.

        Raises:
            RefusedError: too many are waiting already.
        """
        if self.inside >= self.workers + self.waiting:
            raise RefusedError(Refusal(503, "server", "too many questions are waiting", "ask again in half a minute"))
        # A limiter belongs to the running event loop, which does not exist when the application is made.
        self.limiter = self.limiter or anyio.CapacityLimiter(self.workers)
        self.inside += 1
        try:
            return await anyio.to_thread.run_sync(work, limiter=self.limiter)
        finally:
            self.inside -= 1


def _ask_endpoint(chat: Asker, *, question_limit: int, queue: Queue) -> Callable[[Request], Any]:
    async def ask(request: Request) -> JSONResponse:
        asked = read_request(
            await request.body(), content_type=request.headers.get("content-type", ""), limit=question_limit
        )
        answer = await queue.run(partial(answer_or_refuse, chat, asked))
        return JSONResponse(answer.to_dict())

    return ask


def answer_or_refuse(chat: Asker, asked: Asked) -> Answer:
    """The answer.

    Raises:
        RefusedError: the question cannot be taken (422), or something is broken on our side (500, 503).
    """
    try:
        return chat.ask(asked.question, history=asked.history, id=asked.id)
    except QuestionError as error:
        raise RefusedError(_unfit("question", str(error))) from None
    except AllchatError as error:
        log.error("no answer: %s", type(error).__name__)
        status = 500 if isinstance(error, VerificationError) else 503
        raise RefusedError(Refusal(status, "answering", str(error), _AGAIN)) from None
    except Exception as error:  # noqa: BLE001 - the outermost door: no traceback leaves, and no question enters a log
        log.error("no answer, unexpectedly: %s", type(error).__name__)
        what = "something broke on our side; this is not an answer"
        raise RefusedError(Refusal(500, "answering", what, _AGAIN)) from None


def read_request(body: bytes, *, content_type: str, limit: int) -> Asked:
    """The checked request. No message repeats anything that was sent.

    Raises:
        RefusedError: 415 for another content type, 400 for what is not JSON, 422 for what is not as described.
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise RefusedError(Refusal(415, "content-type", "the body is not declared as JSON", _AS_JSON))
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusedError(Refusal(400, "body", "the body is not JSON in UTF-8", _AS_JSON)) from None
    if not isinstance(data, dict):
        raise RefusedError(_unfit("body", "the body is not an object"))
    history = data.get("history", [])
    if not isinstance(history, list):
        raise RefusedError(_unfit("history", "the history is not a list"))
    return Asked(
        id=_text(data.get("id", "q"), where="id", limit=MAX_ID),
        question=_text(data.get("question"), where="question", limit=limit),
        history=tuple(_text(earlier, where="history", limit=limit) for earlier in history[-MAX_HISTORY:]),
    )


_AS_JSON = 'send Content-Type: application/json and a body such as {"question": "What is remission?"}'
_SHAPE = (
    '"question" is a text; "id" may be a text; "history" may be a list of the earlier questions, oldest first '
    f"(the last {MAX_HISTORY} count)"
)


def _unfit(where: str, what: str) -> Refusal:
    return Refusal(422, where, what, _SHAPE)


def _text(value: object, *, where: str, limit: int) -> str:
    if not isinstance(value, str):
        raise RefusedError(_unfit(where, "it is missing or not a text"))
    if len(value) > limit:
        raise RefusedError(_unfit(where, f"it is longer than {limit} characters"))
    if any(sign == "\0" or 0xD800 <= ord(sign) < 0xE000 for sign in value):
        raise RefusedError(_unfit(where, "it holds characters that are not text (NUL or half of a surrogate pair)"))
    return value


def _source_endpoint(chat: Asker, *, words: Words) -> Callable[[Request, str], HTMLResponse]:
    def source(request: Request, document: str) -> HTMLResponse:
        asked = request.query_params
        if document not in chat.documents:
            return HTMLResponse(_UNKNOWN.format(words=words), status_code=404)
        record = chat.documents[document]
        page = source_page(
            record,
            chat.outline(document),
            words=words,
            span=_span(asked.get("start"), asked.get("end")),
            changed=asked.get("sha256", record.sha256) != record.sha256,
        )
        return HTMLResponse(page)

    return source


_UNKNOWN = (
    '<!doctype html><html lang="{words[lang]}"><meta charset="utf-8"><title>{words[title]}</title>'
    '<p>{words[source_unknown]}</p><p><a href="/">{words[source_home]}</a></p></html>'
)


def _span(start: str | None, end: str | None) -> tuple[int, int] | None:
    """The span that a link asks for; one that makes no sense stays a span that cannot be placed."""
    if start is None and end is None:
        return None
    cuts = [int(cut) if cut and cut.isascii() and cut.isdigit() and len(cut) < 10 else -1 for cut in (start, end)]
    return cuts[0], cuts[1]


async def _refused(_request: Request, error: Exception) -> Response:
    refusal = error.refusal if isinstance(error, RefusedError) else _BROKEN
    return Response(refusal.body(), status_code=refusal.status, headers=refusal.headers())


async def _http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    refusal = Refusal(status, "request", "this address does not serve such a request", "see the README, 'Over HTTP'")
    return Response(refusal.body(), status_code=status, headers=refusal.headers())


_BROKEN = Refusal(500, "server", "something broke on our side", _AGAIN)


def run(chat: Asker, *, host: str = "127.0.0.1", port: int = 7860, **values: Any) -> None:
    """Serve a chat until a signal ends it; ``values`` are those of ``create_app``."""
    serve(create_app(chat, **values), host=host, port=port)


def serve(app: FastAPI, *, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serve until a signal ends it. No access log is written: addresses and times of families are nobody's business."""
    uvicorn.run(
        app,
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=32 * 1024,
    )
