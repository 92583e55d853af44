"""A small index and answers saved from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from commands import ASKED, run


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The index of the small corpus with the real model, and what ``allchat build`` said."""
    index = tmp_path_factory.mktemp("model") / "index"
    return index, run("build", index=index)


@pytest.fixture(scope="session")
def model_index(built: tuple[Path, Result]) -> Path:
    return built[0]


@pytest.fixture(scope="session")
def saved(model_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A batch of answers, once for all tests that read it."""
    folder = tmp_path_factory.mktemp("saved")
    rows = [
        {"id": "a", "question": ASKED},
        {"id": "b", "question": "hello"},
        {"id": "c", "question": "how often is the fever thermometer read"},
    ]
    (folder / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = run("batch", folder / "q.jsonl", "--out", folder / "a.jsonl", index=model_index)
    assert result.exit_code == 0, result.output
    return folder / "a.jsonl"
