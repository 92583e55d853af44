"""The page: our own document around Gradio's data, whole from its first bytes.

Everything that is seen is drawn here and by our script (``page.js``). Gradio is in it unseen: it carries state, queue
and events, and sanitises what comes back. Its document shows nothing until some forty files have come, one after the
other; this one asks for all of them at once, and for none of its style sheets. A question that is asked before Gradio
is ready is handed to it when it is.

Where Gradio's document is not as we know it, nothing is served: a page without help on it would be worse than none.
"""

from __future__ import annotations

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
from allchat.web.page.messages import starters
from allchat.wording import Words

_DATA = re.compile(
    r"<script>(window\.gradio_config = .*?;)</script><script>(window\.gradio_api_info = .*?;)</script>", re.DOTALL
)
_ENTRY = re.compile(r'<script type="module" crossorigin src="\./assets/(index-[\w-]+\.js)"></script>')
_ROOT = re.compile(r'"root":"([^"]*)"')

STYLES = ("page.css", "conversation.css", "sources.css", "sheet.css", "print.css")
SCRIPTS = ("connection.js", "sheet.js", "sources.js", "paper.js", "page.js")
"""Our own files, as a browser reads them, in this order: later rules override, the last script uses the others."""


@dataclass(frozen=True, slots=True)
class Assets:
    """Gradio's files that it would load: scripts and style sheets by name, the theme by its address."""

    scripts: tuple[str, ...]
    sheets: tuple[str, ...]
    theme: str


def read_assets(frontend: Path, *, theme_hash: str) -> Assets:
    """The files that ``web/page/assets.txt`` lists, as far as this release of Gradio has them.

    What is missing is loaded by Gradio itself, only later. ``theme_hash`` is a part of the theme's address.
    """
    names = [name for name in page_file("assets.txt").split() if (frontend / "assets" / name).is_file()]
    scripts, sheets = (tuple(name for name in names if name.endswith(ending)) for ending in (".js", ".css"))
    return Assets(scripts, sheets, f"/theme.css?v={theme_hash}")


class Front:
    """Serves our document at ``PATHS[language]``; hands everything else on to Gradio."""

    def __init__(self, app: ASGIApp, *, words: Mapping[str, Words], language: str, assets: Assets) -> None:
        self.app = app
        self.words = words
        self.language = language
        self.assets = assets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope.get("path", "")
        if scope["type"] == "http" and f"{path}/" in PATHS.values() and path:
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
    # A sheet that the document knows already is not loaded again: no rule of Gradio's reaches our page.
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
        known=known,
        early=early,
        entry=entry[1],
        data=f"{data[1]}{data[2]}",
        words=script_words(words, language=language),
        script="".join(map(page_file, SCRIPTS)),
        body=body(words, language=language),
    )


def _no_place(language: str, fact: str) -> PageError:
    return PageError(
        f"the page at {PATHS[language]}: Gradio's document {fact}, so the emergency bar, the notice and the question "
        "box find no place, and without them nothing is served. Install the Gradio that allchat is made for: "
        "make setup."
    )


SAID = (
    "lang", "title", "subtitle", "working", "working_long", "no_connection", "busy", "broken", "word", "close",
    "list_lead", "new_tab", "months", "date", "cleared",
    "sheet_title", "sheet_intro", "sheet_empty", "sheet_take", "sheet_notes", "sheet_print", "sheet_save", "sheet_made",
    "sheet_from", "sheet_file",
)  # fmt: skip
"""The words that the page's script says, besides those that stand in the document."""


def script_words(words: Mapping[str, Words], *, language: str) -> str:
    """The script's words in every language, as data; ``<`` is written so that it can end no script."""
    names = (*SAID, *_SPOKEN.findall(body(words, language=language)))
    said = {each: {name: _plain(words[each][name]) for name in names} for each in words}
    data = {"language": language, "paths": PATHS, "words": said}
    return json.dumps(data).replace("<", "\\u003c")


def _plain(text: object) -> object:
    return html.unescape(text) if isinstance(text, str) else text


def body(words: Mapping[str, Words], *, language: str) -> str:
    """All that is seen before a question is asked; help, the notice and the languages need no script.

    What carries ``data-say``, ``data-name`` or ``data-hint`` is said anew by the script when the language changes.
    """
    said = words[language]
    own = {
        "emergency_call": _call(said["emergency_number"]),
        "crisis_call": _call(said["crisis_number"]),
        "tongues": "".join(_language(words[each], current=each == language) for each in words),
        "starting": "".join(_starting(words[each], hidden=each != language) for each in words),
    }
    return page_file("body.html").format_map({**said, **own})


def _call(number: str) -> str:
    return f'<a href="{phone_address(number)}">{number}</a>'


def _language(said: Words, *, current: bool) -> str:
    code, here = said["lang"], ' aria-current="true"' if current else ""
    return f'<a href="{PATHS[code]}" lang="{code}" hreflang="{code}"{here}>{said["language_name"]}</a>'


def _starting(said: Words, *, hidden: bool) -> str:
    return f'<div lang="{said["lang"]}"{" hidden" if hidden else ""}>{starters(said)}</div>'


_SPOKEN = re.compile(r'data-(?:say|name|hint)="(\w+)"')


_DOCUMENT = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="/favicon.ico">
<style>{style}</style>
{known}
<script type="module" crossorigin src="/assets/{entry}"></script>
{early}
<script>{data}window.__gradio_mode__ = "app";window.allchat = {words};</script>
</head>
<body>{body}
<div hidden><gradio-app control_page_title="false" embed="false" eager="true"></gradio-app></div>
<script>{script}</script>
</body>
</html>
"""
