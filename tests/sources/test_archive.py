"""The archive: what was once quoted from stays under its hash, with what was said of it then."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import SMALL
from sources.made_changes import bare, units, with_text

from allchat.errors import CorpusError
from allchat.records import Document
from allchat.sources import archive
from allchat.sources.corpus import declared_sources, read_corpus
from allchat.sources.text import clean
from allchat.sources.whereabouts import standing


def test_a_kept_text_is_read_with_the_facts_that_it_had(corpus: Path) -> None:
    sha256 = archive.keep(corpus, "lists")
    before = next(document for document in read_corpus(corpus) if document.key == "lists")
    table = (corpus / "corpus.toml").read_text(encoding="utf-8").replace('revised = "2022', 'revised = "2031')
    (corpus / "corpus.toml").write_text(table, encoding="utf-8")
    (corpus / before.file).unlink()
    assert archive.earlier(corpus, "lists", sha256) == before
    assert archive.earlier(corpus, "lists", sha256[:16]) == before
    assert archive.kept_texts(corpus, "lists") == {sha256: before}


@pytest.mark.parametrize("digits", ["", "0", "../lists", "zz", "0" * 64, "None"])
def test_digits_that_name_no_text_find_none(digits: str, corpus: Path) -> None:
    archive.keep(corpus, "lists")
    assert archive.earlier(corpus, "lists", digits) is None
    assert archive.earlier(corpus, "../lists", archive.kept_hashes(corpus, "lists")[0]) is None


def test_a_kept_text_that_was_altered_is_an_error_and_never_another_text(corpus: Path) -> None:
    sha256 = archive.keep(corpus, "lists")
    (corpus / "archive" / "lists" / sha256 / "text.txt").write_text("Give aspirin.", encoding="utf-8")
    with pytest.raises(CorpusError, match="was changed"):
        archive.earlier(corpus, "lists", sha256)


def test_a_source_that_is_forgotten_leaves_nothing(corpus: Path) -> None:
    sha256 = archive.keep(corpus, "lists")
    assert archive.forget(corpus, "lists")
    assert archive.earlier(corpus, "lists", sha256) is None
    assert archive.forget(corpus, "lists") == []


def test_the_tables_of_a_corpus_file_are_all_of_it() -> None:
    text = (SMALL / "corpus.toml").read_text(encoding="utf-8")
    head, parts = archive.tables(text)
    assert head + "".join(parts.values()) == text
    assert list(parts) == [source.id for source in declared_sources(SMALL)]


DOCUMENTS = bare(SMALL)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 10**6), revisions=st.integers(1, 10))
def test_every_old_link_opens_the_old_words_whatever_the_text_became(
    tmp_path_factory: pytest.TempPathFactory, seed: int, revisions: int
) -> None:
    folder = tmp_path_factory.mktemp("kept")
    chance = random.Random(seed)  # noqa: S311 - the same revisions for the same seed
    document = chance.choice([found for found in DOCUMENTS if len(units(found)) > 1])
    text, links = document.text, []
    for _ in range(revisions):
        sha256 = write(folder, text)
        archive.keep(folder, "it")
        unit = chance.choice(units(document))
        start, end = min(unit.start, len(text)), min(unit.end, len(text))
        links.append((sha256, start, end, clean(text[start:end])))
        at = chance.randrange(len(text))
        text = text[:at] + chance.choice(("", " new words ", "\n\nA line.\n\n")) + text[at + chance.randrange(9) :]
    for sha256, start, end, words in links:
        kept = archive.earlier(folder, "it", sha256[:16])
        assert kept is not None
        assert clean(kept.text[start:end]) == words


def write(folder: Path, text: str) -> str:
    text = text if text.strip() else "Words."
    (folder / "it.txt").write_bytes(text.encode())
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    facts = 'title = "T"\npublisher = "P"\ncopy = "c"\nurl = "https://example.org"\nrevised = "unknown"\n'
    facts += 'audience = "a"\nlanguage = "en"\nrights = "r"\nattribution = "P states:"\n'
    table = f'[[source]]\nid = "it"\nfile = "it.txt"\nsha256 = "{sha256}"\n{facts}'
    (folder / "corpus.toml").write_text(table, encoding="utf-8")
    return sha256


def test_the_same_words_in_another_list_are_not_the_sentence_that_was_taken_out() -> None:
    old = made("Signs of it:\n\n• Fever at night.\n• Pain.\n\nSigns of other things:\n\n• Rash.\n• Fever at night.\n")
    new = made("Signs of it:\n\n• Pain.\n\nSigns of other things:\n\n• Rash.\n• Fever at night.\n")
    first, last = old.text.index("Fever"), old.text.rindex("Fever")
    assert standing(old, new, first, first + 15).fate == "gone"
    assert standing(old, new, last, last + 15).fate == "moved"


def made(text: str) -> Document:
    return with_text(DOCUMENTS[0], text)
