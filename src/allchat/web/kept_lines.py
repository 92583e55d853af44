"""A file that lines are added to and nothing reads, where an operator named one: it is no larger than it may be."""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

from allchat.errors import StoreError

LIMIT = 10 * 1000**2
"""Bytes of the file: the disk also holds the index."""

_ADDING = os.O_WRONLY | os.O_APPEND | os.O_CREAT
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptLines:
    """Lines of one ``kind``, "vote" or "report", in the file that the setting of that name in the plural gives. A new
    file has the permissions ``mode``, as far as the process may give them. Safe to share between threads and processes.
    """

    path: Path
    kind: str
    mode: int = 0o666
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
    _told: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

    def add(self, line: str, *, room: int = 0) -> None:
        """Adds a line; there must be place for it, and for ``room`` bytes at least. The log says once if there is none.

        Raises:
            StoreError: the file cannot be written, or has no room within ``LIMIT``.
        """
        data = line.encode() + b"\n"
        try:
            with self._lock, os.fdopen(os.open(self.path, _ADDING, self.mode), "ab", buffering=0) as file:
                if os.fstat(file.fileno()).st_size + max(room, len(data)) > LIMIT:
                    raise self._told_full()
                # One call: another process's line is never in the middle of it.
                if file.write(data) < len(data):
                    raise self._unwritable("no space left")
        except OSError as error:
            raise self._unwritable(error.strerror) from error
        self._told.clear()

    def check(self, *, room: int = 1) -> int:
        """The size of the file in bytes, 0 where there is none yet; nothing is written.

        Raises:
            StoreError: a line of ``room`` bytes could not be added.
        """
        there = os.access(self.path, os.F_OK)
        place = self.path if there else self.path.absolute().parent
        if not os.access(place, os.W_OK) or place.is_dir() == there:
            raise self._unwritable("no such folder, no file, or no permission")
        size = self.path.stat().st_size if there else 0
        if size + room > LIMIT:
            raise self._full()
        return size

    def _told_full(self) -> StoreError:
        error = self._full()
        if not self._told.is_set():
            _LOG.error(str(error))
        self._told.set()
        return error

    def _full(self) -> StoreError:
        size = f"{LIMIT // 1000**2} MB of {self.kind}s"
        return StoreError(f"{self.path}: holds {size}, no more are taken. Move the file away.")

    def _unwritable(self, why: str | None) -> StoreError:
        said = f"the {self.kind} cannot be written ({why})"
        return StoreError(f"{self.path}: {said}. Correct the setting {self.kind}s.")
