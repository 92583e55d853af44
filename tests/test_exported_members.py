"""The public door: what it names is there, and it loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

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
