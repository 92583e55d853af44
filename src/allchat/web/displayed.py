"""What families are shown of a source: all of it, the section around a quote, or the blocks that are quoted.

``display`` in corpus.toml says which. The staff's pages, behind their login, show all of every source.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from allchat.records import Block, Document, Outline, Section
from allchat.web.highlight import Mark, section_html, sections_of

QUOTED_WORDS = 240
"""Words of a source that is only quoted, at one link: the longest list that an answer quotes has 210."""

MOST_OF_IT = 0.5
"""A section with more of the text than this is no part of it: only what is quoted is shown."""


def body_html(document: Document, outline: Outline, *, mark: Mark | None) -> str:
    """The text as the page of a source shows it; nothing of one that is shown in part where no place is asked for."""
    if document.display == "whole":
        sections: Sequence[Section] = outline.sections
    else:
        sections = sections_of([mark], outline)[:1] if mark else ()  # a link may ask for any span, and gets one section
    marks = [mark] if mark else []
    return "".join(
        part_html(section, outline, document=document, marks=marks, level=_level(section.heading))
        for section in sections
    )


def part_html(section: Section, outline: Outline, *, document: Document, marks: Sequence[Mark], level: int) -> str:
    """A section, or what its source lets families see of it beside the marks in it."""
    if document.display == "whole" or (document.display == "section" and not _is_most(section, document)):
        return section_html(section, outline, text=document.text, marks=marks, level=level)
    blocks = tuple(_quoted(section, outline, document=document, marks=marks))
    kept = replace(outline, blocks=blocks)
    inside = [mark for mark in marks if any(block.start < mark.end and mark.start < block.end for block in blocks)]
    return section_html(section, kept, text=document.text, marks=inside, level=level)


def _is_most(section: Section, document: Document) -> bool:
    return section.end - section.start > MOST_OF_IT * len(document.text)


def _quoted(section: Section, outline: Outline, *, document: Document, marks: Sequence[Mark]) -> Iterable[Block]:
    """The heading, the blocks in which a mark stands and the lines that lead to them, up to ``QUOTED_WORDS``."""
    own = [block for block in outline.blocks if block.section == section.number]
    touched = [block for block in own if any(block.start < mark.end and mark.start < block.end for mark in marks)]
    leads = {lead.start for block in touched for lead in block.leads}
    words = 0
    for block in own:
        if block.start == section.start and block.kind == "heading":
            yield block
        elif block in touched or block.start in leads:
            words += len(document.text[block.start : block.end].split())
            if block in touched[:1] or words <= QUOTED_WORDS:
                yield block


def _level(heading: Sequence[str]) -> int:
    return max(2, min(6, 1 + len(heading)))
