"""The headers of every response."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.types import Message, Send

from allchat.web.assets import script_hashes
from allchat.web.middleware.routes import EMBEDS

CSP = (
    f"default-src 'self'; script-src 'self' {script_hashes()}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
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


def with_headers(send: Send, *, path: str, embed_sites: Sequence[str] = ()) -> Send:
    """A ``send`` that adds the headers to every response; ``embed_sites`` may frame what is meant for it."""
    added = {**HEADERS, "cache-control": "no-store"}
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
