"""The page's first bytes: our own document around Gradio's data, so that help and the box are there at once.

Gradio's document shows nothing until some fifty files have come, one after the other. This one holds the emergency bar,
the notice and a question box in its first bytes, asks for all files at once, and gives Gradio's style sheets as one.
A question that is typed before Gradio is ready is handed to it (``web/page/page.js``).

Where Gradio's document is not as we know it, nothing is served: a page without help on it would be worse than none.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from allchat.addresses import phone_address
from allchat.errors import PageError
from allchat.web.assets import page_file
from allchat.web.languages import PATHS
from allchat.wording import Words

_DATA = re.compile(
    r"<script>(window\.gradio_config = .*?;)</script><script>(window\.gradio_api_info = .*?;)</script>", re.DOTALL
)
_ENTRY = re.compile(r'<script type="module" crossorigin src="\./assets/(index-[\w-]+\.js)"></script>')
_ROOT = re.compile(r'"root":"([^"]*)"')

STYLES = ("page.css", "conversation.css", "sheet.css", "layout.css")
SCRIPTS = ("connection.js", "sheet.js", "page.js")
"""Our own files, as a browser reads them, in this order: later rules override, the last script uses the others."""


@dataclass(frozen=True, slots=True)
class Assets:
    """Gradio's files that the page needs: scripts by name; all style sheets in one of ours, named by its content."""

    scripts: tuple[str, ...]
    sheets: tuple[str, ...]
    theme: str
    style: bytes

    @property
    def path(self) -> str:
        """The address of the one style sheet; another content has another address."""
        return f"/assets/allchat-{hashlib.sha256(self.style).hexdigest()[:16]}.css"


def read_assets(frontend: Path, *, theme_css: str, theme_hash: str) -> Assets:
    """The files that ``web/page/assets.txt`` lists, as far as this release of Gradio has them.

    What is missing is loaded by Gradio itself, only later. ``theme_hash`` is a part of the theme's address.
    """
    folder = frontend / "assets"
    names = [name for name in page_file("assets.txt").split() if (folder / name).is_file()]
    sheets = tuple(name for name in names if name.endswith(".css"))
    texts = [(folder / name).read_text(encoding="utf-8") for name in sheets]
    # No sheet refers to another file by a relative address: a test holds that.
    style = "\n".join([*texts[:1], theme_css, *texts[1:]])
    scripts = tuple(name for name in names if name.endswith(".js"))
    return Assets(scripts, sheets, f"/theme.css?v={theme_hash}", style.encode())


