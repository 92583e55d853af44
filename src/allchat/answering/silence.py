"""What is said where the sources are silent, or the question is on another subject."""

from __future__ import annotations

from collections.abc import Iterable

from allchat.markdown import escape_markdown
from allchat.records import Document, Hit
from allchat.wording import Wording

TITLES = 5
"""Sources that are named to one who asks of something else."""

NEAREST = 3
"""Sections that are named to one whom the sources do not answer."""


def unrelated(documents: Iterable[Document], *, wording: Wording) -> str:
    """Another subject: which sources there are, the first titles as Markdown."""
    titles = [escape_markdown(title) for title in dict.fromkeys(document.title for document in documents)]
    parts = [wording.text(f"out_of_scope.unrelated.{name}") for name in ("text", "sources")]
    return "\n\n".join((*parts, "\n".join(f"- {title}" for title in titles[:TITLES])))


def nothing_found(hits: Iterable[Hit], *, wording: Wording) -> str:
    """Silence: the nearest sections, and whom to ask."""
    headings = list(dict.fromkeys(hit.heading[-1] for hit in hits if hit.heading))[:NEAREST]
    nearest = "\n".join(f"- {escape_markdown(heading)}" for heading in headings)
    said = [wording.text(f"not_found.{name}") for name in ("text", "nearest", "help")]
    return "\n\n".join((*said[:2], nearest, said[2]))
