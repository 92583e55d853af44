"""The command line, put together: ``allchat`` and ``python -m allchat`` start here."""

from __future__ import annotations

import gc
from collections.abc import Sequence

from allchat.cli.group import cli

__all__ = ["cli", "main"]

MANY = 20_000
"""New objects after which Python looks for those that nothing holds. Hardly any that come into being at a start are
such, and at its usual 700 the looking is a fifteenth of a short command."""


def main(args: Sequence[str] | None = None) -> None:
    """The console script; ``args`` are the words behind the program's name, by default those it was called with."""
    gc.set_threshold(MANY)
    cli(args, prog_name="allchat")
