"""The page's document, one for each language, whole in its first bytes: help, the notice, a box, and our script."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from allchat.addresses import phone_address
from allchat.answering.query import QUESTION_CHARACTERS
from allchat.web.assets import page_file, page_script, templates
from allchat.web.languages import PATHS
from allchat.wording import Words

STYLES = ("base.css", "page.css", "conversation.css", "sources.css", "sheet.css", "print.css")
"""Our own style sheets in the order in which a browser reads them: later rules override."""

SAID = (
    "lang", "title", "subtitle", "working", "working_long", "no_connection", "busy", "broken", "word",
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
    """The document in one language, with the words of all: the script changes the language in place.

    What carries ``data-say``, ``data-name`` or ``data-hint`` is said anew by the script when the language changes.
    """
    environment = templates("allchat.web.page")
    environment.filters["phone_address"] = phone_address
    return environment.get_template("page.html").render(
        words[language],
        tongues=words,
        # The way to the first page: addresses are told from there, so that all may stand anywhere on a site.
        up="../" * (PATHS[language].count("/") - 1),
        paths=PATHS,
        limit=QUESTION_CHARACTERS,
        style="".join(map(page_file, STYLES)),
        given=script_words(words, language=language),
        script=page_script(),
    )


def script_words(words: Mapping[str, Words], *, language: str) -> str:
    """The script's words in every language, as data that nothing runs; no word can end its element."""
    names = (*SAID, *_SPOKEN.findall(page_file("page.html")))
    said = {each: {name: words[each][name] for name in names} for each in words}
    return json.dumps({"language": language, "paths": PATHS, "words": said}).replace("<", "\\u003c")
