"""The page: a conversation beside its sources, in Gradio Blocks. The only module that imports gradio."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs
from weakref import WeakKeyDictionary

# Gradio and the hub client read these once, while they are imported; afterwards it is too late to ask for silence.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_RUN_HISTORY"] = "False"
# Gradio would make a table of all events after each of them, for a page of figures that is off here.
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = "1000000000"
os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"
# Around each event Gradio asks matplotlib, where it is installed, how it draws. Unasked, it would look for a window
# system and load all that it has: half a second of the first family's time.
os.environ.setdefault("MPLBACKEND", "agg")
with contextlib.suppress(ImportError):
    importlib.import_module("matplotlib")

import gradio as gr
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from gradio import queueing, route_utils, routes
from pydantic import BaseModel, Field, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from allchat.capacity import WAITING, WORKERS
from allchat.errors import AllchatError, BusyError, QuestionError
from allchat.front import Front, read_assets
from allchat.gate import BODY_LIMITS, JOINING, read_body, refuse
from allchat.glossary import Glossary
from allchat.records import Answer
from allchat.refusals import Refusal
from allchat.render import (
    MAX_TURNS,
    PATHS,
    Asker,
    Trail,
    Words,
    extended,
    literal,
    message,
    panel,
    plain,
    read_trail,
    standing,
    starters,
    status,
    trouble,
)
from allchat.votes import VOTES, Votes, new_message

MAX_HISTORY = 10
SPARE_THREADS = 8
"""Threads of a page for all that takes no place: votes, another language, the word that many are asking."""

# Every question is a heading, so that a screen reader can go from turn to turn.
_ASKED = "### "
BUTTONS = 3

log = logging.getLogger("allchat.page")


def _log_class() -> None:
    """Write what is being handled into the log: its class alone."""
    raised = sys.exc_info()[0]
    log.error("an event of the page failed: %s", raised.__name__ if raised else "nothing")


# Gradio prints what an event raises, and pydantic's words for it repeat what was typed.
for _module in (queueing, route_utils, routes):
    vars(_module)["traceback"] = SimpleNamespace(print_exc=_log_class)

Messages = list[dict[str, Any]]

SHOWN = ("chat", "trail", "sources", "box", "status", "again", "starters", "message", "votes")
"""What an answer changes, besides the suggestions."""


@dataclass(frozen=True, slots=True)
class View:
    """What every event shows: one value for each part of the page, in the order of ``SHOWN``, then the suggestions."""

    conversation: Messages
    trail: Trail
    sources: str
    question: str
    status: str
    again: str | None
    starters: str | None
    message: str
    suggestions: tuple[str, ...]

    def updates(self) -> list[Any]:
        """The values as Gradio takes them."""
        slots = [*self.suggestions, *[""] * BUTTONS][:BUTTONS]
        return [
            self.conversation,
            self.trail.to_json(),
            self.sources,
            self.question,
            self.status,
            gr.update(value=self.again or "", visible=self.again is not None),
            gr.update(value=self.starters or "", visible=self.starters is not None),
            self.message,
            gr.update(visible=bool(self.message)),
            *(gr.update(value=words, visible=bool(words)) for words in slots),
        ]


def told(sentence: str, *, language: str) -> str:
    """A status line. Its hidden stamp lets the page's script notice two equal ones, and the language of the page."""
    return f'{sentence}<span hidden="hidden">{time.monotonic_ns()} {language}</span>'


