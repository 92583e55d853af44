"""Read: what does not fit is an error that names the file, the fact and the remedy, and nothing is built."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT, SMALL
from word_hash import WordHash

from allchat.build import build
from allchat.errors import CorpusError
from allchat.sources.corpus import read_corpus, source_ids
from allchat.sources.text import clean, clean_places

FAST = settings(max_examples=300, deadline=None, derandomize=True, database=None)
HARD = st.text(st.sampled_from("abﬁﬃﬆ•◦ \t\n\r\f\u00a0\u2028\ufeff[]1295.e\u0301🧸-"), max_size=40)


def change(corpus: Path, old: str, new: str) -> None:
    toml = corpus / "corpus.toml"
    text = toml.read_text(encoding="utf-8")
    assert old in text
    toml.write_text(text.replace(old, new, 1), encoding="utf-8")


def redeclare(corpus: Path, name: str, content: bytes) -> None:
    """Writes a source file and its right sha256."""
    old = hashlib.sha256((corpus / name).read_bytes()).hexdigest()
    (corpus / name).write_bytes(content)
    change(corpus, old, hashlib.sha256(content).hexdigest())


def use_empty(corpus: Path, content: bytes) -> None:
    redeclare(corpus, "empty.txt", content)
    change(corpus, "use = false", "use = true")


# Each: what is broken, and the file, the fact and the remedy that the message holds.
BREAKS: dict[str, tuple[Callable[[Path], object], str, str, str]] = {
    "a changed byte": (
        lambda c: (c / "crlf.txt").write_bytes((c / "crlf.txt").read_bytes().replace(b"\r\n", b"\n")),
        "crlf.txt",
        "its sha256 is",
        "Restore the file",
    ),
    "a missing file": (lambda c: (c / "bom.txt").unlink(), "bom.txt", "No such file", "Put the file back"),
    "a folder for a file": (
        lambda c: change(c, 'file = "bom.txt"', 'file = "questions"'),
        "questions",
        "cannot be read",
        "correct its name",
    ),
    "a file elsewhere": (
        lambda c: change(c, 'file = "bom.txt"', 'file = "../bom.txt"'),
        "bom.txt",
        "lies outside",
        "Put the file into",
    ),
    "an emptied file": (lambda c: (c / "bom.txt").write_bytes(b""), "bom.txt", "is empty", "Restore it"),
    "an empty file": (lambda c: use_empty(c, b""), "empty.txt", "is empty", "use = false"),
    "a file of white space": (lambda c: use_empty(c, b" \r\n\t\n"), "empty.txt", "is empty", "use = false"),
    "a file of a byte order mark": (lambda c: use_empty(c, b"\xef\xbb\xbf\n"), "empty.txt", "is empty", "use = false"),
    "bad UTF-8": (
        lambda c: redeclare(c, "bom.txt", b"caf\xe9"),
        "bom.txt",
        "not UTF-8 at byte 3",
        "Save the file as UTF-8",
    ),
    "a surrogate in UTF-8": (
        lambda c: redeclare(c, "bom.txt", b"\xed\xa0\x80"),
        "bom.txt",
        "not UTF-8",
        "Save the file",
    ),
    "a duplicate id": (
        lambda c: change(c, 'id = "twins-b"', 'id = "twins-a"'),
        "corpus.toml",
        "'twins-a' stands twice",
        "id of its own",
    ),
    "an unknown key": (lambda c: change(c, "url =", "urll ="), "corpus.toml", "url", "corpus/README.md"),
    "a key of ours for copy": (lambda c: change(c, "copy =", "copy_ ="), "corpus.toml", "copy", "corpus/README.md"),
    "an unknown table": (
        lambda c: change(c, "[[source]]", "[[sources]]"),
        "corpus.toml",
        "'sources'",
        "Only [[source]]",
    ),
    "a table for a list": (
        lambda c: (c / "corpus.toml").write_text('source = "bom"'),
        "corpus.toml",
        "not a list of tables",
        "[[source]]",
    ),
    "a missing key": (lambda c: change(c, 'language = "en"\n', ""), "corpus.toml", "language", "corpus/README.md"),
    "a number for words": (lambda c: change(c, 'language = "en"', "language = 1"), "corpus.toml", "string", "README"),
    "a bad id": (lambda c: change(c, 'id = "bom"', 'id = "Bom 1"'), "corpus.toml", "'Bom 1'", "small letters"),
    "an address that would run": (
        lambda c: change(c, '"https://example.org/bom"', '"javascript:alert(1)"'),
        "corpus.toml, source 2",
        "url is 'javascript:alert(1)'",
        "beginning with https://",
    ),
    "no address": (
        lambda c: change(c, '"https://example.org/bom"', '""'),
        "corpus.toml, source 2",
        "url is ''",
        "address in full",
    ),
    "a bad date": (
        lambda c: change(c, '"2022-09-02"', '"September 2022"'),
        "corpus.toml",
        "'September 2022'",
        "Write YYYY-MM-DD",
    ),
    "a date that is none": (
        lambda c: change(c, '"2022-09-02"', '"2022-13-45"'),
        "corpus.toml",
        "'2022-13-45'",
        "YYYY-MM-DD",
    ),
    "a date of another calendar": (
        lambda c: change(c, '"2022-09-02"', '"2022-W05"'),
        "corpus.toml",
        "'2022-W05'",
        "YYYY",
    ),
    "bad TOML": (lambda c: change(c, "[[source]]", "[[source"), "corpus.toml", "not valid TOML", "Mend the line"),
    "no corpus.toml": (lambda c: (c / "corpus.toml").unlink(), "corpus.toml", "No such file", "Put the file back"),
    "no source at all": (
        lambda c: (c / "corpus.toml").write_text(""),
        "corpus.toml",
        "no source is in use",
        "use = true",
    ),
    "a furniture rule that matches nothing": (
        lambda c: change(c, 'begins = "Loading"', 'begins = "Leading"'),
        "furniture.txt",
        "'Leading'",
        "correct the rule",
    ),
    "a furniture rule without an end": (
        lambda c: change(c, 'through = "Search"', 'through = "Zearch"'),
        "furniture.txt",
        "'Zearch'",
        "correct the rule",
    ),
    "a furniture rule of nothing": (
        lambda c: change(c, 'begins = "Loading"', 'begins = " "'),
        "corpus.toml",
        "furniture.1.begins",
        "README",
    ),
    "a heading that matches nothing": (
        lambda c: change(c, '["Toys at the bedside"]', '["Toys on the moon"]'),
        "bom.txt",
        "'Toys on the moon'",
        "correct",
    ),
    "a heading that is no line": (
        lambda c: change(c, '["Toys at the bedside"]', '["A toy that can"]'),
        "corpus.toml",
        "'A toy that can'",
        "Correct it",
    ),
    "a list rule without items": (
        lambda c: change(c, '["Methotrexate (several", "Cytarabine (several"]', "[]"),
        "corpus.toml",
        "items",
        "README",
    ),
    "a list item that matches nothing": (
        lambda c: change(c, '"Cytarabine (several"', '"Cytarabin (several"'),
        "wrapped.txt",
        "'Cytarabin (several'",
        "correct",
    ),
    "a list rule for unwrapped lines": (
        lambda c: change(c, 'layout = "wrapped"\n', ""),
        "corpus.toml",
        "source.lists",
        "Remove it",
    ),
    "furniture inside a sentence": (
        lambda c: change(c, 'begins = "RELATED LINKS"\nto_end = true', 'begins = "skin and passes a thin needle"'),
        "corpus.toml",
        "inside the sentence",
        "Correct the rule",
    ),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_what_does_not_fit_is_an_error_with_file_fact_and_remedy_and_nothing_is_built(
    broken: str, corpus: Path, tmp_path: Path
) -> None:
    breaking, file, fact, remedy = BREAKS[broken]
    breaking(corpus)
    index = tmp_path / "index"
    with pytest.raises(CorpusError) as raised:
        build(corpus, index=index, embedder=WordHash())
    message = str(raised.value)
    assert file in message
    assert fact in message
    assert remedy in message
    assert not index.exists()


def test_an_index_that_was_there_stays_untouched_when_the_corpus_is_broken(corpus: Path, tmp_path: Path) -> None:
    index = build(corpus, index=tmp_path / "index", embedder=WordHash())
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in index.rglob("*") if path.is_file()}
    (corpus / "lists.txt").write_bytes(b"Nothing is left.\n")
    with pytest.raises(CorpusError):
        build(corpus, index=index, embedder=WordHash())
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in index.rglob("*") if path.is_file()}


def test_the_text_is_the_bytes_decoded_and_nothing_else() -> None:
    for folder in (SMALL, ROOT / "corpus"):
        for document in read_corpus(folder):
            assert document.text.encode("utf-8") == (folder / document.file).read_bytes()
    crlf = next(document for document in read_corpus(SMALL) if document.key == "crlf")
    assert "\r\n" in crlf.text
    assert "e\u0301" in crlf.text, "combining accents are not composed"


def test_documents_come_in_the_order_of_their_ids_whatever_the_order_of_the_file(corpus: Path) -> None:
    tables = (corpus / "corpus.toml").read_text(encoding="utf-8").split("[[source]]\n")
    (corpus / "corpus.toml").write_text("[[source]]\n".join([tables[0], *reversed(tables[1:])]), encoding="utf-8")
    keys = [document.key for document in read_corpus(corpus)]
    assert keys == sorted(keys) == [document.key for document in read_corpus(SMALL)]


def test_a_source_that_is_not_in_use_is_left_out_and_its_file_may_be_gone(corpus: Path) -> None:
    (corpus / "empty.txt").unlink()
    assert "empty" not in [document.key for document in read_corpus(corpus)]
    assert "empty" in source_ids(corpus)


def test_an_unknown_date_is_none_and_not_guessed() -> None:
    revised = {document.key: document.revised for document in read_corpus(SMALL)}
    assert revised["crlf"] == "2022-09-02"
    assert revised["bom"] is None


@pytest.mark.parametrize(
    ("source", "quote"),
    [
        ("", ""),
        ("the speciﬁc ﬂuid, eﬃcient and diﬀerent waﬄes", "the specific fluid, efficient and different waffles"),
        ("as described [9].\r\nThe next", "as described. The next"),
        ("in 1999 [note] and [1234]", "in 1999 [note] and [1234]"),
        ("  • one\n\t• two\n\n3", "one two 3"),
        ("a • b", "a • b"),
        ("page\f• bullet after a form feed", "page bullet after a form feed"),
        ("cafe\u0301 \u00a0 38\u202f°C", "cafe\u0301 38 °C"),
    ],
)
def test_clean_is_the_one_normalisation(source: str, quote: str) -> None:
    assert clean(source) == quote


@FAST
@given(HARD)
def test_clean_leaves_no_ligature_no_bullet_at_a_line_start_and_single_spaces(source: str) -> None:
    quote = clean(source)
    assert not re.search(r"^\s|\s$|\s\s|[^\S ]|[ﬁﬃﬆ]", quote)


@FAST
@given(HARD)
def test_clean_with_places_is_clean_letter_by_letter(source: str) -> None:
    places = clean_places(source)
    assert "".join(letter for letter, _, _ in places) == clean(source)
    for letter, start, end in places:
        assert 0 <= start < end <= len(source)
        assert letter in (" ", source[start:end]) or source[start:end] in "ﬁﬃﬆ"
    assert [start for _, start, _ in places] == sorted(start for _, start, _ in places)
