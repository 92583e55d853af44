"""What learnt parts read of a text: its vector first, what inner layers make of it, and of each of its pieces."""

from __future__ import annotations

import numpy as np
import pytest

from allchat.search.embedder import PieceReader
from allchat.search.sentence_transformer import SentenceEmbedder

TEXTS = ("What is a lumbar puncture?", "I cannot do this any more. Nobody would miss me.", "")


def test_a_reading_begins_with_the_vector_and_is_in_pieces_of_length_1(exported: PieceReader) -> None:
    read, vectors = exported.read(TEXTS), exported.encode(TEXTS)
    size = vectors.shape[1]
    assert read.shape == (len(TEXTS), 3 * size)
    assert np.array_equal(read[:, :size], vectors)
    assert np.linalg.norm(read.reshape(len(TEXTS), 3, size), axis=2) == pytest.approx(1.0, abs=1e-5)


def test_the_model_itself_reads_what_its_export_reads(exported: PieceReader, model: SentenceEmbedder) -> None:
    assert model.read(TEXTS[:2]) == pytest.approx(exported.read(TEXTS[:2]), abs=1e-4)


def test_inner_layers_tell_more_than_the_vector(exported: PieceReader) -> None:
    read = exported.read(TEXTS[:2])
    size = read.shape[1] // 3
    own, middle = read[:, :size], read[:, size : 2 * size]
    assert abs(float(own[0] @ own[1]) - float(middle[0] @ middle[1])) > 0.1


def test_pieces_are_those_whose_means_stand_behind_the_vector(exported: PieceReader) -> None:
    whole, pieces = exported.read_pieces(TEXTS)
    assert np.array_equal(whole, exported.read(TEXTS))
    for reading, layers in zip(whole, pieces, strict=True):
        means = layers.mean(axis=0).reshape(2, -1)
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        assert means.ravel() == pytest.approx(reading[-means.size :], abs=1e-5)


def test_the_model_itself_reads_the_pieces_that_its_export_reads(
    exported: PieceReader, model: SentenceEmbedder
) -> None:
    for own, served in zip(model.read_pieces(TEXTS).pieces, exported.read_pieces(TEXTS).pieces, strict=True):
        assert own == pytest.approx(served, abs=1e-3)


def test_no_texts_give_no_readings(exported: PieceReader) -> None:
    assert len(exported.read([])) == 0
    assert exported.read_pieces([]).pieces == ()


def test_the_vectors_alone_keep_no_layers_in_memory(exported: PieceReader) -> None:
    vectors = exported.encode(TEXTS)
    assert vectors.base is None or vectors.base.nbytes == vectors.nbytes
