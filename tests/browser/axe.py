"""axe-core, where npm has installed it: ``npm install --prefix .cache axe-core@4`` (CI does)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[2] / ".cache/node_modules/axe-core/axe.min.js"
needed = pytest.mark.skipif(not FILE.exists(), reason="no axe-core: npm install --prefix .cache axe-core@4")


def violations(page: Any) -> list[str]:
    """What axe-core objects to on the page as it is now; each with the element and what to mend."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(FILE.read_text(encoding="utf-8"))  # as a tag the page's own policy would not let it run
    found = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:300]}" for one in found for node in one["nodes"]
    ]


def quiet(here: Any) -> None:
    """Nothing reaches past the window's sides, and axe-core has no objection (where it is installed)."""
    assert here.outside_the_window() == []
    if FILE.exists():
        assert violations(here.page) == []
