"""Web pages: the text alone, with its headings, lists and tables."""

from __future__ import annotations

import pytest
from made_files import page

from allchat.errors import CorpusError
from allchat.sources.readers.html import read_html
from allchat.sources.readers.pieces import Read


def read(body: str, **options: str) -> Read:
    return read_html(page(body, **options), name="page.html")


def shown(found: Read) -> list[str]:
    marks = {"heading": "#", "text": "", "item": "*"}
    return [f"{marks[piece.kind]}{piece.level or piece.depth or ''} {piece.text}".strip() for piece in found.pieces]


def test_menus_cookie_bars_related_pages_and_the_foot_are_left_out_and_named() -> None:
    found = read("<h1>Visiting us</h1><p>Come from two to four. Ring the bell at the door.</p>")
    assert shown(found) == ["#1 Visiting us", "Come from two to four. Ring the bell at the door."]
    assert {left.why for left in found.left} >= {"a menu", "a cookie bar", "related pages", "the page's frame"}


def test_an_element_that_holds_most_of_the_text_is_kept_however_it_is_named() -> None:
    text = "<p>" + "Wash your hands before you come in. " * 8 + "</p>"
    assert "Wash your hands" in shown(read(f"<div class='sidebar'><h1>Hands</h1>{text}</div>"))[1]


def test_headings_keep_their_levels_and_a_bold_paragraph_is_one() -> None:
    found = read("<h2>Before you come</h2><p><strong>What to bring</strong></p><p><b>Bring</b> slippers with you.</p>")
    assert shown(found) == ["#2 Before you come", "#3 What to bring", "Bring slippers with you."]


def test_a_table_row_carries_its_header() -> None:
    found = read(
        "<p>Visiting hours:</p><table><tr><th>Ward</th><th>Visiting</th><th>Rules</th></tr>"
        "<tr><td>Ward 3</td><td>2 to 4 pm</td><td>children under 12 may not enter</td></tr>"
        "<tr><td>7</td><td>at any time</td><td></td></tr></table>"
    )
    assert shown(found)[1:] == [
        "* Ward 3: Visiting: 2 to 4 pm; Rules: children under 12 may not enter",
        "* Ward 7: Visiting: at any time",
    ]


def test_a_cell_that_spans_rows_or_columns_stands_in_each() -> None:
    found = read(
        "<table><tr><th>Ward</th><th>Day</th><th>Hours</th></tr><tr><td rowspan=2>Ward 3</td>"
        "<td>Monday</td><td>2 pm</td>"
        "</tr><tr><td>Sunday</td><td>3 pm</td></tr></table><p>Ask the nurse on your ward.</p>"
    )
    assert shown(found)[:2] == ["* Ward 3: Day: Monday; Hours: 2 pm", "* Ward 3: Day: Sunday; Hours: 3 pm"]


def test_a_list_of_links_goes_with_its_heading_but_not_one_with_a_lead() -> None:
    links = "<ul><li><a href='/x'>Anaemia</a></li><li><a href='/y'>Fever</a></li></ul>"
    found = read(
        f"<p>It can cause:</p>{links}<p>It passes.</p><h2>Read more</h2>{links}<h2>Contact</h2><p>Call us.</p>"
    )
    assert shown(found) == ["It can cause:", "* Anaemia", "* Fever", "It passes.", "#2 Contact", "Call us."]


def test_a_table_of_contents_is_left_out() -> None:
    found = read(
        "<h2>Contents</h2><ul><li><a href='#a'>Bring</a></li><li><a href='#b'>Leave</a></li></ul>"
        "<h2 id=a>Bring</h2><p>A toy.</p>"
    )
    assert shown(found) == ["#2 Bring", "A toy."]


def test_nested_lists_keep_their_depth_and_footnote_marks_go() -> None:
    found = read(
        "<ul><li>Before:<ul><li>meals<sup><a href='#f'>[3]</a></sup></li></ul></li>"
        "<li>after visits<sup>2</sup></li></ul>"
    )
    assert shown(found) == ["* Before:", "*1 meals[3]", "* after visits"]


def test_what_is_hidden_on_the_page_is_left_out() -> None:
    found = read(
        "<p>Seen by all who come here.</p><p hidden>Draft.</p><div style='display: none'><p>Old hours.</p></div>"
    )
    assert shown(found) == ["Seen by all who come here."]


def test_what_the_page_says_of_itself_is_told() -> None:
    head = "<meta property='og:site_name' content='City Hospital'><link rel='canonical' href='https://example.org/v'>"
    found = read("<h1>Visiting us</h1><p>Come.</p>", title="Visiting us | City Hospital", head=head)
    assert (found.title, found.language) == ("Visiting us", "en")
    assert {("publisher", "City Hospital"), ("url", "https://example.org/v")} <= set(found.facts)


def test_an_error_page_is_refused() -> None:
    with pytest.raises(CorpusError, match="error page"):
        read("<p>The page was not found.</p>", title="404 Not Found")


def test_the_encoding_that_a_page_names_is_used_and_said() -> None:
    content = page("<p>Ärzte kommen täglich.</p>").decode().replace("utf-8", "iso-8859-1").encode("latin-1")
    found = read_html(content, name="page.html")
    assert "Ärzte kommen täglich." in shown(found)
    assert found.alarms == ("read as iso-8859-1",)


def test_elements_nested_without_end_are_read_as_one_text() -> None:
    assert "deep" in shown(read("<div>" * 3000 + "deep " * 20 + "</div>" * 3000))[0]
