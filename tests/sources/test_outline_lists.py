"""Lists keep their lead lines and their nesting, and wrapped lines become paragraphs."""

from __future__ import annotations

from itertools import pairwise

import pytest
from outlines import KEYS, covers_all_once, document, every_outline, outlined, words

from allchat.errors import CorpusError
from allchat.records import Block, FurnitureRule, Layout, ListRule, Span
from allchat.sources.text import clean

# Lists


def by_words(key: str, start: str) -> Block:
    source, outline = every_outline()[key]
    return next(block for block in outline.blocks if words(source, block).startswith(start))


def test_a_nested_list_is_one_block_that_keeps_its_nesting() -> None:
    block = by_words("lists", "Do not give any of these")
    source = every_outline()["lists"][0]
    assert [(item.depth, clean(source.text[item.start : item.end])) for item in block.items] == [
        (0, "Aspirin or anything that holds aspirin."),
        (0, "Ibuprofen, unless the ward agreed:"),
        (1, "not before a lumbar puncture,"),
        (1, "not while platelets are low."),
        (0, "Herbal teas."),
    ]


@pytest.mark.parametrize("key", KEYS)
def test_an_item_that_is_a_block_of_its_own_names_its_lead_wherever_the_source_has_one(key: str) -> None:
    source, outline = every_outline()[key]
    for before, block in pairwise(outline.blocks):
        if block.items and block.start == block.items[0].start and before.kind in ("lead", "heading"):
            assert block.leads, words(source, block)


def test_definition_items_name_their_lead_line_and_their_term() -> None:
    source, outline = every_outline()["lists"]
    checks = [block for block in outline.blocks if block.kind == "definition"]
    assert [block.term for block in checks] == ["Temperature check", "Mouth check"]
    for block in checks:
        assert [clean(source.text[lead.start : lead.end]) for lead in block.leads] == [
            "The following checks are made at home:"
        ]


def test_a_list_below_a_title_has_the_title_for_its_lead() -> None:
    outline, _ = outlined("Never give these\n• Aspirin.\n• Honey.\n")
    assert [block.leads for block in outline.blocks if block.items] == [(Span(0, 16),)] * 2


def test_a_list_below_a_line_without_a_stop_has_that_line_for_its_lead() -> None:
    _, blocks = outlined("never give the following\n• Aspirin.\n• Honey.\n")
    assert blocks == ["never give the following Aspirin. Honey."]


def test_hyphens_and_numbers_make_items_where_lines_are_whole_and_not_where_they_are_wrapped() -> None:
    _, blocks = outlined("Never give:\n- Aspirin.\n- Honey.\n\nDo this:\n1. Wait.\n2. Call.\n")
    assert blocks == ["Never give: - Aspirin. - Honey.", "Do this: 1. Wait. 2. Call."]
    _, blocks = outlined("It is given on day\n12. and on day\n- if there is one - 15.", layout=Layout(wrapped=True))
    assert len(blocks) == 1


def test_an_item_below_a_text_inside_an_item_names_both_lines_that_lead_to_it() -> None:
    text = "Checks:\n• Heat check: It is read.\n    Write it down.\n    • Mornings.\n• Mouth check: A light.\n"
    outline, _ = outlined(text)
    nested = next(block for block in outline.blocks if text[block.start :].startswith("• Mornings"))
    assert [clean(text[lead.start : lead.end]) for lead in nested.leads] == ["Checks:", "Heat check: It is read."]


def test_a_text_that_ends_in_a_colon_takes_what_it_announces() -> None:
    _, blocks = outlined("The rule is this:\nNobody is left alone.\n")
    assert blocks == ["The rule is this: Nobody is left alone."]


def test_a_lead_that_announces_another_lead_does_not_swallow_it() -> None:
    _, blocks = outlined("Note:\nBring:\n• The diary.\n• The map.\n")
    assert blocks == ["Note:", "Bring: The diary. The map."]


def test_a_text_inside_an_item_does_not_lead_to_the_next_outer_item() -> None:
    text = "Checks:\n• Heat.\n    Read it like this:\n• Mouth.\n"
    outline, _ = outlined(text)
    mouth = next(block for block in outline.blocks if text[block.start :].startswith("• Mouth"))
    assert [clean(text[lead.start : lead.end]) for lead in mouth.leads] == ["Checks:"]


def test_furniture_between_items_makes_each_item_a_block_with_its_lead() -> None:
    source, outline = every_outline()["furniture"]
    items = [block for block in outline.blocks if block.items and block.kind == "list"]
    assert [words(source, block) for block in items] == ["Red marrow.", "Yellow marrow."]
    for block in items:
        assert [clean(source.text[lead.start : lead.end]) for lead in block.leads] == [
            "The marrow is made of these parts:"
        ]


