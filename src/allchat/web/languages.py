"""Where the page is served in each language."""

from __future__ import annotations

from allchat.wording import LANGUAGES

PATHS = {code: "/" if code == LANGUAGES[0] else f"/{code}/" for code in LANGUAGES}
"""Where the page is served in each language."""
