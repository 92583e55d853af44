"""The head of a request: how large it may be, and what it may say of itself."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from starlette.types import Scope

from allchat.web.errors import Refusal

HEAD_BYTES = 32 * 1024
"""Most bytes of a head. The listener holds to it while a head arrives; one that arrives at once is measured here."""

TOO_LONG = Refusal(
    431, "head", f"the request's head is larger than {HEAD_BYTES} bytes", "send fewer or shorter headers"
)
NO_HOST = Refusal(400, "host", "no site is at such an address", "use the address that you were given")
TWO_LENGTHS = Refusal(
    400, "body", "the body's length is given in two ways", "send Content-Length or Transfer-Encoding", closes=True
)

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,255}")
_HOST = re.compile(r"(?P<name>[^:\[\]]+|\[(?P<v6>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]{1,5}))?")

Headers = Sequence[tuple[bytes, bytes]]


def head_refusal(scope: Scope) -> Refusal | None:
    """Why a request is refused by its head alone."""
    headers: Headers = scope["headers"]
    target = len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"")
    if target + sum(len(name) + len(value) + 4 for name, value in headers) > HEAD_BYTES:
        return TOO_LONG
    names = [name for name, _ in headers]
    if b"transfer-encoding" in names and b"content-length" in names:
        return TWO_LENGTHS
    hosts = [value for name, value in headers if name == b"host"]
    return None if len(hosts) <= 1 and all(map(is_host, hosts)) else NO_HOST


def is_host(value: bytes) -> bool:
    """Whether a Host header names a machine: a name or an address, and perhaps a port."""
    found = _HOST.fullmatch(value.decode("latin-1"))
    if found is None or int(found["port"] or 0) > 65535:
        return False
    if found["v6"] is None:
        return _NAME.fullmatch(found["name"]) is not None
    try:
        ipaddress.IPv6Address(found["v6"])
    except ValueError:
        return False
    return True


def says_json(content_type: str) -> bool:
    """Whether a body is declared as JSON. A browser sends none for another site that was not allowed to ask."""
    return content_type.partition(";")[0].strip().lower() == "application/json"
