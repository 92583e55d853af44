"""Every route that is served, its methods and its limits."""

from __future__ import annotations

from collections.abc import Mapping

from allchat.web.languages import PATHS

READING = ["GET", "HEAD", "OPTIONS"]
STREAMING = ["GET", "OPTIONS"]
"""A stream has no HEAD: it would have to be begun to be told of."""
POSTING = ["POST", "OPTIONS"]
KIB = 1024
STAFF = "/staff"
STAFF_FORMS = tuple(f"{STAFF}/{form}" for form in ("sign-in", "sign-out", "quote", "answer", "why"))
STAFF_BODY = 4096 * KIB
"""Bytes of the one form that a file comes with: saved answers."""

PAGE: Mapping[str, list[str]] = {
    "/": READING,
    "/config": READING,
    "/theme.css": READING,
    "/gradio_api/queue/join": POSTING,
    "/gradio_api/queue/data": STREAMING,
    "/gradio_api/cancel": POSTING,
    "/gradio_api/info": READING,
    "/gradio_api/startup-events": READING,
    "/gradio_api/app_id": READING,
}
"""What a page needs of Gradio; everything else that Gradio offers stays closed."""


def _at_each_page(routes: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The routes at the page of every language."""
    return {f"{home.rstrip('/')}{route}": methods for home in PATHS.values() for route, methods in routes.items()}


EMBEDS = tuple(f"{home}embed" for home in PATHS.values())
"""The page of each language as a frame of another site shows it."""

ROUTES: Mapping[str, list[str]] = {
    # Our own.
    "/v1/ask": POSTING,
    "/v1/batch": POSTING,
    "/v1/chat/completions": POSTING,
    "/v1/models": READING,
    "/v1/openapi.json": READING,
    "/healthz": READING,
    "/readyz": READING,
    "/metrics": READING,
    "/favicon.ico": READING,
    # The staff's pages, which do not exist either unless they are turned on.
    STAFF: READING,
    **{form: ["GET", "HEAD", "POST", "OPTIONS"] for form in STAFF_FORMS},
    f"{STAFF}/sign-out": POSTING,
    # A page's own path without its last slash leads to it.
    **{home.rstrip("/"): READING for home in PATHS.values() if home != "/"},
    **dict.fromkeys(EMBEDS, READING),
    **_at_each_page(PAGE),
}
"""Every route that is served, with the methods that it takes; what is not listed does not exist."""

HEARTBEATS = tuple(_at_each_page({"/gradio_api/heartbeat/": READING}))
PLUMBING = tuple(_at_each_page(dict.fromkeys(("/gradio_api/", "/config", "/theme.css"), READING)))
"""What the page asks for by itself."""

LASTING = tuple(_at_each_page({"/assets/": READING, "/static/": READING}))
FOLDERS: Mapping[str, list[str]] = {
    "/source/": READING,
    f"{STAFF}/sources/": [*READING, "POST"],
    "/v1/models/": READING,
    **dict.fromkeys(LASTING, READING),
    **dict.fromkeys(HEARTBEATS, STREAMING),
}
"""The same for everything below a path."""

JOINING = tuple(_at_each_page({"/gradio_api/queue/join": POSTING}))
"""Where a page sends a question."""

ASKING = ("/v1/ask", "/v1/batch", "/v1/chat/completions", *JOINING)
ALARMED = ("/v1/ask", "/v1/chat/completions", *JOINING)
"""Where one question is asked: beyond a limit it is still read, for it may be an emergency. A batch is a program's."""

BODY_LIMITS: Mapping[str, int] = {
    "/v1/batch": 1024 * KIB,
    "/v1/chat/completions": 256 * KIB,
    **dict.fromkeys(JOINING, 256 * KIB),
    f"{STAFF}/answer": STAFF_BODY,
}
"""Bytes of a body. The page and a chat client send the whole conversation with each question."""

BODY_LIMIT = 64 * KIB
"""Bytes of a body at every other address."""

STREAMS = (*HEARTBEATS, *_at_each_page({"/gradio_api/queue/data": READING}))
"""What stays open as long as a page does, or as a question takes."""

WATCHING = ("/healthz", "/readyz", "/metrics")
"""Served however many there are: an operator must see a crowd."""


def route_of(path: str) -> str:
    """The listed route that a path belongs to, a folder with its last slash; "" where there is none.

    A route holds nothing that a client chose, so it may stand in a log.
    """
    if ".." in path or "\\" in path or "\0" in path:
        return ""
    return path if path in ROUTES else next((folder for folder in FOLDERS if path.startswith(folder)), "")


def methods_of(route: str) -> list[str]:
    """The methods that a listed route takes."""
    return ROUTES[route] if route in ROUTES else FOLDERS[route]
