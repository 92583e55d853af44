"""Outline: from a document to sections, blocks and sentences, each with offsets into the source.

The way of a text: lines -> furniture set aside -> atoms (a paragraph, a list item, a heading, each one stretch of the
source) -> blocks. Nothing is dropped: what is not a block is named as furniture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from allchat.corpus import BULLETS, clean
from allchat.errors import CorpusError
from allchat.records import Block, BlockKind, Document, Furniture, FurnitureRule, Item, Outline, Section, Span

TITLE_CHARACTERS = 90
"""A line longer than this is not a title."""

LEAD_SENTENCES = 2
"""A paragraph of at most this many sentences that ends in a colon is the lead line of its list as a whole."""

TERM_WORDS = 12
"""The longest run-in heading of a list item ("Remission induction therapy. This is ..."), in words."""

ANAPHORS = ("this", "these", "they", "it", "its", "their", "those", "such", "he", "she", "however", "also", "but")
"""First words that lean on the sentence before: a quote does not start with one of them."""

_ABBREVIATION = re.compile(r"(?:\b(?:Dr|Mr|Mrs|Ms|St|No|vs|etc|Fig|Inc|Jr|Sr|e\.g|i\.e|U\.S|approx)|\b[A-Z])\.$")
_SENTENCE_END = re.compile(r"[.!?]+[\"'”’)\]]*(?:\s*\[\d{1,3}\])*(?=\s+[\"'“‘(\[]*[A-Z0-9])")  # noqa: RUF001
_TERMINAL = re.compile(r"[.!?:][\"'”’)\]]*(?:\s*\[\d{1,3}\])*$")  # noqa: RUF001
_FIGURE = re.compile(r"^[^.:]{2,80}; (?:\(Panel|.{0,40}?\b(?:drawing|panel|photo\w*|image|diagram|illustration)\b)", re.IGNORECASE)
_COLON_TERM = re.compile(r"^([^:.]{2,90}):\s+\S")
_LIGATURE_SPELLINGS = (("ffi", "ﬃ"), ("ffl", "ﬄ"), ("ff", "ﬀ"), ("fi", "ﬁ"), ("fl", "ﬂ"))  # noqa: RUF001

_AtomKind = Literal["heading", "text", "item", "caption"]


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    indent: int
    bullet: bool
    gap: bool  # a blank line stands before it


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
        CorpusError: a heading, list or furniture rule of corpus.toml does not fit the text.
    """
    lines, furniture = _without_furniture(_lines(document.text), document=document)
    atoms, doubled = _levels(_wrapped_atoms(lines, document) if document.layout.wrapped else _line_atoms(lines, document), document)
    sections = _sections(atoms, document=document)
    blocks = _Blocks(document=document, atoms=atoms, sections=sections).build()
    return Outline(document.key, sections, blocks, tuple(sorted((*furniture, *doubled), key=lambda piece: piece.start)))


def sentences(text: str, *, start: int, end: int) -> tuple[Span, ...]:
    """The sentences of ``text[start:end]``, in reading order; together they hold everything but the white space between."""
    spans: list[Span] = []
    begin = start
    for match in _SENTENCE_END.finditer(text, start, end):
        stop = match.end()
        if not _ABBREVIATION.search(text[begin:stop]):
            spans.append(_stripped(text, begin, stop))
            begin = stop
    rest = _stripped(text, begin, end)
    return tuple(spans) if rest.start == rest.end else (*spans, rest)


def locate(text: str, words: str, *, after: int = 0, line_start: bool = True) -> Span | None:
    """Where normalised ``words`` stand in a source: white space, ligatures and bullets may differ. First match, or None."""
    pattern = r"\s+".join(_spelled(word) for word in words.split())
    if line_start:
        pattern = rf"(?:(?<=[\r\n])|\A)[ \t\ufeff{BULLETS}]*({pattern})"
    match = re.compile(pattern).search(text, after)
    return None if match is None else Span(*match.span(1 if line_start else 0))


def leans(sentence: str) -> bool:
    """Whether a sentence starts with a word that points back at the sentence before it."""
    first = re.match(r"[A-Za-z]+", sentence.lstrip("\"“(' "))
    return first is not None and first.group().lower() in ANAPHORS


def _spelled(word: str) -> str:
    pattern = re.escape(word)
    for letters, ligature in _LIGATURE_SPELLINGS:
        pattern = re.sub(f"{letters}(?![^(]*\\))", f"(?:{letters}|{ligature})", pattern)
    return pattern


