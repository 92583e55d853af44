"""Outline: from a document to sections, blocks and sentences, each with offsets into the source.

The way of a text: lines -> furniture set aside -> atoms (a paragraph, a list item, a heading, each one stretch of the
source) -> blocks. Nothing is dropped: what is not a block is named as furniture.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from allchat.corpus import BULLETS, LINE_ENDS, clean
from allchat.errors import CorpusError
from allchat.facets import with_facets
from allchat.records import Block, BlockKind, Document, Furniture, FurnitureRule, Item, Outline, Section, Span

TITLE_CHARACTERS = 90
"""A line longer than this is not a title."""

LEAD_SENTENCES = 2
"""A paragraph of at most this many sentences that ends in a colon is the lead line of its list as a whole."""

TERM_WORDS = 12
"""The longest run-in heading of a list item ("Remission induction therapy. This is ..."), in words."""

ANAPHORS = ("this", "these", "they", "it", "its", "their", "those", "such", "he", "she", "however", "also", "but")
"""First words that lean on the sentence before: a quote does not start with one of them."""

_ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|St|No|vs|etc|Fig|Inc|Jr|Sr|e\.g|i\.e|U\.S|approx)|\b[A-Z]|^\s*\d{1,3})\.$"
)
_SENTENCE_END = re.compile(r"([.!?]+[\"'”’)\]]*)(?:\s*\[\d{1,3}\])*+(?=\s+[\"'“‘(\[]*[A-Z0-9])")
_TERMINAL = re.compile(r"[.!?:][\"'”’)\]]*(?:\s*\[\d{1,3}\])*$")
_FIGURE = re.compile(
    r"^[^.:]{2,80}; (?:\(Panel|.{0,40}?\b(?:drawing|panel|photo\w*|image|diagram|illustration)\b)", re.IGNORECASE
)
_COLON_TERM = re.compile(r"^([^:.]{2,90}):\s+\S")
_LIST_MARK = re.compile(r"(?:[-*+\u2013\u2014]|\d{1,2}[.)])\s+\S")
_LIGATURE_SPELLINGS = {
    "ffi": "(?:ffi|ﬃ|ﬀi|fﬁ)",
    "ffl": "(?:ffl|ﬄ|ﬀl|fﬂ)",
    "ff": "(?:ff|ﬀ)",
    "fi": "(?:fi|ﬁ)",
    "fl": "(?:fl|ﬂ)",
    "st": "(?:st|ﬅ|ﬆ)",
}
_LETTERS = re.compile("ffi|ffl|ff|fi|fl|st|.", re.DOTALL)

_AtomKind = Literal["heading", "text", "item", "caption"]


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    indent: int
    bullet: bool
    gap: bool  # a blank line stands before it
    parted: bool = False  # furniture stands before it


@dataclass(frozen=True, slots=True)
class _Atom:
    kind: _AtomKind
    start: int
    end: int
    depth: int = 0  # of a list item, or of the item that a text stands in (then depth = that item's + 1)
    level: int = 0  # of a heading


def outline_document(document: Document) -> Outline:
    """The document's structure.

    Raises:
        CorpusError: a heading, list, furniture or applies rule of corpus.toml does not fit the text.
    """
    lines, declared = _without_furniture(_lines(document.text, marks=not document.layout.wrapped), document=document)
    atoms = _wrapped_atoms(lines, document) if document.layout.wrapped else _line_atoms(lines, document)
    atoms, wordless = _with_words(atoms, text=document.text)
    atoms, doubled = _levels(atoms, document)
    furniture = tuple(sorted((*declared, *wordless, *doubled), key=lambda piece: piece.start))
    sections = _sections(atoms, document=document)
    blocks = _Blocks(document=document, atoms=atoms, sections=sections, furniture=furniture).build()
    words = {block.key: clean(document.text[block.start : block.end]) for block in blocks}
    bare = Outline(document.key, sections, blocks, furniture)
    return with_facets(bare, rules=document.layout.applies, words=words)


def sentences(text: str, *, start: int, end: int) -> tuple[Span, ...]:
    """The sentences of ``text[start:end]``, in reading order; together they hold all but the white space between."""
    spans: list[Span] = []
    begin = start
    for match in _SENTENCE_END.finditer(text, start, end):
        stop = match.end()
        if not _ABBREVIATION.search(text[begin : match.end(1)]):
            spans.append(_stripped(text, begin, stop))
            begin = stop
    rest = _stripped(text, begin, end)
    return tuple(spans) if rest.start == rest.end else (*spans, rest)


def locate(text: str, words: str, *, after: int = 0, line_start: bool = True) -> Span | None:
    """Where normalised ``words`` stand in a source, the first place or None; white space and ligatures may differ.

    With ``line_start`` they begin a line, after its indent and bullet.
    """
    pattern = r"\s+".join(_spelled(word) for word in words.split())
    if line_start:
        pattern = rf"(?:(?<=[{LINE_ENDS}])|\A)[^\S{LINE_ENDS}]*[\ufeff{BULLETS}]*[^\S{LINE_ENDS}]*({pattern})"
    match = re.compile(pattern).search(text, after)
    return None if match is None else Span(*match.span(1 if line_start else 0))


def leans(sentence: str) -> bool:
    """Whether a sentence starts with a word that points back at the sentence before it."""
    first = re.match(r"[A-Za-z]+", sentence.lstrip("\"“(' "))
    return first is not None and first.group().lower() in ANAPHORS


def _spelled(word: str) -> str:
    pieces = _LETTERS.findall(word)
    return "".join(_LIGATURE_SPELLINGS.get(piece, re.escape(piece)) for piece in pieces)


def _stripped(text: str, start: int, end: int) -> Span:
    while start < end and (text[start].isspace() or (start == 0 and text[start] == "\ufeff")):
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)


def _lines(text: str, *, marks: bool) -> list[_Line]:
    """The lines that hold anything. With ``marks``, "- " and "1. " make a list item as bullets do."""
    lines: list[_Line] = []
    offset, gap = 0, True
    for raw in text.splitlines(keepends=True):
        span = _stripped(text, offset, offset + len(raw))
        if span.start < span.end:
            bullet = text[span.start] in BULLETS or (marks and _LIST_MARK.match(text, span.start, span.end) is not None)
            indent = len(text[offset : span.start].lstrip("\ufeff").expandtabs(4))
            lines.append(_Line(span.start, span.end, indent, bullet, gap))
        gap = span.start >= span.end
        offset += len(raw)
    return lines


def _without_furniture(lines: list[_Line], *, document: Document) -> tuple[list[_Line], list[Furniture]]:
    text = document.text
    furniture = [_declared_furniture(rule, document=document) for rule in document.layout.furniture]
    if text.startswith("\ufeff"):
        furniture.append(Furniture(0, 1, "byte order mark"))
    furniture += [Furniture(line.start, line.end, "description of a figure") for line in _figures(lines, document)]
    furniture = _apart(furniture)
    kept: list[_Line] = []
    parted = False
    for line in lines:
        cut = _cut(line, furniture, text=text)
        if cut is not None:
            kept.append(replace(cut, parted=parted))
        parted = cut is None or cut.end < line.end
    return kept, furniture


def _figures(lines: Sequence[_Line], document: Document) -> list[_Line]:
    """Lines that describe a figure. In wrapped text a line is no unit: only declared furniture is left out there."""
    if document.layout.wrapped:
        return []
    return [line for line in lines if _FIGURE.match(document.text[line.start : line.end])]


def _apart(furniture: Sequence[Furniture]) -> list[Furniture]:
    """Furniture in the order of the text; what overlaps is one piece, called as the first of it."""
    apart: list[Furniture] = []
    for piece in sorted(furniture, key=lambda piece: (piece.start, -piece.end)):
        if apart and piece.start < apart[-1].end:
            apart[-1] = replace(apart[-1], end=max(apart[-1].end, piece.end))
        else:
            apart.append(piece)
    return apart


def _declared_furniture(rule: FurnitureRule, *, document: Document) -> Furniture:
    text = document.text
    found = _must_locate(document, rule.begins, line_start=not rule.inline)
    if rule.to_end:
        return Furniture(found.start, len(text.rstrip()), rule.what)
    last = found if rule.through is None else _must_locate(document, rule.through, after=found.end)
    return Furniture(found.start, _line_end(text, last.end), rule.what)


def _line_end(text: str, offset: int) -> int:
    found = re.compile(rf"[{LINE_ENDS}]").search(text, offset)
    return len(text.rstrip()) if found is None else found.start()


def _must_locate(document: Document, words: str, *, after: int = 0, line_start: bool = True) -> Span:
    found = locate(document.text, words, after=after, line_start=line_start)
    if found is None:
        raise CorpusError(
            f"corpus.toml, source {document.key!r}: {words!r} does not stand in {document.file}. "
            "The text was changed, or the rule is misspelt: correct the rule."
        )
    return found


def _cut(line: _Line, furniture: Sequence[Furniture], *, text: str) -> _Line | None:
    """The line without the furniture it holds (which is always the whole line or its end)."""
    for piece in furniture:
        if piece.start <= line.start < piece.end:
            return None
        if line.start < piece.start < line.end:
            return replace(line, end=_stripped(text, line.start, piece.start).end)
    return line


def _line_atoms(lines: list[_Line], document: Document) -> list[_Atom]:
    """One line is one paragraph, item or heading; bullets nest by their indent; a caption follows its figure."""
    if document.layout.lists:
        raise CorpusError(
            f"corpus.toml, source {document.key!r}: [[source.lists]] is for the layout 'wrapped'. Remove it."
        )
    text = document.text
    declared = {clean(heading) for heading in document.layout.headings}
    figures = {line.end for line in _figures(_lines(text, marks=True), document)}
    before = {line.start: previous.end for previous, line in pairwise(_lines(text, marks=True))}
    bullets: list[int] = []
    atoms = []
    for line in lines:
        bullets, depth = _nested(line, bullets)
        captioned = not line.gap and before.get(line.start) in figures
        atoms.append(_Atom(_line_kind(line, text=text, declared=declared, after_figure=captioned), *_ends(line), depth))
    _must_hold_all(declared, {clean(text[atom.start : atom.end]) for atom in atoms}, document=document)
    return atoms


def _ends(line: _Line) -> tuple[int, int]:
    return line.start, line.end


def _nested(line: _Line, bullets: Sequence[int]) -> tuple[list[int], int]:
    """The indents of the list items that are open after a line, outermost first, and the line's own depth."""
    if line.bullet:
        open_items = [*(indent for indent in bullets if indent < line.indent), line.indent]
        return open_items, len(open_items) - 1
    open_items = [] if line.indent == 0 else list(bullets)
    return open_items, sum(indent < line.indent for indent in open_items)


