"""Counts by day: which kinds, reasons and rules questions came to, and near which sections the sources were silent.

Off unless an operator names a folder. No word of a question is held: every name that is counted is one of ours or a
source's key. Counts are written in fives alone, so that no line tells of one family.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from allchat.errors import StoreError
from allchat.parsing import parse_json
from allchat.web.outcome import Outcome

STEP = 5
"""A count is written when it is full: a smaller one may tell of a single family, and so may a step from 6 to 7."""

KEPT_DAYS = 90
LARGEST = 1000**2
"""Bytes of a file: all our rules and ten thousand sections need less."""

GROUPS = ("kind", "reason", "rule", "nearest", "closest")
"""What is counted: ``nearest`` is the section nearest to what was not found, ``closest`` the one shown all the same."""

Tally = Mapping[str, Mapping[str, int]]
"""Counts by group and name."""

_FILE = re.compile(r"(\d{4}-\d{2}-\d{2})\.[0-9a-f]{16}\.json")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}(#[0-9a-f]{12})?")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """The counts of each day that has any, the newest first; and how many files could not be read."""

    days: Mapping[date, Tally] = field(default_factory=dict)
    unreadable: int = 0


def section_name(document: str, heading: tuple[str, ...]) -> str:
    """A section by its document's key and a hash of its headings: the files hold no words, a source's neither."""
    return f"{document}#{hashlib.sha256(repr(heading).encode()).hexdigest()[:12]}"


def today() -> date:
    """The day, by UTC: the same in every process."""
    return datetime.now(UTC).date()


class Counts:
    """A folder of counts, to which any number of processes write, each to files of its own. Safe to share.

    What is less than five stays in memory until it is full, and counts on that day; it is lost when the process ends.
    """

    def __init__(self, folder: Path, *, day: Callable[[], date] = today) -> None:
        self.folder = folder
        self._today = day
        self._process = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._short: Counter[tuple[str, str]] = Counter()
        self._full: Counter[tuple[str, str]] = Counter()
        self._day: date | None = None
        self._failed = threading.Event()
        # A thread of its own: no answer waits for a disk.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="allchat-counts")

    def add(self, outcome: Outcome) -> None:
        """Count what became of a question."""
        names = [name for name in _named(outcome) if _NAME.fullmatch(name[1])]
        with self._lock:
            self._turn_over()
            self._short.update(names)
            full = [name for name in names if self._short[name] >= STEP]
            for name in full:
                del self._short[name]
                self._full[name] += STEP
            if full and self._day:
                self._writer.submit(self._write, self._day, _tally(self._full))

    def _turn_over(self) -> None:
        day = self._today()
        if day != self._day:
            self._day, self._full = day, Counter()
            self._writer.submit(self._forget, day)

    def settle(self) -> None:
        """Wait until what is full is written."""
        self._writer.submit(int).result()

    def read(self) -> Told:
        """The counts that all processes have written, together."""
        days: dict[date, dict[str, Counter[str]]] = {}
        unreadable, gone = 0, _last(self._today())
        for day, path in sorted(self._files(), reverse=True):
            if day <= gone:
                continue
            try:
                found = _checked(path)
            except (OSError, ValueError):
                unreadable += 1
                continue
            together = days.setdefault(day, {group: Counter() for group in GROUPS})
            for group, counts in found.items():
                together[group].update(counts)
        return Told(days, unreadable)

    def check(self) -> int:
        """How many files there are; nothing is written.

        Raises:
            StoreError: no count could be kept.
        """
        there = self.folder.exists()
        place = self.folder if there else self.folder.absolute().parent
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            raise self._unwritable("no such folder, no folder, or no permission")
        return sum(1 for _ in self._files())

    def _files(self) -> Iterator[tuple[date, Path]]:
        for path in self.folder.glob("*.json"):
            named = _FILE.fullmatch(path.name)
            if named:
                try:
                    yield date.fromisoformat(named[1]), path
                except ValueError:  # a day that no calendar has: not a file of ours
                    continue

    def _write(self, day: date, tally: Tally) -> None:
        path = self.folder / f"{day}.{self._process}.json"
        beside = path.with_suffix(".part")
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            beside.write_text(json.dumps(tally, sort_keys=True) + "\n", encoding="ascii")
            beside.chmod(0o600)
            beside.replace(path)
        except OSError as error:
            if not self._failed.is_set():  # once: the next one comes with the next five questions
                _LOG.error(str(self._unwritable(error.strerror)))
            self._failed.set()
            return
        self._failed.clear()

    def _forget(self, day: date) -> None:
        try:
            for written, path in list(self._files()):
                if written <= _last(day):
                    path.unlink(missing_ok=True)
        except OSError as error:
            _LOG.error("%s: old counts cannot be taken away (%s).", self.folder, error.strerror)

    def _unwritable(self, why: str | None) -> StoreError:
        return StoreError(f"{self.folder}: counts cannot be written ({why}). Correct the setting counts.")


def _last(day: date) -> date:
    """The newest day that is no longer kept."""
    return day - timedelta(days=KEPT_DAYS)


def _named(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """What a question counts as: names of ours and a source's key, whatever was asked."""
    if outcome.kind is None:
        return
    yield "kind", "closest" if outcome.directness == "closest" else outcome.kind
    if outcome.reason is not None:
        yield "reason", outcome.reason
    if outcome.rule is not None:
        yield "rule", outcome.rule
    if outcome.nearest is not None and outcome.kind == "not_found":
        yield "nearest", section_name(*outcome.nearest)
    if outcome.nearest is not None and outcome.directness == "closest":
        yield "closest", section_name(*outcome.nearest)


def _tally(counts: Counter[tuple[str, str]]) -> Tally:
    return {group: {name: count for (of, name), count in counts.items() if of == group} for group in GROUPS}


def _checked(path: Path) -> dict[str, dict[str, int]]:
    """The counts of a file.

    Raises:
        ValueError: it holds anything that we do not write.
        OSError: it cannot be read.
    """
    if path.stat().st_size > LARGEST:
        raise ValueError("it is too large")
    found: Any = parse_json(path.read_bytes())
    if not isinstance(found, dict) or not set(found) <= set(GROUPS):
        raise ValueError("it holds no counts")
    for counts in found.values():
        if not isinstance(counts, dict) or not all(_is_count(*one) for one in counts.items()):
            raise ValueError("it holds no counts")
    return found


def _is_count(name: str, count: object) -> bool:
    return bool(_NAME.fullmatch(name)) and type(count) is int and count >= STEP
