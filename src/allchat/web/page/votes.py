"""Votes: whether an answer helped, as a message's random name and the vote, and only where an operator wants them."""

from __future__ import annotations

import hmac
import json
import logging
import os
import re
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from allchat.errors import QuestionError, StoreError

VOTES = ("yes", "no", "wrong_quote")

LIMIT = 10 * 1000**2
"""Bytes of the file, about 200,000 votes: anyone may vote, and the disk also holds the index."""

_LINE = len(json.dumps({"message": "0" * 16, "vote": max(VOTES, key=len)})) + 1
"""Bytes of the longest vote."""

NAME, SEAL = 16, 16
"""Hex digits of an answer's name, which is kept, and of its seal, which is not."""

REMEMBERED = 50_000
"""Votes that are remembered so that none counts twice."""

_SEALED = re.compile(r"[0-9a-f]{32}")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Votes:
    """A file of votes, one JSON object a line: ``{"message": "<16 hex digits>", "vote": "yes"}``. Safe to share.

    Only an answer that this process gave can be voted on, and each vote on it counts once.
    """

    path: Path
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False, compare=False)
    _given: OrderedDict[tuple[str, str], None] = field(default_factory=OrderedDict, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
    _full: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

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
        """Adds one vote, the second of its kind on an answer not again. The log says once that the file is full.

        Raises:
            QuestionError: this is no vote, or no answer that was given; nothing was kept.
            StoreError: the file cannot be written, or has no room within ``LIMIT``.
        """
        name = self._name(message)
        if not isinstance(vote, str) or vote not in VOTES:
            raise QuestionError("this is not a vote. Vote with the buttons below an answer.")
        line = json.dumps({"message": name, "vote": vote}) + "\n"
        try:
            with self._lock, self.path.open("a", encoding="ascii") as file:
                if (name, vote) in self._given:
                    return
                if os.fstat(file.fileno()).st_size + _LINE > LIMIT:
                    raise self._told_full()
                file.write(line)
                self._given[name, vote] = None
                if len(self._given) > REMEMBERED:
                    self._given.popitem(last=False)
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
