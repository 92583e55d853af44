"""The page as printed: a picture of a PDF's page with the quoted lines marked, where its source may be shown whole."""

from __future__ import annotations

import html
import re
import shutil
import signal
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from made_files import docx, lines, paragraph, pdf
from made_leaflet import FACTS, LEAFLET, VISIT, at, corpus_of, opened
from page_parts import panel
from starlette.testclient import TestClient

from allchat.chat import Chat
from allchat.errors import BusyError, VerificationError
from allchat.records import Answer, Citation
from allchat.sources import archive
from allchat.sources.readers import picture
from allchat.sources.readers.picture import PagePicture, picture_apart
from allchat.web import printed
from allchat.web.app import create_app
from allchat.web.page.messages import page_words
from allchat.web.printed import Pictures, sheets

WORDS = page_words()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Chat:
    return opened(corpus_of(tmp_path_factory.mktemp("whole")))


def answer(chat: Chat) -> Answer:
    """An answer with one quote."""
    document = chat.documents["visits"]
    start, end = at(document, "Leave your coat at the door.")
    quoted = Citation(
        1,
        "visits",
        document.file,
        document.title,
        document.publisher,
        document.url,
        document.revised,
        (),
        document.text[start:end],
        start,
        end,
        document.sha256,
        1.0,
        "",
        document.rights,
    )
    return replace(chat.ask("Where do I leave my coat?"), kind="answer", citations=(quoted,), further=())


def found(chat: Chat, words: str) -> list[printed.Sheet]:
    document = chat.documents["visits"]
    return sheets(document, *at(document, words), pictures=Pictures(), read=lambda: chat.original(document))


def heights(sheet: printed.Sheet) -> list[int]:
    """How far above the foot of the page each marked line stands."""
    return [round(box[1]) for box in sheet.marks]


def test_the_lines_that_hold_the_words_are_marked_and_no_other(whole: Chat) -> None:
    (sheet,) = found(whole, "Wash your hands when you come in.")
    assert (sheet.number, sheet.picture.width, sheet.picture.height) == (1, 595, 842)
    assert sheet.picture.png.startswith(b"\x89PNG")
    (height,) = heights(sheet)
    assert 595 < height < 602
    (last,) = found(whole, "A bed is brought to the room before ten in the evening.")
    assert last.number == 2
    assert [round(height / 14) * 14 for height in heights(last)] == [700, 686]


def test_words_that_run_on_to_the_next_page_are_marked_on_both(tmp_path: Path) -> None:
    long = " ".join(f"Line {number} tells you how to wash your hands at the ward door." for number in range(1, 16))
    printed_lines = lines(long, top=160)
    content = pdf(
        printed_lines[:8], [(left, top + 650, size, bold, words) for left, top, size, bold, words in printed_lines[8:]]
    )
    chat = opened(corpus_of(tmp_path, content))
    document = chat.documents["visits"]
    start = document.text.index("Line 1 tells")
    end = document.text.index("Line 15 tells you how") + len("Line 15 tells you how")
    shown = sheets(document, start, end, pictures=Pictures(), read=lambda: chat.original(document))
    assert [sheet.number for sheet in shown] == [1, 2]
    assert len(shown[0].marks) == 8


def test_the_page_shows_the_picture_and_the_way_to_the_words_and_loads_nothing(whole: Chat) -> None:
    client = TestClient(create_app(whole, page=False))
    start, end = at(whole.documents["visits"], "Leave your coat at the door.")
    words = client.get(f"/source/visits?start={start}&end={end}")
    (address,) = re.findall(rf'<a href="([^"]+)">{WORDS["printed"]}</a>', words.text)
    page = client.get(f"/source/{html.unescape(address)}")  # told from where it stands: a site may have all in a folder
    assert page.status_code == 200
    assert WORDS["printed_text"] in page.text
    assert page.text.count("data:image/png;base64,") == 1
    assert "<script" not in page.text
    assert not re.search(r'(?:src|href)="https?://(?!example\.org)', page.text)
    assert "script-src 'none'" in page.headers["content-security-policy"]
    (back,) = re.findall(rf'<a href="([^"]+)">{WORDS["printed_words"]}</a>', page.text)
    assert ">Leave your coat at the door.</mark>" in client.get(f"/source/{html.unescape(back)}").text
    assert "Así imprimió" in client.get(f"/source/{html.unescape(address)}&lang=es").text
    assert 'href="/' not in words.text + page.text


def test_the_panel_leads_from_each_quote_to_its_page(whole: Chat) -> None:
    shown = panel(answer(whole), whole, turn=1, words=WORDS)
    assert WORDS["printed_quote"] in shown
    assert "&amp;page=printed" in shown


@pytest.mark.parametrize("display", ["section", "quote"])
def test_of_a_source_that_may_not_be_shown_whole_there_is_no_page(tmp_path: Path, display: str) -> None:
    chat = opened(corpus_of(tmp_path, facts=replace(FACTS, display=display)))  # type: ignore[arg-type]
    client = TestClient(create_app(chat, page=False))
    start, end = at(chat.documents["visits"], "Leave your coat at the door.")
    for asked in ("", "&page=printed"):
        page = client.get(f"/source/visits?start={start}&end={end}{asked}").text
        assert "data:image/png" not in page
        assert WORDS["printed"] not in page
    assert WORDS["printed_quote"] not in panel(answer(chat), chat, turn=1, words=WORDS)