def _stripped(text: str, start: int, end: int) -> Span:
    while start < end and (text[start].isspace() or text[start] == "\ufeff"):
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)


def _lines(text: str) -> list[_Line]:
    lines: list[_Line] = []
    offset, gap = 0, True
    for raw in text.splitlines(keepends=True):
        span = _stripped(text, offset, offset + len(raw))
        if span.start < span.end:
            bullet = text[span.start] in BULLETS
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
    furniture += [
        Furniture(line.start, line.end, "description of a figure") for line in lines if _FIGURE.match(text[line.start : line.end])
    ]
    kept = [cut for line in lines if (cut := _cut(line, furniture, text=text)) is not None]
    return kept, furniture


def _declared_furniture(rule: FurnitureRule, *, document: Document) -> Furniture:
    text = document.text
    found = _must_locate(document, rule.begins, line_start=not rule.inline)
    if rule.to_end:
        return Furniture(found.start, len(text.rstrip()), rule.what)
    last = found if rule.through is None else _must_locate(document, rule.through, after=found.end)
    return Furniture(found.start, _line_end(text, last.end), rule.what)


def _line_end(text: str, offset: int) -> int:
    found = re.compile(r"[\r\n]").search(text, offset)
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
    """One line is one paragraph, item or heading; bullets nest by their indent; a caption follows its figure at once."""
    text = document.text
    figures = {line.end for line in _lines(text) if _FIGURE.match(text[line.start : line.end])}
    declared = {clean(heading) for heading in document.layout.headings}
    bullets: list[int] = []
    atoms = []
    for line in lines:
        if not line.bullet and line.indent == 0:
            bullets.clear()
        if line.bullet:
            bullets = [*(indent for indent in bullets if indent < line.indent), line.indent]
        depth = len(bullets) - 1 if line.bullet else sum(indent < line.indent for indent in bullets)
        kind = _line_kind(line, text=text, declared=declared, after_figure=_follows(line, figures, text=text))
        atoms.append(_Atom(kind, line.start, line.end, depth))
    _must_hold_all(declared, {clean(text[atom.start : atom.end]) for atom in atoms}, document=document)
    return atoms


def _follows(line: _Line, ends: set[int], *, text: str) -> bool:
    return not line.gap and len(text[: line.start].rstrip()) in ends


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
        raise CorpusError(f"corpus.toml, source {document.key!r}: the heading {heading!r} is not a line of its own. Correct it.")


def _title_like(words: str) -> bool:
    return len(words) <= TITLE_CHARACTERS and words[:1].isupper() and ":" not in words and not re.search(r"[.!?;,\]]$", words)


def _wrapped_atoms(lines: list[_Line], document: Document) -> list[_Atom]:
    """Paragraphs put together from broken lines. A paragraph ends at a title, at a declared list, or at a short last line."""
    marks = _list_marks(document)
    full = max((line.end - line.start for line in lines), default=0)
    atoms: list[_Atom] = []
    for previous, line, following in _neighbours(lines):
        if _wrapped_title(previous, line, following, text=document.text):
            atoms.append(_Atom("heading", line.start, line.end))
        elif line.start in marks or previous is None or _breaks(previous, line, atoms, full=full, text=document.text):
            depth = _depth(line.start, document=document)
            item = marks.get(line.start) == "item"
            atoms.append(_Atom("item" if item else "text", line.start, line.end, depth - item))
        else:
            atoms[-1] = replace(atoms[-1], end=line.end)
    return atoms


def _neighbours(lines: Sequence[_Line]) -> Iterator[tuple[_Line | None, _Line, _Line | None]]:
    padded = [None, *lines, None]
    for index, line in enumerate(lines):
        yield padded[index], line, padded[index + 2]


def _wrapped_title(previous: _Line | None, line: _Line, following: _Line | None, *, text: str) -> bool:
    ended = previous is None or bool(_TERMINAL.search(text[previous.start : previous.end]))
    opens = following is not None and text[following.start].isupper() and not following.gap
    return line.gap and ended and opens and _title_like(clean(text[line.start : line.end]))


def _breaks(previous: _Line, line: _Line, atoms: Sequence[_Atom], *, full: int, text: str) -> bool:
    if not atoms or atoms[-1].kind == "heading":
        return True
    ended = bool(_TERMINAL.search(text[previous.start : previous.end]))
    short = previous.end - previous.start < 0.8 * full
    return ended and text[line.start].isupper() and (short or line.gap)


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


