"""Switch: several files of a corpus folder change together or not at all, and each such step can be undone.

The new files are written aside, whole, before one rename puts the step in force. From then on until all of them are in
their places the corpus is not read (``corpus.UNFINISHED``); a switch that was interrupted there is carried on by the
next one. What the files were before stays beside, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from allchat.errors import CorpusError
from allchat.parsing import parse_json
from allchat.sources.archive import emptied, write_file
from allchat.sources.corpus import UNFINISHED

UPDATES = UNFINISHED.partition("/")[0]
_ASIDE, _STEP, _BEFORE, _AFTER = ".aside", "step.json", "before", "after"


def switch(corpus: Path, files: Mapping[str, bytes | None], *, said: str) -> str:
    """Puts files into their places in a corpus folder, takes away those that are None, and gives the step's name.

    ``said`` tells in a line what the step is. What is the same already is no part of it.

    Raises:
        CorpusError: nothing was changed, as the folder cannot be written.
    """
    resume(corpus)
    changed = {place: data for place, data in sorted(files.items()) if _found(corpus / place) != data}
    name = f"{len(steps(corpus)) + 1:04d}"
    aside = corpus / UPDATES / _ASIDE
    try:
        shutil.rmtree(aside, ignore_errors=True)
        for place, data in changed.items():
            _put(aside / _BEFORE / place, _found(corpus / place))
            _put(aside / _AFTER / place, data)
        step = {"name": name, "said": said, "files": {place: _hash(data) for place, data in changed.items()}}
        _put(aside / _STEP, (json.dumps(step, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode())
        aside.rename(corpus / UNFINISHED)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise CorpusError(f"{corpus}: cannot be written ({error.strerror}). Nothing was changed; free it.") from error
    resume(corpus)
    return name


def resume(corpus: Path) -> None:
    """Carries on a switch that was interrupted; nothing where there is none.

    Raises:
        CorpusError: the folder cannot be written; the corpus is not read until it can.
    """
    begun = corpus / UNFINISHED
    if not begun.is_dir():
        return
    try:
        step = _step(begun)
        for place, sha256 in step["files"].items():
            if _hash(_found(corpus / place)) != sha256:
                _put(corpus / place, _found(begun / _AFTER / place))
        shutil.rmtree(begun / _AFTER, ignore_errors=True)
        if step["name"] is None:  # an undone step leaves nothing
            shutil.rmtree(corpus / UPDATES / step["undoes"], ignore_errors=True)
            shutil.rmtree(begun)
        else:
            begun.rename(corpus / UPDATES / step["name"])
    except OSError as error:
        raise CorpusError(
            f"{corpus}: cannot be written ({error.strerror}). An update is half done: free the folder, then run: "
            "allchat source resume"
        ) from error


def undo(corpus: Path, *, discard: bool = False) -> str:
    """Takes the last step back, so that its files are what they were, and gives what it was.

    Raises:
        CorpusError: there is no step, or a file was edited since; ``discard`` gives such edits up.
    """
    resume(corpus)
    names = steps(corpus)
    if not names:
        raise CorpusError(f"{corpus / UPDATES}: there is no update to undo.")
    folder = corpus / UPDATES / names[-1]
    step = _step(folder)
    edited = [place for place, sha256 in step["files"].items() if _hash(_found(corpus / place)) != sha256]
    if edited and not discard:
        raise CorpusError(
            f"{corpus / edited[0]}: was edited after the update. Put your edits aside and run: "
            "allchat source undo --discard-edits"
        )
    before = {place: _found(folder / _BEFORE / place) for place in step["files"]}
    back = {"name": None, "undoes": names[-1], "files": {place: _hash(data) for place, data in before.items()}}
    aside = corpus / UPDATES / _ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    try:
        for place, data in before.items():
            _put(aside / _AFTER / place, data)
        _put(aside / _STEP, json.dumps(back).encode())
        aside.rename(corpus / UNFINISHED)
    except OSError as error:
        raise CorpusError(f"{corpus}: cannot be written ({error.strerror}). Nothing was changed; free it.") from error
    resume(corpus)
    if not steps(corpus):
        shutil.rmtree(corpus / UPDATES)
    return str(step["said"])


def steps(corpus: Path) -> list[str]:
    """The names of the steps that can be undone, the oldest first."""
    folder = corpus / UPDATES
    return sorted(path.name for path in folder.iterdir() if path.name.isdigit()) if folder.is_dir() else []


def forget_steps(corpus: Path) -> list[str]:
    """Deletes what the files were before each step, so that none can be undone; gives the places."""
    return emptied(corpus / UPDATES, corpus=corpus)


def _step(folder: Path) -> Any:
    try:
        return parse_json((folder / _STEP).read_bytes())
    except (OSError, ValueError) as error:
        raise CorpusError(f"{folder / _STEP}: cannot be read ({error}). Restore the folder {UPDATES}.") from error


def _found(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _put(path: Path, data: bytes | None) -> None:
    if data is None:
        path.unlink(missing_ok=True)
        return
    write_file(path, data)


def _hash(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()
