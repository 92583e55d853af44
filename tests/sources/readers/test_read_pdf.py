"""PDFs: lines put together to headings, paragraphs and items; what repeats at the edge is no text."""

from __future__ import annotations

import pytest
from made_files import IMAGE, Text, lines, pdf

from allchat.errors import CorpusError
from allchat.sources.readers.pdf import read_pdf
from allchat.sources.readers.pieces import Read

LONG = "Please wash your hands when you come in and when you leave, also when you have worn gloves on the ward."


def read(*pages: list[Text] | bytes) -> Read:
    return read_pdf(pdf(*pages), name="a.pdf")


def words(found: Read) -> list[tuple[str, str]]:
    return [(piece.kind, piece.text) for piece in found.pieces]


def test_larger_and_bold_lines_are_headings_by_their_size() -> None:
    found = read([(72, 760, 18, True, "Visiting us"), (72, 730, 11, True, "On the ward"), *lines(LONG * 4, top=715)])
    assert [(piece.kind, piece.level) for piece in found.pieces] == [("heading", 1), ("heading", 2), ("text", 0)]


def test_a_pull_quote_in_a_headings_style_is_a_text() -> None:
    quote: list[Text] = [
        (72, 760, 16, True, "We stand together against a disease"),
        (72, 742, 16, True, "that affects all of us."),
    ]
    assert words(read([*quote, *lines(LONG, top=700)]))[0] == (
        "text", "We stand together against a disease that affects all of us.",
    )  # fmt: skip


def test_a_text_goes_on_behind_what_stands_in_it() -> None:
    first, second = LONG[: LONG.index("leave")], LONG[LONG.index("leave") :]
    inside: list[Text] = [(72, 640, 16, True, "Clean hands")]
    found = read([*lines(first, top=700), *inside, *lines(second, top=620)])
    assert words(found) == [("text", LONG), ("heading", "Clean hands")]


HOURS: list[Text] = [
    (80, 700, 11, True, "Ward"), (180, 700, 11, True, "Visiting"), (340, 700, 11, True, "Rules"),
    (72, 680, 11, False, "Ward 3"), (160, 680, 11, False, "2 to 4 pm"), (300, 680, 11, False, "children under 12"),
    (300, 666, 11, False, "may not enter"),
    (72, 650, 11, False, "Day clinic"), (160, 650, 11, False, "8 am to noon"), (300, 650, 11, False, "by appointment"),
]  # fmt: skip


def test_a_tables_rows_carry_its_header_and_keep_their_further_lines() -> None:
    found = read([(72, 740, 11, False, "These are our hours."), *HOURS, *lines(LONG, top=600)])
    assert words(found) == [
        ("text", "These are our hours."),
        ("item", "Ward 3: Visiting: 2 to 4 pm; Rules: children under 12 may not enter"),
        ("item", "Day clinic: Visiting: 8 am to noon; Rules: by appointment"),
        ("text", LONG),
    ]
    assert found.alarms == (
        "page 1 has tables, whose rows were put together by their places: compare them with the file",
    )


def test_a_first_row_like_the_others_names_no_column() -> None:
    body = [(left, bottom, size, False, said) for left, bottom, size, _, said in HOURS[3:]]
    assert words(read([*body, *lines(LONG, top=600)]))[:2] == [
        ("item", "Ward 3: 2 to 4 pm; children under 12 may not enter"),
        ("item", "Day clinic: 8 am to noon; by appointment"),
    ]


def test_drawn_lines_part_the_cells_and_the_rows_of_a_table() -> None:
    text = b"BT /F%d 11 Tf %d %d Td (%s) Tj ET\n"
    cells = [
        (72, 700, b"Ward"), (112, 700, b"Open"), (72, 680, b"Ward 3"), (112, 680, b"from 2 to 4 pm"),
        (72, 660, b"Day"), (112, 660, b"from 8 am to noon"), (72, 647, b"clinic"), (112, 647, b"on weekdays"),
    ]  # fmt: skip
    drawn = b"".join(b"%d 640 0.5 75 re f\n" % left for left in (70, 110, 250))
    drawn += b"".join(b"70 %d 180 0.5 re f\n" % height for height in (640, 673, 693, 715))
    found = read(b"".join(text % (2 if cell[1] == 700 else 1, *cell) for cell in cells) + drawn)
    assert words(found) == [
        ("item", "Ward 3: Open: from 2 to 4 pm"),
        ("item", "Day clinic: Open: from 8 am to noon on weekdays"),
    ]


