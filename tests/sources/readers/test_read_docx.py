"""Word files: styles, bold lines and tables; bombs and damaged ones are refused."""

from __future__ import annotations

import pytest
from made_files import archive, docx, paragraph, table

from allchat.errors import CorpusError
from allchat.sources.readers.docx import read_docx
from allchat.sources.readers.kinds import kind_of


def test_styles_and_bold_lines_are_headings_and_tables_are_rows() -> None:
    content = docx(
        paragraph("Our wards", style="H1"),
        paragraph("We are glad that you are here."),
        paragraph("Hours", bold=True),
        table([["Ward", "Open"], ["Ward 3", "2 to 4 pm"], ["Ward 4", "at any time"]]),
    )
    found = read_docx(content, name="a.docx")
    assert [(piece.kind, piece.level, piece.text) for piece in found.pieces] == [
        ("heading", 1, "Our wards"),
        ("text", 0, "We are glad that you are here."),
        ("heading", 2, "Hours"),
        ("item", 0, "Ward 3: Open: 2 to 4 pm"),
        ("item", 0, "Ward 4: Open: at any time"),
    ]


def test_the_date_that_word_keeps_is_told() -> None:
    core = b"<x><dc:title>Visiting hours</dc:title><dcterms:modified x='y'>2025-07-24T10:00:00Z</dcterms:modified></x>"
    found = read_docx(docx(paragraph("Come at two."), more={"docProps/core.xml": core}), name="a.docx")
    assert found.title == "Visiting hours"
    assert ("date", "file saved 2025-07-24") in found.facts


def test_a_damaged_word_file_is_refused_with_the_remedy() -> None:
    content = archive({"word/document.xml": b"<w:document"})
    with pytest.raises(CorpusError, match=r"damaged Word file .* Save it again"):
        read_docx(content, name="a.docx")


@pytest.mark.parametrize(
    ("parts", "fact"),
    [
        ({"word/document.xml": b"<a/>", "word/media/a.bin": b"0" * 5_000_000}, "which no leaflet does"),
        ({"ppt/presentation.xml": b"<a/>"}, "a presentation"),
        ({"xl/workbook.xml": b"<a/>"}, "a spreadsheet"),
        ({"content.xml": b"<a/>"}, "an OpenDocument file"),
        ({"a.txt": b"words"}, "an archive"),
    ],
)
def test_bombs_and_other_archives_are_refused_before_they_are_unpacked(parts: dict[str, bytes], fact: str) -> None:
    with pytest.raises(CorpusError, match=fact):
        kind_of(archive(parts), name="a.docx")