@dataclass(frozen=True, slots=True)
class Handlers:
    """What happens on each event. Everything that comes from the browser is checked here; none of it is trusted."""

    asker: Asker
    words: Mapping[str, Words]
    question_limit: int
    glossary: Callable[[Asker], Glossary]
    votes: Votes | None = None

    def ask(self, question: object, conversation: object, trail: object, language: object) -> list[Any]:
        """Answer the question in the light of the questions before it."""
        history = questions(conversation)[-MAX_HISTORY:]
        return self._turn(question, conversation, trail, self._language(language), history=history)

    def again(self, conversation: object, trail: object, language: object) -> list[Any]:
        """Answer the last question once more, on its own."""
        last = (questions(conversation) or [""])[-1]
        return self._turn(last, conversation, trail, self._language(language), history=(), again=True)

    def clear(self, language: object) -> list[Any]:
        """Forget everything: what the page holds is all there is."""
        language = self._language(language)
        return self.first(language, status=self.words[language]["cleared"]).updates()

    def first(self, language: str, *, status: str = "") -> View:
        """The page before the first question."""
        words = self.words[language]
        sources = panel(Trail(), self.asker, words=words)
        said = told(status, language=language)
        return View([], Trail(), sources, "", said, None, starters(words), "", ())

    def vote(self, vote: str, name: object, language: object) -> list[Any]:
        """Keep a vote, where an operator wants them: the status line says so, and the buttons go."""
        language = self._language(language)
        try:
            if self.votes is not None:
                self.votes.add(vote, message=name)
        except AllchatError as error:
            log.error("a vote was not kept: %s", type(error).__name__)
            return [told(self.words[language]["broken"], language=language), gr.skip()]
        return [told(self.words[language]["vote_thanks"], language=language), gr.update(visible=False)]

    def speak(self, language: object, conversation: object, trail: object) -> dict[str, Any]:
        """The page's own words in a language, by part; the conversation stays as it was said."""
        language = self._language(language)
        words, known = self.words[language], read_trail(trail, documents=self.asker.documents)
        parts: dict[str, Any] = {name: gr.update(**values) for name, values in chrome(words).items()}
        parts["sources"] = self._panel(known, words=words)
        parts["starters"] = gr.skip() if messages(conversation) else starters(words)
        return parts | {"language": language, "status": told("", language=language)}

    def _language(self, language: object) -> str:
        return language if isinstance(language, str) and language in self.words else next(iter(self.words))

    def _turn(
        self,
        question: object,
        conversation: object,
        trail: object,
        language: str,
        *,
        history: Sequence[str],
        again: bool = False,
    ) -> list[Any]:
        refused = self._refused(question, words=self.words[language])
        if refused or not isinstance(question, str):
            return self._unchanged(refused, language)
        shown = messages(conversation)[-2 * (MAX_TURNS - 1) :]
        before = read_trail(trail, documents=self.asker.documents)
        try:
            answer = self._answer(question, history=history, language=language)
        except QuestionError:
            return self._unchanged(self.words[language]["not_text"], language)
        except BusyError:
            return self._unchanged(self.words[language]["busy"], language)
        except AllchatError as error:
            log.error("no answer: %s", type(error).__name__)
            return self._broken(question, shown, before, language)
        except Exception as error:  # noqa: BLE001 - the outermost door: a fault must be seen as one, and leak no question
            log.error("no answer, unexpectedly: %s", type(error).__name__)
            return self._broken(question, shown, before, language)
        return self._answered(answer, shown, extended(before, answer), language, again=again).updates()

    def _answer(self, question: str, *, history: Sequence[str], language: str) -> Answer:
        """The answer; a starting question in another language is searched for in the sources' language."""
        translated = self._translations()
        history = [translated.get(text, text)[: self.question_limit] for text in history]
        # The first language is that of everything: a question in another one is answered in its own.
        spoken = None if language == next(iter(self.words)) else language
        searched = translated.get(question.strip())
        answer = self.asker.ask(searched or question, history=() if searched else history, language=spoken)
        return replace(answer, question=question) if searched else answer

    def _translations(self) -> dict[str, str]:
        """The starting questions of other languages, each with the one in the same place of the first language."""
        first, *others = (_questions(words) for words in self.words.values())
        return {other: own for asked in others for own, other in zip(first, asked, strict=True)}

    def _panel(self, trail: Trail, *, words: Words, urgent: bool = False) -> str:
        here = standing(self.asker)
        return panel(trail, here, words=words, urgent=urgent, glossary=self.glossary(here))

    def _refused(self, question: object, *, words: Words) -> str:
        if not isinstance(question, str) or not question.strip():
            return str(words["nothing_asked"])
        if len(question) > self.question_limit:
            return str(words["too_long"]).format(limit=self.question_limit)
        return ""

    def _answered(self, answer: Answer, shown: Messages, trail: Trail, language: str, *, again: bool) -> View:
        asked, words = literal(answer.question), self.words[language]
        other = not again and plain(literal(answer.understood_as)) != plain(asked)
        translated = plain(asked) in self._translations()
        said = message(answer, turn=trail.turn, words=words, again=again, glossary=self.glossary(standing(self.asker)))
        return View(
            [*shown, spoken("user", f"{_ASKED}{asked}"), spoken("assistant", said)],
            trail,
            self._panel(trail, words=words, urgent=answer.kind == "urgent"),
            "",
            told(status(answer, turn=trail.turn, words=words), language=language),
            str(words["again"]) if other and not translated else None,
            None,
            new_message() if self.votes and answer.kind != "urgent" else "",
            () if answer.kind == "urgent" else answer.suggestions[:BUTTONS],
        )

    def _broken(self, question: str, shown: Messages, trail: Trail, language: str) -> list[Any]:
        """A fault, in its own words; the question stays in the box, so that asking again is one touch."""
        words = self.words[language]
        said = [*shown, spoken("user", f"{_ASKED}{literal(question)}"), spoken("assistant", trouble(words))]
        after = Trail(trail.turn + 1, trail.quotes)
        sources = self._panel(after, words=words)
        status = told(words["broken"], language=language)
        return View(said, after, sources, question, status, None, None, "", ()).updates()

    def _unchanged(self, sentence: str, language: str) -> list[Any]:
        """Only the status line speaks; all else stays as it is."""
        return [
            told(sentence, language=language) if name == "status" else gr.skip() for name in (*SHOWN, *range(BUTTONS))
        ]


