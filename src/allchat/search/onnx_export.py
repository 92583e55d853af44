"""A loaded model as the files that onnxruntime serves: the network, its large weights, the tokenizer."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from allchat.search.onnx import ENCODER, WEIGHTS

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor


LARGE = 2**18
"""Bytes from which a weight stands in the file of weights, beside a network of a size that can be looked at."""


def exported_tokenizer(model: SentenceTransformer) -> str:
    """The tokenizer's file, cut to the model's window. The published one says 128, and pads every text to it."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    tokenizer.no_padding()
    tokenizer.enable_truncation(int(model.max_seq_length or model.tokenizer.model_max_length))
    return str(tokenizer.to_str())


def exported_network(model: SentenceTransformer) -> dict[str, bytes]:
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
