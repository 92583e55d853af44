"""Languages: what is read and said in a language besides English. A language is a folder."""

from __future__ import annotations

from typing import Final

SEARCHED: Final = ("es",)
"""The languages besides English in which questions are searched: each is a folder here."""
