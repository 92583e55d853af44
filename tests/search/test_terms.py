"""Terms and their BM25, beside FTS5 itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from shelves import whole_contents
from word_hash import WordHash

from allchat.search import schema, terms
from allchat.search.folder import open_index, write_index
from allchat.search.index import WORDS_FILE, Index
from allchat.search.store import COLUMNS
from allchat.search.terms import Terms, best_of, packed, row_lengths, terms_of, unpacked
from allchat.search.words import content_words


@pytest.fixture(scope="module")
def words(small_index: Path) -> Iterator[sqlite3.Connection]:
    folder = open_index(small_index).folder
    with closing(sqlite3.connect(folder / WORDS_FILE)) as connection:
        yield connection


def test_a_word_is_cut_into_terms_as_fts5_does() -> None:
    cut = Terms()
    assert [cut.of(word) for word in ("hairs", "don't", "naïve")] == [("hair",), ("don", "t"), ("naiv",)]
    assert [cut.of(word) for word in ("", '"', "hairs")] == [(), (), ("hair",)]


def test_the_score_of_every_term_is_fts5s_to_the_last_bit(words: sqlite3.Connection) -> None:
    cut, found, held = Terms(), dict(term[:2] for term in terms_of(words)), 0
    scores = ", ".join(f"-bm25(words, {', '.join(map(str, weights))})" for weights in COLUMNS)
    query = f"SELECT rowid, {scores} FROM words WHERE words MATCH ? ORDER BY rowid"  # noqa: S608 - our own numbers
    for word in sorted({word for document in whole_contents().documents for word in content_words(document.text)}):
        wanted = np.array(words.execute(query, (f'"{word}"',)).fetchall()).reshape(-1, 3)
        term = cut.of(word)
        if len(term) == 1 and len(wanted):
            held += 1
            assert found[term[0]].count == len(wanted)
            assert np.array_equal(found[term[0]].blocks, wanted[:, 0])
            assert np.array_equal(found[term[0]].scores, wanted[:, 1:])
    assert held > 200


def test_only_terms_that_are_frequent_enough_are_counted_and_a_small_index_has_none(words: sqlite3.Connection) -> None:
    every, frequent = ({text: at for text, at, _ in terms_of(words, least=least)} for least in (1, 5))
    assert set(frequent) == {text for text, postings in every.items() if postings.count >= 5} != set(every)
    assert words.execute("SELECT count(*) FROM frequent").fetchall() == [(0,)]


def test_the_length_of_a_row_is_read_from_sqlites_packing() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(schema._WORDS)
        for row, counts in enumerate([(0, 127, 1), (128, 3, 0), (1, 20_000, 300)]):
            texts = [" ".join(["toy"] * count) for count in counts]
            connection.execute("INSERT INTO words(rowid, heading, body, questions) VALUES (?, ?, ?, ?)", (row, *texts))
        assert row_lengths(connection).tolist() == [128, 131, 20_301]


def test_of_very_many_blocks_the_best_are_kept_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terms, "MOST_POSTINGS", 2)
    scores = np.array([[0.1, 0.0], [0.5, 0.0], [0.2, 0.9], [0.3, 0.1]])
    found = unpacked(*packed(best_of(np.array([3, 5, 8, 9]), scores)))
    assert (found.count, found.blocks.tolist()) == (4, [5, 8])
    assert found.scores.tolist() == [[0.5, 0.0], [0.2, 0.9]]


def test_a_word_in_very_many_blocks_is_answered_as_it_would_be_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms, "MOST_POSTINGS", 3)
    monkeypatch.setattr(schema, "MOST_POSTINGS", 3)
    write_index(whole_contents(), folder=tmp_path, embedder=WordHash(), inputs={}, settings={})
    index = open_index(tmp_path)
    frequent = [word for word in ("hair", "hairs", "medicines", "the", "don't") if index._frequent(word)]
    assert len(frequent) >= 2
    assert "don't" not in frequent
    for word in frequent:
        counted, (stored,) = index._counted(word), index.postings([word])
        assert stored.count == counted.count > 3
        assert len(stored.blocks) == 3
        assert np.array_equal(stored.blocks, counted.blocks)
        assert np.array_equal(stored.scores, counted.scores)
    assert isinstance(index, Index)
