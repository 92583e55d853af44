"""The page in Gradio Blocks: what Gradio carries of it, state and events, mounted in our application."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from fastapi.exceptions import RequestValidationError

from allchat.answering.query import Asker, standing
from allchat.sources.glossary import Glossary
from allchat.web.answer_queue import WAITING, WORKERS
from allchat.web.languages import PATHS
from allchat.web.page.doorkeeper import Doorkeeper
from allchat.web.page.gradio_queue import Deliveries, Events, unreadable
from allchat.web.page.gradio_setup import gr
from allchat.web.page.handlers import SHOWN, Handlers
from allchat.web.page.shell import Front, read_assets
from allchat.web.page.trail import Trail
from allchat.web.page.votes import VOTES, Votes
from allchat.wording import Words

SPARE_THREADS = 8
"""Threads of a page for all that takes no place: votes, and the word that many are asking."""


def build_page(handlers: Handlers, *, language: str, places: int = WORKERS + WAITING) -> gr.Blocks:
    """The page's state and events in one language, ready to be mounted; nothing of it is seen.

    What is seen is our own document (``shell``): its script fills these parts and shows what comes back in ``post``,
    which Gradio has sanitised. ``places`` is how many questions may be inside at once.
    """
    words = handlers.words[language]
    page: gr.Blocks
    with gr.Blocks(title=f"{words['title']}: {words['subtitle']}", analytics_enabled=False) as page:
        holds = {"question": "", "asked": "[]", "trail": Trail().to_json(), "language": language, "message": ""}
        parts: dict[str, Any] = {
            name: gr.Textbox(value, lines=2, max_lines=2, elem_id=f"g-{name}") for name, value in holds.items()
        }
        for name in ("ask", "again", *(f"vote-{vote}" for vote in VOTES)):
            parts[name] = gr.Button(name, elem_id=f"g-{name}")
        parts["post"] = gr.Markdown("", elem_id="g-post", sanitize_html=True, latex_delimiters=[])
        _wire(parts, handlers)
    # Each call without a session would keep its state; a family's page needs none.
    page.state_session_capacity = 200
    page.api_open = False
    # A thread for each place, so that nobody waits here, where no time is counted: whoever has a place waits in
    # ``Capacity``, and for all others there are threads enough to say at once that many are asking.
    page.max_threads = places + SPARE_THREADS
    page._queue = Deliveries(page)
    return page


def _wire(parts: dict[str, Any], handlers: Handlers) -> None:
    how: dict[str, Any] = {
        "api_visibility": "private",
        "concurrency_limit": None,
        "show_progress": "hidden",
        "trigger_mode": "once",
    }
    shown, told = [parts[name] for name in SHOWN], [parts[name] for name in ("asked", "trail", "language")]
    parts["ask"].click(handlers.ask, [parts["question"], *told], shown, **how)
    parts["again"].click(handlers.again, told, shown, **how)
    for vote in VOTES:
        voting = [parts["message"], parts["language"]]
        parts[f"vote-{vote}"].click(partial(handlers.vote, vote), voting, parts["post"], **how)


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
    """Mount the page in a FastAPI application, once for each language of ``words``, and return that application.

    ``places`` is how many questions the asker takes at once. Votes on answers are taken where ``votes`` names a file
    for them. ``keeper`` holds questions to their limits. Everything that Gradio would offer beyond the page itself (API
    pages, monitoring, uploads, run history) is off.

    Raises:
        PageError: what Gradio gives has no place for the emergency bar and the notice.
    """
    kept: WeakKeyDictionary[Asker, Glossary] = WeakKeyDictionary()  # one for each index that answers in turn

    def glossary(here: Asker) -> Glossary:
        if here not in kept:
            kept[here] = Glossary.of(here.documents, {key: here.outline(key) for key in here.documents})
        return kept[here]

    glossary(standing(asker))
    handlers = Handlers(asker, words, question_limit, glossary, Votes(votes) if votes else None)
    # The root takes every path that is left: it comes last.
    for language in sorted(words, key=lambda language: -len(PATHS[language])):
        page = build_page(handlers, language=language, places=places)
        app = _mounted(app, page, words=words, language=language, keeper=keeper)
    return app


def _mounted(app: Any, page: gr.Blocks, *, words: Mapping[str, Words], language: str, keeper: Doorkeeper | None) -> Any:
    app = gr.mount_gradio_app(
        app,
        page,
        path=PATHS[language],
        footer_links=[],
        run_history=False,
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        allowed_paths=[],
        show_error=False,
        max_file_size="1kb",
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=gr.themes.Base(font=["sans-serif"], font_mono=["monospace"]),
    )
    frontend = Path(gr.__file__).parent / "templates" / "frontend"
    assets = read_assets(frontend, theme_hash=str(page.theme_hash))
    mount = app.router.routes[-1]
    mount.app.add_exception_handler(RequestValidationError, unreadable)
    mount.app = Front(Events(mount.app, page=page, keeper=keeper), words=words, language=language, assets=assets)
    with ThreadPoolExecutor(1) as aside:  # whoever mounts the page may have an event loop of their own
        aside.submit(asyncio.run, mount.app.check()).result()
    return app
