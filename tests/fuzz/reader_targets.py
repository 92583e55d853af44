"""Targets: files that a librarian might bring. PDFs are read in a child elsewhere: native code may crash."""

from __future__ import annotations

from hypothesis import strategies as st
from inputs import files, texts
from made_files import docx, page, paragraph, table
from target import World, target

from allchat.records import Document, Layout
from allchat.sources.converted import place_of
from allchat.sources.outline import outline_document
from allchat.sources.readers.kinds import kind_of
from allchat.sources.readers.pieces import Read, prepared
from allchat.sources.readers.worker import packed, read, unpacked

PAGE = page(
    "<h1>Hands</h1><p>Wash your hands.</p><ul><li>a<ul><li>b</ul></ul><table><tr><th>W<td>x<tr><td>1<td>2</table>"
)
MARKDOWN = "---\ntitle: a\n---\n# Hands\n\nWash *your* hands.\n\n- a\n  - b\n\n| a | b |\n| - | - |\n| 1 | 2 |\n"
TEXT = "HANDS\n\nWash your hands before you come\nin, and when you leave.\n\n- a\n  1. b\n\nWhat else?\nNothing.\n"


def whole(found: Read) -> None:
    """A result survives its way out of the child, and is a text that an outline can be made of."""
    assert unpacked(packed(found)) == found
    assert all(piece.text == " ".join(piece.text.split()) != "" for piece in found.pieces)
    text = prepared(found.pieces)
    lines = [line for line in text.split("\n") if line]
    assert len(lines) == len(found.pieces)


@target(files([PAGE.decode()]))
def a_web_page(sent: bytes, world: World) -> None:
    whole(read(sent, kind="html", name="a.html"))


@target(files([MARKDOWN]))
def a_markdown_file(sent: bytes, world: World) -> None:
    whole(read(sent, kind="markdown", name="a.md"))


@target(files([TEXT]))
def a_plain_text(sent: bytes, world: World) -> None:
    whole(read(sent, kind="text", name="a.txt"))


@target(st.lists(texts, max_size=4), weight=0.5)
def the_words_of_a_word_file(sent: list[str], world: World) -> None:
    said = [words.encode("utf-8", "replace").decode() for words in sent]
    whole(read(docx(*map(paragraph, said), table([said, said])), kind="docx", name="a.docx"))


@target(files([PAGE.decode(), MARKDOWN, "%PDF-1.7\n", "PK\x03\x04", "{\\rtf1}"]))
def the_first_bytes_of_a_file(sent: bytes, world: World) -> None:
    kind_of(sent, name="leaflet")


@target(files(['{"kind": "heading", "level": 1, "page": 1, "boxes": [[1, 2, 3, 4]]}\n{"kind": "item", "depth": 1}\n']))
def the_structure_of_a_converted_text(sent: bytes, world: World) -> None:
    structure = sent.decode("utf-8", "replace")
    text = "Hands\n\n• Wash them.\n"
    document = Document(
        "a", "a.txt", "A", "P", "c", "https://example.org", None, "all", "en", "r", "", "P states:", "0", text,
        Layout(structure=structure),
    )  # fmt: skip
    outline_document(document)
    place_of(document, 0, len(text))
