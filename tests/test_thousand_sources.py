"""A thousand sources: they are built with progress in bounded memory, and one more embeds only its own texts."""

from __future__ import annotations

import hashlib
import os
import pty
import re
import resource
import subprocess
import sys
import termios
from pathlib import Path

import pytest

SOURCES = int(os.environ.get("MADE_SOURCES", "1000"))
MOST_BYTES = 2 * 1000**3

pytestmark = [pytest.mark.slow, pytest.mark.soak]

ROOMS = ("kitchen", "play room", "day clinic", "garden", "chapel", "lift", "pharmacy", "laundry", "library", "roof")


def leaflet(number: int) -> str:
    """A leaflet whose sentences are its own: nothing embedded for one serves for another."""
    room = f"{ROOMS[number % len(ROOMS)]} {number}"
    return (
        f"Using the {room}\n\n"
        f"The {room} is open from {number % 12} to {number % 12 + 3} for families of ward {number}. "
        f"Ring the bell of door {number} before you enter.\n\nRules of the {room}\n\n"
        f"Please leave the {room} as you found it, and tell nurse {number} when you go.\n"
    )


def corpus_of(folder: Path, *, count: int) -> None:
    tables = []
    for number in range(count):
        text = leaflet(number).encode()
        (folder / f"s{number}.txt").write_bytes(text)
        facts = {
            "id": f"s{number}", "file": f"s{number}.txt", "sha256": hashlib.sha256(text).hexdigest(),
            "title": f"Room {number}", "publisher": "Ward", "copy": "made", "url": "https://example.org",
            "revised": "unknown", "audience": "families", "language": "en", "rights": "ours", "attribution": "Ward:",
        }  # fmt: skip
        tables.append("[[source]]\n" + "".join(f'{key} = "{value}"\n' for key, value in facts.items()))
    (folder / "corpus.toml").write_text("\n".join(tables), encoding="utf-8")


def built(home: Path) -> str:
    """What a build says at a terminal."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))  # a terminal without a width gets no bar
    with subprocess.Popen([sys.executable, "-m", "allchat", "build"], cwd=home, stderr=theirs, stdout=theirs) as made:
        os.close(theirs)
        said = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            said += part
    os.close(ours)
    assert made.returncode == 0, said.decode()
    return said.decode()


def embedded(said: str) -> int:
    found = re.search(r"(\d+) of \d+ texts were embedded", said)
    assert found, said
    return int(found[1])


def test_a_thousand_sources_are_built_in_bounded_memory_and_one_more_embeds_its_own_texts(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    corpus_of(tmp_path / "corpus", count=SOURCES)
    said = built(tmp_path)
    assert "%|" in said
    assert embedded(said) >= 3 * SOURCES
    assert 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < MOST_BYTES  # of the largest child, in KiB
    corpus_of(tmp_path / "corpus", count=SOURCES + 1)
    assert 0 < embedded(built(tmp_path)) <= 20
