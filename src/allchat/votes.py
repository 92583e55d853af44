"""Votes: whether an answer helped, as a message's random name and the vote, and only where an operator wants them."""

from __future__ import annotations

import json
import re
import secrets
import threading
from dataclasses import dataclass, field
from pathlib import Path

from allchat.errors import QuestionError, StoreError

VOTES = ("yes", "no", "wrong_quote")

_NAME = re.compile(r"[0-9a-f]{16}")


def new_message() -> str:
    """A name for one answer: random, so that it tells nothing of what was asked or answered, nor when."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class Votes:
    """A file of votes, one JSON object a line: ``{"message": "<16 hex digits>", "vote": "yes"}``. Safe to share."""

    path: Path
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, vote: object, *, message: object) -> None:
        """Adds one vote.

        Raises:
            QuestionError: this is no vote, or no name of a message; nothing was kept.
            StoreError: the file cannot be written.
        """
        if vote not in VOTES or not isinstance(message, str) or not _NAME.fullmatch(message):
            raise QuestionError("this is not a vote on an answer. Vote with the buttons below an answer.")
        line = json.dumps({"message": message, "vote": vote}) + "\n"
        try:
            with self._lock, self.path.open("a", encoding="ascii") as file:
                file.write(line)
        except OSError as error:
            raise StoreError(
                f"{self.path}: the vote cannot be written ({error.strerror}). Correct the setting votes."
            ) from error
