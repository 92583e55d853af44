"""Baselines: each finds what it can, over pieces of its own."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from places import SMALL
from word_hash import WordHash

from allchat.chat import Chat
from allchat.evaluation.baselines import (
    CHUNK_CHARACTERS,
    CHUNK_OVERLAP,
    FixedChunks,
    Remembering,
    System,
    blocks_of,
    chunk_starts,
    relevant,
    systems,
)
from allchat.search.retriever import PARTS
from allchat.sources.corpus import read_corpus

ASKED = "which medicines are forbidden at home"


@pytest.fixture(scope="module")
def compared(small_chat: Chat) -> dict[str, list[System]]:
    return systems(small_chat)


def test_there_are_the_whole_search_two_halves_and_fixed_size_chunks(compared: dict[str, list[System]]) -> None:
    names = [system.name for system in compared["systems"]]
    assert names == ["allchat", "BM25 alone", "dense alone", "fixed-size chunks"]
    assert [f"without {part}" for part in PARTS] == [system.name for system in compared["ablation"]][1 : len(PARTS) + 1]


def test_each_gives_pieces_of_its_own_each_once_and_the_same_every_time(compared: dict[str, list[System]]) -> None:
    for system in (*compared["systems"], *compared["ablation"]):
        found = system.rank(ASKED)
        assert 0 < len(found) <= 10
        assert len(set(found)) == len(found)
        assert set(found) <= set(system.units)
        assert system.rank(ASKED) == found


def test_each_finds_what_shares_its_words(compared: dict[str, list[System]]) -> None:
    for system in compared["systems"]:
        found = system.rank("Do not give any of these without asking")
        assert any("do not give any of these" in system.units[key] for key in found[:3]), system.name


@pytest.mark.parametrize("length", [0, 1, 999, 1000, 1001, 1800, 1801, 5000])
def test_fixed_size_chunks_leave_nothing_out_and_share_their_ends(length: int) -> None:
    starts = chunk_starts(length)
    assert starts[0] == 0
    assert starts[-1] + CHUNK_CHARACTERS >= length
    assert all(later - earlier == CHUNK_CHARACTERS - CHUNK_OVERLAP for earlier, later in pairwise(starts))
    assert len(starts) == 1 or starts[-1] + CHUNK_OVERLAP < length, "no chunk lies wholly in the one before"


def test_the_nearest_chunk_is_the_one_with_the_greatest_cosine() -> None:
    chunks = FixedChunks(read_corpus(SMALL), embedder=WordHash())
    vectors = WordHash().encode(list(chunks._texts))
    cosines = vectors @ WordHash().encode([ASKED])[0]
    assert chunks.rank(ASKED)[0] == list(chunks.units)[int(np.argmax(cosines))]


def test_a_piece_is_relevant_where_it_holds_a_gold_span(small_chat: Chat) -> None:
    units = blocks_of(small_chat)
    found = relevant(units, ["Do not give any of these", "nowhere at all"])
    assert found
    assert all("do not give any of these" in units[key] for key in found)
    assert relevant(units, ["nowhere at all"]) == {}


def test_the_same_texts_are_encoded_once() -> None:
    class Counting(WordHash):
        asked = 0

        def encode(self, texts: object, *, progress: bool = False) -> object:  # type: ignore[override]
            type(self).asked += 1
            return super().encode(texts, progress=progress)  # type: ignore[arg-type]

    remembering = Remembering(Counting())
    assert (remembering.encode(["a"]) == remembering.encode(["a"])).all()
    remembering.encode(["b"])
    assert Counting.asked == 2