class Front:
    """Serves our document at ``PATHS[language]`` and the one style sheet; hands everything else on to Gradio."""

    def __init__(self, app: ASGIApp, *, words: Mapping[str, Words], language: str, assets: Assets) -> None:
        self.app = app
        self.words = words
        self.language = language
        self.assets = assets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope.get("path", "")
        if scope["type"] == "http" and path == self.assets.path:
            await _whole(self.assets.style, [(b"content-type", b"text/css; charset=utf-8")], 200, send)
        elif scope["type"] == "http" and f"{path}/" in PATHS.values() and path:
            await _whole(b"", [(b"location", f"{path}/".encode())], 308, send)
        elif scope["type"] == "http" and path == PATHS[self.language]:
            await self._document(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def check(self) -> None:
        """Make the document once, as a browser would be given it.

        Raises:
            PageError: it cannot be made of what Gradio gives.
        """
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._document(_asking(PATHS[self.language]), receive, send)
        if sent[0]["status"] != 200:
            raise _no_place(self.language, f"came with status {sent[0]['status']}")

    async def _document(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun: Message = {}
        body = bytearray()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun.update(message)
            else:
                body.extend(message.get("body", b""))

        await self.app(scope, receive, collect)
        headers = [(name, value) for name, value in begun["headers"] if name.lower() != b"content-length"]
        if begun["status"] == 200:  # anything else is no page, but the reason why there is none
            theirs = bytes(body).decode("utf-8", errors="replace")
            body[:] = document(theirs, words=self.words, language=self.language, assets=self.assets).encode()
        await _whole(bytes(body), headers, begun["status"], send)


def _asking(path: str) -> Scope:
    """A browser's request for a page, as Starlette hands it to what is mounted there."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": path.rstrip("/"),
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
    }


async def _whole(body: bytes, headers: list[tuple[bytes, bytes]], status: int, send: Send) -> None:
    sized = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": sized})
    await send({"type": "http.response.body", "body": body})


def document(theirs: str, *, words: Mapping[str, Words], language: str, assets: Assets) -> str:
    """Our document with the data and the entry script of Gradio's.

    Raises:
        PageError: Gradio's is not as we know it.
    """
    data, entry = _DATA.search(theirs), _ENTRY.search(theirs)
    if data is None or entry is None:
        raise _no_place(language, f"has no {'data' if data is None else 'entry script'} where allchat looks for it")
    said, root = words[language], _ROOT.search(data[1])
    theme = (json.loads(f'"{root[1]}"') if root else "") + assets.theme
    known = "".join(
        f'<link rel="stylesheet" disabled href="{html.escape(address)}">'
        for address in (*(f"/assets/{name}" for name in assets.sheets), theme)
    )
    early = "".join(
        f'<link rel="modulepreload" crossorigin href="/assets/{name}">' for name in assets.scripts if name != entry[1]
    )
    return _DOCUMENT.format(
        lang=said["lang"],
        title=f"{said['title']}: {said['subtitle']}",
        style="".join(map(page_file, STYLES)),
        sheet=assets.path,
        known=known,
        early=early,
        entry=entry[1],
        data=f"{data[1]}{data[2]}",
        words=script_words(words, language=language),
        script="".join(map(page_file, SCRIPTS)),
        tops="".join(top(words, language=each, shown=each == language) for each in _first(language, words)),
        box=_box(said),
    )


def _no_place(language: str, fact: str) -> PageError:
    return PageError(
        f"the page at {PATHS[language]}: Gradio's document {fact}, so the emergency bar, the notice and the question "
        "box find no place, and without them nothing is served. Install the Gradio that allchat is made for: "
        "make setup."
    )


SAID = (
    "lang", "title", "subtitle", "working", "working_long", "no_connection", "busy", "broken", "word", "close", "back",
    "list_lead", "new_tab", "months", "date",
    "sheet_title", "sheet_intro", "sheet_empty", "sheet_take", "sheet_notes", "sheet_print", "sheet_save", "sheet_made",
    "sheet_from", "sheet_file",
)  # fmt: skip
"""The words that the page's script says."""


def script_words(words: Mapping[str, Words], *, language: str) -> str:
    """The script's words in every language, as data; ``<`` is written so that it can end no script."""
    said = {each: {name: _plain(words[each][name]) for name in SAID} for each in words}
    data = {"language": language, "paths": PATHS, "words": said}
    return json.dumps(data).replace("<", "\\u003c")


def _plain(text: object) -> object:
    return html.unescape(text) if isinstance(text, str) else text


def top(words: Mapping[str, Words], *, language: str, shown: bool = True) -> str:
    """Help, the languages, the title and the notice: what stands above everything and needs no script."""
    said = words[language]
    number, crisis = (
        f'<a href="{phone_address(called)}">{called}</a>'
        for called in (said["emergency_number"], said["crisis_number"])
    )
    hidden = "" if shown else " hidden"
    languages = "".join(_languages(words, language))
    return (
        f'<div class="top-{language}" lang="{language}"{hidden}>'
        f'<a class="skip" href="#ask">{said["skip_to_question"]}</a>'
        f'<a class="skip" href="#sources">{said["skip_to_sources"]}</a>'
        f'<div class="bar"><aside class="emergency" aria-label="{said["emergency_label"]}">'
        f"<p><strong>{said['emergency']}</strong> {number}</p>"
        f'<p>{said["crisis"]} <span class="roomy">{said["crisis_how"]}</span> {crisis}</p>'
        f"<p>{said['worried']}</p></aside>"
        f'<nav class="languages" aria-label="{said["languages"]}">{languages}</nav></div>'
        f'<header class="top"><h1>{said["title"]} <span class="subtitle">{said["subtitle"]}</span></h1>'
        f'<p class="notice"><strong>{said["notice_head"]}</strong> {said["notice"]}</p></header></div>'
    )


def _first(language: str, words: Mapping[str, Words]) -> list[str]:
    """All languages, this one first: the ways past the head must be the first of all links."""
    return sorted(words, key=lambda each: each != language)


def _languages(words: Mapping[str, Words], language: str) -> list[str]:
    return [
        f'<a href="{PATHS[each]}" lang="{each}" hreflang="{each}"{current}>{words[each]["language_name"]}</a>'
        for each in words
        for current in [' aria-current="true"' if each == language else ""]
    ]


def _box(said: Words) -> str:
    """A box to type in while Gradio is on its way."""
    return (
        f'<label for="early-ask">{said["question_label"]}</label><p>{said["question_hint"]}</p>'
        f'<div><textarea id="early-ask" rows="1" maxlength="4000" autocomplete="off"></textarea>'
        f'<button type="button">{said["ask"]}</button></div><p role="status">{said["loading"]}</p>'
        f"<noscript><p>{said['no_script']}</p></noscript>"
    )


_DOCUMENT = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<link rel="icon" href="/favicon.ico">
<style id="look">{style}</style>
{known}
<script type="module" crossorigin src="/assets/{entry}"></script>
{early}
<script>{data}window.__gradio_mode__ = "app";window.allchat = {words};
{script}</script>
</head>
<body class="early">
{tops}
<main id="early">{box}</main>
<link rel="stylesheet" href="{sheet}">
<gradio-app control_page_title="false" embed="false" eager="true"></gradio-app>
</body>
</html>
"""
