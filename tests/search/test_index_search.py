"""Search in the index: what a slow search finds, by vectors and by words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_folders import small_contents
from numpy.typing import NDArray
from word_hash import WordHash

from allchat.search.folder import open_index, write_index
from allchat.search.index import Index
from allchat.search.schema import GRAINS, Contents, block_text
from allchat.search.store import COLUMNS
from allchat.search.vectors import vector_index
from allchat.sources.text import clean

QUESTION = GRAINS.index("question")

FAST = settings(max_examples=40, deadline=None, derandomize=True, database=None)


# Search beside a slow reference


def slow_near(
    texts: Sequence[str], targets: Sequence[tuple[int, int, int, int]], query: NDArray[np.float32]
) -> set[tuple[float, ...]]:
    """Every row's cosine, in numpy, with every block it leads to."""
    cosines = WordHash().encode(texts) @ query
    return {(round(float(cosines[row]), 5), grain, block, sentence) for row, grain, block, sentence in targets}


def rows_of(contents: Contents) -> tuple[list[str], list[tuple[int, int, int, int]]]:
    """The texts that are embedded and where they lead, said anew and plainly."""
    texts: list[str] = []
    targets: list[tuple[int, int, int, int]] = []
    sources = {document.key: document.text for document in contents.documents}
    blocks = [(block, outline) for outline in contents.outlines for block in outline.blocks]
    for number, (block, outline) in enumerate(blocks):
        text = sources[block.document]
        heading = " – ".join(outline.sections[block.section].heading[-2:])
        rows = [("block", block_text(block, text=text), -1)]
        rows += [("sentence", clean(text[s.start : s.end]), place) for place, s in enumerate(block.sentences)]
        rows += [("heading", heading, -1)] if heading else []
        rows += [
            ("question", question.text, -1 if question.sentence is None else question.sentence)
            for question in contents.questions
            if question.block == block
        ]
        for grain, words, sentence in rows:
            targets.append((len(texts), GRAINS.index(grain), number, sentence))  # type: ignore[arg-type]
            texts.append(words)
    return texts, targets


def test_dense_search_finds_what_a_slow_numpy_search_finds(tmp_path: Path) -> None:
    contents = small_contents()
    write_index(contents, folder=tmp_path, embedder=WordHash(), inputs={}, settings={})
    opened = open_index(tmp_path)
    texts, targets = rows_of(contents)

    @FAST
    @given(st.sampled_from(texts), st.sampled_from(texts))
    def check(one: str, other: str) -> None:
        queries = WordHash().encode([one, f"{one} {other}"])
        alone = [opened.near(query[None], limit=10_000) for query in queries]
        for query, found in zip(queries, alone, strict=True):
            rows = zip(*(column.tolist() for column in found), strict=True)
            fast = {(round(cosine, 5), grain, block, sentence) for cosine, grain, block, sentence in rows}
            slow = slow_near(texts, targets, query)
            assert {row[1:] for row in fast} == {row[1:] for row in slow}
            assert sorted(row[0] for row in fast) == pytest.approx(sorted(row[0] for row in slow), abs=2e-5)
            for kind in (found.grains == QUESTION, found.grains != QUESTION):
                assert found.cosines[kind].tolist() == sorted(found.cosines[kind].tolist(), reverse=True)
        together = opened.near(queries, limit=10_000)
        for column, one, other in zip(together, *alone, strict=True):
            assert column.tolist() == [*one.tolist(), *other.tolist()]

    check()


def test_an_index_of_nothing_finds_nothing(tmp_path: Path) -> None:
    write_index(Contents((), (), ()), folder=tmp_path, embedder=WordHash(), inputs={}, settings={})
    opened = open_index(tmp_path)
    found = opened.near(WordHash().encode(["fever"]), limit=5)
    assert [len(column) for column in found] == [0, 0, 0, 0]
    assert opened.postings(["fever"])[0].count == 0
    assert opened.block_count == 0


def test_a_question_scores_what_fts5_says_of_all_its_words_together(index: Index) -> None:
    for part, weights in enumerate(COLUMNS):
        rows = index._all(
            "SELECT rowid, -bm25(words, ?, ?, ?) FROM words WHERE words MATCH ?",
            (*weights, '"hairs" OR "grows" OR "toy"'),
        )
        assert len(rows) > 2
        summed: Counter[int] = Counter()
        for found in index.postings(["hairs", "grows", "toy"]):
            summed.update(dict(zip(found.blocks.tolist(), found.scores[:, part].tolist(), strict=True)))
        assert dict(summed) == pytest.approx(dict(rows))


# Search by size


def alike(count: int) -> NDArray[np.float32]:
    """Made vectors in clusters, as texts of a few subjects lie."""
    random = np.random.default_rng(7)
    subjects = random.standard_normal((40, 32))
    rows = subjects[random.integers(40, size=count)] + 0.6 * random.standard_normal((count, 32))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_search_is_exact_up_to_the_threshold_and_approximate_past_it_with_its_recall() -> None:
    rows, queries = alike(3000), alike(3100)[3000:]
    exact, approximate = vector_index(rows, exact_rows=3000), vector_index(rows, exact_rows=2999)
    assert not isinstance(exact, faiss.IndexIVF)
    assert isinstance(approximate, faiss.IndexIVF)
    assert approximate.nprobe < approximate.nlist
    wanted, found = exact.search(queries, 10)[1], approximate.search(queries, 10)[1]
    assert (wanted == np.argsort(-(queries @ rows.T), axis=1, kind="stable")[:, :10]).mean() > 0.999
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(wanted, found, strict=True)]) >= 0.95


def test_an_approximate_search_is_built_to_the_same_bytes_each_time() -> None:
    rows = alike(3000)
    one, other = (faiss.serialize_index(vector_index(rows, exact_rows=0)) for _ in range(2))
    assert np.array_equal(one, other)


def test_an_index_past_the_threshold_answers_from_its_cells(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_index, "__kwdefaults__", {"exact_rows": 50})
    write_index(small_contents(), folder=tmp_path, embedder=WordHash(), inputs={}, settings={})
    opened = open_index(tmp_path)
    assert isinstance(opened._vectors, faiss.IndexIVF)
    found = opened.near(WordHash().encode(["Hair usually grows back"]), limit=10_000)
    everything = index.near(WordHash().encode(["Hair usually grows back"]), limit=10_000)
    passages = np.count_nonzero(everything.grains == GRAINS.index("passage"))
    assert len(found.cosines) == len(everything.cosines) - passages > opened._vectors.nprobe
    blocks = opened.blocks(found.blocks[:3].tolist())
    assert {block.document for block in blocks} == {"twins-a", "twins-b"}
