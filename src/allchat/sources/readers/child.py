"""Runs a reader in a child process, so that a hostile file costs a bounded time and memory and never the program."""

from __future__ import annotations

import subprocess
import sys
import tempfile

from allchat.errors import CorpusError
from allchat.sources.readers.kinds import Kind
from allchat.sources.readers.pieces import Read
from allchat.sources.readers.worker import MOST_OUTPUT, SECONDS, unpacked

REFUSED = 2


def read_apart(content: bytes, *, kind: Kind, name: str) -> Read:
    """What the reader of this kind makes of a file, in a process of its own with limits on time, memory and output.

    Raises:
        CorpusError: the file is refused, or it could not be read within the limits.
    """
    with tempfile.TemporaryFile() as out:
        try:
            done = subprocess.run(  # noqa: S603 - this Python, fixed arguments; the name is an argument of its own
                [sys.executable, "-P", "-m", "allchat.sources.readers.worker", kind, name],  # -P: no module from here
                input=content,
                stdout=out,
                stderr=subprocess.PIPE,
                timeout=2 * SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CorpusError(_too_much(name)) from error
        out.seek(0)
        made = out.read(MOST_OUTPUT)
    if done.returncode == REFUSED:
        raise CorpusError(done.stderr.decode("utf-8", "replace").strip())
    if done.returncode != 0:
        raise CorpusError(_too_much(name))
    try:
        return unpacked(made.decode())
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(_too_much(name)) from error


def _too_much(name: str) -> str:
    return (
        f"{name}: cannot be read within {SECONDS} seconds and the memory allowed; it is damaged or no leaflet. "
        "Save it again from its original, or bring the part that is needed."
    )
