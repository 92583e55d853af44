"""The blind sets are as they were frozen, so that a figure on them means the same tomorrow."""

from __future__ import annotations

from hashlib import sha256

import pytest
from places import ROOT

FOLDER = ROOT / "tests" / "blind"
FROZEN = [line.split() for line in (FOLDER / "SHA256SUMS").read_text(encoding="ascii").splitlines()]


@pytest.mark.parametrize(("digest", "name"), FROZEN)
def test_a_blind_set_is_as_it_was_frozen(digest: str, name: str) -> None:
    assert sha256((FOLDER / name).read_bytes()).hexdigest() == digest


def test_every_blind_set_is_frozen() -> None:
    assert {path.name for path in FOLDER.glob("*.jsonl")} == {name for _, name in FROZEN}
