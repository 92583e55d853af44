"""Outline: from a document to sections, blocks and sentences, each with offsets into the source.

The way of a text: lines -> furniture set aside -> atoms (a paragraph, a list item, a heading, each one stretch of the
source) -> blocks. Nothing is dropped: what is not a block is named as furniture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

from allchat.languages.folders import packaged_languages
from allchat.languages.gloss import as_embedded
from allchat.records import Document, Furniture, Outline, Section
from allchat.sources.blocks import Blocks
from allchat.sources.converted import converted_atoms
from allchat.sources.facets import with_facets
from allchat.sources.lines import Atom, Line, line_atoms, text_lines, without_furniture, wrapped_atoms
from allchat.sources.text import clean


def outline_document(document: Document) -> Outline:
    """The document's structure.

    Raises:
        CorpusError: a heading, list, furniture or applies rule of corpus.toml does not fit the text.
    """
    layout = document.layout
    marked = not layout.wrapped and layout.structure is None  # a converted item has its bullet and nothing else
    lines, declared = without_furniture(text_lines(document.text, marks=marked), document=document)
    atoms = _atoms(lines, document)
    atoms, wordless = _with_words(atoms, text=document.text)
    atoms, doubled = _levels(atoms, document)
    furniture = tuple(sorted((*declared, *wordless, *doubled), key=lambda piece: piece.start))
    sections = _sections(atoms, document=document)
    blocks = Blocks(document=document, atoms=atoms, sections=sections, furniture=furniture).build()
    words = {block.key: clean(document.text[block.start : block.end]) for block in blocks}
    bare = Outline(document.key, sections, blocks, furniture)
    read = partial(as_embedded, language=document.language, languages=packaged_languages())
    return with_facets(bare, rules=document.layout.applies, words=words, read=read)


def _atoms(lines: list[Line], document: Document) -> list[Atom]:
    if document.layout.structure is not None:
        return converted_atoms(lines, document)
    return wrapped_atoms(lines, document) if document.layout.wrapped else line_atoms(lines, document)


def _with_words(atoms: Sequence[Atom], *, text: str) -> tuple[list[Atom], list[Furniture]]:
    """The atoms that say something; a bullet or a footnote number alone is furniture."""
    wordless = {atom.start for atom in atoms if not clean(text[atom.start : atom.end])}
    kept = [atom for atom in atoms if atom.start not in wordless]
    return kept, [Furniture(a.start, a.end, "a mark without words") for a in atoms if a.start in wordless]


def _levels(atoms: list[Atom], document: Document) -> tuple[list[Atom], list[Furniture]]:
    """Headings with their level (as converted; else 1 stands twice in the copy, 2 is declared, 3 is title-like); the
    first of two is set aside.
    """
    text = document.text
    words = {atom: clean(text[atom.start : atom.end]) for atom in atoms if atom.kind == "heading"}
    doubled = {first for first, second in pairwise(atoms) if first in words and words.get(second) == words[first]}
    after_doubled = {second for first, second in pairwise(atoms) if first in doubled}
    declared = {clean(heading) for heading in document.layout.headings}

    def level(atom: Atom) -> int:
        return atom.level or (1 if atom in after_doubled else 2 if words[atom] in declared else 3)

    kept = [replace(atom, level=level(atom)) if atom in words else atom for atom in atoms if atom not in doubled]
    return kept, [Furniture(atom.start, atom.end, "heading that stands twice") for atom in atoms if atom in doubled]


def _sections(atoms: Sequence[Atom], *, document: Document) -> tuple[Section, ...]:
    starts = [atom for index, atom in enumerate(atoms) if atom.kind == "heading" or index == 0]
    ends = [*(atom.start for atom in starts[1:]), *(atom.end for atom in atoms[-1:])]
    path: list[tuple[int, str]] = []
    sections = []
    for number, (atom, end) in enumerate(zip(starts, ends, strict=True)):
        if atom.kind == "heading":
            above = [(level, words) for level, words in path if level < atom.level]
            path = [*above, (atom.level, clean(document.text[atom.start : atom.end]))]
        sections.append(Section(document.key, number, tuple(words for _, words in path), atom.start, end))
    return tuple(sections)
