"""The page: a conversation beside its sources, in Gradio Blocks. The only module that imports gradio."""

from __future__ import annotations

import html
import json
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# Gradio and the hub client read these once, while they are imported; afterwards it is too late to ask for silence.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_RUN_HISTORY"] = "False"

import gradio as gr

from allchat.errors import AllchatError, BusyError, QuestionError
from allchat.records import Answer
from allchat.render import (
    MAX_TURNS,
    Asker,
    Trail,
    Words,
    extended,
    literal,
    message,
    page_file,
    panel,
    plain,
    read_trail,
    status,
    trouble,
)

MAX_HISTORY = 10
# Every question is a heading, so that a screen reader can go from turn to turn.
_ASKED = "### "
BUTTONS = 4

log = logging.getLogger("allchat.page")
Messages = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class View:
    """What every event shows: one value for each part of the page, in the order of ``Page.outputs``."""

    conversation: Messages
    trail: Trail
    sources: str
    question: str
    status: str
    again: str | None
    suggestions: tuple[str, ...]

    def updates(self) -> list[Any]:
        """The values as Gradio takes them. The hidden stamp lets the page's script notice two equal statuses."""
        stamp = f'<span hidden="hidden">{time.monotonic_ns()}</span>'
        slots = [*self.suggestions, *[""] * BUTTONS][:BUTTONS]
        return [
            self.conversation,
            self.trail.to_json(),
            self.sources,
            self.question,
            f"{self.status}{stamp}",
            gr.update(value=self.again or "", visible=self.again is not None),
            *(gr.update(value=words, visible=bool(words)) for words in slots),
        ]


@dataclass(frozen=True, slots=True)
class Handlers:
    """What happens on each event. Everything that comes from the browser is checked here; none of it is trusted."""

    asker: Asker
    words: Words
    starters: tuple[str, ...]
    question_limit: int

    def ask(self, question: object, conversation: object, trail: object) -> list[Any]:
        """Answer the question in the light of the questions before it."""
        return self._turn(question, conversation, trail, history=questions(conversation)[-MAX_HISTORY:])

    def again(self, conversation: object, trail: object) -> list[Any]:
        """Answer the last question once more, on its own."""
        return self._turn((questions(conversation) or [""])[-1], conversation, trail, history=(), again=True)

    def clear(self) -> list[Any]:
        """Forget everything: what the page holds is all there is."""
        return self.first(status=self.words["cleared"]).updates()

    def first(self, *, status: str = "") -> View:
        """The page before the first question."""
        sources = panel(Trail(), self.asker, words=self.words)
        return View([], Trail(), sources, "", status, None, self.starters)

    def _turn(
        self, question: object, conversation: object, trail: object, *, history: Sequence[str], again: bool = False
    ) -> list[Any]:
        refused = self._refused(question)
        if refused or not isinstance(question, str):
            return self._unchanged(refused)
        shown = messages(conversation)[-2 * (MAX_TURNS - 1) :]
        before = read_trail(trail, documents=self.asker.documents)
        try:
            answer = self.asker.ask(question, history=[text[: self.question_limit] for text in history])
        except QuestionError:
            return self._unchanged(self.words["not_text"])
        except BusyError:
            return self._unchanged(self.words["busy"])
        except AllchatError as error:
            log.error("no answer: %s", type(error).__name__)
            return self._broken(question, shown, before)
        except Exception as error:  # noqa: BLE001 - the outermost door: a fault must be seen as one, and leak no question
            log.error("no answer, unexpectedly: %s", type(error).__name__)
            return self._broken(question, shown, before)
        return self._answered(answer, shown, extended(before, answer), again=again).updates()

    def _refused(self, question: object) -> str:
        if not isinstance(question, str) or not question.strip():
            return str(self.words["nothing_asked"])
        if len(question) > self.question_limit:
            return str(self.words["too_long"]).format(limit=self.question_limit)
        return ""

    def _answered(self, answer: Answer, shown: Messages, trail: Trail, *, again: bool) -> View:
        asked, words = literal(answer.question), self.words
        other = not again and plain(literal(answer.understood_as)) != plain(asked)
        said = message(answer, turn=trail.turn, words=words, again=again)
        return View(
            [*shown, spoken("user", f"{_ASKED}{asked}"), spoken("assistant", said)],
            trail,
            panel(trail, self.asker, words=words, urgent=answer.kind == "urgent"),
            "",
            status(answer, turn=trail.turn, words=words),
            str(words["again"]) if other else None,
            () if answer.kind == "urgent" else answer.suggestions[: BUTTONS - 1],
        )

    def _broken(self, question: str, shown: Messages, trail: Trail) -> list[Any]:
        """A fault, in its own words; the question stays in the box, so that asking again is one touch."""
        told = [*shown, spoken("user", f"{_ASKED}{literal(question)}"), spoken("assistant", trouble(self.words))]
        after = Trail(trail.turn + 1, trail.quotes)
        sources = panel(after, self.asker, words=self.words)
        return View(told, after, sources, question, self.words["broken"], None, ()).updates()

    def _unchanged(self, status: str) -> list[Any]:
        """Only the status line speaks; all else stays as it is."""
        stamp = f'<span hidden="hidden">{time.monotonic_ns()}</span>'
        return [gr.skip()] * 4 + [f"{status}{stamp}"] + [gr.skip()] * (1 + BUTTONS)


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