def test_a_list_that_has_drawn_dots_for_bullets_is_a_list() -> None:
    text = b"BT /F1 11 Tf %d %d Td (%s) Tj ET\n"
    said = [
        (72, 700, b"Call us at any time if your child has:"), (90, 684, b"a rash"),
        (90, 668, b"a fever that comes back after a day"), (90, 654, b"or two"),
    ]  # fmt: skip
    dots = b"80 686 4 4 re f\n80 670 4 4 re f\n"
    assert words(read(b"".join(text % line for line in said) + dots)) == [
        ("text", "Call us at any time if your child has:"),
        ("item", "a rash"),
        ("item", "a fever that comes back after a day or two"),
    ]


def test_a_broken_paragraph_is_one_and_a_gap_begins_another() -> None:
    found = read([*lines(LONG, top=700), *lines("Ask at the desk. " + LONG, top=640)])
    assert words(found) == [("text", LONG), ("text", f"Ask at the desk. {LONG}")]


def test_a_running_foot_does_not_stand_inside_a_sentence() -> None:
    first, second = LONG[: LONG.index("leave")], LONG[LONG.index("leave") :]

    def page(number: int, body: list[Text]) -> list[Text]:
        return [
            *body,
            (72, 40, 9, False, f"Hospital rules for all who visit, page {number} of 3"),
            (300, 20, 9, False, str(number)),
        ]

    found = read(page(1, lines(first, top=100)), page(2, lines(second)), page(3, lines("Thank you for your help.")))
    assert words(found) == [("text", LONG), ("text", "Thank you for your help.")]
    assert {left.why for left in found.left} == {"a running head or foot", "a page number"}


def test_columns_are_read_one_after_the_other() -> None:
    left = lines("The left column tells of the doors, which are open in the day.", width=28)
    right = lines("The right column tells of the night, when you ring the bell.", left=320, width=28)
    assert [text for _, text in words(read([*left, *right]))] == [
        "The left column tells of the doors, which are open in the day.",
        "The right column tells of the night, when you ring the bell.",
    ]


def test_items_keep_their_further_lines_and_lose_their_marks() -> None:
    body: list[Text] = [
        (72, 700, 11, False, "Please bring with you:"),
        (72, 686, 11, False, "• slippers that close and that do not"),
        (84, 672, 11, False, "slide on the floor"),
        (72, 658, 11, False, "2. a toy"),
    ]
    assert words(read(body)) == [
        ("text", "Please bring with you:"),
        ("item", "slippers that close and that do not slide on the floor"),
        ("item", "a toy"),
    ]


def test_a_word_that_was_parted_at_the_end_of_a_line_is_whole() -> None:
    body: list[Text] = [
        (72, 700, 11, False, "All visitors must disin-"),
        (72, 686, 11, False, "fect their hands at the door."),
    ]
    assert words(read(body)) == [("text", "All visitors must disinfect their hands at the door.")]


def test_a_contents_page_is_left_out() -> None:
    entries: list[Text] = [(72, 700 - 20 * n, 11, False, f"Part {n} {'.' * 40} {n}") for n in range(1, 6)]
    found = read([(72, 740, 11, False, "Contents"), *entries], lines(LONG))
    assert words(found) == [("text", LONG)]


def test_a_place_is_the_page_and_its_boxes() -> None:
    place = read(lines("First page, all of it."), lines(LONG)).pieces[1].place
    assert place.page == 2
    assert place.boxes[0][0] == 72


@pytest.mark.parametrize(("scans", "named"), [((IMAGE,), "page 1 has"), ((IMAGE, IMAGE), "pages 1, 2 have")])
def test_a_scan_is_refused_naming_its_pages(scans: tuple[bytes, ...], named: str) -> None:
    with pytest.raises(CorpusError, match=f"{named} no text"):
        read(*scans)


def test_one_scanned_page_among_others_is_an_alarm() -> None:
    assert read(lines(LONG), IMAGE, lines(LONG)).alarms[0].startswith("page 2 has a picture and no text")


def test_an_encrypted_pdf_is_refused_with_the_remedy() -> None:
    with pytest.raises(CorpusError, match=r"encrypted. Save it without a password"):
        read_pdf(pdf(lines(LONG), encrypted=True), name="a.pdf")


def test_a_damaged_pdf_is_refused() -> None:
    with pytest.raises(CorpusError, match="damaged PDF"):
        read_pdf(b"%PDF-1.7\nnothing else", name="a.pdf")