def test_furniture_below_a_line_that_announces_parts_it_from_what_follows() -> None:
    outline, blocks = outlined(
        "Look here:\nBone; drawing shows a bone.\nThe bone is long and hard, and it holds marrow.\n"
    )
    assert "Look here:" in blocks
    assert len(outline.furniture) == 1


def test_a_long_paragraph_before_a_list_is_cut_so_that_only_its_last_thought_leads() -> None:
    text = "One is long. Two is longer. These hurt. They are:\n• Fever.\n• Pain.\n"
    _, blocks = outlined(text)
    assert blocks == ["One is long.", "Two is longer. These hurt. They are: Fever. Pain."]


# Wrapped text


def test_wrapped_lines_become_paragraphs_and_headings_are_found() -> None:
    source, outline = every_outline()["wrapped"]
    assert [section.heading for section in outline.sections] == [
        ("Why the spinal fluid is treated",),
        ("How it is given",),
    ]
    paragraphs = [words(source, block) for block in outline.blocks if block.kind == "paragraph"]
    assert paragraphs[0] == (
        "Leukemia cells can hide in the spinal fluid, where most medicines do not reach them. For this reason "
        "efficient medicine is given directly into the fluid. This is called intrathecal therapy."
    )


def test_bullets_in_wrapped_text_make_a_list_with_its_lead() -> None:
    block = by_words("wrapped", "The child should:")
    assert block.kind == "list"
    assert len(block.items) == 2


def test_a_heading_that_announces_leads_to_the_headings_below_it() -> None:
    text = "Two kinds are known:\n\nRed kind\n\nIt is red.\n\nBlue kind\n\nIt is blue.\n"
    outline, _ = outlined(text, layout=Layout(headings=("Two kinds are known:",)))
    (lead,) = [block for block in outline.blocks if block.kind == "lead"]
    assert [text[item.start : item.end] for item in lead.items] == ["Red kind", "Blue kind"]
    assert outline.sections[-1].heading == ("Two kinds are known:", "Blue kind")


def test_the_headings_of_the_pdf_are_its_sections() -> None:
    headings = [
        section.heading[-1] for section in every_outline()["cancernet-all-treatment"][1].sections if section.heading
    ]
    assert {"Treatment overview", "Chemotherapy", "Targeted therapy", "Radiation therapy"} <= set(headings)


def test_pdq_sentence_headings_head_a_section_and_may_be_quoted() -> None:
    source, outline = every_outline()["nci-pdq-childhood-all"]
    signs = "Signs of childhood ALL include fever and bruising."
    assert any(section.heading[-1:] == (signs,) for section in outline.sections)
    assert any(block.kind == "heading" and words(source, block) == signs for block in outline.blocks)


def test_a_declared_heading_counts_in_wrapped_text_too() -> None:
    text = "the diary\nIt is kept by the bed and read every\nday of the week.\n"
    outline, _ = outlined(text, layout=Layout(wrapped=True, headings=("the diary",)))
    assert outline.sections[0].heading == ("the diary",)


def test_furniture_between_two_wrapped_paragraphs_parts_them() -> None:
    text = "The first ends here.\nPage 1 of 2\nThe second begins here, and goes on for a\nwhole line more.\n"
    _, blocks = outlined(text, layout=Layout(wrapped=True, furniture=(FurnitureRule("Page 1", "page number"),)))
    assert blocks == ["The first ends here.", "The second begins here, and goes on for a whole line more."]


def test_furniture_inside_a_wrapped_sentence_is_an_error() -> None:
    text = "The first goes on and\nPage 1 of 2\nends only here.\n"
    with pytest.raises(CorpusError, match="inside the sentence"):
        outlined(text, layout=Layout(wrapped=True, furniture=(FurnitureRule("Page 1", "page number"),)))


def test_a_nested_declared_list_keeps_its_depth() -> None:
    text = (
        "Steps are:\nFirst step. It has\nkinds such as:\nRed\nBlue\nThe step ends.\n"
        "Second step. It is short.\nAfter all steps there is rest.\n"
    )
    rules = (
        ListRule("Steps are:", ("First step.", "Second step."), "After all steps"),
        ListRule("kinds such as:", ("Red", "Blue"), "The step ends."),
    )
    layout = Layout(wrapped=True, lists=rules)
    outline, blocks = outlined(text, layout=layout)
    covers_all_once(document(text, layout=layout), outline)
    assert blocks[0] == "Steps are:"
    assert "After all steps there is rest." in blocks
    assert not [words for words in blocks if words.startswith(("Red", "Blue"))]
