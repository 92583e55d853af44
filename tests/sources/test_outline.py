"""Outline: nothing of a source is lost, no furniture is in a block, lists keep their leads and their nesting."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outlines import KEYS, covers_all_once, document, every_outline, outlined, words

from allchat.records import FurnitureRule, Layout
from allchat.sources.outline import outline_document
from allchat.sources.text import clean

FAST = settings(max_examples=300, deadline=None, derandomize=True, database=None)


# Nothing is lost


@pytest.mark.parametrize("key", KEYS)
def test_blocks_and_furniture_cover_every_character_once(key: str) -> None:
    covers_all_once(*every_outline()[key])


@pytest.mark.parametrize("key", KEYS)
def test_the_sentences_of_a_block_hold_all_of_its_words(key: str) -> None:
    source, outline = every_outline()[key]
    for block in outline.blocks:
        inside = " ".join(clean(source.text[span.start : span.end]) for span in block.sentences)
        assert inside == words(source, block)
        assert list(block.sentences) == sorted(block.sentences)


@pytest.mark.parametrize("key", KEYS)
def test_every_block_lies_in_its_section_and_says_something(key: str) -> None:
    source, outline = every_outline()[key]
    assert [section.number for section in outline.sections] == list(range(len(outline.sections)))
    for block in outline.blocks:
        section = outline.sections[block.section]
        assert section.start <= block.start < block.end <= section.end
        assert words(source, block)
    assert [block.key for block in outline.blocks] == sorted(block.key for block in outline.blocks)


LINES = st.lists(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(("", "  ", "    ", "\t", "\ufeff", "\f")),
        st.sampled_from(("", "• ", "◦ ", "- ", "1. ", "•")),
        st.sampled_from(
            (
                "", "Fever.", "Give:", "Do not give", "Title Words", "[9]", "and more words. Then a third. [7]", "a:",
                "Term: A thing that is. It goes on.", "Bone; drawing shows a bone.", "ﬁve e\u0301 🧸", "They:",
            )
        ),
    ),
    max_size=14,
)  # fmt: skip


@FAST
@given(lines=LINES, end=st.sampled_from(("\n", "\r\n", "\n\n", "\r", "\u2028")), wrapped=st.booleans())
def test_no_text_is_lost_whatever_its_lines_and_bullets(lines: list[str], end: str, wrapped: bool) -> None:
    source = document(end.join(lines), layout=Layout(wrapped=wrapped))
    outline = outline_document(source)
    covers_all_once(source, outline)
    for block in outline.blocks:
        inside = " ".join(clean(source.text[span.start : span.end]) for span in block.sentences)
        assert inside == words(source, block) != ""


@FAST
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200), st.booleans())
def test_no_text_of_any_characters_is_lost(text: str, wrapped: bool) -> None:
    source = document(text, layout=Layout(wrapped=wrapped))
    covers_all_once(source, outline_document(source))


# Furniture


INSURERS = (
    "Skip to main navigation", "Healthwise", "Ignite", "Kaiser", "Loading", "drawing shows", "drawing of", "©",
    "monoclonal antibodies treat cancerHow",
)  # fmt: skip


@pytest.mark.parametrize("phrase", INSURERS)
def test_nothing_of_the_insurers_page_is_in_a_block(phrase: str) -> None:
    source, outline = every_outline()["nci-pdq-childhood-all"]
    assert not [words(source, block) for block in outline.blocks if phrase.lower() in words(source, block).lower()]


def test_each_piece_of_furniture_says_what_it_is() -> None:
    source, outline = every_outline()["furniture"]
    left_out = {piece.what: source.text[piece.start : piece.end] for piece in outline.furniture}
    assert left_out["menu"] == "Skip to main content\nLog in\nSearch"
    assert left_out["spinner"] == "Loading"
    assert left_out["film"] == "Watch the film Marrow at workThis film shows a dancing bone and lasts two minutes."
    assert left_out["footer"].startswith("Was this page helpful?")
    assert left_out["footer"].endswith("Cookie settings")
    assert any(piece.what == "description of a figure" for piece in outline.furniture)


def test_a_heading_that_stands_twice_is_one_heading() -> None:
    source, outline = every_outline()["furniture"]
    assert [words(source, block) for block in outline.blocks].count("Bones and marrow") == 1
    for key in ("nci-pdq-childhood-all", "cancernet-all-treatment"):
        source, outline = every_outline()[key]
        headings = [words(source, block) for block in outline.blocks if block.kind == "heading"]
        assert not [first for first, second in pairwise(headings) if first == second]


def test_a_caption_follows_its_figure_and_its_description_is_left_out() -> None:
    source, outline = every_outline()["furniture"]
    captions = [words(source, block) for block in outline.blocks if block.kind == "caption"]
    assert captions == ["Anatomy of the bone. The bone is made up of compact bone, spongy bone, and bone marrow."]


def test_overlapping_furniture_is_one_piece() -> None:
    rules = (FurnitureRule("Menu", "menu", through="Search"), FurnitureRule("Log in", "login", through="Help"))
    text = "Menu\nLog in\nSearch\nHelp\nBody text stands here."
    outline, blocks = outlined(text, layout=Layout(furniture=rules))
    assert [(text[piece.start : piece.end], piece.what) for piece in outline.furniture] == [(text[:23], "menu")]
    assert blocks == ["Body text stands here."]


def test_a_page_of_nothing_but_furniture_has_no_blocks() -> None:
    outline, blocks = outlined("Menu\nSearch\n", layout=Layout(furniture=(FurnitureRule("Menu", "menu", to_end=True),)))
    assert blocks == []
    assert outline.sections == ()
