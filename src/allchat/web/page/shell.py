"""The page's document, one for each language, whole in its first bytes: help, the notice, a box, and our script."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from allchat.addresses import phone_address
from allchat.answering.query import QUESTION_CHARACTERS
from allchat.web.assets import page_file, page_script
from allchat.web.languages import PATHS
from allchat.web.page.messages import starters
from allchat.wording import Words

STYLES = ("base.css", "page.css", "conversation.css", "sources.css", "sheet.css", "print.css")
"""Our own style sheets in the order in which a browser reads them: later rules override."""

SAID = (
    "lang", "title", "subtitle", "working", "working_long", "no_connection", "busy", "broken", "word", "new_tab",
    "months", "date", "cleared", "sheet_intro", "sheet_empty", "sheet_take", "sheet_made", "sheet_from", "sheet_file",
)  # fmt: skip
"""The words that the page's script says, besides those that stand in the document."""

_SPOKEN = re.compile(r'data-(?:say|name|hint)="(\w+)"')


def routes(words: Mapping[str, Words]) -> list[Route]:
    """The document at ``PATHS[language]`` and at ``embed`` below it; without its last slash an address leads there."""
    found = []
    for language in words:
        home = PATHS[language]
        text = document(words, language=language)
        found += [Route(path, _giving(partial(HTMLResponse, text))) for path in (home, f"{home}embed")]
        if home != "/":
            found.append(Route(home[:-1], _giving(partial(RedirectResponse, f"{home.split('/')[-2]}/", 308))))
    return found


def _giving(response: Callable[[], Response]) -> Callable[[Request], Awaitable[Response]]:
    async def given(_request: Request) -> Response:
        return response()  # a new one each time: what stands around it changes its headers

    return given


def document(words: Mapping[str, Words], *, language: str) -> str:
    """The document in one language, with the words of all: the script changes the language in place."""
    said = words[language]
    return page_file("page.html").format_map(
        {
            "lang": said["lang"],
            "title": f"{said['title']}: {said['subtitle']}",
            "up": _up(language),
            "style": "".join(map(page_file, STYLES)),
            "given": script_words(words, language=language),
            "body": body(words, language=language),
            "script": page_script(),
        }
    )


def _up(language: str) -> str:
    """The way from a page to the first one: addresses are told from there, so that all may stand anywhere on a site."""
    return "../" * (PATHS[language].count("/") - 1)


def script_words(words: Mapping[str, Words], *, language: str) -> str:
    """The script's words in every language, as data that nothing runs; no word can end its element."""
    names = (*SAID, *_SPOKEN.findall(body(words, language=language)))
    said = {each: {name: _plain(words[each][name]) for name in names} for each in words}
    return json.dumps({"language": language, "paths": PATHS, "words": said}).replace("<", "\\u003c")


def _plain(text: object) -> object:
    return html.unescape(text) if isinstance(text, str) else text


def body(words: Mapping[str, Words], *, language: str) -> str:
    """All that is seen before a question is asked; help, the notice and the languages need no script.

    What carries ``data-say``, ``data-name`` or ``data-hint`` is said anew by the script when the language changes.
    """
    said, up = words[language], _up(language)
    own = {
        "emergency_call": _call(said["emergency_number"]),
        "crisis_call": _call(said["crisis_number"]),
        "tongues": "".join(_language(words[each], current=each == language, up=up) for each in words),
        "limit": QUESTION_CHARACTERS,
        "starting": "".join(_starting(words[each], hidden=each != language) for each in words),
    }
    return page_file("body.html").format_map({**said, **own})


def _call(number: str) -> str:
    return f'<a href="{phone_address(number)}">{number}</a>'


def _language(said: Words, *, current: bool, up: str) -> str:
    code, here = said["lang"], ' aria-current="true"' if current else ""
    return f'<a href="{up}{PATHS[code][1:] or "./"}" lang="{code}" hreflang="{code}"{here}>{said["language_name"]}</a>'


def _starting(said: Words, *, hidden: bool) -> str:
    return f'<div lang="{said["lang"]}"{" hidden" if hidden else ""}>{starters(said)}</div>'
