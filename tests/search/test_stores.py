"""The contract of stores and shelves, which every kind of them is held to."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from shelves import SHELVES, made, whole_contents
from word_hash import WordHash

from allchat.errors import StoreError
from allchat.records import Applies, Block, Outline
from allchat.search.retriever import Search
from allchat.search.schema import EVERYONE, GRAINS, applies_of
from allchat.search.store import Kept, Shelf, Store

QUESTION = GRAINS.index("question")
HAIR = "Hair usually grows back after chemotherapy ends."


@pytest.fixture(params=SHELVES)
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    """An empty shelf."""
    (tmp_path / "shelf").mkdir()
    return SHELVES[request.param](tmp_path / "shelf")


@pytest.fixture(scope="module", params=SHELVES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The small index in each kind of store."""
    folder = tmp_path_factory.mktemp("shelf")
    one = SHELVES[request.param](folder)
    one.publish(one.write(made(tmp_path_factory.mktemp("made"))), instead_of=None)
    opened = one.open()
    yield opened
    opened.close()


def blocks() -> list[Block]:
    return [block for outline in whole_contents().outlines for block in outline.blocks]


# What went in comes out


def test_the_opened_store_gives_the_outlines_that_went_in(store: Store) -> None:
    for outline in whole_contents().outlines:
        assert store.outline(outline.document) == outline
    assert store.outline("nothing") == Outline("nothing", (), (), ())


def test_blocks_are_numbered_in_the_order_of_documents_and_of_reading(store: Store) -> None:
    assert store.block_count == len(blocks())
    assert store.blocks(range(store.block_count)) == blocks()
    assert store.blocks([3, 0, 3]) == [blocks()[3], blocks()[0], blocks()[3]]
    assert store.blocks([]) == []
    assert store.documents_of_blocks() == [block.document for block in blocks()]


def test_headings_and_questions_come_out_as_they_went_in(store: Store) -> None:
    contents = whole_contents()
    for outline in contents.outlines:
        wanted = [outline.sections[block.section].heading for block in outline.blocks]
        assert store.headings(outline.blocks) == wanted
    asked = [(question.text, question.sentence) for question in contents.questions]
    assert [(text, None if sentence == -1 else sentence) for _, sentence, text in store.questions()] == asked
    for question in contents.questions:
        mine = [other.text for other in contents.questions if other.block == question.block]
        assert store.questions_of([contents.outlines[0].blocks[0], question.block]) == [(), tuple(mine)]
    assert store.questions_of([]) == []
    documents = {question.block.document for question in contents.questions}
    assert store.asked().tolist() == [block.document in documents for block in blocks()]
    for fact in ("title", "language", "audience"):
        assert store.told(fact) == {document.key: getattr(document, fact) for document in contents.documents}


def test_passages_come_out_in_reading_order(store: Store) -> None:
    passages = whole_contents().passages
    for document in whole_contents().documents:
        mine = [passage for passage in passages if passage.document == document.key]
        assert store.passages(document.key) == mine
        assert store.passage_counts().get(document.key, 0) == len(mine)
    shortest = min((passage.text for passage in passages), key=len)
    assert len(store.setting("known_text")) == len(shortest)


def test_what_speaks_for_special_cases_is_told_by_case(store: Store) -> None:
    special = store.special()
    everyone = applies_of(EVERYONE)
    assert everyone not in special
    wanted: dict[Applies, list[int]] = {}
    for number, block in enumerate(blocks()):
        if block.applies != everyone:
            wanted.setdefault(block.applies, []).append(number)
    assert {applies: numbers.tolist() for applies, numbers in special.items()} == wanted


def test_a_stored_setting_comes_out_and_another_is_none(store: Store) -> None:
    assert store.setting("known_words") == ["platelets"]
    assert store.setting("nothing") is None


# Search


def test_near_gives_the_sources_rows_before_our_questions_each_most_similar_first(store: Store) -> None:
    found = store.near(WordHash().encode([HAIR]), limit=10_000)
    asked = found.grains == QUESTION
    assert asked.tolist() == sorted(asked.tolist())
    for kind in (asked, ~asked):
        assert kind.any()
        assert found.cosines[kind].tolist() == sorted(found.cosines[kind].tolist(), reverse=True)
    best = store.blocks([int(found.blocks[0])])[0]
    assert best.document in {"twins-a", "twins-b"}
    assert found.cosines[0] == pytest.approx(1.0, abs=1e-6)


def test_the_same_words_in_two_files_are_found_in_both(store: Store) -> None:
    found = store.near(WordHash().encode([HAIR]), limit=10_000)
    sentences = (found.grains == GRAINS.index("sentence")) & np.isclose(found.cosines, 1.0, atol=1e-6)
    both = [block.document for block in store.blocks(sorted(found.blocks[sentences].tolist()))]
    assert both == ["twins-a", "twins-b"]


def test_several_queries_find_what_each_finds_alone_in_their_order(store: Store) -> None:
    queries = WordHash().encode([HAIR, "fever", "which medicines are forbidden"])
    alone = [store.near(query[None], limit=7) for query in queries]
    for column, *parts in zip(store.near(queries, limit=7), *alone, strict=True):
        assert column.tolist() == np.concatenate(parts).tolist()


def test_the_limit_bounds_the_rows_of_each_kind_that_are_looked_at(store: Store) -> None:
    found = store.near(WordHash().encode([HAIR]), limit=1)
    assert len({round(value, 6) for value in found.cosines[found.grains != QUESTION].tolist()}) == 1
    assert np.count_nonzero(found.grains == QUESTION) == 1
    assert [len(column) for column in store.near(WordHash().encode([]), limit=5)] == [0, 0, 0, 0]


