"""Cards: the quotes of an answer as a small screen shows them, the quote first and where it is from below it.

The record's text is taken apart at its blank lines; not a word of a quote is touched. What a source's rights want said
stands before its first quote, the rest of its name behind the quote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from allchat.markdown import escape_markdown, literal, unescape_markdown
from allchat.records import Answer, Citation, Document, Outline
from allchat.wording import LANGUAGES, Words, load_wording

_NUMBERS = re.compile(r"(?<!\\)\[(\d{1,2})\]$", re.MULTILINE)
_ABBREVIATED = re.compile(r"\(([A-Z][\w.-]{1,11})\)$")


def short_name(publisher: str) -> str:
    """The name that a family knows a publisher by: "National Cancer Institute (NCI), PDQ ..." is "NCI"."""
    first = publisher.partition(",")[0].strip()
    short = _ABBREVIATED.search(first)
    return short[1] if short else first


def when(citation: Citation | Document, *, words: Words) -> str:
    """Month and year of the last revision, or that the copy does not say."""
    year, _, rest = (citation.revised or "").partition("-")
    if not rest[:2].isdigit():
        return str(words["undated"])
    return str(words["revised_short"]).format(month=words["months"][int(rest[:2]) - 1], year=year)


@dataclass(slots=True)
class _Card:
    """Quotes from one place of one source."""

    citation: Citation
    introduced: str
    frames: list[str] = field(default_factory=list)

    def html(self, *, words: Words, old: bool) -> str:
        said = f'<p class="attribution">{literal(self.introduced)}</p>' if self.introduced else ""
        badge = f' <span class="old">{words["old"]}</span>' if old else ""
        name = literal(f"{short_name(self.citation.publisher)}, {when(self.citation, words=words)}")
        heading = "".join(self.citation.heading[-1:]).rstrip(".")
        label = f"{name}{badge}" + (f' <span class="at">{literal(heading)}</span>' if heading else "")
        quotes = "\n\n".join(self.frames)
        return f'<figure class="quote">{said}\n\n{quotes}\n\n<figcaption>{label}</figcaption></figure>'


def arranged(
    text: str,
    answer: Answer,
    *,
    documents: Mapping[str, Document],
    words: Words,
    lead: bool = True,
    named: Mapping[str, Document] | None = None,
) -> str:
    """An answer's text with its quotes in cards; ``lead`` keeps the line on how answers are made, below the quotes.

    The ``documents`` are introduced before their first quote; ``named`` are those that the text may name, if others.
    """
    cited = (*answer.citations, *answer.further)
    by_number = {citation.number: citation for citation in cited}
    told, kept = _introductions(cited, named or documents), _more_items()
    introduced: set[str] = set()
    parts: list[str | _Card] = []
    after = []
    for block in text.split("\n\n"):
        numbers = _NUMBERS.findall(block) if block.startswith(">") else []
        citation = by_number.get(int(numbers[-1])) if numbers else None
        if citation:
            parts = _with_frame(parts, block, citation, documents=documents, introduced=introduced)
        elif block in _leads():
            after += [f'<p class="hint">{block}</p>'] if lead else []
        elif kept.fullmatch(block) and parts and isinstance(parts[-1], _Card):
            parts[-1].frames.append(f'<p class="more">{block}</p>')
        elif block not in told:
            parts.append(block)
    shown = [_shown(part, answer, words=words) for part in parts]
    return "\n\n".join(part for part in (*shown, *after) if part)


def _with_frame(
    parts: list[str | _Card],
    frame: str,
    citation: Citation,
    *,
    documents: Mapping[str, Document],
    introduced: set[str],
) -> list[str | _Card]:
    last = parts[-1] if parts else None
    same = isinstance(last, _Card) and (last.citation.document, last.citation.heading) == (
        citation.document,
        citation.heading,
    )
    if isinstance(last, _Card) and same:
        last.frames.append(frame)
        return parts
    new = citation.document in documents and citation.document not in introduced
    introduced.add(citation.document)
    return [*parts, _Card(citation, documents[citation.document].attribution if new else "", [frame])]


def _shown(part: str | _Card, answer: Answer, *, words: Words) -> str:
    if isinstance(part, str):
        return part
    title, revised = part.citation.title, part.citation.revised
    return part.html(words=words, old=revised is not None and any(title in notice for notice in answer.notices))


def _introductions(cited: Sequence[Citation], documents: Mapping[str, Document]) -> set[str]:
    """The lines that may stand before a frame to name its source: the card names it."""
    lines: set[str] = set()
    for citation in cited:
        document = documents.get(citation.document)
        said = {
            "attribution": escape_markdown(document.attribution if document else ""),
            "heading": escape_markdown(citation.heading[-1].rstrip(".")) if citation.heading else "",
        }
        for language in LANGUAGES:
            wording = load_wording(language)
            lines.add(wording.text("answer.source", attribution=said["attribution"]))
            lines.add(wording.text("answer.source_section", **said))
            lines.add(wording.text("answer.section", heading=said["heading"]))
    return lines


def _leads() -> set[str]:
    return {load_wording(language).text("answer.lead") for language in LANGUAGES}


def _more_items() -> re.Pattern[str]:
    lines = (re.escape(load_wording(language).text("answer.more_items", count=0)) for language in LANGUAGES)
    return re.compile("|".join(line.replace("0", r"\d+") for line in lines))


def with_places(text: str, outlines: Mapping[str, Outline], documents: Mapping[str, Document], *, suffix: str) -> str:
    """A text whose list items that are headings or titles of sources lead there; ``suffix`` names the language."""
    places = {document.title: f"/source/{key}{suffix}" for key, document in documents.items()}
    for key, outline in outlines.items():
        for section in outline.sections:
            if section.heading:
                start, end = section.start, _first_end(outline, section.number, section.end)
                places.setdefault(section.heading[-1], f"/source/{key}{suffix}#c{start}-{end}")
    lines = []
    for line in text.split("\n"):
        place = places.get(unescape_markdown(line.removeprefix("- "))) if line.startswith("- ") else None
        lines.append(f"- [{line[2:]}]({place})" if place else line)
    return "\n".join(lines)


def _first_end(outline: Outline, section: int, otherwise: int) -> int:
    return next((block.end for block in outline.blocks if block.section == section), otherwise)
