"""What the guard reads of a text: its vector first, and what inner layers make of it."""

from __future__ import annotations

import numpy as np
import pytest

from allchat.search.embedder import Reader
from allchat.search.sentence_transformer import SentenceEmbedder

TEXTS = ("What is a lumbar puncture?", "I cannot do this any more. Nobody would miss me.", "")


def test_a_reading_begins_with_the_vector_and_is_in_pieces_of_length_1(exported: Reader) -> None:
    read, vectors = exported.read(TEXTS), exported.encode(TEXTS)
    size = vectors.shape[1]
    assert read.shape == (len(TEXTS), 3 * size)
    assert np.array_equal(read[:, :size], vectors)
    assert np.linalg.norm(read.reshape(len(TEXTS), 3, size), axis=2) == pytest.approx(1.0, abs=1e-5)


def test_the_model_itself_reads_what_its_export_reads(exported: Reader, model: SentenceEmbedder) -> None:
    assert model.read(TEXTS[:2]) == pytest.approx(exported.read(TEXTS[:2]), abs=1e-4)


def test_inner_layers_tell_more_than_the_vector(exported: Reader) -> None:
    read = exported.read(TEXTS[:2])
    size = read.shape[1] // 3
    own, middle = read[:, :size], read[:, size : 2 * size]
    assert abs(float(own[0] @ own[1]) - float(middle[0] @ middle[1])) > 0.1


def test_no_texts_give_no_readings(exported: Reader) -> None:
    assert len(exported.read([])) == 0


def test_the_vectors_alone_keep_no_layers_in_memory(exported: Reader) -> None:
    vectors = exported.encode(TEXTS)
    assert vectors.base is None or vectors.base.nbytes == vectors.nbytes
