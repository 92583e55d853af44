"""Where the page is served in each language."""

from __future__ import annotations

PATHS = {"en": "/", "es": "/es/"}
"""Where the page is served in each language."""
