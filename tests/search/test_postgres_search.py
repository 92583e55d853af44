"""What the store in PostgreSQL is asked for one question, beside what the folder finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from postgres_server import missing
from shelves import filled, in_postgres, made
from word_hash import WordHash

from allchat.search.folder import open_index
from allchat.search.shelf import bring
from allchat.search.vectors import vector_index

if missing() is not None:
    pytest.skip(f"not tested: {missing()}", allow_module_level=True)

from allchat.search import postgres_connections


def test_past_the_exact_search_cells_are_read_until_there_are_as_many_rows_as_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_index, "__kwdefaults__", {"exact_rows": 50})
    files = made(tmp_path / "made")
    shelf = in_postgres(tmp_path / "files")
    bring(files, shelf)
    store, folder = shelf.open(), open_index(tmp_path / "made")
    for limit in (10, 100, 10_000):
        for text in ("Hair usually grows back", "which medicines are forbidden at home"):
            found, wanted = (one.near(WordHash().encode([text]), limit=limit) for one in (store, folder))
            assert found.cosines[0] == pytest.approx(wanted.cosines[0], abs=1e-6)
            if limit == 10_000:
                assert sorted(zip(found.blocks, found.grains, strict=True)) == sorted(
                    zip(wanted.blocks, wanted.grains, strict=True)
                )
    store.close()


def test_words_with_an_apostrophe_stand_where_fts5_finds_them(built_index: Path, tmp_path: Path) -> None:
    folder, shelf = open_index(built_index), in_postgres(tmp_path)
    bring(folder.folder, shelf)
    store = shelf.open()
    words = ["child's", "don't", "children’s", "what's", "Hodgkin's", "they're", "doctor's", "chemotherapy"]
    for word, one, other in zip(words, folder.postings(words), store.postings(words), strict=True):
        assert (word, one.count) == (word, other.count)
        assert np.array_equal(one.blocks, other.blocks)
        assert np.array_equal(one.scores, other.scores)
    assert sum(found.count > 0 for found in store.postings(words)) > 3
    store.close()


def test_a_search_is_one_trip_and_a_query_is_planned_once_however_much_it_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_connections, "MOST_CONNECTIONS", 1)
    heard: list[float] = []
    shelf = filled(tmp_path)
    shelf.hear(heard.append)
    store = shelf.open()
    before = len(heard)
    for limit in (3, 5, 8):
        store.near(WordHash().encode(["hair", "fever", "at night"]), limit=limit)
    assert len(heard) - before == 3
    assert store.block_count > 12
    for first in range(3):
        store.blocks(range(4 * first, 4 * first + 2 + first))
    with store._pool.connection() as one:
        rows = one.execute("SELECT statement FROM pg_prepared_statements").fetchall()
    planned = [statement for (statement,) in rows if "FROM blocks WHERE id IN" in statement or "<#>" in statement]
    assert len(planned) == 3  # blocks, the sources' rows, those of our questions
    store.close()