def _depth(offset: int, *, document: Document) -> int:
    """How many declared lists a line stands in."""
    regions = []
    for rule in document.layout.lists:
        first = _must_locate(document, rule.items[0], after=_must_locate(document, rule.lead, line_start=False).end)
        regions.append((first.start, _must_locate(document, rule.until, after=first.end).start))
    return sum(start <= offset < end for start, end in regions)


def _levels(atoms: list[_Atom], document: Document) -> tuple[list[_Atom], list[Furniture]]:
    """Headings with their level (1 stands twice in the copy, 2 is declared, 3 is title-like), the first of a doubled pair
    set aside."""
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
    ends = [*(atom.start for atom in starts[1:]), atoms[-1].end if atoms else 0]
    path: list[tuple[int, str]] = []
    sections = []
    for number, (atom, end) in enumerate(zip(starts, ends, strict=True)):
        if atom.kind == "heading":
            path = [*((level, words) for level, words in path if level < atom.level), (atom.level, "")]
            path[-1] = (atom.level, clean(document.text[atom.start : atom.end]))
        sections.append(Section(document.key, number, tuple(words for _, words in path), atom.start, end))
    return tuple(sections)


class _Blocks:
    """Puts atoms together to blocks."""

    def __init__(self, *, document: Document, atoms: Sequence[_Atom], sections: Sequence[Section]) -> None:
        self._text = document.text
        self._document = document.key
        self._atoms = atoms
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
        atom = self._atoms[index]
        following = self._atoms[index + 1 : index + 2]
        return self._words(atom.start, atom.end).endswith(":") and bool(following) and following[0].kind != "heading"

    def _heading(self, index: int) -> Block:
        atom = self._atoms[index]
        if not self._words(atom.start, atom.end).endswith(":"):
            return self._block("heading", atom.start, atom.end)
        below = []
        for other in self._atoms[index + 1 :]:
            if other.kind == "heading" and other.level <= atom.level:
                break
            if other.kind == "heading":
                below.append(Item(other.start, other.end, 0))
        return self._block("lead", atom.start, atom.end, items=tuple(below))

    def _led(self, index: int) -> list[Block]:
        """A text that ends in a colon: with the list below it, or with the text that it announces."""
        atom, following = self._atoms[index], self._atoms[index + 1]
        if following.kind != "item":
            self._listed.add(following.start)
            return [self._block("paragraph", atom.start, following.end)]
        lead = self._lead_line(atom)
        before = [] if lead.start == atom.start else [self._block("paragraph", atom.start, self._end_before(atom, lead))]
        members = self._members(index + 1, depth=following.depth)
        heads = [member for member in members if member.kind == "item" and member.depth == following.depth]
        if any(member.kind != "item" for member in members) or all(self._term(head) for head in heads):
            return [*before, self._definitions(lead, heads, members)]
        self._listed.update(member.start for member in members)
        items = tuple(Item(member.start, member.end, member.depth - following.depth) for member in members)
        return [*before, self._block("list", lead.start, members[-1].end, lead=lead, items=items)]

    def _definitions(self, lead: Span, heads: Sequence[_Atom], members: Sequence[_Atom]) -> Block:
        term = ""
        for member in members:
            if member in heads:
                term = self._term(member) or ""
                self._leads[member.start] = (lead,)
            self._terms[member.start] = term
        items = tuple(Item(head.start, self._extent(head), 0) for head in heads)
        return self._block("lead", lead.start, lead.end, items=items)

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
            inside = atom.kind == "item" and atom.depth >= depth or atom.kind in ("text", "caption") and atom.depth > depth
            if not inside:
                break
            members.append(atom)
        return members

    def _term(self, atom: _Atom) -> str | None:
        """What a definition item defines: "Lumbar puncture: A procedure ..." or "Re-induction chemotherapy. This stage ..."."""
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
        for atom in self._atoms[self._atoms.index(head) + 1 :]:
            if atom.kind != "item" or atom.depth <= head.depth:
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
        spans = [span for piece in pieces or [Span(start, end)] for span in sentences(self._text, start=piece.start, end=piece.end)]
        section = sum(begin <= start for begin in self._starts) - 1
        return Block(self._document, section, kind, start, end, tuple(spans), leads, items, self._terms.get(start))
