"""The page in Gradio Blocks: a conversation beside its sources."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
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
from allchat.web.page.gradio_queue import Deliveries, Events, unreadable
from allchat.web.page.gradio_setup import gr
from allchat.web.page.handlers import BUTTONS, SHOWN, Handlers, chrome
from allchat.web.page.shell import Front, read_assets
from allchat.web.page.trail import Trail
from allchat.web.page.votes import VOTES, Votes
from allchat.wording import Words

SPARE_THREADS = 8
"""Threads of a page for all that takes no place: votes, another language, the word that many are asking."""


def build_page(handlers: Handlers, *, language: str, places: int = WORKERS + WAITING) -> gr.Blocks:
    """The page in one language, ready to be mounted; ``places`` is how many questions may be inside at once."""
    words = handlers.words[language]
    page: gr.Blocks
    with gr.Blocks(title=f"{words['title']}: {words['subtitle']}", analytics_enabled=False, fill_width=True) as page:
        with gr.Row(elem_id="main", equal_height=False):
            with gr.Column(scale=3, elem_id="chatcol", min_width=280):
                parts = _conversation(handlers, language)
            with gr.Column(scale=2, elem_id="srccol", min_width=280):
                parts["sources_head"] = gr.Markdown(**chrome(words)["sources_head"], sanitize_html=True)
                first = handlers.first(language).sources
                parts["sources"] = gr.Markdown(first, elem_id="src", sanitize_html=True)
        _wire(parts, handlers)
    # Each call without a session would keep its state; a family's page needs none.
    page.state_session_capacity = 200
    page.api_open = False
    # A thread for each place, so that nobody waits here, where no time is counted: whoever has a place waits in
    # ``Capacity``, and for all others there are threads enough to say at once that many are asking.
    page.max_threads = places + SPARE_THREADS
    page._queue = Deliveries(page)
    return page


def _conversation(handlers: Handlers, language: str) -> dict[str, Any]:
    """The left column: what was said with suggestions to go on from, then the question box with its tools."""
    said = chrome(handlers.words[language])
    with gr.Column(elem_id="talk"):
        parts = _talk(said, handlers, language)
    with gr.Column(elem_id="composer"):
        parts |= _composer(said)
    hidden = {"trail": Trail().to_json(), "language": language, "message": ""}
    parts |= {name: gr.Textbox(value, visible=False) for name, value in hidden.items()}
    # The links of the page's head press these: a change of language keeps the conversation.
    parts["speak"] = {
        each: gr.Button(each, elem_id=f"speak-{each}", elem_classes="unseen", visible="hidden")
        for each in handlers.words
    }
    return parts


def _talk(said: dict[str, dict[str, Any]], handlers: Handlers, language: str) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "talk_head": gr.Markdown(**said["talk_head"], sanitize_html=True),
        "chat": gr.Chatbot(
            **said["chat"],
            elem_id="chat",
            show_label=False,
            height=None,
            min_height=80,
            buttons=[],
            sanitize_html=True,
            allow_tags=False,
            layout="panel",
            latex_delimiters=[],
            feedback_options=None,
            group_consecutive_messages=False,
            autoscroll=False,
        ),
        "status": gr.Markdown("", elem_id="status", sanitize_html=True),
    }
    with gr.Row(elem_id="votes", visible=False) as parts["votes"]:
        parts["vote_head"] = gr.Markdown(**said["vote_head"], elem_id="vote", sanitize_html=True)
        for vote in VOTES:
            parts[f"vote_{vote}"] = gr.Button(**said[f"vote_{vote}"], elem_classes="tool", size="sm")
    with gr.Column(elem_id="suggestions"):
        parts["again"] = gr.Button(**said["again"], visible=False, elem_id="again", elem_classes="sug")
        parts["slots"] = [gr.Button("", visible=False, elem_classes="sug") for _ in range(BUTTONS)]
    first = handlers.first(language).starters
    parts["starters"] = gr.Markdown(first, elem_id="starters", sanitize_html=True)
    return parts


def _composer(said: dict[str, dict[str, Any]]) -> dict[str, Any]:
    box = gr.Textbox(
        **said["box"],
        lines=1,
        max_lines=4,
        elem_id="ask-box",
        html_attributes=gr.InputHTMLAttributes(autocomplete="off", enterkeyhint="send"),
    )
    with gr.Row(elem_id="tools"):
        tools = {
            name: gr.Button(**said[name], elem_id=name, elem_classes="tool", size="sm")
            for name in ("sheet", "print", "clear")
        }
    return {"box": box} | tools


def _wire(parts: dict[str, Any], handlers: Handlers) -> None:
    chat, trail, language = parts["chat"], parts["trail"], parts["language"]
    how: dict[str, Any] = {
        "api_visibility": "private",
        "concurrency_limit": None,
        "show_progress": "hidden",
        "trigger_mode": "once",
    }
    shown = [*(parts[name] for name in SHOWN), *parts["slots"]]
    parts["box"].submit(handlers.ask, [parts["box"], chat, trail, language], shown, **how)
    for slot in parts["slots"]:
        slot.click(handlers.ask, [slot, chat, trail, language], shown, **how)
    parts["again"].click(handlers.again, [chat, trail, language], shown, **how)
    parts["clear"].click(handlers.clear, [language], shown, **how)
    for vote in VOTES:
        voting = [parts["message"], language]
        parts[f"vote_{vote}"].click(partial(handlers.vote, vote), voting, [parts["status"], parts["votes"]], **how)
    names = [*chrome(next(iter(handlers.words.values()))), "sources", "starters", "language", "status"]
    for each, button in parts["speak"].items():
        speak = partial(_spoken_parts, handlers, each, names)
        button.click(speak, [chat, trail], [parts[name] for name in names], **how)


def _spoken_parts(
    handlers: Handlers, language: str, names: Sequence[str], conversation: object, trail: object
) -> list[Any]:
    said = handlers.speak(language, conversation, trail)
    return [said[name] for name in names]


def mount_page(
    app: Any,
    asker: Asker,
    *,
    words: Mapping[str, Words],
    question_limit: int = 4000,
    places: int = WORKERS + WAITING,
    votes: Path | None = None,
) -> Any:
    """Mount the page in a FastAPI application, once for each language of ``words``, and return that application.

    ``places`` is how many questions the asker takes at once. Votes on answers are taken where ``votes`` names a file
    for them. Everything that Gradio would offer beyond the page itself (API pages, monitoring, uploads, run history) is
    off.

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
        app = _mounted(app, page, words=words, language=language)
    return app


def _mounted(app: Any, page: gr.Blocks, *, words: Mapping[str, Words], language: str) -> Any:
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
        theme=gr.themes.Base(
            font=["system-ui", "Segoe UI", "Roboto", "Arial", "sans-serif"], font_mono=["ui-monospace", "monospace"]
        ),
    )
    frontend = Path(gr.__file__).parent / "templates" / "frontend"
    assets = read_assets(frontend, theme_css=str(page.theme_css), theme_hash=str(page.theme_hash))
    mount = app.router.routes[-1]
    mount.app.add_exception_handler(RequestValidationError, unreadable)
    mount.app = Front(Events(mount.app, page=page), words=words, language=language, assets=assets)
    with ThreadPoolExecutor(1) as aside:  # whoever mounts the page may have an event loop of their own
        aside.submit(asyncio.run, mount.app.check()).result()
    return app
