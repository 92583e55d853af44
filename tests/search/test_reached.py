"""What one question reaches, in a small corpus and in one where nothing may be held for each block."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from allchat.records import Applies
from allchat.search import reached as module
from allchat.search.reached import Shares, reached
from allchat.search.store import Near, Postings


def near(*blocks: int) -> Near:
    numbers = np.array(blocks, dtype=np.intp)
    return Near(np.ones(len(blocks)), np.zeros_like(numbers), numbers, np.zeros_like(numbers))


def word(*blocks: int) -> Postings:
    return Postings(len(blocks), np.array(blocks, dtype=np.intp), np.ones((len(blocks), 2)))


@pytest.mark.parametrize("few", [0, 10**6])
def test_every_block_that_is_reached_is_there_once_and_each_group_finds_its_own(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FEW_BLOCKS", few)
    random = np.random.default_rng(5)

    def some() -> NDArray[np.intp]:
        return np.unique(random.integers(0, 900, size=40))

    found_near, said = near(*random.integers(0, 900, size=300).tolist()), [[word(*some())], [word(*some()), word()]]
    found = reached(found_near, said, block_count=900)
    groups = [found_near.blocks, *(one.blocks for words in said for one in words)]
    assert found.blocks.tolist() == sorted({block for group in groups for block in group.tolist()})
    assert found.blocks[found.near].tolist() == found_near.blocks.tolist()
    assert [[one is other for (one, _), other in zip(a, b, strict=True)] for a, b in zip(found.said, said, strict=True)]
    for words in found.said:
        for one, places in words:
            assert found.blocks[places].tolist() == one.blocks.tolist()


@pytest.mark.parametrize("few", [0, 10**6])
def test_nothing_near_and_nothing_said_reaches_nothing(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEW_BLOCKS", few)
    found = reached(near(), [[]], block_count=5)
    assert (found.blocks.tolist(), found.near.tolist(), found.said) == ([], [], [[]])


def test_what_is_held_back_from_a_message_counts_nothing_and_is_told() -> None:
    relapse, infants = Applies(phase=("relapse",)), Applies(age=("infant",))
    shares = Shares({relapse: np.array([1, 4]), infants: np.array([2])}, of_source=np.ones(6))
    share = shares.of(frozenset())
    counts = shares.among(np.arange(6), share)
    assert counts[[0, 3, 5]].tolist() == [1.0, 1.0, 1.0]
    assert share.held.tolist() == np.flatnonzero(counts == 0).tolist()
    assert Shares({}, of_source=np.ones(2)).of(frozenset()).held.tolist() == []


def test_what_a_source_counts_holds_whatever_is_named_and_one_that_is_not_searched_is_held_back() -> None:
    relapse = Applies(phase=("relapse",))
    shares = Shares({relapse: np.array([1, 3])}, of_source=np.array([1.0, 1.0, 0.5, 0.5, 0.0]))
    for named, held, counts in ((frozenset(), [1, 3, 4], [1, 0, 0.5, 0, 0]), ({"relapse"}, [4], [1, 1, 0.5, 0.5, 0])):
        share = shares.of(frozenset(named))
        assert share.held.tolist() == held
        assert shares.among(np.arange(5), share).tolist() == counts
