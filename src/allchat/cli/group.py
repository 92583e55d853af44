"""The command group, its exit codes, and what all commands share."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TextIO, TypeVar

import click

from allchat.chat import Chat
from allchat.contact import Contact
from allchat.errors import AllchatError, QuestionError
from allchat.search.shelf import shelf_at
from allchat.settings import Settings

EXIT_BAD_INPUT = 2
"""Exit code where the caller's input cannot be taken."""

EXIT_BROKEN = 3
"""Exit code where allchat itself cannot answer: no index, a damaged file, a quote that does not hold."""

P = ParamSpec("P")
R = TypeVar("R")


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """Turns allchat's own errors into one line on stderr and an exit code; anything else is a defect and stays loud."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except AllchatError as error:
            click.echo(f"allchat: {error}", err=True)
            sys.exit(EXIT_BAD_INPUT if isinstance(error, QuestionError) else EXIT_BROKEN)

    return run


def settings_options(command: Callable[P, R]) -> Callable[P, R]:
    """The options that every command with settings takes."""
    for option in (
        click.option(
            "--settings", "settings_file", type=click.Path(path_type=Path), help="Settings file (allchat.toml)."
        ),
        click.option("--corpus", type=click.Path(path_type=Path), help="Corpus folder."),
        click.option("--index", type=click.Path(path_type=Path), help="Index folder."),
    ):
        command = option(command)
    return command


EXIT_CODES = """\b
Exit codes:
  0  done
  1  some lines of a batch were not answered, some saved citations do not hold, a gate fell, or doctor found a problem
  2  the question, the file or the options cannot be taken
  3  allchat itself cannot answer: settings, corpus, index, model, page, or a quote that does not hold
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=EXIT_CODES)
@click.version_option(package_name="allchat")
def cli() -> None:
    """Answers families' questions about childhood leukemia with the exact words of trusted sources."""


def contact(settings: Settings) -> Contact:
    """Whom to call, as the settings say."""
    return Contact(**{field: getattr(settings, field) for field in Contact.__dataclass_fields__})


def open_chat(settings: Settings) -> Chat:
    """The chat that the settings describe.

    Raises:
        AllchatError: see ``Chat.open``.
    """
    return Chat.open(
        settings.index,
        corpus=settings.corpus,
        model=settings.model,
        passage_tokens=settings.passage_tokens,
        contact=contact(settings),
        shelf=shelf_at(settings.index, store=settings.store),
    )


def fill(text: str, *, width: int) -> str:
    """A text in lines of at most ``width``."""
    return textwrap.fill(text, width)


def writing(out: Path) -> TextIO:
    """The file, opened for writing."""
    try:
        return out.open("w", encoding="utf-8")
    except OSError as error:
        raise QuestionError(f"{out}: cannot be written ({error.strerror}). Name another file.") from error
