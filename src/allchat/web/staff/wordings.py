"""Wordings that the staff report: what they type and nothing else, and only where an operator named a file for it."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

from allchat.errors import QuestionError, StoreError
from allchat.wording import load_wording

LONGEST = 2000
"""Characters of a wording, and of what is said about it."""

LIMIT = 10 * 1000**2
"""Bytes of the file: the disk also holds the index."""


@dataclass(frozen=True, slots=True)
class Wordings:
    """A file of reports, one JSON object a line: ``{"wording": "...", "note": "..."}``. It has no time, no name and no
    question that was not typed into the report. Safe to share between threads and processes.
    """

    path: Path
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, wording: str, *, note: str = "") -> None:
        """Keeps one report.

        Raises:
            QuestionError: nothing was typed, or too much; nothing was kept.
            StoreError: the file cannot be written, or is full.
        """
        words = load_wording()
        if not wording.strip():
            raise QuestionError(words.text("staff.report_empty"))
        if len(wording) > LONGEST or len(note) > LONGEST:
            raise QuestionError(words.text("staff.text_long", limit=LONGEST))
        line = json.dumps({"wording": wording.strip(), "note": note.strip()}).encode() + b"\n"
        try:
            with self._lock:
                file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                try:
                    if os.fstat(file).st_size + len(line) > LIMIT:
                        raise StoreError(f"{self.path}: is full, no more reports are taken. Move the file away.")
                    os.write(file, line)  # one call: another process's line is never in the middle of it
                finally:
                    os.close(file)
        except OSError as error:
            raise self._unwritable(error.strerror) from error

    def check(self) -> int:
        """How many bytes there are so far; nothing is written.

        Raises:
            StoreError: a report could not be kept.
        """
        there = self.path.exists()
        if not os.access(self.path if there else self.path.absolute().parent, os.W_OK) or self.path.is_dir():
            raise self._unwritable("no such folder, no file, or no permission")
        return self.path.stat().st_size if there else 0

    def _unwritable(self, why: str | None) -> StoreError:
        return StoreError(f"{self.path}: the report cannot be written ({why}). Correct the setting reports.")
