"""What reads input that is not ours: each target is what it is sent and what reads it.

A target may give any value or raise an error of ``allchat.errors``; ``holds`` sees to that, and to inputs that hang.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from types import FrameType
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import strategies as st
from places import SMALL

from allchat.chat import Chat
from allchat.errors import AllchatError
from allchat.web.app import create_app
from allchat.web.staff.pages import staff_router

SECONDS = 60
"""An input that is not done by then hangs: a thousand times what the slowest takes, and so no measure of speed."""

Check = Callable[[Any, "World"], object]


@dataclass(frozen=True)
class World:
    """What targets work on: a chat and its doors, an index that was built, and a folder of their own.

    Of ``house``, page and staff's pages are a part.
    """

    chat: Chat
    index: Path
    folder: Path
    doors: TestClient
    house: TestClient


@dataclass(frozen=True)
class Target:
    """One reader: ``check`` is called with inputs of ``sent``. ``weight`` lessens those that are slow.

    A ``door`` is sent requests; every other target parses.
    """

    sent: st.SearchStrategy[Any]
    check: Check
    weight: float = 1.0

    @property
    def door(self) -> bool:
        return self.check.__name__.startswith(("a_body", "a_request", "a_link"))


TARGETS: dict[str, Target] = {}


def target(sent: st.SearchStrategy[Any], *, weight: float = 1.0) -> Callable[[Check], Check]:
    def kept(check: Check) -> Check:
        TARGETS[check.__name__] = Target(sent, check, weight)
        return check

    return kept


def holds(name: str, sent: Any, world: World) -> None:
    """Sends one input. Whatever leaves but a value or an error of allchat's own is a finding; so is no end."""
    with _ending(), suppress(AllchatError):
        TARGETS[name].check(sent, world)


@contextmanager
def _ending() -> Iterator[None]:
    def late(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"no end after {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def read(path: Path) -> str:
    return path.read_bytes().decode()


SOURCES = [read(path) for path in sorted(SMALL.glob("*.txt"))]


@contextmanager
def changed(path: Path, content: bytes) -> Iterator[None]:
    """The file with another content, and put back."""
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(before)


ASKED = "which medicines are forbidden at home"

CITED = {"number": 1, "document": "lists", "quote": "Aspirin", "start": 3, "end": 90}
SAVED = [
    {"id": "q", "citations": [CITED, CITED]},
    {"format": "allchat audit bundle", "schema": 1, "answer": {"id": "q", "citations": [CITED]},
     "sources": [{"key": "lists", "sha256": "0"}], "sha256": "0"},
]  # fmt: skip


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {tag, *(name for name, _ in attrs)}
        links = [value or "" for name, value in attrs if name == "href"]
        assert not any(link.strip().lower().startswith("javascript") for link in links), links


OURS = {
    *(
        "html",
        "head",
        "meta",
        "link",
        "title",
        "style",
        "script",
        "body",
        "main",
        "article",
        "a",
        "p",
        "blockquote",
        "div",
        "span",
        "mark",
        "figure",
        "figcaption",
    ),
    *(
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "li",
        "details",
        "summary",
        "section",
        "strong",
        "em",
        "nav",
        "ol",
        "hr",
        "br",
    ),
    *(
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "scope",
    ),
    *(
        "lang",
        "hreflang",
        "charset",
        "name",
        "content",
        "rel",
        "href",
        "class",
        "id",
        "tabindex",
        "role",
        "hidden",
        "target",
        "open",
    ),
    *("aria-label", "aria-hidden", "aria-labelledby", "data-turn", "title", "translate", "dir"),
}


def only_our_tags(page: str) -> None:
    """No tag and no attribute of the input has become one of the page's."""
    tags = _Tags()
    tags.feed(page.replace("<script>alert", "<planted>alert"))
    assert tags.found <= OURS, tags.found - OURS


TRAIL = {"turn": 2, "quotes": [[1, 1, "lists", 5, 40], [2, 1, "crlf", 0, 20]]}

PASSWORD = "a long password"  # noqa: S105 - of the tests' own server


def house(chat: Chat, *, folder: Path) -> FastAPI:
    """The whole application: page, staff's pages and votes."""
    staff = staff_router(chat, password=PASSWORD)
    return create_app(chat, staff=staff, votes=folder / "votes.jsonl", questions_per_minute=0)
