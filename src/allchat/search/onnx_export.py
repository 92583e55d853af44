"""A loaded model as the files that onnxruntime serves: the network, its large weights, the tokenizer."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from allchat.search.onnx import ENCODER, LAYERS, READINGS, VECTOR_SIZE, WEIGHTS

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor, nn


LARGE = 2**18
"""Bytes from which a weight stands in the file of weights, beside a network of a size that can be looked at."""


def exported_tokenizer(model: SentenceTransformer) -> str:
    """The tokenizer's file, cut to the model's window. The published one says 128, and pads every text to it."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    tokenizer.no_padding()
    tokenizer.enable_truncation(int(model.max_seq_length or model.tokenizer.model_max_length))
    return str(tokenizer.to_str())


def reading_network(model: SentenceTransformer) -> nn.Module:
    """The model as a network from word pieces and their mask, both ``(n, p)``, to ``(n, r)`` readings: unit vectors
    and, behind them, the means of the layers in the middle and before the last, each of length 1; and to those layers
    themselves, side by side for each piece ``(n, p, l)``.

    The last layer is trained to bring together what is about one subject. What somebody feels and intends is clearer
    in the layers below it, and they cost nothing: they are passed on the way.
    """
    import torch

    inner = getattr(model[0], "auto_model", None)
    if inner is not None and hasattr(inner, "config"):
        inner.config.output_hidden_states = True

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model.eval()

        def forward(self, pieces: Tensor, read: Tensor) -> tuple[Tensor, ...]:
            found = self.model({"input_ids": pieces, "attention_mask": read})
            layers = found.get("all_layer_embeddings") or ()
            last = len(layers) - 1
            chosen = [layers[last // 2], layers[last - 1]] if layers else []
            shares = read.unsqueeze(-1).to(torch.float32)
            means = [(layer * shares).sum(1) / shares.sum(1) for layer in chosen]
            parts = [found["sentence_embedding"], *means]
            readings = torch.cat([torch.nn.functional.normalize(part, p=2.0, dim=1) for part in parts], dim=1)
            return (readings, torch.cat(chosen, dim=2)) if chosen else (readings,)

    return Network()


def exported_network(model: SentenceTransformer) -> dict[str, bytes]:
    """The whole model behind its tokenizer, pooling and all, as an ONNX graph from word pieces to readings, and the
    weights that stand beside it.
    """
    import onnx
    import torch

    if getattr(model, "default_prompt_name", None):
        raise ValueError("it puts a prompt before each text")

    example, network = torch.ones(2, 8, dtype=torch.long), reading_network(model)
    each = {0: "texts", 1: "pieces"}
    axes = {"pieces": each, "read": each, READINGS: {0: "texts"}, LAYERS: each}
    outputs = [READINGS, LAYERS][: len(network(example, example))]
    with tempfile.TemporaryDirectory() as folder, torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing: parity is what decides
        file = Path(folder, ENCODER)
        torch.onnx.export(
            network, (example, example), file, dynamo=False, opset_version=17, input_names=["pieces", "read"],
            output_names=outputs, dynamic_axes={name: axes[name] for name in ("pieces", "read", *outputs)},
        )  # fmt: skip
        graph = onnx.load(file)
        onnx.helper.set_model_props(graph, {VECTOR_SIZE: str(model.get_embedding_dimension())})
        onnx.save_model(graph, file, save_as_external_data=True, location=WEIGHTS, size_threshold=LARGE)
        return {name: Path(folder, name).read_bytes() for name in (ENCODER, WEIGHTS)}
