"""Every route that is served, its methods and its limits."""

from __future__ import annotations

from collections.abc import Mapping

from allchat.web.languages import PATHS

READING = ["GET", "HEAD", "OPTIONS"]
POSTING = ["POST", "OPTIONS"]
KIB = 1024
STAFF = "/staff"
STAFF_FORMS = tuple(f"{STAFF}/{form}" for form in ("sign-in", "sign-out", "quote", "answer", "why", "report"))
STAFF_BODY = 4096 * KIB
"""Bytes of the one form that a file comes with: saved answers."""

HOMES = tuple(PATHS.values())

ASKED_AT = tuple(f"/gradio_api/run/{event}" for event in ("ask", "again", "vote"))
"""Where the page sends what a family does; everything else that Gradio offers stays closed."""

EMBEDS = tuple(f"{home}embed" for home in HOMES)
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
    f"{STAFF}/counts": READING,
    **{form: ["GET", "HEAD", "POST", "OPTIONS"] for form in STAFF_FORMS},
    f"{STAFF}/sign-out": POSTING,
    # The page; its own path without its last slash leads to it.
    **{home.rstrip("/") or "/": READING for home in HOMES},
    **dict.fromkeys((*HOMES, *EMBEDS), READING),
    **dict.fromkeys(ASKED_AT, POSTING),
}
"""Every route that is served, with the methods that it takes; what is not listed does not exist."""

FOLDERS: Mapping[str, list[str]] = {
    "/source/": READING,
    f"{STAFF}/sources/": [*READING, "POST"],
    "/v1/models/": READING,
}
"""The same for everything below a path."""

ASKING = ("/v1/ask", "/v1/batch", "/v1/chat/completions", *ASKED_AT)
ALARMED = ("/v1/ask", "/v1/chat/completions", *ASKED_AT)
"""Where one question is asked: beyond a limit it is still read, for it may be an emergency. A batch is a program's."""

BODY_LIMITS: Mapping[str, int] = {
    "/v1/batch": 1024 * KIB,
    "/v1/chat/completions": 256 * KIB,
    **dict.fromkeys(ASKED_AT, 256 * KIB),
    f"{STAFF}/answer": STAFF_BODY,
}
"""Bytes of a body. The page and a chat client send the whole conversation with each question."""

BODY_LIMIT = 64 * KIB
"""Bytes of a body at every other address."""

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
