"""Bearer tokens for the addresses of programs, as OpenAI's clients send them. The page needs none."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from allchat.web.errors import Refusal
from allchat.web.middleware.allowlist import refuse

NO_TOKEN = Refusal(
    401, "authorization", "this address asks for a token that is not sent", "send Authorization: Bearer with the token"
)


class Tokens:
    """Lets only those at ``/v1`` who send one of ``tokens``; everybody where there are none."""

    def __init__(self, app: ASGIApp, *, tokens: Sequence[str] = ()) -> None:
        self.app = app
        self._digests = tuple(map(_digest, tokens))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        asks = scope["type"] == "http" and scope["path"].startswith("/v1/") and scope["method"] != "OPTIONS"
        if asks and self._digests and not self._knows(dict(scope["headers"]).get(b"authorization", b"")):
            await refuse(NO_TOKEN, send, path=scope["path"])
        else:
            await self.app(scope, receive, send)

    def _knows(self, sent: bytes) -> bool:
        """Whether one of the tokens was sent, in a time that tells neither how much of it is right nor which it is."""
        scheme, _, token = sent.decode("latin-1").partition(" ")
        digest = _digest(token.strip())
        known = sum(hmac.compare_digest(digest, one) for one in self._digests)  # all of them: none ends the comparison
        return scheme.lower() == "bearer" and known > 0


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
