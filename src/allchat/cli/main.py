"""The command line, put together: ``allchat`` and ``python -m allchat`` start here."""

from __future__ import annotations

from collections.abc import Sequence

from allchat.cli import (  # noqa: F401 - each adds commands
    answers,
    guard,
    index,
    measure,
    serve,
    source,
    source_questions,
    source_update,
)
from allchat.cli.group import cli


def main(args: Sequence[str] | None = None) -> None:
    """The console script; ``args`` are the words behind the program's name, by default those it was called with."""
    cli(args, prog_name="allchat")
