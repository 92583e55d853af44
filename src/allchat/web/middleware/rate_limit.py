"""How often one household may ask."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass, field

from starlette.types import Scope


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
