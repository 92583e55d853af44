"""A file with other content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def alter(folder: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    content = change((folder / name).read_bytes())
    (folder / name).unlink()
    (folder / name).write_bytes(content)
