"""Wordings that the staff report: what they type and nothing else, and only where an operator named a file for it."""

from __future__ import annotations

import json
from pathlib import Path

from allchat.errors import QuestionError
from allchat.web.kept_lines import KeptLines
from allchat.wording import load_wording

LONGEST = 2000
"""Characters of a wording, and of what is said about it."""


class Wordings:
    """A file of reports, one JSON object a line: ``{"wording": "...", "note": "..."}``. It has no time, no name and no
    question that was not typed into the report. Safe to share between threads and processes.
    """

    def __init__(self, path: Path) -> None:
        self._file = KeptLines(path, "report", mode=0o600)

    def add(self, wording: str, *, note: str = "") -> None:
        """Keeps one report.

        Raises:
            QuestionError: nothing was typed, or too much; nothing was kept.
            StoreError: see ``KeptLines.add``.
        """
        words = load_wording()
        if not wording.strip():
            raise QuestionError(words.text("staff.report_empty"))
        if len(wording) > LONGEST or len(note) > LONGEST:
            raise QuestionError(words.text("staff.text_long", limit=LONGEST))
        self._file.add(json.dumps({"wording": wording.strip(), "note": note.strip()}))

    def check(self) -> int:
        """How many bytes there are so far; nothing is written.

        Raises:
            StoreError: a report could not be kept.
        """
        return self._file.check()