def test_words_are_found_by_their_stem_in_the_order_of_the_blocks(store: Store) -> None:
    found, same = store.postings(["hairs", "hair"])
    assert found.count == len(found.blocks) == len(found.scores) > 0
    assert found.blocks.tolist() == sorted(set(found.blocks.tolist()))
    assert {block.document for block in store.blocks(found.blocks.tolist())} == {"twins-a", "twins-b"}
    assert found.blocks.tolist() == same.blocks.tolist()
    for nowhere in store.postings(["quark", "don't", 'a"b', '"', "²", "naïve'x", ""]):
        assert (nowhere.count, nowhere.blocks.shape, nowhere.scores.shape) == (0, (0,), (0, 2))
    assert store.postings([]) == []


def test_a_word_says_in_which_of_a_few_blocks_it_stands(store: Store) -> None:
    (found,) = store.postings(["hair"])
    others = sorted(set(range(store.block_count)) - set(found.blocks.tolist()))
    assert all(found.stands_in([others[0], block]) for block in found.blocks.tolist())
    assert not found.stands_in(others)
    assert not found.stands_in([])


def test_a_search_is_the_same_in_many_threads(store: Store) -> None:
    search, asked = Search(store, embedder=WordHash()), [HAIR, "which medicines are forbidden", "fever at night"]

    def found() -> list[list[tuple[str, float]]]:
        return [
            [(hit.block.key, hit.score) for hit in search.find([text], vectors=WordHash().encode([text]), limit=5).hits]
            for text in asked
        ]

    wanted, got = found(), []
    threads = [threading.Thread(target=lambda: got.append(found())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [wanted] * 4


def test_a_closed_store_is_an_error_and_no_empty_result(shelf: Shelf, tmp_path: Path) -> None:
    shelf.publish(shelf.write(made(tmp_path / "made")), instead_of=None)
    opened = shelf.open()
    opened.close()
    with pytest.raises(StoreError):
        opened.postings(["toy"])
    with pytest.raises(StoreError):
        opened.blocks([0])


# Versions on a shelf


def test_an_empty_shelf_has_nothing_in_force_and_says_what_to_run(shelf: Shelf) -> None:
    assert shelf.current() is None
    with pytest.raises(StoreError, match=r"Run: allchat build"):
        shelf.open()
    with pytest.raises(StoreError, match=r"Run: allchat build"):
        shelf.open("0123456789abcdef")
    shelf.drop("0123456789abcdef")


def test_what_is_written_is_in_force_only_when_it_is_published(shelf: Shelf, tmp_path: Path) -> None:
    name = shelf.write(made(tmp_path / "made"))
    assert shelf.current() is None
    shelf.publish(name, instead_of=None)
    assert shelf.current() == name
    opened = shelf.open()
    assert opened.version.startswith(name)
    assert opened.manifest["inputs"] == {}
    opened.close()


def test_a_version_is_published_only_instead_of_the_one_that_is_in_force(shelf: Shelf, tmp_path: Path) -> None:
    first, second = versions(shelf, tmp_path)
    shelf.publish(first, instead_of=None)
    for wrong in (None, second, "0123456789abcdef"):
        with pytest.raises(StoreError, match="came in force meanwhile"):
            shelf.publish(second, instead_of=wrong)
    assert shelf.current() == first
    with pytest.raises(StoreError, match="holds no index 0123456789abcdef"):
        shelf.publish("0123456789abcdef", instead_of=first)
    shelf.publish(second, instead_of=first)
    assert shelf.current() == second


def test_a_version_that_is_there_is_written_again_without_harm(shelf: Shelf, tmp_path: Path) -> None:
    name = shelf.write(made(tmp_path / "made"))
    shelf.publish(name, instead_of=None)
    opened = shelf.open()
    assert shelf.write(made(tmp_path / "again")) == name
    assert opened.blocks([0]) == [blocks()[0]]
    opened.close()


def test_an_opened_version_answers_on_while_another_comes_in_force(shelf: Shelf, tmp_path: Path) -> None:
    first, second = versions(shelf, tmp_path)
    shelf.publish(first, instead_of=None)
    before = shelf.open()
    shelf.publish(second, instead_of=first)
    after = shelf.open()
    assert [opened.manifest["inputs"] for opened in (before, after)] == [{"version": 1}, {"version": 2}]
    assert before.blocks([0]) == after.blocks([0])
    before.close()
    after.close()


def test_what_is_dropped_is_gone_and_what_is_in_force_is_not_dropped(shelf: Shelf, tmp_path: Path) -> None:
    first, second = versions(shelf, tmp_path)
    shelf.publish(first, instead_of=None)
    shelf.publish(second, instead_of=first)
    shelf.drop(first)
    shelf.drop(second)
    assert shelf.current() == second
    shelf.open().close()
    with pytest.raises(StoreError):
        shelf.open(first)


def versions(shelf: Shelf, folder: Path) -> Sequence[str]:
    """The names of two versions that are written and not published."""
    return [shelf.write(made(folder / f"made-{n}", inputs={"version": n})) for n in (1, 2)]


# What is remembered


def test_values_are_fetched_together_once_and_the_latest_are_kept() -> None:
    fetched: list[list[int]] = []

    def squares(keys: list[int]) -> list[int]:
        fetched.append(keys)
        return [key * key for key in keys]

    kept = Kept(squares, most=3)
    assert kept([1, 2, 1]) == [1, 4, 1]
    assert kept([2, 3]) == [4, 9]
    assert kept([1, 4]) == [1, 16]
    assert kept([2]) == [4]  # asked for the longest ago: let go
    assert kept([5, 6, 7, 8, 5]) == [25, 36, 49, 64, 25]
    assert kept([]) == []
    assert fetched == [[1, 2], [3], [4], [2], [5, 6, 7, 8]]
