"""How often one household may ask."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.types import Scope

from allchat.web.errors import TOO_MANY, Refusal

LEAST_STREAMS = 20

OVER = "allchat.over"
"""In the scope of a request that is over a limit, why. Its question is read all the same: it may be an emergency."""

FREE_CHARACTERS, CHARACTERS = 400, 75
FREE_HISTORY, HISTORY_CHARACTERS = 1000, 400
"""A question of up to 400 characters after up to 1,000 of history counts as one; each 75 more, and each 400 of history,
count as another. By what the slowest messages of that length cost (tests/answering/test_slowest.py)."""


def cost_of(question: str, history: Sequence[str] = ()) -> int:
    """How many short questions a question costs: time goes with length, and a rate by number would sell it."""
    more = max(0, len(question) - FREE_CHARACTERS) // CHARACTERS
    return 1 + more + max(0, sum(map(len, history)) - FREE_HISTORY) // HISTORY_CHARACTERS


@dataclass(slots=True)
class Rate:
    """At most ``per_minute`` questions of one address, spread evenly with a burst of the same size.

    Callers on this machine are not counted: an evaluation harness runs here, and a proxy here names its clients.
    ``seconds`` is the clock, in seconds; the least recent of more than 10,000 addresses are forgotten.
    """

    per_minute: int
    left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def allows(self, address: str, *, seconds: float, questions: int = 1) -> bool:
        """Count questions of the address; False, and none counted, when it has fewer left."""
        if not self.holds(address):
            return True
        client = household(address)
        left, then = self.left.pop(client, (float(self.per_minute), seconds))
        left = min(float(self.per_minute), left + (seconds - then) * self.per_minute / 60)
        allowed = left >= questions
        self.left[client] = (left - questions if allowed else left, seconds)
        if len(self.left) > 10_000:
            self.left.popitem(last=False)
        return allowed

    def holds(self, address: str) -> bool:
        """Whether the address is held to the rate."""
        return self.per_minute > 0 and not is_loopback(address)

    def over(self, scope: Scope, *, cost: int) -> Refusal | None:
        """Why a question is over a limit, once its cost is known. The door has counted one of it already; a question
        never costs more than a whole minute, so that it can be asked.
        """
        if OVER in scope:
            refusal: Refusal = scope[OVER]
            return refusal
        more = min(cost, self.per_minute) - 1
        fits = more <= 0 or self.allows(client_of(scope), seconds=time.monotonic(), questions=more)
        return None if fits else TOO_MANY

    @property
    def streams(self) -> int:
        """How many streams one address may have open: where many families share one, a raised rate raises this too."""
        return max(LEAST_STREAMS, self.per_minute // 4)


def household(address: str) -> str:
    """The address that is counted: a whole /64 of IPv6, which is what one client has; of IPv4, or none, as it is."""
    parsed = _parsed(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address if parsed is None else str(parsed)


def is_loopback(address: str) -> bool:
    """Whether the address is this machine's own."""
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, None for what is none; ``::ffff:203.0.113.7`` is one of IPv4, as a socket for both writes it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed


def client_of(scope: Scope) -> str:
    """The address of the client, "" where it is not known."""
    return str(scope["client"][0]) if scope.get("client") else ""
