"""Kept rows: each under all that it depends on, to the last digit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from word_hash import WordHash

from allchat.search.kept_vectors import KEPT_FILE, KeptVectors


def test_readings_are_kept_apart_from_vectors_of_the_same_text(tmp_path: Path) -> None:
    class Deeper(WordHash):
        def read(self, texts: Sequence[str], *, progress: bool = False) -> NDArray[np.float32]:
            vectors = self.encode(texts, progress=progress)
            return np.hstack((vectors, -vectors))

    one = KeptVectors(Deeper(), key="one")
    read = one.read(["fever", "hair"])
    vectors = one.encode(["fever"])
    assert (read.shape, vectors.shape) == ((2, 768), (1, 384))
    (tmp_path / KEPT_FILE).write_bytes(one.packed())
    other = KeptVectors(Deeper(), key="one", kept=tmp_path / KEPT_FILE)
    assert np.array_equal(other.read(["fever", "hair"]), read)
    assert np.array_equal(other.encode(["fever"]), vectors)
    assert other.embedded == 0


def test_what_was_found_is_kept_to_the_last_digit_under_all_that_it_depends_on(tmp_path: Path) -> None:
    def find(texts: Sequence[str]) -> NDArray[np.float64]:
        made.extend(texts)
        return np.array([[len(text) / 3, -1.0] for text in texts])

    made: list[str] = []
    one = KeptVectors(WordHash(), key="one")
    rows = one.keep(["fever", "hair"], find, under="an index ")
    (tmp_path / KEPT_FILE).write_bytes(one.packed())
    other = KeptVectors(WordHash(), key="one", kept=tmp_path / KEPT_FILE)
    assert np.array_equal(other.keep(["hair", "fever"], find, under="an index "), rows[::-1])
    assert made == ["fever", "hair"]
    other.keep(["hair"], find, under="another index ")
    assert made == ["fever", "hair", "hair"]
    assert (other.embedded, other.count) == (0, 0)  # no text of these was embedded


def test_vectors_of_another_model_are_not_taken(tmp_path: Path) -> None:
    one = KeptVectors(WordHash(), key="one")
    vectors = one.encode(["fever", "hair", "fever"])
    assert np.array_equal(vectors, WordHash().encode(["fever", "hair", "fever"]))
    (tmp_path / KEPT_FILE).write_bytes(one.packed())
    for key, embedded in (("one", 1), ("other", 3)):
        other = KeptVectors(WordHash(), key=key, kept=tmp_path / KEPT_FILE)
        assert np.array_equal(other.encode(["hair", "teas", "fever"])[[2, 0]], vectors[:2])
        assert (other.embedded, other.count) == (embedded, 3)
    assert one.encode([]).shape == (0, vectors.shape[1])
