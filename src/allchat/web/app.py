"""The HTTP server: every route, limit and header put together. What each route does has its own module.

Settings are not read here: plain values are handed in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from allchat.answering.query import QUESTION_CHARACTERS, Asker
from allchat.web.answer_queue import ANSWER_SECONDS, WAITING, WORKERS, Capacity, PageDoor
from allchat.web.api.ask import NOT_JSON, api_router, of_validation
from allchat.web.api.openai import completions_router
from allchat.web.assets import page_file
from allchat.web.counts import Counts
from allchat.web.errors import BROKEN, NOT_SERVED, Refusal, RefusedError
from allchat.web.logs import RequestLog, log_question
from allchat.web.middleware.allowlist import Allowlist
from allchat.web.middleware.rate_limit import Rate
from allchat.web.middleware.request_limits import Limits
from allchat.web.middleware.tokens import Tokens
from allchat.web.page.messages import CONTACT, page_words
from allchat.web.printed import Pictures
from allchat.web.prometheus import Metrics, metrics_router
from allchat.web.source_route import source_endpoint
from allchat.web.uvicorn_server import PROXIES, serve_until_stopped
from allchat.wording import LANGUAGES, Words


def create_app(
    chat: Asker,
    *,
    allowed_origins: Sequence[str] = (),
    embed_sites: Sequence[str] = (),
    questions_per_minute: int = 120,
    contact: Mapping[str, str] = CONTACT,
    workers: int = WORKERS,
    waiting: int = WAITING,
    seconds: float = ANSWER_SECONDS,
    metrics_token: str = "",
    api_tokens: Sequence[str] = (),
    page: bool = True,
    staff: APIRouter | None = None,
    votes: Path | None = None,
    counts: Counts | None = None,
) -> FastAPI:
    """The application around an opened chat.

    ``allowed_origins`` may call from another web page, ``embed_sites`` may show the page at ``/embed`` in a frame (none
    by default). ``questions_per_minute`` is per client address, 0 for no limit; this machine is not counted.
    ``workers`` questions are answered at once, ``waiting`` more may wait, each for ``seconds``; every door shares them.
    ``contact`` holds ``emergency_number``, ``crisis_number`` and ``care_team``. ``/metrics`` takes the bearer
    ``metrics_token``, without one this machine alone; ``/v1`` one of ``api_tokens``, where there are any. Without
    ``page`` there is no page, without ``staff`` none of theirs, without ``votes`` no vote, without ``counts`` no count.

    Raises:
        PageError: Gradio does not carry a question of the page to its answer.
    """
    app = _bare_app()
    words = {each: page_words(each, contact=contact) for each in LANGUAGES}
    rate, metrics = Rate(questions_per_minute), Metrics()
    capacity = Capacity(chat, workers=workers, waiting=waiting, seconds=seconds, **_observed(metrics, counts))
    app.state.capacity, app.state.sound = capacity, lambda: is_sound(chat)
    app.state.index, app.state.pictures = (lambda: index_of(chat)), Pictures()
    _watch(metrics, chat, capacity)
    gate = {"staff": staff is not None, "embed_sites": tuple(embed_sites)}
    _guard(app, rate=rate, metrics=metrics, allowed_origins=allowed_origins, tokens=api_tokens, gate=gate)
    for router in (
        # The routes of a new router also need their line in gate.ROUTES or gate.FOLDERS.
        api_router(capacity, rate=rate),
        completions_router(capacity, rate=rate, built=lambda: built_at(chat)),
        metrics_router(metrics, token=metrics_token),
        _own_router(chat, words=words),
        *([] if staff is None else [staff]),
    ):
        app.include_router(router)
    if page:
        _mount_page(app, PageDoor(chat, capacity=capacity), rate=rate, words=words, votes=votes)
    return app


def _watch(metrics: Metrics, chat: Asker, capacity: Capacity) -> None:
    """What the metrics show of now."""
    metrics.watch(capacity, built=lambda: built_at(chat), sound=lambda: is_sound(chat))
    metrics.watch_store(chat)


def _observed(metrics: Metrics, counts: Counts | None) -> dict[str, Any]:
    """Who hears of every question; how an answer came about is traced only where it is counted."""
    counted = () if counts is None else (counts.add,)
    return {"observers": (log_question, metrics.count_question, *counted), "traced": counts is not None}


def _mount_page(app: FastAPI, door: PageDoor, *, rate: Rate, words: Mapping[str, Words], votes: Path | None) -> None:
    """Imports gradio, which a server without the page does without."""
    from allchat.web.page.blocks import mount_page
    from allchat.web.page.doorkeeper import Doorkeeper
    from allchat.web.page.offered import naming, of_corpus

    shown = {language: naming(said, door) for language, said in of_corpus(words, door).items()}
    mount_page(
        app,
        door,
        words=shown,
        question_limit=QUESTION_CHARACTERS,
        places=door.places,
        votes=votes,
        keeper=Doorkeeper(rate, alarms=door.alarms),
    )


def _bare_app() -> FastAPI:
    app = FastAPI(
        title="allchat",
        description="Answers about childhood leukemia (ALL), made of verified quotes. Not medical advice.",
        version=version("allchat"),
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        redirect_slashes=False,  # it would send the client to whatever Host it named
        lifespan=_lifespan,
    )
    app.state.ready = False
    return app


def built_at(chat: Asker) -> float:
    """When the index was built, in seconds since 1970; 0 where a chat does not say."""
    return float(getattr(chat, "built", 0.0))


def index_of(chat: Asker) -> dict[str, Any]:
    """The index that answers, and whether it is the one in force; nothing where a chat does not say."""
    version = getattr(chat, "version", None)
    return {} if version is None else {"index": str(version), "current": bool(getattr(chat, "current", True))}


def is_sound(chat: Asker) -> bool:
    """Whether the model was what it should be when it was last asked; a chat that does not say is."""
    return bool(getattr(chat, "sound", True))


def _guard(
    app: FastAPI,
    *,
    rate: Rate,
    metrics: Metrics,
    allowed_origins: Sequence[str],
    tokens: Sequence[str],
    gate: Mapping[str, Any],
) -> None:
    """What a request passes before it reaches a route, the innermost first, and what a refusal looks like."""
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(Limits, rate=rate)
    app.add_middleware(Tokens, tokens=tokens)
    app.add_middleware(
        CORSMiddleware,  # outside of the limits, so that an allowed origin can read why it is refused
        allow_origins=list(allowed_origins),
        allow_methods=["GET", "POST"],
        allow_headers=["content-type", "authorization"],  # OpenAI clients always send a key
        expose_headers=["retry-after", "x-request-id"],
    )
    app.add_middleware(Allowlist, **gate)
    app.add_middleware(RequestLog, count=metrics.count_request)
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)


_READING = ["GET", "HEAD"]


def _own_router(chat: Asker, *, words: Mapping[str, Words]) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    router.add_api_route("/healthz", healthz, methods=_READING)
    router.add_api_route("/readyz", readyz, methods=_READING)
    router.add_api_route("/favicon.ico", favicon, methods=_READING)
    router.add_api_route("/source/{document}", source_endpoint(chat, words=words), methods=_READING)
    return router


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.ready = True
    yield
    app.state.ready = False


async def healthz() -> dict[str, bool]:
    """Say that the process lives."""
    return {"ok": True}


async def readyz(request: Request) -> JSONResponse:
    """Say whether questions are taken: not before the start is complete, not after the end has begun, and not while
    the model is not what it was. Which index answers is told, and whether it is the one in force: an older one that
    answers on is no reason to send families away.
    """
    ready = bool(request.app.state.ready) and request.app.state.sound()
    return JSONResponse({"ready": ready, **request.app.state.index()}, status_code=200 if ready else 503)


async def favicon() -> Response:
    """The page's sign: a speech bubble with a quotation mark."""
    return Response(page_file("icon.svg"), media_type="image/svg+xml")


async def _refused(request: Request, error: Exception) -> Response:
    return _response(error.refusal if isinstance(error, RefusedError) else BROKEN, request)


async def _invalid(request: Request, error: Exception) -> Response:
    declared = request.headers.get("content-type", "")
    if isinstance(error, RequestValidationError):
        return _response(of_validation(error, declared=declared), request)
    return _response(BROKEN, request)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    allowed = tuple(method for method in (getattr(error, "headers", None) or {}).get("Allow", "").split(", ") if method)
    return _response(NOT_JSON if status == 400 else replace(NOT_SERVED, status=status, allowed=allowed), request)


def _response(refusal: Refusal, request: Request) -> Response:
    path = request.scope["path"]
    return Response(refusal.body(path), status_code=refusal.status_at(path), headers=refusal.headers())


def run_server(
    chat: Asker,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    trusted_proxies: Sequence[str] = PROXIES,
    **values: Any,
) -> None:
    """Serve a chat until a signal ends it; ``values`` are those of ``create_app``."""
    serve_until_stopped(create_app(chat, **values), host=host, port=port, trusted_proxies=trusted_proxies)
