"""Outline: nothing of a source is lost, no furniture is in a block, lists keep their leads and their nesting."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT, SMALL

from allchat.errors import CorpusError
from allchat.records import Block, Document, FurnitureRule, Layout, ListRule, Outline, Span
from allchat.sources.corpus import read_corpus
from allchat.sources.lines import locate
from allchat.sources.outline import outline_document
from allchat.sources.sentences import leans, sentences
from allchat.sources.text import clean

FAST = settings(max_examples=300, deadline=None, derandomize=True, database=None)


def document(text: str, *, layout: Layout | None = None) -> Document:
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return Document("d", "d.txt", "T", "P", "c", "u", None, "a", "en", "r", "", "A:", sha256, text, layout or Layout())


def outlined(text: str, *, layout: Layout | None = None) -> tuple[Outline, list[str]]:
    outline = outline_document(document(text, layout=layout))
    return outline, [clean(text[block.start : block.end]) for block in outline.blocks]


@cache
def every_outline() -> dict[str, tuple[Document, Outline]]:
    documents = [document for folder in (SMALL, ROOT / "corpus") for document in read_corpus(folder)]
    return {document.key: (document, outline_document(document)) for document in documents}


KEYS = [document.key for folder in (SMALL, ROOT / "corpus") for document in read_corpus(folder)]


def words(source: Document, block: Block) -> str:
    return clean(source.text[block.start : block.end])


def covers_all_once(source: Document, outline: Outline) -> None:
    count = [0] * len(source.text)
    for piece in (*outline.blocks, *outline.furniture):
        assert piece.start < piece.end
        for place in range(piece.start, piece.end):
            count[place] += 1
    lost = [place for place, letter in enumerate(source.text) if not letter.isspace() and not count[place]]
    assert not lost, source.text[lost[0] : lost[0] + 60]
    assert max(count, default=0) <= 1, "blocks and furniture overlap"


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


# Sentences, slowly


ABBREVIATIONS = "Dr. Mr. Mrs. Ms. St. No. vs. etc. Fig. Inc. Jr. Sr. e.g. i.e. U.S. approx."
NOTE = re.compile(r"(?:\[\d{1,3}\])+")
PIECES = [
    "Fever",
    "pain",
    "goes.",
    "Away!",
    "Why?",
    "(e.g.",
    "Dr.",
    "B.",
    "12.",
    "3.5",
    "[9]",
    "[10]",
    '"Yes."',
    "ALL.",
    "No.",
    "U.S.",
    "(See",
    "approx.",
]


def slow_sentences(text: str) -> list[str]:
    """Word by word: a sentence ends behind a stop where the next word begins with a capital or a digit."""
    found: list[str] = []
    current: list[str] = []
    pieces = text.split()
    for here, piece in enumerate(pieces):
        current.append(piece)
        following = pieces[here + 1] if here + 1 < len(pieces) else ""
        whole = re.sub(r"(?:\s*\[\d{1,3}\])+$", "", " ".join(current))
        stops = re.search(r"[.!?]+[\"'”’)\]]*$", whole)
        opens = re.match(r"[\"'“‘(\[]*[A-Z0-9]", following) and not NOTE.fullmatch(following)
        if stops and opens and not slow_abbreviation(whole):
            found.append(" ".join(current))
            current = []
    return [*found, " ".join(current)] if current else found


def slow_abbreviation(words: str) -> bool:
    if re.fullmatch(r"\d{1,3}\.", words) or re.search(r"(?:^|\W)[A-Z]\.$", words):
        return True
    return any(re.search(rf"(?:^|\W){re.escape(short)}$", words) for short in ABBREVIATIONS.split())


@FAST
@given(st.lists(st.sampled_from(PIECES), max_size=18).map(" ".join))
def test_sentences_are_what_a_slow_reading_word_by_word_finds(text: str) -> None:
    fast = [text[span.start : span.end] for span in sentences(text, start=0, end=len(text))]
    assert fast == slow_sentences(text)


@pytest.mark.parametrize("key", [key for key in KEYS if key not in ("markup", "injection")])
def test_the_sentences_of_every_paragraph_are_what_the_slow_reading_finds(key: str) -> None:
    source, outline = every_outline()[key]
    for block in outline.blocks:
        if block.kind == "paragraph":
            fast = [" ".join(source.text[span.start : span.end].split()) for span in block.sentences]
            assert fast == slow_sentences(source.text[block.start : block.end])


def test_an_empty_stretch_has_no_sentence() -> None:
    assert sentences("  \n ", start=0, end=4) == ()


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("This is why.", True),
        ("“They said.", True),
        ("But not so.", True),
        ("Thisbe is a name.", False),
        ("1 of 3.", False),
    ],
)
def test_a_sentence_that_points_back_leans(sentence: str, expected: bool) -> None:
    assert leans(sentence) is expected


# Places, slowly


LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})


def slow_locate(text: str, wanted: str) -> Span | None:
    """Every cut of the text, from the left and the shortest first, with its white space and ligatures put right."""
    for start in range(len(text)):
        if not text[start].isspace():
            for end in range(start + 1, len(text) + 1):
                cut = text[start:end]
                if not cut[-1].isspace() and " ".join(cut.translate(LIGATURES).split()) == wanted:
                    return Span(start, end)
    return None


@FAST
@given(
    st.text(st.sampled_from("efilﬀﬁﬃﬄst ﬆ\n)("), max_size=24),
    st.text(st.sampled_from("efilst )("), min_size=1, max_size=6).map(lambda words: " ".join(words.split())),
)
def test_locate_finds_what_trying_every_cut_finds(text: str, wanted: str) -> None:
    if wanted:
        assert locate(text, wanted, line_start=False) == slow_locate(text, wanted)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a\nCoﬀee (eﬃcient) waits", 2),
        ("a\r\n  • Coffee\r\n(efficient) waits", 7),
        ("\ufeffCoffee (efﬁcient)", 1),
        ("a\f\u00a0Coffee (eﬀicient)", 3),
    ],
)
def test_locate_finds_words_at_the_start_of_a_line_behind_indent_and_bullet(text: str, place: int) -> None:
    found = locate(text, "Coffee (efficient)")
    assert found is not None
    assert found.start == place


def test_locate_at_line_starts_passes_over_the_middle_of_a_line() -> None:
    assert locate("the spinal tap", "spinal tap") is None
    assert locate("the spinal tap", "spinal tap", line_start=False) == Span(4, 14)
    assert locate("tap\ntap", "tap", after=1) == Span(4, 7)


def test_the_outline_does_not_depend_on_the_line_ends(tmp_path: Path) -> None:
    text = (SMALL / "lists.txt").read_bytes().decode()
    unix, dos = outlined(text)[1], outlined(text.replace("\n", "\r\n"))[1]
    assert unix == dos
