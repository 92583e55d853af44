"""Words with an apostrophe: every kind of store finds them in the same blocks, with the same scores."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from shelves import SHELVES
from word_hash import WordHash

from allchat.records import Document
from allchat.search.folder import open_index, write_index
from allchat.search.schema import Contents
from allchat.search.store import Store
from allchat.sources.outline import outline_document

LINES = (
    "The clinic opens at 8 o'clock. Come before 9 o’clock, for at ten o'clock it closes.",
    "Your child's blood is taken. A child is brave, and so are you.",
    "Good morning, ma'am; y'all may come in, and don't be late.",
    "All of you wait here. The clock on the wall is o so slow.",
    "In l'hôpital they play rock'n'roll, and the rock rolls on without an n.",
    "Don't wait. Children's wards are on the first floor.",
)
STANDS: Mapping[str, list[int]] = {
    "o'clock": [0],
    "O’Clock": [0],
    "child's": [1],
    "children’s": [5],
    "don't": [2, 5],
    "ma'am": [2],
    "y'all": [2],
    "l'hôpital": [4],
    "l'hopital": [4],
    "rock'n'roll": [4],
    "clock'o": [],
    "all'y": [],
    "o'wall": [],
    "zebra's": [],
    "zebra'clock": [],
    "'": [],
    "clock": [0, 3],
}


def contents() -> Contents:
    text = "\n\n".join(LINES)
    names = ["made", "made.txt", *["made"] * 4, None, "made", "en", *["made"] * 3]
    document = Document(*names, sha256=hashlib.sha256(text.encode()).hexdigest(), text=text)  # type: ignore[arg-type]
    outline = outline_document(document)
    assert [text[block.start : block.end] for block in outline.blocks] == list(LINES)
    return Contents((document,), (outline,), ())


@pytest.fixture(scope="module")
def made_here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_index(contents(), folder=folder, embedder=WordHash(), inputs={}, settings={})
    return folder


@pytest.fixture(scope="module", params=SHELVES)
def store(request: pytest.FixtureRequest, made_here: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    shelf = SHELVES[request.param](tmp_path_factory.mktemp("shelf"))
    copy = tmp_path_factory.mktemp("copy")
    write_index(contents(), folder=copy, embedder=WordHash(), inputs={}, settings={})
    shelf.publish(shelf.write(open_index(copy).folder), instead_of=None)
    opened = shelf.open()
    yield opened
    opened.close()


@pytest.mark.parametrize("word", STANDS)
def test_a_word_stands_where_its_parts_stand_one_behind_the_other_and_nowhere_else(
    word: str, store: Store, made_here: Path
) -> None:
    (found,), (wanted,) = store.postings([word]), open_index(made_here).postings([word])
    assert (found.count, found.blocks.tolist()) == (len(STANDS[word]), STANDS[word])
    assert np.array_equal(found.blocks, wanted.blocks)
    assert np.array_equal(found.scores, wanted.scores)


def test_words_of_one_question_are_found_together_as_each_is_alone(store: Store) -> None:
    words = list(STANDS)
    assert [found.blocks.tolist() for found in store.postings(words)] == list(STANDS.values())