def _line_kind(line: _Line, *, text: str, declared: set[str], after_figure: bool) -> _AtomKind:
    words = clean(text[line.start : line.end])
    if line.bullet:
        return "item"
    if words in declared or (line.indent == 0 and not after_figure and _title_like(words)):
        return "heading"
    return "caption" if after_figure else "text"


def _must_hold_all(declared: set[str], found: set[str], *, document: Document) -> None:
    for heading in sorted(declared - found):
        _must_locate(document, heading)
        raise CorpusError(
            f"corpus.toml, source {document.key!r}: the heading {heading!r} is not a line of its own. Correct it."
        )


def _title_like(words: str) -> bool:
    return (
        len(words) <= TITLE_CHARACTERS
        and words[:1].isupper()
        and ":" not in words
        and not re.search(r"[.!?;,\]]$", words)
    )


def _wrapped_atoms(lines: list[_Line], document: Document) -> list[_Atom]:
    """Paragraphs put together from broken lines.

    A paragraph ends at a title, at a bullet, at a declared list, at furniture, or at a short last line.
    """
    text = document.text
    marks, regions = _list_marks(document), _list_regions(document)
    declared = {clean(heading) for heading in document.layout.headings}
    full = max((line.end - line.start for line in lines), default=0)
    bullets: list[int] = []
    atoms: list[_Atom] = []
    for previous, line, following in _neighbours(lines):
        if clean(text[line.start : line.end]) in declared or _wrapped_title(previous, line, following, text=text):
            atoms.append(_Atom("heading", line.start, line.end))
            bullets = []
        elif line.start in marks or line.bullet or previous is None or _breaks(previous, line, atoms, full, document):
            bullets, depth = _nested(line, bullets)
            item = line.bullet or marks.get(line.start) == "item"
            declared_depth = sum(start <= line.start < end for start, end in regions)
            atoms.append(_Atom("item" if item else "text", line.start, line.end, max(depth, declared_depth - item)))
        else:
            atoms[-1] = replace(atoms[-1], end=line.end)
    _must_hold_all(declared, {clean(text[atom.start : atom.end]) for atom in atoms}, document=document)
    return atoms


