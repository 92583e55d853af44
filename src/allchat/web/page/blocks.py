"""What Gradio carries of the page: its events, taken one request at a time, run on threads, and answered.

All that is seen is our own document (``shell``); its script posts what a family does to Gradio's own address of the
event, ``/gradio_api/run/ask``. Nothing else of Gradio can be reached, and nothing that a client chose reaches it but
text. How Gradio is made to do just that stands in ``gradio_adapter``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from pydantic import ValidationError
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from allchat.answering.query import Asker, standing
from allchat.errors import PageError
from allchat.sources.glossary import Glossary
from allchat.web.answer_queue import WAITING, WORKERS
from allchat.web.errors import Refusal
from allchat.web.middleware.allowlist import refuse
from allchat.web.middleware.heads import says_json
from allchat.web.middleware.request_limits import replayed
from allchat.web.middleware.routes import ASKED_AT
from allchat.web.page.doorkeeper import Doorkeeper
from allchat.web.page.gradio_adapter import VERSION, Carried, Event, carried, from_here, mounted, texts, values_of
from allchat.web.page.handlers import Handlers
from allchat.web.page.shell import routes
from allchat.web.page.votes import Votes
from allchat.wording import Words

SPARE_THREADS = 8
"""Threads for all that takes no place: votes, and the word that many are asking."""

NO_EVENT = Refusal(422, "event", "this is not an event of the page", "load the page again")


def build_page(handlers: Handlers, *, places: int = WORKERS + WAITING) -> Any:
    """The page's events. ``places`` is how many questions may be inside at once."""
    events: dict[str, Carried] = {
        "ask": (handlers.ask, 4, 4),
        "again": (handlers.again, 3, 4),
        "vote": (handlers.vote, 3, 1),
    }
    return carried(events, threads=places + SPARE_THREADS)


class Events:
    """Hands Gradio the page's events, each as if this machine had sent it; to all else it is not there."""

    def __init__(self, app: ASGIApp, *, sizes: Mapping[str, int], keeper: Doorkeeper | None = None) -> None:
        self.app = app
        self.keeper = keeper
        self.sizes = sizes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        event, path, request = None, scope["path"], Request(scope, receive)
        if path in ASKED_AT and request.method == "POST" and says_json(request.headers.get("content-type", "")):
            event = self._event(path.rpartition("/")[2], await request.body())
        refusal = None if event is None else await self._over(scope, event)
        if event is None or refusal is not None:
            await refuse(refusal or NO_EVENT, send)
        else:
            await self.app(from_here(path), replayed(event.model_dump_json().encode(), receive), send)

    async def _over(self, scope: Scope, event: Event) -> Refusal | None:
        return None if self.keeper is None else await self.keeper.refusal(scope, event.data)

    def _event(self, name: str, body: bytes) -> Event | None:
        """The body with nothing but an event of this name; None where it is none."""
        try:
            data = Event.model_validate_json(body).data
        except ValidationError:
            return None
        return Event(data=texts(data)) if len(data) == self.sizes[name] else None


def mount_page(
    app: Any,
    asker: Asker,
    *,
    words: Mapping[str, Words],
    question_limit: int = 4000,
    places: int = WORKERS + WAITING,
    votes: Path | None = None,
    keeper: Doorkeeper | None = None,
) -> Any:
    """Mount the page in a FastAPI application, with its document in each language of ``words``, and return that.

    ``places`` is how many questions the asker takes at once. Votes on answers are taken where ``votes`` names a file
    for them. ``keeper`` holds questions to their limits.

    Raises:
        PageError: this Gradio does not carry an event to its answer.
    """
    kept: WeakKeyDictionary[Asker, Glossary] = WeakKeyDictionary()  # one for each index that answers in turn

    def glossary(here: Asker) -> Glossary:
        if here not in kept:
            kept[here] = Glossary.of(here.documents, {key: here.outline(key) for key in here.documents})
        return kept[here]

    glossary(standing(asker))
    handlers = Handlers(asker, words, question_limit, glossary, Votes(votes) if votes else None)
    app.router.routes.extend(routes(words))
    page = build_page(handlers, places=places)
    served = mounted(app, page, behind=partial(Events, sizes=values_of(page), keeper=keeper))
    with ThreadPoolExecutor(1) as aside:  # whoever mounts the page may have an event loop of their own
        aside.submit(asyncio.run, _check(served, handlers)).result()
    return app


async def _check(app: ASGIApp, handlers: Handlers) -> None:
    """Send one event as a page would, and look at what comes back: a question that nobody asked."""
    sent: list[Message] = []
    body = json.dumps({"data": ["", "[]", "", ""]}).encode()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(from_here(ASKED_AT[0]), receive, send)
    came = b"".join(message.get("body", b"") for message in sent)
    if sent[0]["status"] != 200 or json.loads(came).get("data") != [*handlers.ask("", "[]", "", "")]:
        raise PageError(
            f"Gradio {VERSION} does not carry a question to its answer (status {sent[0]['status']}), so the "
            "page is not served. Install the Gradio that allchat is made for: make setup."
        )
