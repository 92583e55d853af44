"""The lines of a converted source, each what its converter found it to be, unless corpus.toml says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from allchat.errors import CorpusError
from allchat.parsing import parse_json
from allchat.records import Document
from allchat.sources.lines import Atom, Line, must_hold_all, text_lines
from allchat.sources.text import clean


@dataclass(frozen=True, slots=True)
class Mark:
    """What a line of a converted text is, and where it stands in the original: a page with boxes, or an element."""

    kind: Literal["heading", "text", "item"]
    level: int
    depth: int
    place: dict[str, Any]


def marks(document: Document) -> dict[int, Mark]:
    """The mark of each line that is not blank, by the line's offset; none where the text was not converted.

    Raises:
        CorpusError: text and structure do not belong together.
    """
    if document.layout.structure is None:
        return {}
    lines = text_lines(document.text, marks=False)
    structure = [_mark(line, document) for line in document.layout.structure.splitlines()]
    if len(lines) != len(structure):
        raise CorpusError(
            f"corpus.toml, source {document.key!r}: {document.file} has {len(lines)} lines, its structure "
            f"{len(structure)}. Restore both, or run: allchat source add with the original again."
        )
    return {line.start: mark for line, mark in zip(lines, structure, strict=True)}


def _mark(line: str, document: Document) -> Mark:
    try:
        found = parse_json(line)
        kind, level, depth = found.pop("kind"), int(found.pop("level", 0)), int(found.pop("depth", 0))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(document) from error
    if kind not in ("heading", "text", "item"):
        raise _damaged(document)
    return Mark(kind, level, depth, found)


def _damaged(document: Document) -> CorpusError:
    return CorpusError(
        f"corpus.toml, source {document.key!r}: its structure is damaged. Restore it, or add the original again."
    )


def converted_atoms(lines: Sequence[Line], document: Document) -> list[Atom]:
    """A line is a heading, a paragraph or an item as its converter found, but for ``headings`` and ``no_headings``."""
    found, text = marks(document), document.text
    declared = {clean(words) for words in document.layout.headings}
    plain = {clean(words) for words in document.layout.no_headings}
    atoms: list[Atom] = []
    for line in lines:
        mark, words = found[line.start], clean(text[line.start : line.end])
        if words in declared or (mark.kind == "heading" and words not in plain):
            atoms.append(Atom("heading", line.start, line.end, level=mark.level or 2))
        else:
            atoms.append(Atom("item" if mark.kind == "item" else "text", line.start, line.end, mark.depth))
    must_hold_all(declared | plain, {clean(text[atom.start : atom.end]) for atom in atoms}, document=document)
    return atoms
