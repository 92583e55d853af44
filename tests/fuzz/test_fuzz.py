"""Whatever is sent to what reads input, the answer is a value or an error of ours: no traceback, no hang."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from target import World, holds, house
from targets import TARGETS

from allchat.chat import Chat
from allchat.web.app import create_app

INPUTS = int(os.environ.get("FUZZ_INPUTS", "60"))
"""Inputs for each target, the same in every run: docs/operations.md tells how to send more."""


@pytest.fixture(scope="module")
def doors(small_chat: Chat) -> Iterator[TestClient]:
    with TestClient(create_app(small_chat, page=False, questions_per_minute=0)) as client:
        yield client


@pytest.fixture(scope="module")
def whole(small_chat: Chat, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with TestClient(house(small_chat, folder=tmp_path_factory.mktemp("votes"))) as client:
        yield client


@pytest.fixture
def world(
    small_chat: Chat,
    small_index: Path,
    doors: TestClient,
    whole: TestClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    monkeypatch.chdir(tmp_path)
    return World(small_chat, small_index, tmp_path, doors, whole)


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_is_read_gives_a_value_or_an_error_of_ours(name: str, world: World) -> None:
    target, sent_inputs = TARGETS[name], 0
    wanted = max(1, round(INPUTS * target.weight))

    @settings(
        max_examples=wanted, derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
    )  # fmt: skip
    @given(target.sent)
    def whatever(sent: Any) -> None:
        nonlocal sent_inputs
        sent_inputs += 1
        holds(name, sent, world)

    whatever()
    print(f"{'door' if target.door else 'parser'} {name}: {sent_inputs} inputs")  # noqa: T201 - make fuzz shows it
    assert sent_inputs >= wanted
