"""The dashboard and the alert rules ask for figures that the server gives."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from places import ROOT, SMALL
from small_chat import SmallChat
from word_hash import WordHash

from allchat.chat import Chat
from allchat.web.app import create_app
from allchat.web.reload import Following

FOLDER = ROOT / "deploy" / "monitoring"
NAMED = re.compile(r"\b((?:allchat|process)_\w+)\b(?:\{([^}]*)\})?")


def expressions() -> Iterator[str]:
    board = json.loads((FOLDER / "grafana.json").read_text(encoding="utf-8"))
    yield from (target["expr"] for panel in board["panels"] for target in panel["targets"])
    rules = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))
    yield from (rule["expr"] for group in rules["groups"] for rule in group["rules"])


@pytest.fixture(scope="module")
def figures(small_index: Path) -> str:
    def of(chat: Any) -> str:
        with TestClient(create_app(chat, page=False), client=("127.0.0.1", 5)) as client:
            client.post("/v1/ask", json={"question": "signs"})
            client.post("/v1/ask", json={"question": "crowded"})
            return client.get("/metrics").text

    opening = lambda: Chat.open(small_index, corpus=SMALL, embedder=WordHash())  # noqa: E731
    return of(SmallChat()) + of(Following(opening, index=small_index))


@pytest.mark.parametrize("expression", list(expressions()))
def test_every_figure_that_is_asked_for_is_given_with_the_labels_that_are_named(expression: str, figures: str) -> None:
    for name, labels in NAMED.findall(expression):
        lines = [line for line in figures.splitlines() if re.match(rf"{name}[ {{]", line)]
        assert lines, name
        for label in re.findall(r"(\w+)=", labels):
            assert label == "job" or any(f"{label}=" in line for line in lines), (name, label)
    for label in re.findall(r"by \(([^)]*)\)", expression):
        known = {"le", "instance", "kind", "error", "stage", "status", "store", "version"}
        assert {part.strip() for part in label.split(",")} <= known


def test_every_rule_says_how_grave_it_is_and_what_to_do() -> None:
    (group,) = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert len(rule["annotations"]["summary"]) > 30
