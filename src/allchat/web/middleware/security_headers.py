"""The headers of every response."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.types import Message, Send

from allchat.web.assets import page_file, page_script, script_hash
from allchat.web.middleware.routes import EMBEDS, STAFF

SCRIPTS = f"script-src {script_hash(page_script())}"
SOURCE_SCRIPT = f"script-src {script_hash(page_file('source.js'))}"
CSP = (
    f"default-src 'none'; {SCRIPTS}; style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""A page is whole in itself: no file of a script or of a style is loaded, not even ours."""

HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-robots-tag": "noindex",
}


def _scripts(path: str, query: bytes) -> str:
    """Which scripts a page may run: none at the staff's pages and at a source with its place in the address; at a link
    whose place stands behind ``#``, which no server sees, the one that asks for the mark.
    """
    if path == STAFF or path.startswith(f"{STAFF}/"):
        return "script-src 'none'"
    if path.startswith("/source/"):
        return "script-src 'none'" if b"start=" in query else SOURCE_SCRIPT
    return SCRIPTS


def with_headers(send: Send, *, path: str, query: bytes = b"", embed_sites: Sequence[str] = ()) -> Send:
    """A ``send`` that adds the headers to every response; ``embed_sites`` may frame what is meant for it.

    The staff's forms name their own site as their origin, which "no-referrer" would keep a browser from doing.
    """
    added = {
        **HEADERS,
        "content-security-policy": CSP.replace(SCRIPTS, _scripts(path, query)),
        "cache-control": "no-store",
    }
    if path.startswith(STAFF):
        added["referrer-policy"] = "same-origin"
    if embed_sites and path in EMBEDS:
        del added["x-frame-options"]
        sites = " ".join(embed_sites)
        added["content-security-policy"] = CSP.replace("frame-ancestors 'none'", f"frame-ancestors {sites}")

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message.get("headers", []) if name.decode().lower() not in added]
            message["headers"] = kept + [(name.encode(), value.encode()) for name, value in added.items()]
        await send(message)

    return sending
