"""How long files, lines and functions may be, so that the code stays readable. ``lint-imports`` holds the layers."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

import pytest
from places import ROOT

SOURCE = ROOT / "src" / "allchat"
TESTS = ROOT / "tests"
FILES = sorted(
    path for folder in (SOURCE, TESTS) for ending in ("py", "js", "css") for path in folder.rglob(f"*.{ending}")
)
MOST_LINES = 320
MOST_FUNCTION_LINES = 50
LONGER = {"test_guard.py": 330, "test_facets.py": 385, "test_laws.py": 600}
"""Being rewritten, and split when that is done."""


def function_lengths() -> list[int]:
    functions = (
        node
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    )
    return sorted((node.end_lineno or 0) - node.lineno + 1 for node in functions)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_and_its_lines_are_short(path: Path) -> None:
    lines = [line.split("  # noqa")[0] for line in path.read_text(encoding="utf-8").splitlines()]  # as ruff counts
    assert len(lines) <= LONGER.get(path.name, MOST_LINES)
    breakable = [line for line in lines if len(line.split()) > 1]
    assert max(map(len, breakable), default=0) <= 120


def test_functions_are_short() -> None:
    lengths = function_lengths()
    assert statistics.median(lengths) <= 8
    assert lengths[int(0.95 * len(lengths))] < 25
    assert lengths[-1] <= MOST_FUNCTION_LINES


PAGE = [*(path for path in (SOURCE / "web" / "page").iterdir() if path.is_file()), SOURCE / "web" / "assets.py"]


def test_the_page_is_small_and_overrides_nothing_of_gradios() -> None:
    texts = [path.read_text(encoding="utf-8") for path in PAGE]
    assert sum(len(text.splitlines()) for text in texts) <= 2230
    assert sum(len(text.encode()) for text in texts) <= 96_000
    styles = [text for path, text in zip(PAGE, texts, strict=True) if path.suffix == ".css"]
    assert sum(text.count("!important") for text in styles) < 10
    assert not any(name in text for text in styles for name in ("gradio", "svelte", "#g-"))