def _neighbours(lines: Sequence[_Line]) -> Iterator[tuple[_Line | None, _Line, _Line | None]]:
    padded = [None, *lines, None]
    for index, line in enumerate(lines):
        yield padded[index], line, padded[index + 2]


def _wrapped_title(previous: _Line | None, line: _Line, following: _Line | None, *, text: str) -> bool:
    ended = previous is None or bool(_TERMINAL.search(text[previous.start : previous.end]))
    opens = following is not None and text[following.start].isupper() and not following.gap
    return (line.gap or line.parted) and ended and opens and _title_like(clean(text[line.start : line.end]))


def _breaks(previous: _Line, line: _Line, atoms: Sequence[_Atom], full: int, document: Document) -> bool:
    text = document.text
    ended = bool(_TERMINAL.search(text[previous.start : previous.end]))
    if line.parted:
        if not ended and text[line.start].islower():
            words = clean(text[line.start : line.end])
            raise CorpusError(
                f"corpus.toml, source {document.key!r}: furniture stands inside the sentence that goes on "
                f"with {words!r}, which could not be quoted whole. Correct the rule, or take it out of the copy."
            )
        return True
    short = previous.end - previous.start < 0.8 * full
    return atoms[-1].kind == "heading" or (ended and text[line.start].isupper() and (short or line.gap))


