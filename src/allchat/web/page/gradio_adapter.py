"""All that leans on how Gradio works inside, and each workaround for it; others take what they need from here.

A workaround is named where it stands (``Workaround NAME``). Its upstream issue is in docs/decisions/0010-page.md, and
``test_gradio_adapter.py`` runs Gradio without it: that test fails once a new Gradio does well on its own. Gradio is
pinned, for what is found here was found on that release.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from starlette.types import ASGIApp, Scope

# Workaround hub_telemetry: the hub client reads this once, while Gradio imports it; ``gr.Blocks`` sets it, too late.
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

# Workaround drawing: around each event Gradio asks matplotlib, where it is installed, how it draws. Left to guess, that
# looks for a window system and loads all that it has: half a second of every start.
os.environ.setdefault("MPLBACKEND", "agg")

# Workaround temp_folder: Gradio names a folder for files while it is imported, and asks for one that can be written.
# The page has no files, so nothing is ever written there, and a server's whole disk may be read-only.
try:
    tempfile.gettempdir()
except FileNotFoundError:
    tempfile.tempdir = "/tmp"  # noqa: S108

import gradio as gr

VERSION = gr.__version__

EVENT: dict[str, Any] = {
    # Workaround described: a public event is told to whoever asks for a description of the application.
    "api_visibility": "undocumented",
    # Workaround queue: on a Space of Hugging Face the one address that answers in one request takes no queued event.
    # Whoever has a place waits in ``Capacity``, where all doors' time is counted.
    "queue": False,
}
"""What each event is declared with."""

MOUNT: dict[str, Any] = {
    # Workaround run_history: what was asked and answered is kept for a page of Gradio's own.
    "run_history": False,
    # Workaround error_texts: what an error says, a family's words with it, is sent to the browser.
    "show_error": False,
    # Workaround server_rendering: a variable of the environment starts a Node server beside this one.
    "ssr_mode": False,
}
"""What Gradio is mounted with."""

Carried = tuple[Callable[..., Any], int, int]
"""What answers an event, and how many values it takes and gives."""


class Event(BaseModel):
    """What a page sends, and all that Gradio is handed of it: the values of one event, in order.

    Workaround session: where a body names a session, Gradio keeps one for it, the values of its last event included.
    """

    data: list[Any]


def carried(events: Mapping[str, Carried], *, threads: int) -> gr.Blocks:
    """Events by name, run on as many threads as are named."""
    page: gr.Blocks
    # Workaround calls_home: it asks its makers for its newest version, and tells them where it runs.
    with gr.Blocks(analytics_enabled=False) as page:
        for name, (handler, taken, given) in events.items():
            inputs, outputs = ([gr.Textbox() for _ in range(many)] for many in (taken, given))
            gr.Button(name).click(handler, inputs, outputs, api_name=name, **EVENT)
    # Workaround threads: ``mount_gradio_app`` takes no number of threads, and forty are shared with all other routes.
    page.max_threads = threads
    return page


def values_of(page: gr.Blocks) -> dict[str, int]:
    """How many values each event takes."""
    return {str(event.api_name): len(event.inputs) for event in page.fns.values()}


def mounted(app: Any, page: gr.Blocks, *, behind: Callable[[ASGIApp], ASGIApp]) -> ASGIApp:
    """Mount the events at the root of a FastAPI application, behind ``behind`` alone; returns what serves them."""
    gr.mount_gradio_app(app, page, path="/", **MOUNT)
    mount = app.router.routes[-1]
    mount.app = behind(mount.app)
    served: ASGIApp = mount.app
    return served


def texts(values: Sequence[object]) -> list[str]:
    """The values of an event with nothing in them but text.

    Workaround values_name_files: whatever the component, Gradio fetches the file that a value names, from any address.
    """
    return [value if isinstance(value, str) else "" for value in values]


def from_here(path: str) -> Scope:
    """The request of an event with nothing in it that a client said.

    Workaround headers: Gradio builds addresses out of what a client says it called, and fails on some.
    """
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
    }
