"""The command group, its exit codes, and what all commands share."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TextIO, TypeVar

import click

from allchat.contact import Contact
from allchat.errors import AllchatError, QuestionError

if TYPE_CHECKING:
    from allchat.chat import Chat
    from allchat.search.store import Shelf
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


MODULES = {
    "ask": ("answers",),
    "batch": ("answers",),
    "bench": ("measure",),
    "build": ("index",),
    "corpus": ("index",),
    "doctor": ("serve",),
    "eval": ("measure",),
    "guard": ("guard",),
    "init": ("source",),
    "serve": ("serve",),
    "source": ("source", "source_questions", "source_update"),
    "verify": ("index",),
}
"""The modules of each command, in this package."""


class _ByNeed(click.Group):
    """A group that imports a command when it is called: to ask must not cost what to measure needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        """Every command, imported or not."""
        return sorted(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        for module in MODULES.get(cmd_name, ()):
            import_module(f"allchat.cli.{module}")
        return super().get_command(ctx, cmd_name)


@click.group(
    cls=_ByNeed,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES,
)
@click.version_option(package_name="allchat")
def cli() -> None:
    """Answers families' questions about childhood leukemia with the exact words of trusted sources."""


def contact(settings: Settings) -> Contact:
    """Whom to call, as the settings say."""
    return Contact(**{field: getattr(settings, field) for field in Contact.__dataclass_fields__})


def open_chat(settings: Settings, *, shelf: Shelf | None = None) -> Chat:
    """The chat that the settings describe; ``shelf`` is the one that they name, where it is at hand.

    Raises:
        AllchatError: see ``Chat.open``.
    """
    from allchat.chat import Chat
    from allchat.search.shelf import shelf_at

    return Chat.open(
        settings.index,
        corpus=settings.corpus,
        model=settings.model,
        passage_tokens=settings.passage_tokens,
        contact=contact(settings),
        shelf=shelf or shelf_at(settings.index, store=settings.store),
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