def _list_marks(document: Document) -> dict[int, str]:
    """Offsets at which a declared list begins, each of its items begins, or the text behind it begins."""
    marks: dict[int, str] = {}
    for rule in document.layout.lists:
        lead = _must_locate(document, rule.lead, line_start=False)
        after = lead.end
        marks.setdefault(lead.start, "lead")
        for words in rule.items:
            found = _must_locate(document, words, after=after)
            marks[found.start] = "item"
            after = found.end
        marks.setdefault(_must_locate(document, rule.until, after=after).start, "until")
    return marks


def _list_regions(document: Document) -> list[tuple[int, int]]:
    """From the first item of each declared list to the text behind it; how many hold a line is the line's depth."""
    regions = []
    for rule in document.layout.lists:
        first = _must_locate(document, rule.items[0], after=_must_locate(document, rule.lead, line_start=False).end)
        regions.append((first.start, _must_locate(document, rule.until, after=first.end).start))
    return regions


def _with_words(atoms: Sequence[_Atom], *, text: str) -> tuple[list[_Atom], list[Furniture]]:
    """The atoms that say something; a bullet or a footnote number alone is furniture."""
    wordless = {atom.start for atom in atoms if not clean(text[atom.start : atom.end])}
    kept = [atom for atom in atoms if atom.start not in wordless]
    return kept, [Furniture(a.start, a.end, "a mark without words") for a in atoms if a.start in wordless]


def _levels(atoms: list[_Atom], document: Document) -> tuple[list[_Atom], list[Furniture]]:
    """Headings with their level (1 stands twice in the copy, 2 is declared, 3 is title-like); the first of two is set
    aside.
    """
    text = document.text
    words = {atom: clean(text[atom.start : atom.end]) for atom in atoms if atom.kind == "heading"}
    doubled = {first for first, second in pairwise(atoms) if first in words and words.get(second) == words[first]}
    after_doubled = {second for first, second in pairwise(atoms) if first in doubled}
    declared = {clean(heading) for heading in document.layout.headings}

    def level(atom: _Atom) -> int:
        return 1 if atom in after_doubled else 2 if words[atom] in declared else 3

    kept = [replace(atom, level=level(atom)) if atom in words else atom for atom in atoms if atom not in doubled]
    return kept, [Furniture(atom.start, atom.end, "heading that stands twice") for atom in atoms if atom in doubled]


