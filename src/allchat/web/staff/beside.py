"""What stands around words in their source, to be read beside a saved quote."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from allchat.records import Block, Document, Outline, Span
from allchat.sources.text import clean
from allchat.web.staff.views import lead_texts

MOST_AROUND = 300
"""Characters of a sentence beside the words; of a longer one the end that is near to them."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Words in their source: the headings and lines above them, and the sentences before and after them there."""

    heading: tuple[str, ...]
    leads: tuple[str, ...]
    before: str
    words: str
    after: str


@dataclass(frozen=True, slots=True)
class _Sentences:
    """The sentences of a document in the order of reading, each with its block."""

    starts: Sequence[int]
    spans: Sequence[Span]
    blocks: Sequence[Block]


class Surroundings:
    """Looks up what stands around a place. The sentences of a document are put in order once."""

    def __init__(self, documents: Mapping[str, Document], outline: Callable[[str], Outline]) -> None:
        self._documents = documents
        self._outline = outline
        self._known: dict[str, _Sentences] = {}

    def of(self, key: str, start: int, end: int) -> Beside:
        """What stands around characters ``start`` to ``end`` of a document of today, within the section."""
        text, outline, all_of_it = self._documents[key].text, self._outline(key), self._sentences(key)
        section = next((each for each in reversed(outline.sections) if each.start <= start), None)
        begin, stop = (section.start, section.end) if section else (0, len(text))
        first = bisect_right(all_of_it.starts, start) - 1
        if first >= 0 and all_of_it.spans[first].end <= start:  # between two sentences: the later one
            first += 1
        after = bisect_left(all_of_it.starts, end)

        def near(at: int) -> str:
            if not 0 <= at < len(all_of_it.spans) or all_of_it.blocks[at].kind == "heading":
                return ""
            span = all_of_it.spans[at]
            return clean(text[span.start : span.end]) if begin <= span.start < stop else ""

        inside = 0 <= first < len(all_of_it.spans) and all_of_it.spans[first].start < end
        return Beside(
            section.heading if section else (),
            lead_texts(all_of_it.blocks[first], start, text=text) if inside else (),
            _end_of(near(first - 1)),
            clean(text[start:end]),
            _beginning_of(near(after)),
        )

    def _sentences(self, key: str) -> _Sentences:
        if key not in self._known:
            found = sorted(
                ((span, block) for block in self._outline(key).blocks for span in block.sentences),
                key=lambda one: (one[0].start, one[0].end),
            )
            spans = [span for span, _ in found]
            self._known[key] = _Sentences([span.start for span in spans], spans, [block for _, block in found])
        return self._known[key]


def _end_of(words: str) -> str:
    return words if len(words) <= MOST_AROUND else f"… {words[-MOST_AROUND:].partition(' ')[2]}"


def _beginning_of(words: str) -> str:
    return words if len(words) <= MOST_AROUND else f"{words[:MOST_AROUND].rpartition(' ')[0]} …"
