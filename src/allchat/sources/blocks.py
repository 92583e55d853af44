"""Lines to blocks: paragraphs, list items with their lead lines, terms."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from allchat.records import Block, BlockKind, Document, Furniture, Item, Section, Span
from allchat.sources.lines import TERMINAL, Atom
from allchat.sources.sentences import leans, sentences, stripped
from allchat.sources.text import clean

LEAD_SENTENCES = 2
"""A paragraph of at most this many sentences that ends in a colon is the lead line of its list as a whole."""

TERM_WORDS = 12
"""The longest run-in heading of a list item ("Remission induction therapy. This is ..."), in words."""

_COLON_TERM = re.compile(r"^([^:.]{2,90}):\s+\S")


class Blocks:
    """Puts atoms together to blocks."""

    def __init__(
        self,
        *,
        document: Document,
        atoms: Sequence[Atom],
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
        self._whole_lists = document.layout.structure is not None
        self._listed: set[int] = set()  # starts of atoms that a list block already holds

    def build(self) -> tuple[Block, ...]:
        """The blocks, in the order of reading."""
        blocks: list[Block] = []
        for index, atom in enumerate(self._atoms):
            if atom.start not in self._listed:
                blocks += self._blocks_at(index)
        return tuple(blocks)

    def _blocks_at(self, index: int) -> list[Block]:
        atom = self._atoms[index]
        if atom.kind == "heading":
            return self._headed(index) if self._whole_lists else [self._heading(index)]
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
        listed = following.kind == "item" and not TERMINAL.search(words)
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

    def _headed(self, index: int) -> list[Block]:
        """A heading of a converted text, whose level is known: one that ends in a colon is a title like any other.

        A list right below it that is neither a table nor of terms is one block, led by it.
        """
        atom, following = self._atoms[index], next(iter(self._atoms[index + 1 : index + 2]), None)
        heading = self._block("heading", atom.start, atom.end)
        if following is None or following.kind != "item" or self._parted(atom.end, following.start):
            return [heading]
        members = self._members(index + 1, depth=following.depth)
        heads = [member for member in members if member.kind == "item" and member.depth == following.depth]
        whole = all(member.kind == "item" for member in members) and not self._parted(atom.end, members[-1].start)
        if not whole or any(map(self._term, heads)):
            self._lead_members(Span(atom.start, atom.end), heads, members)
            return [heading]
        self._listed.update(member.start for member in members)
        items = tuple(Item(member.start, member.end, member.depth - following.depth) for member in members)
        lead = (Span(atom.start, atom.end),)
        return [heading, self._block("list", members[0].start, members[-1].end, items=items, leads=lead)]

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

    def _definitions(self, lead: Span, heads: Sequence[Atom], members: Sequence[Atom]) -> Block:
        self._lead_members(lead, heads, members)
        items = tuple(Item(head.start, self._extent(head), 0) for head in heads)
        return self._block("lead", lead.start, lead.end, items=items)

    def _lead_members(self, lead: Span, heads: Sequence[Atom], members: Sequence[Atom]) -> None:
        """Notes for each member of a list that becomes a block of its own what introduces it, and its term."""
        term, head, end = "", members[0], members[0].end
        for member in members:
            if member in heads:
                term, head, end = self._term(member) or "", member, self._extent(member)
                self._leads[member.start] = (lead,)
            elif member.kind == "item" and member.start >= end:  # below a text of its head: no part of the head's block
                self._leads[member.start] = (lead, Span(head.start, head.end))
            self._terms[member.start] = term

    def _lead_line(self, atom: Atom) -> Span:
        spans = list(sentences(self._text, start=atom.start, end=atom.end))
        if len(spans) <= LEAD_SENTENCES:
            return Span(atom.start, atom.end)
        while len(spans) > 1 and leans(self._words(spans[-1].start, spans[-1].end)):
            spans.pop()
        return Span(spans[-1].start, atom.end)

    def _end_before(self, atom: Atom, lead: Span) -> int:
        return stripped(self._text, atom.start, lead.start).end

    def _members(self, first: int, *, depth: int) -> list[Atom]:
        members = []
        for atom in self._atoms[first:]:
            if atom.kind == "heading" or atom.depth < depth or (atom.kind != "item" and atom.depth == depth):
                break
            members.append(atom)
        return members

    def _term(self, atom: Atom) -> str | None:
        """What a definition item defines: "Lumbar puncture: A procedure ..." or "Re-induction. This stage ..."."""
        words = self._words(atom.start, atom.end)
        if match := _COLON_TERM.match(words):
            return match.group(1)
        spans = sentences(self._text, start=atom.start, end=atom.end)
        first = self._words(spans[0].start, spans[0].end)
        run_in = len(spans) > 1 and len(first.split()) <= TERM_WORDS and first.endswith(".")
        return first.rstrip(".") if run_in else None

    def _extent(self, head: Atom) -> int:
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