def build_page(asker: Asker, *, words: Words, question_limit: int) -> gr.Blocks:
    """The page, ready to be mounted."""
    starters = tuple(getattr(asker, "starters", ())) or tuple(words["starters"])
    handlers = Handlers(asker, words, starters[:BUTTONS], question_limit)
    page: gr.Blocks
    with gr.Blocks(title=f"{words['title']}: {words['subtitle']}", analytics_enabled=False, fill_width=True) as page:
        gr.Markdown(_banner(words), elem_id="banner", sanitize_html=True)
        with gr.Row(elem_id="main", equal_height=False):
            with gr.Column(scale=3, elem_id="chatcol", min_width=280):
                parts = _conversation(words, handlers)
            with gr.Column(scale=2, elem_id="srccol", min_width=280):
                gr.Markdown(f'<h2 id="sources" tabindex="-1">{words["sources"]}</h2>', sanitize_html=True)
                parts["sources"] = gr.Markdown(handlers.first().sources, elem_id="src", sanitize_html=True)
        _wire(parts, handlers)
    # Each call without a session would keep its state; a family's page needs none.
    page.state_session_capacity = 200
    page.queue(max_size=64, default_concurrency_limit=8, api_open=False)
    return page


def _conversation(words: Words, handlers: Handlers) -> dict[str, Any]:
    """The left column: what was said with suggestions to go on from, then the question box with its tools."""
    with gr.Column(elem_id="talk"):
        parts = _talk(words, handlers)
    with gr.Column(elem_id="composer"):
        parts |= _composer(words)
    parts["trail"] = gr.Textbox(Trail().to_json(), visible=False)
    return parts


def _talk(words: Words, handlers: Handlers) -> dict[str, Any]:
    gr.Markdown(f'<h2 class="vh">{words["conversation"]}</h2>', sanitize_html=True)
    parts: dict[str, Any] = {
        "chat": gr.Chatbot(
            elem_id="chat",
            label=words["conversation"],
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
            placeholder=words["empty_conversation"],
        ),
        "status": gr.Markdown("", elem_id="status", sanitize_html=True),
    }
    with gr.Column(elem_id="suggestions"):
        parts["again"] = gr.Button(words["again"], visible=False, elem_id="again", elem_classes="sug")
        parts["slots"] = [_suggestion(handlers.starters, slot) for slot in range(BUTTONS)]
    return parts


def _composer(words: Words) -> dict[str, Any]:
    box = gr.Textbox(
        label=words["question_label"],
        info=words["question_hint"],
        lines=1,
        max_lines=4,
        elem_id="ask-box",
        submit_btn=words["ask"],
        html_attributes=gr.InputHTMLAttributes(autocomplete="off", enterkeyhint="send"),
    )
    with gr.Row(elem_id="tools"):
        gr.Button(words["print"], elem_id="print", elem_classes="tool", size="sm")
        clear = gr.Button(words["clear"], elem_id="clear", elem_classes="tool", size="sm")
    return {"box": box, "clear": clear}


def _suggestion(starters: Sequence[str], slot: int) -> gr.Button:
    words = starters[slot] if slot < len(starters) else ""
    return gr.Button(words, visible=bool(words), elem_classes="sug")


def _wire(parts: dict[str, Any], handlers: Handlers) -> None:
    chat, trail = parts["chat"], parts["trail"]
    outputs = [chat, trail, parts["sources"], parts["box"], parts["status"], parts["again"], *parts["slots"]]
    how: dict[str, Any] = {
        "outputs": outputs,
        "api_visibility": "private",
        "concurrency_limit": 8,
        "concurrency_id": "questions",
        "show_progress": "hidden",
        "trigger_mode": "once",
    }
    parts["box"].submit(handlers.ask, [parts["box"], chat, trail], **how)
    for slot in parts["slots"]:
        slot.click(handlers.ask, [slot, chat, trail], **how)
    parts["again"].click(handlers.again, [chat, trail], **how)
    parts["clear"].click(handlers.clear, [], **how)


def _banner(words: Words) -> str:
    """The first thing on the page, on one line: Markdown must find no blank line in it."""
    number, crisis = words["emergency_number"], words["crisis_number"]
    return (
        f'<a class="skip" href="#ask">{words["skip_to_question"]}</a>'
        f'<a class="skip" href="#sources">{words["skip_to_sources"]}</a>'
        f'<div class="emergency"><h2 class="vh">{words["emergency_label"]}</h2>'
        f'<p><strong>{words["emergency"]}</strong> <a href="tel:{number}">{number}</a></p>'
        f'<p>{words["crisis"]} <span class="roomy">{words["crisis_how"]}</span> <a href="tel:{crisis}">{crisis}</a></p>'
        f"<p>{words['worried']}</p></div>"
        f'<header class="top"><h1>{words["title"]} <span class="subtitle">{words["subtitle"]}</span></h1>'
        f'<p class="notice"><strong>{words["notice_head"]}</strong> {words["notice"]}</p></header>'
    )


def _head(words: Words) -> str:
    """Style and script of our own (Gradio would rewrite the selectors of its ``css``).

    The words travel as data; ``<`` is written so that it can end no script.
    """
    names = ("lang", "working", "working_long", "no_connection", "busy", "broken")
    said = {name: html.unescape(words[name]) for name in names}
    data = json.dumps(said).replace("<", "\\u003c")
    return (
        '<meta name="robots" content="noindex"><meta name="referrer" content="no-referrer">'
        f"<style>{page_file('page.css')}</style>"
        f"<script>window.allchat = {{ words: {data} }};\n{page_file('page.js')}</script>"
    )


def mount_page(app: Any, asker: Asker, *, words: Words, path: str = "/", question_limit: int = 4000) -> Any:
    """Mount the page in a FastAPI application and return that application.

    Everything that Gradio would offer beyond the page itself (API pages, monitoring, uploads, run history) is off.
    """
    return gr.mount_gradio_app(
        app,
        build_page(asker, words=words, question_limit=question_limit),
        path=path,
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
        head=_head(words),
    )
