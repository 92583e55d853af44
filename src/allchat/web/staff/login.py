"""Who may see the staff's pages."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time

from itsdangerous import BadSignature, TimestampSigner

from allchat.errors import SettingsError
from allchat.web.middleware.rate_limit import Rate, household

COOKIE = "allchat_staff"
SESSION_SECONDS = 8 * 3600
"""A shift; then the password is asked for again."""

LEAST_PASSWORD = 12
ATTEMPTS = 5
"""Sign-ins of one address (a /64 of IPv6) that may fail at once; one more every 12 seconds. Callers on this machine
count too.
"""

STRETCHED_AT_ONCE = 2
"""Passwords that are stretched at a time, 16 MB each; others wait, and hold no thread while they do."""


class Login:
    """Knows the password and who has given it. What it gives out is signed, and ends by itself;
    only the sessions that were ended before are kept, in memory, each until it would have ended.

    Raises:
        SettingsError: the password is too short to be one.
    """

    def __init__(self, password: str) -> None:
        if len(password) < LEAST_PASSWORD:
            raise SettingsError(
                f"ALLCHAT_STAFF_PASSWORD in the environment: it is shorter than {LEAST_PASSWORD} characters. "
                "Set a longer one, or none to turn the staff's pages off."
            )
        self._key = _stretched(password)
        self._signer = TimestampSigner(self._key, salt="allchat staff", digest_method=hashlib.sha256)
        self._rate = Rate(ATTEMPTS)
        self._ended: dict[bytes, float] = {}

    def may_try(self, address: str) -> bool:
        """Count one attempt of an address; False when it has to wait."""
        return self._rate.allows(_counted(address), seconds=time.monotonic())

    def accepts(self, password: str, *, address: str) -> bool:
        """Whether it is the password, found out in the same time whatever it is; who knows it starts to count anew."""
        right = hmac.compare_digest(_stretched(password), self._key)
        if right:
            self._rate.left.pop(_counted(address), None)
        return right

    def ticket(self) -> str:
        """What a browser shows from now on: a random number, a time and a signature, no name and no password."""
        return self._signer.sign(f"staff.{secrets.token_hex(8)}").decode()

    def knows(self, ticket: str) -> bool:
        """Whether we signed it, not longer ago than a session lasts, and nobody has signed out with it here."""
        session = self._session(ticket)
        return session is not None and session not in self._ended

    def end(self, ticket: str) -> None:
        """Sign out: the ticket is known no more, wherever a copy lies. What is no ticket of ours changes nothing."""
        session = self._session(ticket)
        if session is None:
            return
        now = time.monotonic()
        self._ended = {one: at for one, at in self._ended.items() if now - at < SESSION_SECONDS} | {session: now}

    def _session(self, ticket: str) -> bytes | None:
        try:
            session = self._signer.unsign(ticket, max_age=SESSION_SECONDS)
        except BadSignature:
            return None
        return session if session.startswith(b"staff.") else None


def _stretched(password: str) -> bytes:
    """A key from the password, slow to guess from a stolen signature; the same in every process that serves."""
    return hashlib.scrypt(password.encode(errors="replace"), salt=b"allchat staff", n=2**14, r=8, p=1, dklen=32)


def _counted(address: str) -> str:
    # Not an address to the rate, which does not count callers on this machine: a proxy may call from here.
    return f"staff {household(address)}"
