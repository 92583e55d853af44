"""Plain text and Markdown, and what a file is by its first bytes."""

from __future__ import annotations

import pytest

from allchat.errors import CorpusError
from allchat.sources.readers.kinds import kind_of
from allchat.sources.readers.markdown import read_markdown
from allchat.sources.readers.plain import read_plain

TEXT = """VISITING US

Come from two to four in the afternoon, and ring the bell at the
door of the ward, where a nurse will let you in.

What should I bring?
Bring with you:
- slippers
  1. a toy
"""


def test_plain_text_has_headings_paragraphs_and_items() -> None:
    assert [(piece.kind, piece.text) for piece in read_plain(TEXT.encode(), name="a.txt").pieces] == [
        ("heading", "VISITING US"),
        ("text", " ".join(TEXT.splitlines()[2:4])),
        ("heading", "What should I bring?"),
        ("text", "Bring with you:"),
        ("item", "slippers"),
        ("item", "a toy"),
    ]  # fmt: skip


def test_a_mark_without_words_is_no_item() -> None:
    found = read_plain(b"Bring with you:\n- \x1b\n- a toy\n", name="a.txt")
    assert [piece.text for piece in found.pieces] == ["Bring with you:", "a toy"]


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_line_ends_make_no_difference(line_end: str) -> None:
    assert (
        read_plain(TEXT.replace("\n", line_end).encode(), name="a").pieces == read_plain(TEXT.encode(), name="a").pieces
    )


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8", ()), ("utf-8-sig", ()), ("utf-16", ("read as UTF-16",)), ("cp1252", ("read as Windows-1252",))],
)
def test_the_encoding_is_found_and_said(encoding: str, said: tuple[str, ...]) -> None:
    text = "Die Ärzte kommen täglich. “Bitte” klingeln Sie – früh."
    found = read_plain(text.encode(encoding), name="a.txt")
    assert found.pieces[0].text == text
    assert found.alarms == said


@pytest.mark.parametrize("broken", ["a \ufffd letter", "a\x00b", "Die Ã„rzte tÃ¤glich", "itâ€™s late"])
def test_letters_that_were_lost_before_are_refused(broken: str) -> None:
    with pytest.raises(CorpusError, match="Save it again from its original"):
        read_plain(broken.encode(), name="a.txt")


def test_front_matter_tells_facts_and_is_no_text() -> None:
    front = b"---\ntitle: Our ward\nlicense: public domain\nlastReviewed: '2025-12-30'\n---\n"
    found = read_markdown(front + b"\n# Our ward\n\nRing [here](/bell).\n", name="a.md")
    assert [piece.text for piece in found.pieces] == ["Our ward", "Ring here."]
    assert found.title == "Our ward"
    assert set(found.facts) == {("rights", "public domain"), ("date", "lastReviewed 2025-12-30")}


def test_markdown_headings_and_tables_are_read() -> None:
    found = read_markdown(
        b"Title\n=====\n\n## \n\n### Hours\n\n| Ward | Open |\n| --- | --- |\n| Three | 2 pm |\n", name="a.md"
    )
    assert [(piece.kind, piece.level, piece.text) for piece in found.pieces] == [
        ("heading", 1, "Title"), ("heading", 3, "Hours"), ("item", 0, "Three: Open: 2 pm"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("start", "fact"),
    [
        (b"", "empty"), (b"\x00\x00", "empty"), (b"{\\rtf1 words}", "RTF"), (b"\x89PNG\r\n\x1a\n", "an image"),
        (b"\xff\xd8\xff\xe0", "an image"), (b"\x1f\x8b\x08", "an archive"), (b"PK\x03\x04", "a damaged archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file"), (b"\x7fELF", "a program"),
        (b"MIME-Version: 1.0", "MHTML"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused_by_its_first_bytes(start: bytes, fact: str) -> None:
    with pytest.raises(CorpusError, match=fact):
        kind_of(start, name="leaflet.txt")


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"%PDF-1.7", "a.txt", "pdf"), (b"<!DOCTYPE html><html>", "a.txt", "html"), (b"<!-- x --><html>", "a", "html"),
        (b"<p>words</p>", "a.htm", "html"), (b"# words", "a.md", "markdown"), (b"BMI is a measure.", "a.txt", "text"),
        (b"From 2 to 4 you may visit.", "a.txt", "text"),
    ],
)  # fmt: skip
def test_the_first_bytes_say_which_reader_takes_a_file(content: bytes, name: str, kind: str) -> None:
    assert kind_of(content, name=name) == kind
