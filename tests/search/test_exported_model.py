"""The exported model: the same vectors as its library gives, without loading the library."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from altered import alter
from places import ROOT, SMALL
from word_hash import DIMENSIONS

from allchat.build import build
from allchat.chat import Chat
from allchat.errors import StoreError
from allchat.search.embedder import Embedder
from allchat.search.folder import open_index
from allchat.search.model_files import PACKAGED_MODEL, fingerprint
from allchat.search.onnx import ENCODER, PARITY, PROBES, TOKENIZER, WEIGHTS, ExportedEmbedder
from allchat.search.retriever import Search
from allchat.search.sentence_transformer import SentenceEmbedder, load_embedder, open_embedder
from allchat.sources.annotations import read_lay_terms


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


def test_several_texts_are_embedded_on_every_core(exported: Embedder) -> None:
    assert isinstance(exported, ExportedEmbedder)
    own, by = exported._run, set[str]()

    def run(*given: Any) -> Any:
        by.add(threading.current_thread().name)
        return own(*given)

    exported._run = run
    try:
        exported.encode(["fever " * 200] * 40)
    finally:
        exported._run = own
    cores = len(os.sched_getaffinity(0))
    assert cores <= len(by) <= cores + 1


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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_model_that_cannot_be_exported_is_served_by_its_library_and_the_log_says_so(
    copied: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    prompted = {"prompts": {"query": "query: "}, "default_prompt_name": "query"}
    alter(copied, "config_sentence_transformers.json", lambda _: json.dumps(prompted).encode())
    with caplog.at_level(logging.WARNING):
        index = build(SMALL, index=tmp_path / "index", model=str(copied))
    assert f"{copied}: cannot be exported (it puts a prompt before each text)" in caplog.text
    assert ENCODER not in open_index(index).manifest["files"]
    served = Chat.open(index, corpus=SMALL, model=str(copied)).embedder
    assert isinstance(served, SentenceEmbedder)
    # A question goes through it as the sources did, prompt and all.
    assert served.read(["Is chemo safe?"]) == pytest.approx(served.encode(["Is chemo safe?"]), abs=1e-6)


HEAVY = {"torch", "transformers", "sentence_transformers", "sklearn", "scipy", "gradio", "fastapi", "tiktoken"}
ASKS = f"""
import sys
from allchat.cli.main import cli
try:
    cli(sys.argv[1:])
finally:
    print(sorted(set(sys.modules) & {HEAVY}))
"""


def heavy(*arguments: str | Path, code: str = ASKS) -> str:
    """The last line that a new process prints: the heavy libraries that it loaded."""
    return heavy_lines(*arguments, code=code)[-1]


def heavy_lines(*arguments: str | Path, code: str = ASKS) -> list[str]:
    """All that a new process prints, its warnings first."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    run = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=True, env=environment
    )
    return [*run.stderr.splitlines(), *run.stdout.splitlines()]


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


@pytest.mark.slow
def test_a_build_after_a_change_of_one_line_loads_no_torch_and_embeds_what_changed(
    built_index: Path, tmp_path: Path
) -> None:
    shutil.copytree(built_index, tmp_path / "index", copy_function=os.link)
    corpus = Path(shutil.copytree(ROOT / "corpus", tmp_path / "corpus"))
    source, declared = corpus / "nci-pdq-childhood-all.txt", corpus / "corpus.toml"
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    alter(corpus, source.name, lambda text: text.replace(b"cells that may regrow and", b"cells that can regrow and"))
    changed = hashlib.sha256(source.read_bytes()).hexdigest()
    assert changed != sha256
    alter(corpus, declared.name, lambda text: text.replace(sha256.encode(), changed.encode()))
    said = heavy_lines("build", f"--index={tmp_path / 'index'}", f"--corpus={corpus}")
    assert "torch" not in said[-1]
    embedded, of = re.findall(r"(\d+) of (\d+) texts were embedded", "\n".join(said))[0]
    assert 0 < int(embedded) < 6
    assert int(of) > 6000


def test_build_that_finds_nothing_to_do_loads_no_torch(built_index: Path) -> None:
    assert heavy("build", f"--index={built_index}", f"--corpus={ROOT / 'corpus'}") == "[]"
