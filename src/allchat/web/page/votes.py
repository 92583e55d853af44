"""Votes: whether an answer helped, as a message's random name and the vote, and only where an operator wants them."""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import threading
from dataclasses import dataclass, field
from pathlib import Path

from allchat.errors import QuestionError, StoreError

VOTES = ("yes", "no", "wrong_quote")

LIMIT = 10 * 1000**2
"""Bytes of the file, about 200,000 votes: anyone may vote, and the disk also holds the index."""

_LINE = len(json.dumps({"message": "0" * 16, "vote": max(VOTES, key=len)})) + 1
"""Bytes of the longest vote."""

_NAME = re.compile(r"[0-9a-f]{16}")
_LOG = logging.getLogger(__name__)


def new_message() -> str:
    """A name for one answer: random, so that it tells nothing of what was asked or answered, nor when."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class Votes:
    """A file of votes, one JSON object a line: ``{"message": "<16 hex digits>", "vote": "yes"}``. Safe to share."""

    path: Path
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
    _full: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

    def add(self, vote: object, *, message: object) -> None:
        """Adds one vote. The log says once that the file is full.

        Raises:
            QuestionError: this is no vote, or no name of a message; nothing was kept.
            StoreError: the file cannot be written, or has no room within ``LIMIT``.
        """
        if vote not in VOTES or not isinstance(message, str) or not _NAME.fullmatch(message):
            raise QuestionError("this is not a vote on an answer. Vote with the buttons below an answer.")
        line = json.dumps({"message": message, "vote": vote}) + "\n"
        try:
            with self._lock, self.path.open("a", encoding="ascii") as file:
                if os.fstat(file.fileno()).st_size + _LINE > LIMIT:
                    raise self._told_full()
                file.write(line)
        except OSError as error:
            raise self._unwritable(error.strerror) from error
        self._full.clear()

    def check(self) -> int:
        """The size of the file in bytes, 0 where there is none yet; nothing is written.

        Raises:
            StoreError: a vote could not be kept.
        """
        there = os.access(self.path, os.F_OK)
        place = self.path if there else self.path.absolute().parent
        if not os.access(place, os.W_OK) or place.is_dir() == there:
            raise self._unwritable("no such folder, no file, or no permission")
        size = self.path.stat().st_size if there else 0
        if size + _LINE > LIMIT:
            raise self._no_room()
        return size

    def _told_full(self) -> StoreError:
        error = self._no_room()
        if not self._full.is_set():
            _LOG.error(str(error))
        self._full.set()
        return error

    def _no_room(self) -> StoreError:
        return StoreError(f"{self.path}: holds {LIMIT // 1000**2} MB of votes, no more are taken. Move the file away.")

    def _unwritable(self, why: str | None) -> StoreError:
        return StoreError(f"{self.path}: the vote cannot be written ({why}). Correct the setting votes.")
