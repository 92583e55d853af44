"""The results of an interrupted run, kept on disk, so that it goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from allchat.errors import QuestionError
from allchat.evaluation.records import Result
from allchat.shapes import shaped, unshaped

RESULTS = "results.jsonl"


@dataclass(frozen=True, slots=True)
class _Line:
    key: str
    result: Result


class Kept:
    """Results that are there already, and a file that each new one is added to at once."""

    def __init__(self, out: Path | None) -> None:
        self.results: dict[str, Result] = {}
        self._path = None if out is None else out / RESULTS
        if self._path is not None:
            _make(self._path.parent)
            self.results = dict(_read_results(self._path))

    def add(self, key: str, result: Result, *, on_disk: bool = True) -> None:
        """Keep one more result, on disk at once unless nobody is to see it."""
        self.results[key] = result
        if self._path is not None and on_disk:
            line = json.dumps(unshaped(_Line(key, result)), ensure_ascii=False)
            with _writing(self._path), self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")


def _make(folder: Path) -> None:
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise QuestionError(f"{path}: cannot be written ({error.strerror}). Name another folder.") from error


def _read_results(path: Path) -> Iterator[tuple[str, Result]]:
    """The results of an earlier run; a last line that was cut short by an interruption is passed over and removed."""
    if not path.exists():
        return
    content = path.read_text(encoding="utf-8", errors="replace")
    whole = content[: content.rfind("\n") + 1]
    if whole != content:
        path.write_text(whole, encoding="utf-8")
    for line in whole.split("\n"):
        try:
            kept = shaped(json.loads(line), _Line) if line else None
        except ValueError as error:
            raise QuestionError(f"{path}: holds a line that is no result ({error}). Remove the file.") from error
        if kept:
            yield kept.key, kept.result
