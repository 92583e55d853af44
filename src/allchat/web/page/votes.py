"""Votes: whether an answer helped, as a message's random name and the vote, and only where an operator wants them."""

from __future__ import annotations

import hmac
import json
import re
import secrets
import threading
from collections import OrderedDict
from pathlib import Path

from allchat.errors import QuestionError
from allchat.web.kept_lines import KeptLines

VOTES = ("yes", "no", "wrong_quote")

_LINE = len(json.dumps({"message": "0" * 16, "vote": max(VOTES, key=len)})) + 1
"""Bytes of the longest vote: while one has room, so has every other."""

NAME, SEAL = 16, 16
"""Hex digits of an answer's name, which is kept, and of its seal, which is not."""

REMEMBERED = 50_000
"""Votes that are remembered so that none counts twice."""

_SEALED = re.compile(r"[0-9a-f]{32}")


class Votes:
    """A file of votes, one JSON object a line: ``{"message": "<16 hex digits>", "vote": "yes"}``. Safe to share.

    Only an answer that this process gave can be voted on, and each vote on it counts once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = KeptLines(path, "vote")
        self._secret = secrets.token_bytes(32)
        self._given: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def new_message(self) -> str:
        """A name for one answer: random, so that it tells nothing of what was asked or answered, nor when; and a seal,
        by which it is known again.
        """
        name = secrets.token_hex(NAME // 2)
        return name + self._seal(name)

    def _seal(self, name: str) -> str:
        return hmac.digest(self._secret, name.encode(), "sha256").hex()[:SEAL]

    def _name(self, message: object) -> str:
        """The name without its seal.

        Raises:
            QuestionError: no answer of this name was given.
        """
        if isinstance(message, str) and re.fullmatch(_SEALED, message):
            name, seal = message[:NAME], message[NAME:]
            if hmac.compare_digest(seal, self._seal(name)):
                return name
        raise QuestionError("this is not a vote on an answer that was given. Vote with the buttons below an answer.")

    def add(self, vote: object, *, message: object) -> None:
        """Adds one vote, the second of its kind on an answer not again.

        Raises:
            QuestionError: this is no vote, or no answer that was given; nothing was kept.
            StoreError: see ``KeptLines.add``.
        """
        name = self._name(message)
        if not isinstance(vote, str) or vote not in VOTES:
            raise QuestionError("this is not a vote. Vote with the buttons below an answer.")
        with self._lock:
            if (name, vote) in self._given:
                return
            self._file.add(json.dumps({"message": name, "vote": vote}), room=_LINE)
            self._given[name, vote] = None
            if len(self._given) > REMEMBERED:
                self._given.popitem(last=False)

    def check(self) -> int:
        """The size of the file in bytes, 0 where there is none yet; nothing is written.

        Raises:
            StoreError: a vote could not be kept.
        """
        return self._file.check(room=_LINE)
