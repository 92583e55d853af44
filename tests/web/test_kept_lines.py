"""A file of lines that an operator named: a line that is not there as a whole was not kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from allchat.errors import StoreError
from allchat.web.kept_lines import KeptLines

SHORT_OF_SPACE = """
import resource, sys
from pathlib import Path
from allchat.errors import StoreError
from allchat.web.kept_lines import KeptLines
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
try:
    KeptLines(Path(sys.argv[1]), "report").add("x" * 20)
except StoreError as error:
    print(error)
"""


def test_a_line_that_only_its_beginning_is_written_of_is_told_as_lost(tmp_path: Path) -> None:
    file = tmp_path / "reports.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", SHORT_OF_SPACE, str(file)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == f"{file}: the report cannot be written (no space left). Correct the setting reports.\n"


def test_lines_of_several_are_each_whole_and_a_new_file_is_its_owners_where_asked(tmp_path: Path) -> None:
    file = tmp_path / "reports.jsonl"
    one, other = KeptLines(file, "report", mode=0o600), KeptLines(file, "report")
    for number in range(3):
        one.add(f"one {number}")
        other.add(f"other {number}")
    assert file.read_text().splitlines() == ["one 0", "other 0", "one 1", "other 1", "one 2", "other 2"]
    assert one.check() == file.stat().st_size
    assert file.stat().st_mode & 0o077 == 0


def test_a_line_needs_the_room_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allchat.web.kept_lines.LIMIT", 30)
    kept = KeptLines(tmp_path / "votes.jsonl", "vote")
    kept.add("yes", room=30)
    for add in (lambda: kept.add("yes", room=30), lambda: kept.check(room=30)):
        with pytest.raises(StoreError, match="Move the file away"):
            add()
    kept.add("yes")
