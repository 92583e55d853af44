"""Truncated, spoilt and hostile files: a result or a refusal with a remedy, within the limits, never a crash."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator

import pytest
from made_files import IMAGE, archive, docx, lines, page, paragraph, pdf, table

from allchat.errors import CorpusError
from allchat.sources.readers.child import read_apart
from allchat.sources.readers.kinds import Kind, kind_of
from allchat.sources.readers.pieces import Read, prepared
from allchat.sources.readers.worker import packed, read, unpacked

INPUTS = int(os.environ.get("FUZZ_INPUTS", "300"))
LONG = "Please wash your hands when you come in and when you leave the ward. "
WHOLE: dict[Kind, bytes] = {
    "html": page(
        f"<h1>Hands</h1><p>{LONG}</p><ul><li>a<ul><li>b</li></ul></li></ul><table><tr><th>W<td>x<tr><td>1<td>2</table>"
    ),
    "docx": docx(paragraph("Hands", style="H1"), paragraph(LONG), table([["Ward", "Open"], ["Three", "2 pm"]])),
    "markdown": f"---\ntitle: a\n---\n# Hands\n\n{LONG}\n\n- a\n  - b\n\n| a | b |\n| - | - |\n| 1 | 2 |\n".encode(),
    "text": f"HANDS\n\n{LONG}\n\n- a\n  1. b\n\nÄrzte kommen\n".encode(),
}


def spoilt(content: bytes, chance: random.Random) -> bytes:
    """A file cut short, with bytes changed, doubled or moved."""
    made = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        first, last = sorted(chance.randrange(len(made) + 1) for _ in range(2))
        change = chance.randrange(5)
        if change == 0 and made:
            del made[chance.randrange(1, len(made) + 1) :]
        elif change == 1 and made:
            made[chance.randrange(len(made))] = chance.randrange(256)
        elif change == 2:
            made[first:last] = b""
        elif change == 3:
            made[first:first] = made[first:last] * chance.randint(1, 3)
        else:
            made[first:first] = chance.choice(
                (b"<", b"\x00", b"\xff\xfe", b"<table><tr><td>", b"\n\n# ", b"&#x110000;", b"]]>")
            )
    return bytes(made)


def assert_helps(error: CorpusError) -> None:
    """A refusal ends in a sentence that says what to do."""
    assert str(error).rstrip().endswith(".")


def files(kind: Kind, number: int) -> Iterator[bytes]:
    chance = random.Random(f"{kind} {number}")  # noqa: S311 - the same files on every run
    for turn in range(number):
        if kind == "docx" and turn % 2:  # a whole archive, in which the document is spoilt
            words = bytearray(LONG.encode())
            words[chance.randrange(len(words))] = chance.randrange(256)
            yield docx(paragraph(words.decode("latin-1")), table([["a", "b"], ["c", "d"]]))
        else:
            yield spoilt(WHOLE[kind], chance)


@pytest.mark.parametrize("kind", WHOLE)
def test_a_spoilt_file_gives_a_text_or_a_refusal(kind: Kind) -> None:
    taken = 0
    for content in files(kind, INPUTS // len(WHOLE)):
        try:
            found = read(content, kind=kind_of(content, name=f"a.{kind}"), name="a")
        except CorpusError as error:
            assert_helps(error)
            continue
        taken += 1
        assert unpacked(packed(found)) == found
        assert "\x00" not in prepared(found.pieces)
    assert taken > 0


def test_a_spoilt_pdf_ends_in_its_child(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pdf(lines(LONG * 5), lines(LONG))
    chance = random.Random(7)  # noqa: S311 - the same files on every run
    for _ in range(max(8, INPUTS // 40)):
        content = b"%PDF-1.4\n" + spoilt(whole, chance)
        try:
            assert isinstance(read_apart(content, kind="pdf", name="a.pdf"), Read)
        except CorpusError as error:
            assert_helps(error)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("html", b"<html>" + b"<table><tr><td>" * 5000),
        ("html", b"<html>" + b"<ul><li>" * 5000 + b"x"),
        ("markdown", b"> " * 20_000 + b"x"),
        ("markdown", b"[" * 20_000),
        ("text", b"- " * 200_000),
        ("docx", docx("<w:tbl><w:tr><w:tc>" * 800 + paragraph("x") + "</w:tc></w:tr></w:tbl>" * 800)),
        ("html", page("<p>Wash your hands.</p><img src='data:image/png;base64," + "A" * 3_000_000 + "'>")),
        ("pdf", pdf(*[lines(LONG)] * 500)),
        ("pdf", pdf(lines(LONG), IMAGE.replace(b"/W 1 /H 1", b"/W 99999 /H 99999"))),
        ("pdf", pdf(b"q " * 300_000)),
        ("docx", archive({"word/document.xml": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"})),
    ],
)
def test_what_nests_without_end_costs_a_bounded_time(kind: Kind, content: bytes) -> None:
    begun = time.monotonic()
    try:
        assert read_apart(content, kind=kind, name="a") is not None
    except CorpusError as error:
        assert_helps(error)
    assert time.monotonic() - begun < 30


def test_a_reader_beyond_its_limits_is_an_error_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allchat.sources.readers.child.SECONDS", 0.005)
    with pytest.raises(CorpusError, match=r"cannot be read within .* Save it again"):
        read_apart(WHOLE["html"], kind="html", name="a.html")