def _sections(atoms: Sequence[_Atom], *, document: Document) -> tuple[Section, ...]:
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


class _Blocks:
    """Puts atoms together to blocks."""

    def __init__(
        self,
        *,
        document: Document,
        atoms: Sequence[_Atom],
        sections: Sequence[Section],
        furniture: Sequence[Furniture],
    ) -> None:
        self._text = document.text
        self._document = document.key
        self._atoms = atoms
        self._numbers = {atom: number for number, atom in enumerate(atoms)}
        self._furniture = [piece.start for piece in furniture]
        self._starts = [section.start for section in sections]
        self._leads: dict[int, tuple[Span, ...]] = {}  # by the start of an item that is a block of its own
        self._terms: dict[int, str] = {}  # by the start of an atom that stands inside a definition item
        self._listed: set[int] = set()  # starts of atoms that a list block already holds

    def build(self) -> tuple[Block, ...]:
        blocks: list[Block] = []
        for index, atom in enumerate(self._atoms):
            if atom.start not in self._listed:
                blocks += self._blocks_at(index)
        return tuple(blocks)

    def _blocks_at(self, index: int) -> list[Block]:
        atom = self._atoms[index]
        if atom.kind == "heading":
            return [self._heading(index)]
        if atom.kind == "item":
            return [self._item(index)]
        if atom.kind == "text" and self._introduces(index):
            return self._led(index)
        return [self._block("caption" if atom.kind == "caption" else "paragraph", atom.start, atom.end)]

    def _words(self, start: int, end: int) -> str:
        return clean(self._text[start:end])

    def _introduces(self, index: int) -> bool:
        """Whether a text leads to what follows: it ends in a colon, or in no stop and a list stands below it."""
        atom, words = self._atoms[index], self._words(self._atoms[index].start, self._atoms[index].end)
        following = next(iter(self._atoms[index + 1 : index + 2]), None)
        if following is None or following.kind == "heading" or following.depth < atom.depth:
            return False
        listed = following.kind == "item" and not _TERMINAL.search(words)
        return listed or (words.endswith(":") and (following.kind == "item" or not self._introduces(index + 1)))

    def _parted(self, start: int, end: int) -> bool:
        """Whether furniture stands between two places."""
        return bisect_left(self._furniture, end) > bisect_left(self._furniture, start)

    def _heading(self, index: int) -> Block:
        atom = self._atoms[index]
        if not self._words(atom.start, atom.end).endswith(":"):
            self._lead_items_under(index)
            return self._block("heading", atom.start, atom.end)
        below = []
        for other in self._atoms[index + 1 :]:
            if other.kind == "heading" and other.level <= atom.level:
                break
            if other.kind == "heading":
                below.append(Item(other.start, other.end, 0))
        return self._block("lead", atom.start, atom.end, items=tuple(below))

    def _lead_items_under(self, index: int) -> None:
        """A list right below a title has the title for its lead line ("Never give these")."""
        title = self._atoms[index]
        following = self._atoms[index + 1 : index + 2]
        if following and following[0].kind == "item" and not self._parted(title.end, following[0].start):
            members = self._members(index + 1, depth=following[0].depth)
            heads = [member for member in members if member.kind == "item" and member.depth == following[0].depth]
            self._lead_members(Span(title.start, title.end), heads, members)

    def _led(self, index: int) -> list[Block]:
        """A text that ends in a colon: with the list below it, or with the text that it announces."""
        atom, following = self._atoms[index], self._atoms[index + 1]
        if following.kind != "item":
            if self._parted(atom.end, following.start):
                return [self._block("paragraph", atom.start, atom.end)]
            self._listed.add(following.start)
            return [self._block("paragraph", atom.start, following.end)]
        lead = self._lead_line(atom)
        before = (
            [] if lead.start == atom.start else [self._block("paragraph", atom.start, self._end_before(atom, lead))]
        )
        members = self._members(index + 1, depth=following.depth)
        heads = [member for member in members if member.kind == "item" and member.depth == following.depth]
        parted = self._parted(atom.end, members[-1].start)
        if parted or any(member.kind != "item" for member in members) or all(self._term(head) for head in heads):
            return [*before, self._definitions(lead, heads, members)]
        self._listed.update(member.start for member in members)
        items = tuple(Item(member.start, member.end, member.depth - following.depth) for member in members)
        return [*before, self._block("list", lead.start, members[-1].end, lead=lead, items=items)]

    def _definitions(self, lead: Span, heads: Sequence[_Atom], members: Sequence[_Atom]) -> Block:
        self._lead_members(lead, heads, members)
        items = tuple(Item(head.start, self._extent(head), 0) for head in heads)
        return self._block("lead", lead.start, lead.end, items=items)

    def _lead_members(self, lead: Span, heads: Sequence[_Atom], members: Sequence[_Atom]) -> None:
        """Notes for each member of a list that becomes a block of its own what introduces it, and its term."""
        term, head, end = "", members[0], members[0].end
        for member in members:
            if member in heads:
                term, head, end = self._term(member) or "", member, self._extent(member)
                self._leads[member.start] = (lead,)
            elif member.kind == "item" and member.start >= end:  # below a text of its head: no part of the head's block
                self._leads[member.start] = (lead, Span(head.start, head.end))
            self._terms[member.start] = term

    def _lead_line(self, atom: _Atom) -> Span:
        spans = list(sentences(self._text, start=atom.start, end=atom.end))
        if len(spans) <= LEAD_SENTENCES:
            return Span(atom.start, atom.end)
        while len(spans) > 1 and leans(self._words(spans[-1].start, spans[-1].end)):
            spans.pop()
        return Span(spans[-1].start, atom.end)

    def _end_before(self, atom: _Atom, lead: Span) -> int:
        return _stripped(self._text, atom.start, lead.start).end

    def _members(self, first: int, *, depth: int) -> list[_Atom]:
        members = []
        for atom in self._atoms[first:]:
            if atom.kind == "heading" or atom.depth < depth or (atom.kind != "item" and atom.depth == depth):
                break
            members.append(atom)
        return members

    def _term(self, atom: _Atom) -> str | None:
        """What a definition item defines: "Lumbar puncture: A procedure ..." or "Re-induction. This stage ..."."""
        words = self._words(atom.start, atom.end)
        if match := _COLON_TERM.match(words):
            return match.group(1)
        spans = sentences(self._text, start=atom.start, end=atom.end)
        first = self._words(spans[0].start, spans[0].end)
        run_in = len(spans) > 1 and len(first.split()) <= TERM_WORDS and first.endswith(".")
        return first.rstrip(".") if run_in else None

    def _extent(self, head: _Atom) -> int:
        """Where an item ends, with the deeper items that follow it at once."""
        end = head.end
        for atom in self._atoms[self._numbers[head] + 1 :]:
            if atom.kind != "item" or atom.depth <= head.depth or self._parted(end, atom.start):
                break
            end = atom.end
        return end

    def _item(self, index: int) -> Block:
        atom = self._atoms[index]
        end = self._extent(atom)
        below = [other for other in self._atoms[index + 1 :] if other.start < end]
        self._listed.update(other.start for other in below)
        items = tuple(Item(other.start, other.end, other.depth - atom.depth) for other in (atom, *below))
        kind: BlockKind = "definition" if self._term(atom) else "list"
        return self._block(kind, atom.start, end, items=items, leads=self._leads.get(atom.start, ()))

    def _block(
        self,
        kind: BlockKind,
        start: int,
        end: int,
        *,
        lead: Span | None = None,
        items: tuple[Item, ...] = (),
        leads: tuple[Span, ...] = (),
    ) -> Block:
        pieces = [Span(item.start, item.end) for item in items if start <= item.start < end]
        if lead is not None:
            pieces = [lead, *pieces]
        spans = [
            span
            for piece in pieces or [Span(start, end)]
            for span in sentences(self._text, start=piece.start, end=piece.end)
        ]
        section = bisect_right(self._starts, start) - 1
        return Block(self._document, section, kind, start, end, tuple(spans), leads, items, self._terms.get(start))
