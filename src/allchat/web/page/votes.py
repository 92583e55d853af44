"""Votes: whether an answer helped, as a message's random name and the vote, and only where an operator wants them."""

from __future__ import annotations

import json
import secrets
import threading
from collections import OrderedDict
from pathlib import Path

from allchat.errors import QuestionError
from allchat.web.kept_lines import KeptLines

VOTES = ("yes", "no", "wrong_quote")

_LINE = len(json.dumps({"message": "0" * 16, "vote": max(VOTES, key=len)})) + 1
"""Bytes of the longest vote: while one has room, so has every other."""

REMEMBERED = 20_000
"""Answers that are remembered, the latest: on an older one no vote is taken."""


class Votes:
    """A file of votes, one JSON object a line: ``{"message": "<16 hex digits>", "vote": "yes"}``. Safe to share.

    Only an answer that this process gave can be voted on, and each vote on it counts once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = KeptLines(path, "vote")
        self._open: OrderedDict[object, tuple[str, ...]] = OrderedDict()
        """The answers, each with the votes that were not given yet."""
        self._lock = threading.Lock()

    def new_message(self) -> str:
        """A name for one answer: random, so that it tells nothing of what was asked or answered, nor when."""
        name = secrets.token_hex(8)
        with self._lock:
            self._open[name] = VOTES
            if len(self._open) > REMEMBERED:
                self._open.popitem(last=False)
        return name

    def add(self, vote: object, *, message: object) -> None:
        """Adds one vote, the second of its kind on an answer not again.

        Raises:
            QuestionError: this is no vote, or no answer that was given; nothing was kept.
            StoreError: see ``KeptLines.add``.
        """
        with self._lock:
            if not isinstance(message, str) or message not in self._open:
                raise QuestionError("this is not a vote on an answer that was given. Vote with the buttons below one.")
            if vote not in VOTES:
                raise QuestionError("this is not a vote. Vote with the buttons below an answer.")
            if vote in self._open[message]:
                self._file.add(json.dumps({"message": message, "vote": vote}), room=_LINE)
                self._open[message] = tuple(other for other in self._open[message] if other != vote)

    def check(self) -> int:
        """The size of the file in bytes, 0 where there is none yet; nothing is written.

        Raises:
            StoreError: a vote could not be kept.
        """
        return self._file.check(room=_LINE)