def _questions(words: Words) -> list[str]:
    return [question for group in words["starters"] for question in group["questions"]]


def spoken(role: str, text: str) -> dict[str, Any]:
    """One message of the conversation."""
    return {"role": role, "content": text}


def messages(conversation: object) -> Messages:
    """The messages that came back from the browser, each as role and text; what has another shape is left out."""
    rows = conversation if isinstance(conversation, list) else []
    kept = (row for row in rows if isinstance(row, dict) and row.get("role") in ("user", "assistant"))
    return [spoken(row["role"], _text(row.get("content"))) for row in kept]


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def questions(conversation: object) -> list[str]:
    """The family's questions, oldest first, as they were typed."""
    return [plain(row["content"].removeprefix(_ASKED)) for row in messages(conversation) if row["role"] == "user"]


def chrome(words: Words) -> dict[str, dict[str, Any]]:
    """The page's own words by part, as its components take them when it is built and when it changes language."""
    return {
        "talk_head": {"value": f'<h2 class="vh">{words["conversation"]}</h2>'},
        "chat": {"label": words["conversation"], "placeholder": words["empty_conversation"]},
        "again": {"value": words["again"]},
        "vote_head": {"value": words["vote"]},
        **{f"vote_{vote}": {"value": words[f"vote_{vote}"]} for vote in VOTES},
        "box": {"label": words["question_label"], "info": words["question_hint"], "submit_btn": words["ask"]},
        "sheet": {"value": words["sheet"]},
        "print": {"value": words["print"]},
        "clear": {"value": words["clear"]},
        "sources_head": {"value": f'<h2 id="sources" tabindex="-1">{words["sources"]}</h2>'},
    }


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


UNFETCHED_SECONDS = 60.0
"""How long an answer waits for the page that asked: a page reads while it asks, so this one is gone."""

MOST_UNFETCHED = 100
"""Answers that wait at once, each with the conversation that it goes on from: 256 KiB at most."""

MOST_SESSIONS = 1000


class Deliveries(queueing.Queue):
    """Gradio's queue with an end to what it keeps. Gradio itself keeps every session, and what none has fetched."""

    def __init__(self, page: gr.Blocks) -> None:
        super().__init__(
            live_updates=True,
            concurrency_count=page.max_threads,
            update_intervals=1,
            max_size=64,
            blocks=page,
            default_concurrency_limit=None,
        )
        # By session, the one that has been still for longest first.
        self._clocks: dict[str, asyncio.TimerHandle] = {}

    async def push(self, body: Any, request: Any, username: Any) -> Any:
        """Take an event in; see Gradio's."""
        self._keep(body.session_hash)
        return await super().push(body, request, username)

    async def process_events(self, events: list[Any], batch: Any, begin_time: Any, fn: Any) -> None:
        """Answer events; see Gradio's."""
        try:
            await super().process_events(events, batch, begin_time, fn)
        finally:
            for event in events:
                self._keep(event.session_hash)

    def _keep(self, session: str) -> None:
        """Start the session's time anew, and forget who has waited longest where there are too many."""
        self._restart(session)
        for oldest in list(self._clocks):
            unfetched = sum(map(len, self.pending_event_ids_session.values())) - len(self.event_ids_to_events)
            if unfetched <= MOST_UNFETCHED and len(self._clocks) <= MOST_SESSIONS:
                return
            self._forget(oldest)

    def _restart(self, session: str) -> None:
        if session in self._clocks:
            self._clocks.pop(session).cancel()
        self._clocks[session] = asyncio.get_running_loop().call_later(UNFETCHED_SECONDS, self._forget, session)

    def _forget(self, session: str) -> None:
        """Let go of a session, unless one of its events is still waiting or being answered."""
        if any(event.session_hash == session for event in self.event_ids_to_events.values()):
            self._restart(session)
            return
        self._clocks.pop(session).cancel()
        self.pending_messages_per_session.pop(session, None)
        self.pending_event_ids_session.pop(session, None)


