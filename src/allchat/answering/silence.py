"""What is said where the sources are silent, or the question is on another subject."""

from __future__ import annotations

from collections.abc import Iterable

from allchat.parts import Listed, Part, Title
from allchat.records import Document, Hit
from allchat.wording import Wording

TITLES = 5
"""Sources that are named to one who asks of something else."""

NEAREST = 3
"""Sections that are named to one whom the sources do not answer."""


def unrelated(documents: Iterable[Document], *, wording: Wording) -> tuple[Part, ...]:
    """Another subject: which sources there are, by the first titles."""
    titles: dict[str, Title] = {}
    for document in documents:
        titles.setdefault(document.title, Title(document.title, document.key))
    text, lead = (wording.said(f"out_of_scope.unrelated.{name}") for name in ("text", "sources"))
    return text, lead, Listed(tuple(titles.values())[:TITLES])


def nothing_found(hits: Iterable[Hit], *, wording: Wording) -> tuple[Part, ...]:
    """Silence: the nearest sections, and whom to ask."""
    nearest: dict[str, Title] = {}
    for hit in hits:
        if hit.heading:
            nearest.setdefault(hit.heading[-1], Title(hit.heading[-1], hit.block.document, hit.block.section))
    text, lead, call = (wording.said(f"not_found.{name}") for name in ("text", "nearest", "help"))
    return text, lead, Listed(tuple(nearest.values())[:NEAREST]), call
