"""The model as the build exported it into the index: onnxruntime embeds questions with it, without torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from allchat.search.embedder import Readings, Vectors

ENCODER, WEIGHTS, TOKENIZER = "encoder.onnx", "encoder.weights", "tokenizer.json"
"""The files of an exported model: the network from word pieces to unit vectors, its large weights, and the text's way
to word pieces."""

NETWORK = (ENCODER, WEIGHTS, TOKENIZER)

READINGS, LAYERS = "readings", "layers"
"""What the network gives: texts as a whole and, where it has layers, their pieces."""

VECTOR_SIZE = "vector_size"
"""What the network's file calls the length of a text's vector, behind which the inner layers stand."""

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


_Found = TypeVar("_Found")


class ExportedEmbedder:
    """A model as ``SentenceEmbedder.exported`` wrote it, run by onnxruntime. Safe to share between threads.

    Each text goes through the network alone, on one thread: a text's vector depends on nothing but the text. Several
    texts take as many cores as there are. ``files`` are its files by name, copied into this process's own memory:
    weights that were mapped from a file would change under a server, or end it, when somebody writes to that file.

    Raises:
        ValueError: they are not what a model exports.
    """

    def __init__(self, files: Mapping[str, bytes], *, name: str, fingerprint: str) -> None:
        # Read once, when the library is loaded: else it keeps an identifier of this machine in the user's home and
        # sends events about each network to its makers, from native code that no guard of Python's sockets sees.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            weights = files[WEIGHTS]
            options.add_external_initializers_from_files_in_memory([WEIGHTS], [weights], [len(weights)])
            network = onnxruntime.InferenceSession(files[ENCODER], options, providers=["CPUExecutionProvider"])
            self._run = network.run
            self._size = int(network.get_modelmeta().custom_metadata_map[VECTOR_SIZE])
            self._tokenizer = Tokenizer.from_str(files[TOKENIZER].decode())
        except Exception as error:  # neither library has an error of its own above it
            raise ValueError(str(error)) from error
        self._pool = ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0)), thread_name_prefix="embed")
        self.name = name
        self.fingerprint = fingerprint

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """See ``Embedder.encode``."""
        return self._whole(texts, self._size, progress=progress)

    def read(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """See ``Reader.read``. It costs what ``encode`` does: one run of the network gives both."""
        return self._whole(texts, None, progress=progress)

    def read_pieces(self, texts: Sequence[str], *, progress: bool = False) -> Readings:
        """See ``PieceReader.read_pieces``."""
        found = list(self._each(texts, self._run_on, progress=progress))
        whole = np.concatenate([readings for readings, *_ in found] or [self._reading("", None)[:0]])
        return Readings(whole, tuple(layers[0] for _, *rest in found for layers in rest))

    def _whole(self, texts: Sequence[str], size: int | None, *, progress: bool) -> Vectors:
        """Of each text the first ``size`` numbers of its reading, all of them for None."""
        if not texts:
            return self._reading("", size)[:0]
        return np.concatenate(list(self._each(texts, lambda text: self._reading(text, size), progress=progress)))

    def _each(self, texts: Sequence[str], make: Callable[[str], _Found], *, progress: bool) -> Iterator[_Found]:
        """What is made of each text, in order."""
        others = self._pool.map(make, texts[1:])
        first = map(make, texts[:1])  # on this thread: it has nothing else to do
        return iter(tqdm(chain(first, others), total=len(texts), unit="text", disable=not progress))

    def _reading(self, text: str, size: int | None) -> Vectors:
        """The ``(1, size)`` beginning of a text's reading, in which its vector comes first."""
        return np.array(self._run_on(text, [READINGS])[0][:, :size], dtype=np.float32)  # a copy: no view on the rest

    def _run_on(self, text: str, outputs: list[str] | None = None) -> list[Vectors]:
        """What the network gives for a text, by default all: its reading and, where there are layers, these."""
        pieces = np.array([self._tokenizer.encode(text.strip()).ids], dtype=np.int64)
        return list(self._run(outputs, {"pieces": pieces, "read": np.ones_like(pieces)}))

    def pieces(self, text: str) -> int:
        """How many word pieces the model reads of a text, its two end marks included."""
        return len(self._tokenizer.encode(text.strip()).ids)

    def knows(self, word: str) -> bool:
        """See ``Embedder.knows``."""
        return self._tokenizer.token_to_id(word) is not None

    def fits(self, text: str) -> bool:
        """See ``Embedder.fits``."""
        return not self._tokenizer.encode(text).overflowing
