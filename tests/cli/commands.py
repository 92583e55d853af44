"""Runs commands as a terminal does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from places import SMALL

from allchat.cli.main import cli

ASKED = "which medicines are forbidden at home"


def run(*arguments: str | Path, index: Path | None = None, corpus: Path = SMALL) -> Result:
    options = [] if index is None else [f"--index={index}", f"--corpus={corpus}"]
    result = CliRunner().invoke(cli, [*map(str, arguments), *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