class Event(BaseModel):
    """What Gradio needs of an event; a session is a few letters and digits that the page drew for itself."""

    session_hash: str = Field(pattern="^[A-Za-z0-9_-]{1,64}$")
    fn_index: int
    data: list[Any]


NO_EVENT = Refusal(422, "event", "this is not an event of the page", "load the page again")
NO_ADDRESS = Refusal(400, "host", "no page is at such an address", "use the address that you were given")
NOTHING_WAITS = Refusal(404, "session_hash", "nothing waits for this page", "ask again")


class Events:
    """Hands Gradio only what its page could have sent, and no reader for whom nothing waits.

    Gradio itself takes anything for a session, fails on an event that it does not know, and breaks off a stream that it
    has begun.
    """

    def __init__(self, app: ASGIApp, *, page: gr.Blocks) -> None:
        self.app = app
        self.page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path, method = scope.get("path", ""), scope.get("method")
        if scope["type"] == "http" and not _placed(scope):
            await refuse(NO_ADDRESS, send)
        elif path in JOINING and method == "POST":
            await self._join(scope, receive, send)
        elif path.endswith("/gradio_api/queue/data") and method == "GET" and not self._waits(scope):
            await refuse(NOTHING_WAITS, send)
        else:
            await self.app(scope, receive, send)

    async def _join(self, scope: Scope, receive: Receive, send: Send) -> None:
        event = self._event(await read_body(scope, receive, limit=BODY_LIMITS[scope["path"]]))
        whole: list[Message] = [{"type": "http.request", "body": event, "more_body": False}]

        async def checked() -> Message:
            return whole.pop() if whole else await receive()

        await (self.app(scope, checked, send) if event else refuse(NO_EVENT, send))

    def _event(self, body: bytes | None) -> bytes:
        """The body with nothing but an event of this page; empty where it is none."""
        try:
            event = Event.model_validate_json(body or b"")
        except ValidationError:
            return b""
        known = self.page.fns.get(event.fn_index)
        if known is None or len(event.data) != len(known.inputs):
            return b""
        event.data = [_text_alone(value, part) for value, part in zip(event.data, known.inputs, strict=True)]
        return event.model_dump_json().encode()

    def _waits(self, scope: Scope) -> bool:
        """Whether there is, or will be, an answer for the session that the address names."""
        session = (parse_qs(scope["query_string"].decode(errors="replace")).get("session_hash") or [""])[0]
        queue = self.page._queue
        return session in queue.pending_messages_per_session and bool(queue.pending_event_ids_session.get(session))


def _text_alone(value: Any, part: Any) -> Any:
    """What a part of the page holds, without all that is not text: from any address, Gradio fetches a file named there,
    and makes a component that a message asks for.
    """
    if isinstance(part, gr.Chatbot):
        return [row | {"content": [{"type": "text", "text": row["content"]}]} for row in messages(value)]
    return value if isinstance(value, str) else None


def _placed(scope: Scope) -> bool:
    """Whether Gradio can say where its page stands; it fails on a host that is none."""
    try:
        route_utils.get_root_url(Request(scope), route_path=scope["path"], root_path=None)
    except Exception:  # noqa: BLE001 - whatever it fails with: there it would be a fault of ours
        return False
    return True


async def _unreadable(_request: Request, _error: Exception) -> Response:
    """FastAPI's own refusal repeats what was sent."""
    return Response(NO_EVENT.body(), NO_EVENT.status, NO_EVENT.headers())


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
    mount.app.add_exception_handler(RequestValidationError, _unreadable)
    mount.app = Front(Events(mount.app, page=page), words=words, language=language, assets=assets)
    with ThreadPoolExecutor(1) as aside:  # whoever mounts the page may have an event loop of their own
        aside.submit(asyncio.run, mount.app.check()).result()
    return app
