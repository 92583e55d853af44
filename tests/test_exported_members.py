"""The public door: what it names is there, and it loads nothing heavy."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

import allchat
from allchat.chat import Chat
from allchat.records import Answer, Citation


def test_the_door_names_what_it_has() -> None:
    assert allchat.__all__ == ["Answer", "Chat", "Citation"]
    assert [getattr(allchat, name) for name in allchat.__all__] == [Answer, Chat, Citation]


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'allchat' has no attribute 'Chart'"):
        _ = allchat.Chart


HEAVY = ("torch", "gradio", "faiss", "sentence_transformers", "transformers", "sklearn", "numpy", "fastapi", "tiktoken")


@pytest.mark.parametrize("module", ["allchat", "allchat.records, allchat.errors, allchat.settings, allchat.wording"])
def test_importing_allchat_loads_nothing_heavy(module: str) -> None:
    program = f"import {module}, sys; print(*sorted(set(sys.modules) & {set(HEAVY)!r}))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_the_command_line_loads_neither_torch_nor_gradio_before_it_needs_them() -> None:
    program = (
        "import allchat.cli.main, sys; print(*sorted(set(sys.modules) & {'torch', 'gradio', 'sentence_transformers'}))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_the_package_runs_as_a_program() -> None:
    run = subprocess.run([sys.executable, "-m", "allchat", "--help"], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("Usage: allchat ")


def test_a_command_imports_what_it_needs_and_none_of_the_others() -> None:
    program = (
        "import sys; from allchat.cli.main import main\ntry: main(['ask', '--help'])\nexcept SystemExit: pass\n"
        "print(*sorted(name for name in sys.modules if name.startswith('allchat.')), file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(run.stderr.split())
    assert "allchat.cli.answers" in loaded
    others = {"measure", "source", "guard", "index", "serve"}
    assert loaded & {*(f"allchat.cli.{name}" for name in others), "allchat.audit", "allchat.chat"} == set()


def modules_of(command: click.Command) -> set[str]:
    """The modules in which a command and those below it are written."""
    own = {command.callback.__module__.rpartition(".")[2]} if command.callback else set()
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return own.union(*map(modules_of, below))


def test_every_command_is_found_in_the_modules_that_are_said_to_hold_it() -> None:
    from allchat.cli import group

    for path in Path(group.__file__).parent.glob("*.py"):
        importlib.import_module(f"allchat.cli.{path.stem}")
    written = {name: modules_of(command) for name, command in group.cli.commands.items()}
    assert written == {name: set(modules) for name, modules in group.MODULES.items()}
