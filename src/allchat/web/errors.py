"""Refusals: why a request is not served, in allchat's own shape and in OpenAI's. No refusal repeats what was sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from allchat.errors import AllchatError, BusyError, QuestionError, VerificationError

RETRY_SECONDS: Final = 30
OPENAI = ("/v1/chat/completions", "/v1/models")
"""The addresses that speak OpenAI's shape, also when they refuse."""

_AGAIN = "ask again; tell the operator if it stays"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not served: a status, and where, what and remedy in words that repeat nothing of the request."""

    status: int
    where: str
    what: str
    remedy: str
    allowed: tuple[str, ...] = ()
    """The methods that the address takes, where another was sent."""

    closes: bool = False
    """Whether the connection ends with it: what follows on it cannot be told from the body."""

    def content(self, path: str = "") -> dict[str, Any]:
        """The error as an object, in the shape that the address speaks."""
        if not speaks_openai(path):
            return {"error": {"where": self.where, "what": self.what, "remedy": self.remedy}}
        message = f"{self.where}: {self.what}; {self.remedy}"
        return {"error": {"message": message, "type": self._type(), "param": self.where, "code": None}}

    def status_at(self, path: str) -> int:
        """The status; OpenAI's addresses have no 422."""
        return 400 if self.status == 422 and speaks_openai(path) else self.status

    def _type(self) -> str:
        if self.status == 429:
            return "rate_limit_error"
        return "server_error" if self.status >= 500 else "invalid_request_error"

    def body(self, path: str = "") -> bytes:
        """The error as JSON."""
        return json.dumps(self.content(path)).encode()

    def headers(self) -> dict[str, str]:
        """The headers that belong to the status."""
        again = {"retry-after": str(RETRY_SECONDS)} if self.status in (429, 503) else {}
        allowed = {"allow": ", ".join(self.allowed)} if self.allowed else {}
        closed = {"connection": "close"} if self.closes else {}
        return {"content-type": "application/json", **again, **allowed, **closed}


class RefusedError(Exception):
    """A request that is answered with a refusal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.what)
        self.refusal = refusal


def speaks_openai(path: str) -> bool:
    """Whether the address is one of OpenAI's."""
    return path.startswith(OPENAI)


def of_error(error: Exception) -> Refusal:
    """The refusal for what went wrong while answering: 422 the question, 503 busy or no index, 500 a defect of ours."""
    if isinstance(error, QuestionError):
        return Refusal(422, "question", str(error), "send a question in words")
    if isinstance(error, BusyError):
        return Refusal(503, "server", str(error), f"ask again in {RETRY_SECONDS} seconds")
    if isinstance(error, AllchatError):
        return Refusal(500 if isinstance(error, VerificationError) else 503, "answering", str(error), _AGAIN)
    return Refusal(500, "answering", "something broke on our side; this is not an answer", _AGAIN)


BROKEN = Refusal(500, "server", "something broke on our side", _AGAIN)
NO_ROUTE = Refusal(404, "path", "there is nothing at this address", "ask at / or POST to /v1/ask")
NO_METHOD = Refusal(405, "method", "this method is not served", "use GET or POST as /v1/openapi.json says")
TOO_MANY = Refusal(429, "client", "too many questions within a minute", "wait half a minute and ask again")
TOO_MANY_OPEN = Refusal(429, "client", "too many pages of this address are open", "close some and load the page again")
TOO_FULL = Refusal(503, "server", "too many are here at once", f"try again in {RETRY_SECONDS} seconds")
TOO_SLOW = Refusal(408, "body", "the request did not arrive in time", "send it again")
NOT_SERVED = Refusal(400, "request", "this address does not serve such a request", "see the README, 'Over HTTP'")


def too_large(limit: int) -> Refusal:
    """The refusal of a body of more than ``limit`` bytes."""
    return Refusal(413, "body", f"the request is larger than {limit} bytes", "send less, or clear the conversation")
