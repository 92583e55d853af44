"""The blind sets are as they were frozen, so that a figure on them means the same tomorrow."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from places import ROOT

from allchat.chat import Chat

FOLDER = ROOT / "tests" / "blind"
FROZEN = [line.split() for line in (FOLDER / "SHA256SUMS").read_text(encoding="ascii").splitlines()]


@pytest.fixture(scope="module")
def chat(built_index: Path) -> Chat:
    return Chat.open(built_index, corpus=ROOT / "corpus")


@pytest.mark.parametrize(("digest", "name"), FROZEN)
def test_a_blind_set_is_as_it_was_frozen(digest: str, name: str) -> None:
    assert sha256((FOLDER / name).read_bytes()).hexdigest() == digest


def test_every_blind_set_is_frozen() -> None:
    assert {path.name for path in FOLDER.glob("*.jsonl")} == {name for _, name in FROZEN}


def test_an_emergency_in_another_language_is_met_with_the_number(chat: Chat) -> None:
    rows = [json.loads(line) for line in (FOLDER / "languages.jsonl").read_text(encoding="utf-8").splitlines()]
    told = [row for row in rows if row["label"] == "emergency"]
    assert len({row["lang"] for row in told}) == 9
    number = chat.contact.emergency_number
    assert [row["id"] for row in told if number not in chat.ask(row["text"]).text] == []
