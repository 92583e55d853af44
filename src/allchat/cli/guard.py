"""The commands on the guard: train, words."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

import allchat.guard
import allchat.languages
from allchat.cli.group import cli, guarded
from allchat.guard.classifier import MODEL_FILE, Classifier
from allchat.guard.guard import Guard
from allchat.guard.network import Pieces
from allchat.guard.train import train, training_examples, training_key
from allchat.languages.folders import ENGLISH, WORDS_FILE, packaged_languages
from allchat.languages.gloss import as_embedded
from allchat.languages.recognise import Recogniser
from allchat.program import must_be_able_to_build
from allchat.search.embedder import PieceReader
from allchat.search.model_files import packaged_folder
from allchat.search.sentence_transformer import reader_of

PART = 1000
"""Texts that are read together."""

_WHOLE_WORD = re.compile("[a-z]{4,}")


@cli.group("guard")
def guard_group() -> None:
    """The guard's classifier: how it is made, and the words it takes as spelt right."""


@guard_group.command("train")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it; by default where allchat reads it.")
@guarded
def train_command(out: Path | None) -> None:
    """Train the guard's classifier on the project's own messages and write its file (ten minutes)."""
    must_be_able_to_build("training the guard")
    path = out or Path(allchat.guard.__path__[0]) / MODEL_FILE
    classifier = trained()
    path.write_bytes(classifier.to_bytes())
    click.echo(f"{path}: {len(classifier.terms)} terms, key {classifier.key[:16]}")


@guard_group.command("words")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write them; by default where allchat reads.")
@guarded
def words_command(out: Path | None) -> None:
    """Write the words that are spelt right in English: those of the packaged model's vocabulary."""
    path = out or Path(allchat.languages.__path__[0]) / ENGLISH / WORDS_FILE
    path.write_text(common_words(), encoding="utf-8")
    click.echo(f"{path}: {len(common_words().split())} words")


def common_words() -> str:
    """The whole words of four small letters and more in the packaged model's vocabulary, one a line.

    Shorter entries are mostly parts of words and abbreviations.
    """
    entries = (packaged_folder() / "vocab.txt").read_text(encoding="utf-8").split("\n")
    return "".join(f"{word}\n" for word in sorted({entry for entry in entries if _WHOLE_WORD.fullmatch(entry)}))


def read_in_parts(reader: PieceReader, texts: Sequence[str]) -> list[Pieces]:
    """What the model reads of the pieces of each text, in half the space: there are a million of them."""
    parts = [texts[at : at + PART] for at in range(0, len(texts), PART)]
    shown = tqdm(parts, unit="part", disable=not sys.stderr.isatty())
    return [pieces.astype(np.float16) for part in shown for pieces in reader.read_pieces(part).pieces]


def trained() -> Classifier:
    """The classifier of today's messages, rules and packaged model."""
    examples, guard, reader = training_examples(), Guard.load(), reader_of()
    texts = [example.text for example in examples]
    recogniser, languages = Recogniser(()), packaged_languages()
    embedded = [as_embedded(text, language=recogniser(text), languages=languages) for text in texts]
    return train(
        [guard.read(text) for text in texts],
        read_in_parts(reader, embedded),
        [example.says for example in examples],
        key=training_key(reader.fingerprint),
        model=reader.fingerprint,
    )
