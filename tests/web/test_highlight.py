"""Marks stand where their offsets say, or nowhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import ROOT
from small_chat import LEAFLET, SmallChat, span

from allchat.records import Document
from allchat.sources.corpus import read_corpus
from allchat.sources.outline import outline_document
from allchat.sources.text import clean
from allchat.web.highlight import Mark, blocks_html, lines_of, place, section_html, trim, words_html

CHAT = SmallChat()
OUTLINE = CHAT.outline("leaflet")


class Marked(HTMLParser):
    """The words inside marks, and whether every tag is closed in its turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "mark" in self.open:
            self.words += data


def whole(marks: list[Mark]) -> str:
    return "".join(section_html(section, OUTLINE, text=LEAFLET, marks=marks, level=3) for section in OUTLINE.sections)


def letters(text: str) -> str:
    return re.sub(r"\W", "", clean(text))


def visible_offsets() -> set[int]:
    """The slow reference: every offset that some line shows."""
    lines = [line for block in OUTLINE.blocks for line in lines_of(block, text=LEAFLET)]
    return {offset for line in lines for offset in range(line.start, line.end)}


@given(st.integers(0, 700), st.integers(0, 700))
def test_a_mark_covers_exactly_the_letters_between_its_offsets(start: int, length: int) -> None:
    mark = place(Mark(start, start + length, "m"), OUTLINE, text=LEAFLET)
    if mark is None:
        return
    seen = Marked(whole([mark]))
    assert letters(seen.words) == letters(LEAFLET[start : start + length])
    assert not seen.open


@given(st.integers(0, 700), st.integers(1, 700))
def test_a_mark_is_placed_exactly_when_all_its_visible_characters_are_shown(start: int, length: int) -> None:
    shown = visible_offsets()
    wanted = [n for n in range(start, start + length) if not LEAFLET[n].isspace() and LEAFLET[n] != "•"]
    placed = place(Mark(start, start + length, "m"), OUTLINE, text=LEAFLET)
    assert (placed is not None) == (bool(wanted) and all(n in shown for n in wanted))


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 5), (9, 3), (0, 10**9), (0, 12)])
def test_a_mark_outside_the_text_or_in_furniture_is_not_placed(start: int, end: int) -> None:
    assert place(Mark(start, end, "m"), OUTLINE, text=LEAFLET) is None


def test_overlapping_marks_keep_both_names_and_well_formed_html() -> None:
    words = span(LEAFLET, "At the end of the section the last words are quoted.")
    marks = [Mark(words.start, words.start + 20, "a"), Mark(words.start + 7, words.end, "b")]
    html = words_html(LEAFLET, start=words.start, end=words.end, marks=marks)
    assert html.count('id="a"') == html.count('id="b"') == 1
    assert letters(Marked(html).words) == letters(LEAFLET[words.start : words.end])


def test_marks_that_begin_together_keep_both_names() -> None:
    words = span(LEAFLET, "Treatment has three phases.")
    marks = [Mark(words.start, words.end, "a"), Mark(words.start, words.end - 8, "b")]
    html = words_html(LEAFLET, start=words.start, end=words.end, marks=marks)
    assert html.count('id="a"') == html.count('id="b"') == 1


def test_nested_items_become_nested_lists() -> None:
    html = blocks_html([OUTLINE.blocks[1]], text=LEAFLET, level=3)
    assert html == (
        "<p>The signs of leukemia include the following:</p><ul><li>Fever.</li><li>Bruising:"
        "<ul><li>on the arms,</li><li>on the legs.</li></ul></li>"
        "<li>Feeling tired &amp; &lt;b&gt;weak&lt;/b&gt;.</li></ul>"
    )


def test_no_block_makes_a_line_break_that_markdown_would_read() -> None:
    assert "\n" not in whole([])


def test_a_section_without_a_heading_block_shows_its_heading_once() -> None:
    html = section_html(OUTLINE.sections[1], OUTLINE, text=LEAFLET, level=4)
    assert html == "<h4>Treatment</h4><p>Treatment has three phases.</p>"


def test_trimming_nothing_but_space_leaves_nothing() -> None:
    start, end = trim("a  •  b", 1, 6)
    assert start == end


@pytest.mark.parametrize("document", read_corpus(ROOT / "corpus"), ids=lambda document: document.key)
def test_every_visible_character_of_a_source_is_shown_once_and_no_furniture_is(document: Document) -> None:
    outline = outline_document(document)
    lines = [line for block in outline.blocks for line in lines_of(block, text=document.text)]
    assert all(one.end <= other.start for one, other in pairwise(lines))
    assert not any(line.start < piece.end and piece.start < line.end for line in lines for piece in outline.furniture)
    shown = "".join(document.text[line.start : line.end] for line in lines)
    said = "".join(document.text[block.start : block.end] for block in outline.blocks)
    bare = str.maketrans("", "", "•")
    assert "".join(shown.translate(bare).split()) == "".join(said.translate(bare).split())
    for section in outline.sections:
        shown = section_html(section, outline, text=document.text, level=3)
        assert shown.count("<h3>") == min(1, len(section.heading))