def test_rights_that_were_narrowed_hold_for_an_earlier_text_too(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path)
    chat = opened(corpus)
    document = chat.documents["visits"]
    start, end = at(document, "Leave your coat at the door.")
    link = f"/source/visits@{document.sha256[:16]}?start={start}&end={end}&page=printed"
    archive.keep(corpus, "visits")
    chat.documents = {"visits": replace(document, sha256="0" * 64)}
    assert "data:image/png" in TestClient(create_app(chat, page=False)).get(link).text
    chat.documents = {"visits": replace(document, sha256="0" * 64, display="quote")}
    assert "data:image/png" not in TestClient(create_app(chat, page=False)).get(link).text


def test_a_file_without_pages_offers_none(tmp_path: Path) -> None:
    chat = opened(corpus_of(tmp_path, docx(paragraph("Visiting", style="H1"), paragraph(VISIT)), "visits.docx"))
    start, end = at(chat.documents["visits"], "Ring the bell")
    page = TestClient(create_app(chat, page=False)).get(f"/source/visits?start={start}&end={end}&page=printed").text
    assert "data:image/png" not in page
    assert WORDS["printed"] not in page


def test_an_original_that_was_altered_or_lies_elsewhere_is_not_shown_and_the_log_names_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    corpus = corpus_of(tmp_path)
    chat = opened(corpus)
    document = chat.documents["visits"]
    (corpus / "originals" / "visits.pdf").write_bytes(LEAFLET + b"\n")
    with pytest.raises(VerificationError):
        chat.original(document)
    shutil.copy(corpus / "originals" / "visits.pdf", tmp_path / "other.pdf")
    with pytest.raises(VerificationError):
        chat.original(replace(document, original=("../../other.pdf", document.original[1])))  # type: ignore[index]
    start, end = at(document, "Leave your coat at the door.")
    page = TestClient(create_app(chat, page=False)).get(f"/source/visits?start={start}&end={end}&page=printed")
    assert page.status_code == 503
    assert WORDS["printed_none"] in page.text
    assert WORDS["printed_words"] in page.text
    (said,) = (record.getMessage() for record in caplog.records if record.name == "allchat.web.source_route")
    assert said.endswith("visits.pdf: is not the file that was added. Restore it.")


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4\n", LEAFLET[:400], LEAFLET])
def test_a_page_that_cannot_be_drawn_is_none_and_no_error(content: bytes) -> None:
    assert picture_apart(content, page=7) is None


@pytest.mark.parametrize("box", [b"0 0 14400 14400", b"0 0 3 14400", b"0 0 14400 3", b"0 0 1e9 1e9"])
def test_a_page_of_any_size_is_a_picture_of_bounded_size_or_none(box: bytes) -> None:
    picture = picture_apart(LEAFLET.replace(b"0 0 595 842", box), page=1)
    assert picture is None or len(picture.png) < 100_000


def test_pictures_are_made_once_and_the_oldest_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def drawn(_content: bytes, *, page: int) -> PagePicture | None:
        made.append(page)
        return PagePicture(1, 1, b"x" * 100, ()) if page else None

    monkeypatch.setattr(printed, "picture_apart", drawn)
    monkeypatch.setattr(printed, "MOST_KEPT_BYTES", 250)
    pictures = Pictures()
    for number in (1, 1, 2, 1, 0, 0, 3, 1):
        pictures.page("a", number, lambda: b"")
    assert made == [1, 2, 0, 3]
    pictures.page("a", 2, lambda: b"")
    assert made[-1] == 2


def test_of_a_long_place_no_more_than_the_first_pages_are_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [f"On floor {number} ring the bell and wait for the nurse." for number in range(1, 8)]
    chat = opened(corpus_of(tmp_path, pdf(*(lines(words, top=700) for words in said))))
    document = chat.documents["visits"]
    tried: list[int] = []
    monkeypatch.setattr(printed, "picture_apart", lambda _content, *, page: tried.append(page))
    place = at(document, said[0])[0], at(document, said[-1])[1]
    assert sheets(document, *place, pictures=Pictures(), read=lambda: b"") == []
    assert tried == [1, 2, 3]


def test_a_machine_without_time_says_nothing_of_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = Pictures()
    with monkeypatch.context() as hurried:
        hurried.setattr(picture, "SECONDS", 0.0001)
        with pytest.raises(BusyError):
            pictures.page("a", 1, lambda: LEAFLET)
    assert pictures.page("a", 1, lambda: LEAFLET) is not None


@pytest.mark.parametrize(("end", "says_something"), [("KILL", False), ("XCPU", True)])
def test_a_machine_without_memory_says_nothing_of_a_page_and_a_page_over_its_time_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, says_something: bool
) -> None:
    child = tmp_path / "python"
    child.write_text(f"#!/bin/sh\nkill -{end} $$\n")
    child.chmod(0o700)
    pictures = Pictures()
    with monkeypatch.context() as ending:
        ending.setattr(picture.sys, "executable", str(child))
        with nullcontext() if says_something else pytest.raises(BusyError):
            assert pictures.page("a", 1, lambda: LEAFLET) is None
    assert (pictures.page("a", 1, lambda: LEAFLET) is None) == says_something


def test_the_time_of_a_page_ends_with_a_signal_of_its_own() -> None:
    child = "from allchat.sources.readers import picture; picture.SECONDS = 1; picture._limited()\nwhile True: pass"
    done = subprocess.run([sys.executable, "-c", child], check=False, timeout=60)
    assert done.returncode == -signal.SIGXCPU


def test_more_pictures_than_may_wait_are_turned_away() -> None:
    pictures = Pictures(waiting=1)

    def read() -> bytes:
        with pytest.raises(BusyError):
            pictures.page("a", 2, lambda: LEAFLET)
        return LEAFLET

    assert pictures.page("a", 1, read) is not None
    assert pictures.page("a", 2, lambda: LEAFLET) is not None
