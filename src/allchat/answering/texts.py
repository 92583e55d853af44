"""The parts of an answer as Markdown, escaped: the record's text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from allchat.markdown import escape_markdown
from allchat.parts import Fixed, Line, Listed, Part, Quoted


def as_markdown(parts: Iterable[Part], *, mark: Callable[[int], str] = "[{}]".format) -> str:
    """An answer's text; ``mark`` makes of a quote's number what stands behind the quote."""
    return "\n\n".join(paragraphs(parts, mark=mark))


def paragraphs(parts: Iterable[Part], *, mark: Callable[[int], str]) -> list[str]:
    """The parts one by one; a list without an entry is not among them."""
    return [text for part in parts if (text := _text(part, mark))]


def _text(part: Part, mark: Callable[[int], str]) -> str:
    match part:
        case Fixed():
            return part.filled(escape_markdown)
        case Quoted():
            blocks = filter(None, (part.lead, part.lines))
            return "\n>\n".join("\n".join(_quoted(block, mark)) for block in blocks)
        case Listed():
            # A title is escaped by itself, before its bullet: a number at its beginning starts no list.
            return "\n".join(f"- {entry.filled() if isinstance(entry, Fixed) else escape_markdown(entry.words)}"
                             for entry in part.entries)  # fmt: skip


def _quoted(lines: Iterable[Line], mark: Callable[[int], str]) -> Iterator[str]:
    """The lines of a block quote; an empty one parts a paragraph from what comes next."""
    parted = False
    for line in lines:
        if parted:
            yield ">"
        parted = line.depth is None
        sign = "" if line.depth is None else f"{'  ' * line.depth}- "
        yield f"> {sign}{escape_markdown(line.words)}{f' {mark(line.number)}' if line.ends else ''}"
