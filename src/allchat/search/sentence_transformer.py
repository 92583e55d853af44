"""sentence-transformers: the reference that builds an index, from a model that is checked before it is loaded."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from allchat.errors import ModelError, StoreError
from allchat.program import library_versions, must_be_able_to_build, program_hash
from allchat.search.embedder import PieceReader, Reader, Readings, Vectors
from allchat.search.model_files import (
    PACKAGED_MODEL,
    PACKAGED_SHA256,
    check_files,
    fingerprint,
    folder_name,
    model_folder,
    must_be_whole,
)
from allchat.search.onnx import ENCODER, NETWORK, PARITY, PROBES, TOKENIZER, ExportedEmbedder
from allchat.search.onnx_export import exported_network, exported_tokenizer, reading_network

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


_LOG = logging.getLogger(__name__)


class SentenceEmbedder:
    """A sentence-transformers model from a local folder: the reference.

    ``batch`` texts go through it together, which moves the last digits of their vectors.
    """

    def __init__(
        self, model: SentenceTransformer, *, name: str, fingerprint: str, folder: Path, batch: int = 32
    ) -> None:
        self._model = model
        self._folder = folder
        self._batch = batch
        self.name = name
        self.fingerprint = fingerprint
        self._vocabulary = frozenset(model.tokenizer.get_vocab())

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """See ``Embedder.encode``."""
        if not texts:
            return np.zeros((0, self._model.get_embedding_dimension() or 0), dtype=np.float32)
        vectors = self._model.encode(
            list(texts), batch_size=self._batch, normalize_embeddings=True, show_progress_bar=progress
        )
        return np.asarray(vectors, dtype=np.float32)

    def read(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """See ``Reader.read``. Of layers allchat knows those of the packaged model alone: another one may put a
        prompt before each text, or may not be asked as that is.
        """
        return self.read_pieces(texts, progress=progress).whole

    def read_pieces(self, texts: Sequence[str], *, progress: bool = False) -> Readings:
        """See ``PieceReader.read_pieces``."""
        vectors = self.encode(texts, progress=progress)
        if not texts or self.fingerprint != fingerprint(PACKAGED_MODEL):
            return Readings(vectors)
        readings, pieces = zip(*map(self._layers, texts), strict=True)
        return Readings(np.hstack([vectors, np.vstack(readings)[:, vectors.shape[1] :]]), pieces)

    def _layers(self, text: str) -> tuple[Vectors, Vectors]:
        """The reading of a text ``(1, r)`` and of its pieces ``(p, l)``."""
        from torch import no_grad

        window = self._model.max_seq_length
        told = self._model.tokenizer([text.strip()], truncation=True, max_length=window, return_tensors="pt")
        with no_grad():
            whole, layers = reading_network(self._model)(told["input_ids"], told["attention_mask"])
        return whole.numpy(), layers[0].numpy()

    def one_by_one(self) -> SentenceEmbedder:
        """The same model with each text alone: slower, and a vector depends on its text and on nothing beside it."""
        return SentenceEmbedder(self._model, name=self.name, fingerprint=self.fingerprint, folder=self._folder, batch=1)

    def knows(self, word: str) -> bool:
        """See ``Embedder.knows``."""
        return word in self._vocabulary

    def fits(self, text: str) -> bool:
        """See ``Embedder.fits``. Counted in the model's own word pieces, its two end marks included."""
        pieces = self._model.tokenizer.encode(text, truncation=False, verbose=False)
        return len(pieces) <= int(self._model.max_seq_length or 0)

    def exported(self) -> dict[str, bytes]:
        """The files for ``ExportedEmbedder``, by name; none, and a warning in the log, where they would not be true.

        The same model gives the same bytes. Each of ``PROBES`` must come out as here, to a cosine of ``PARITY``.
        """
        try:
            files = exported_network(_load(self._folder, plain=True)) | {
                TOKENIZER: exported_tokenizer(self._model).encode()
            }
            vectors = ExportedEmbedder(files, name=self.name, fingerprint=self.fingerprint).encode(PROBES)
            cosine = float((vectors * np.vstack([self.encode([text]) for text in PROBES])).sum(1).min())
            if not cosine >= PARITY:
                raise ValueError(f"a text's vector differs, cosine {cosine:.6f}")
        except (RuntimeError, ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
            fact = (str(error) or type(error).__name__).splitlines()[0]
            _LOG.warning(
                "%s: cannot be exported (%s). Questions will be served by sentence-transformers: right, but slower.",
                self._folder, fact,
            )  # fmt: skip
            return {}
        return files


def load_embedder(model: str = PACKAGED_MODEL) -> SentenceEmbedder:
    """The packaged model, or any sentence-transformers model in a local folder.

    Raises:
        ModelError: the folder or a file is missing, a file of the packaged model is not the published one, or
            sentence-transformers is not installed.
    """
    must_be_able_to_build(f"{model}: loading the model itself, not its export in an index,")
    folder = model_folder(model)
    if model == PACKAGED_MODEL:
        check_files(folder, expected=PACKAGED_SHA256)
    return SentenceEmbedder(_load(folder), name=folder_name(model), fingerprint=fingerprint(model), folder=folder)


CODE = ("search/onnx.py", "search/onnx_export.py", "search/sentence_transformer.py")
LIBRARIES = ("numpy", "onnx", "onnxruntime", "sentence-transformers", "tokenizers", "torch", "transformers")


def vectors_key(model: str) -> str:
    """All that an exported model and its vectors depend on besides the text, by the fingerprint of the model."""
    told = (model, program_hash(CODE), sorted(library_versions(LIBRARIES).items()))
    return hashlib.sha256(repr(told).encode()).hexdigest()


def reader_of(model: str = PACKAGED_MODEL) -> PieceReader:
    """The model as an index serves it, without one: by its export."""
    loaded = load_embedder(model)
    files = loaded.exported()
    return ExportedEmbedder(files, name=loaded.name, fingerprint=loaded.fingerprint) if files else loaded


def building_embedder(
    model: str, *, given: Reader | None = None, exported: Path | None = None
) -> tuple[Reader, Mapping[str, bytes]]:
    """What an index is built with, and the files of the exported model that go into it.

    Texts are embedded by the export, one at a time, so that a vector is the same in a build from nothing and in one
    that embeds a single new text. ``exported`` is a folder with the export of this very model: then the model itself
    is not loaded. ``given`` is used as it is unless it can be exported.

    Raises:
        ModelError: the model cannot be had, or this environment only serves.
    """
    must_be_able_to_build("building an index")
    if given is not None and not isinstance(given, SentenceEmbedder):
        return given, {}
    files = _network_files(exported)
    if files:
        name, sha256 = (given.name, given.fingerprint) if given else (folder_name(model), fingerprint(model))
        return ExportedEmbedder(files, name=name, fingerprint=sha256), files
    loaded = given or load_embedder(model)
    files = loaded.exported()
    if not files:
        return loaded.one_by_one(), {}
    return ExportedEmbedder(files, name=loaded.name, fingerprint=loaded.fingerprint), files


def _network_files(folder: Path | None) -> dict[str, bytes]:
    try:
        return {} if folder is None else {name: (folder / name).read_bytes() for name in NETWORK}
    except OSError:  # of a model that has no export, or another build took the folder away
        return {}


def open_embedder(model: str, *, index: Path, built: Mapping[str, str]) -> PieceReader:
    """The embedder for questions: the export in the folder ``index`` where ``model`` is what the index was ``built``
    from (its name and fingerprint); else the model itself.

    Raises:
        ModelError: the model is not there.
        StoreError: its export cannot be read.
    """
    if not (index / ENCODER).is_file() or fingerprint(model) != built["sha256"]:
        return load_embedder(model)
    try:
        files = {name: (index / name).read_bytes() for name in NETWORK}
        return ExportedEmbedder(files, name=built["name"], fingerprint=built["sha256"])
    except (OSError, ValueError) as error:
        raise StoreError(f"{index}: its model cannot be read ({error}). Run: allchat build --force") from error


def _load(folder: Path, *, plain: bool = False) -> SentenceTransformer:
    """The model; ``plain``: with attention spelt out in the simple operations that an export needs."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read when the library is imported: nothing is ever fetched
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # On a busy machine torch's threads would spin while they wait for each other: twice the time for half the work.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    # Imported here because it takes seconds and loads torch: whoever only reads records must not pay for it.
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    attention = {"attn_implementation": "eager"} if plain else {}
    try:
        for weights in sorted(folder.rglob("*.safetensors")):
            must_be_whole(weights)
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True, model_kwargs=attention)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ModelError(
            f"{folder}: the model cannot be loaded: {error}. Copy its folder anew, or name {PACKAGED_MODEL}."
        ) from error
