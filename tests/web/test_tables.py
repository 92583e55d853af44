"""Rows that carry their header are shown as the table that they were; every word of a cell is a cut, and marks stay."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from made_files import docx, page, paragraph, table
from made_leaflet import corpus_of

from allchat.records import Document, Outline
from allchat.sources.corpus import read_corpus
from allchat.sources.outline import outline_document
from allchat.web.assets import page_file
from allchat.web.displayed import body_html
from allchat.web.highlight import Mark, place
from allchat.web.tables import is_row, table_of

CELLS = [
    ["Ward", "Visiting", "Rules"],
    ["Ward 3", "2 to 4 pm", "no child under 12; masks are worn"],
    ["Ward 4", "", "ring the bell"],
    ["Ward 5", "all day", "ask: the nurse knows"],
]
GRID = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in CELLS).replace("td>", "th>", 6)
BODY = f"<h1>Visiting hours</h1><p>You may visit on these wards.</p><table>{GRID}</table><p>Thank you.</p>"
DOCX = docx(
    paragraph("Visiting hours", style="H1"), paragraph("You may visit your child on these wards."), table(CELLS)
)


def read(folder: Path, content: bytes, name: str) -> tuple[Document, Outline]:
    corpus = corpus_of(folder, content, name)
    (document,) = read_corpus(corpus)
    return document, outline_document(document)


def shown(document: Document, outline: Outline, words: str = "") -> str:
    start = document.text.index(words)
    mark = place(Mark(start, start + len(words), "marked"), outline, text=document.text) if words else None
    return body_html(document, outline, mark=mark)


@pytest.mark.parametrize(("content", "name"), [(DOCX, "a.docx"), (page(BODY), "a.html")])
def test_a_table_is_shown_as_one(tmp_path: Path, content: bytes, name: str) -> None:
    html = shown(*read(tmp_path, content, name))
    assert '<thead><tr><td></td><th scope="col">Visiting</th><th scope="col">Rules</th></tr></thead>' in html
    assert '<tr><th scope="row">Ward 3</th><td>2 to 4 pm</td><td>no child under 12; masks are worn</td></tr>' in html
    assert '<tr><th scope="row">Ward 4</th><td></td><td>ring the bell</td></tr>' in html
    assert '<tr><th scope="row">Ward 5</th><td>all day</td><td>ask: the nurse knows</td></tr>' in html
    assert html.count("<table>") == 1


def test_a_quoted_row_is_marked_cell_by_cell_and_can_be_gone_to(tmp_path: Path) -> None:
    document, outline = read(tmp_path, DOCX, "a.docx")
    html = shown(document, outline, "Ward 5: Visiting: all day; Rules: ask: the nurse knows")
    assert '<th scope="row"><mark class="marked" id="marked" tabindex="-1">Ward 5</mark></th>' in html
    assert re.findall(r"<mark[^>]*>([^<]+)</mark>", html) == ["Ward 5", "all day", "ask: the nurse knows"]


def test_a_mark_that_begins_in_a_columns_name_keeps_the_rows_as_lines(tmp_path: Path) -> None:
    document, outline = read(tmp_path, DOCX, "a.docx")
    html = shown(document, outline, "Rules: ring the bell")
    assert "<table>" not in html
    assert ">Rules: ring the bell</mark>" in html


def test_the_page_lets_in_every_tag_that_a_table_is_made_of(tmp_path: Path) -> None:
    parts, names = re.findall(r"new Set\(`(.+?)`", page_file("ask.js"), re.DOTALL)
    html = shown(*read(tmp_path, DOCX, "a.docx"))
    assert set(re.findall(r"<([a-z0-9]+)", html)) - {"h1", "h2"} <= set(parts.split())
    assert set(re.findall(r" ([a-z]+)=", html)) <= set(names.split())


ROWS = (
    "Ward 3: Visiting: 2 to 4 pm\nWard 4: Visiting: all day\nWard 5: Parking: none\nBring a mask.\nBe on time: we wait"
)


def cut(line: str) -> tuple[int, int]:
    return ROWS.index(line), ROWS.index(line) + len(line)


def test_lines_that_carry_other_names_or_none_are_no_table() -> None:
    three, four, five, mask, late = (cut(line) for line in ROWS.splitlines())
    assert table_of([three, four], text=ROWS) is not None
    assert table_of([three], text=ROWS) is None
    assert table_of([three, five], text=ROWS) is None
    assert table_of([three, four, mask], text=ROWS) is None
    assert not is_row(late, text=ROWS)
