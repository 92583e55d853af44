"""A real server on a free port of this machine, for tests that need one: real clients, a real browser."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from allchat.web.app import create_app
from allchat.web.uvicorn_server import OPTIONS


def serving(chat: Any, *, options: dict[str, Any] | None = None, **values: Any) -> Iterator[str]:
    """The address of a server for the chat until the generator ends; ``values`` are those of ``create_app``."""
    yield from serving_app(create_app(chat, **values), options=options)


def serving_app(app: ASGIApp, *, options: dict[str, Any] | None = None) -> Iterator[str]:
    """The address of a server for the application until the generator ends."""
    # Named TCP: on a socket without its protocol asyncio leaves Nagle's wait on, 40 ms a response.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, **{**OPTIONS, **(options or {})}))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


def until(condition: Callable[[], bool]) -> None:
    """Wait for what happens in another thread; half a minute is for ever."""
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to that")
