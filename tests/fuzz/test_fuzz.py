"""Whatever is sent to what reads input, the answer is a value or an error of ours: no traceback, no hang."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from places import ROOT, SMALL
from targets import TARGETS, World, holds

from allchat.chat import Chat

INPUTS = int(os.environ.get("FUZZ_INPUTS", "60"))
"""Inputs for each target, the same in every run: docs/operations.md tells how to send more."""


@pytest.fixture
def world(small_chat: Chat, small_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.chdir(tmp_path)
    return World(small_chat, small_index, tmp_path)


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_is_read_gives_a_value_or_an_error_of_ours(name: str, world: World) -> None:
    target = TARGETS[name]

    @settings(
        max_examples=max(1, round(INPUTS * target.weight)), derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
    )  # fmt: skip
    @given(target.sent)
    def whatever(sent: Any) -> None:
        holds(name, sent, world)

    whatever()
