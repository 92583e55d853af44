"""The sentences of all sources by their words, to find those that a text may have come from without comparing all."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allchat.records import Document, Outline, Span
from allchat.sources.text import clean

CANDIDATES = 12
"""Sentences that share most with a text, which are then compared with it letter by letter."""

STEM = 4
"""First letters of a word by which it is found too where its end is changed."""

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class SourceSentence:
    """A sentence of a source, and its normalised words."""

    document: str
    span: Span
    words: str


class Sentences:
    """All sentences, by the words in them. Made once for each index."""

    def __init__(self, documents: Mapping[str, Document], outline: Callable[[str], Outline]) -> None:
        self.all = tuple(_sentences(documents, outline))
        found: dict[str, list[int]] = {}
        for number, sentence in enumerate(self.all):
            for form in _forms(sentence.words):
                found.setdefault(form, []).append(number)
        self._stand = {form: np.array(numbers, dtype=np.int32) for form, numbers in found.items()}
        self._lengths = np.array([math.sqrt(1 + len(sentence.words)) for sentence in self.all])

    def like(self, words: str) -> Sequence[SourceSentence]:
        """The sentences that share the most and the rarest words with a text, by all they share and by how much of
        them it is; at most twice ``CANDIDATES``, best first, ties in the order of reading.
        """
        shared: NDArray[np.float64] = np.zeros(len(self.all))
        for form in sorted(_forms(words)):
            at = self._stand.get(form)
            if at is not None:
                shared[at] += math.log((1 + len(self.all)) / len(at))
        ranked = [*_best(shared), *_best(shared / self._lengths)]
        return [self.all[number] for number in dict.fromkeys(ranked) if shared[number] > 0]


def _best(values: NDArray[np.float64]) -> list[int]:
    return [int(number) for number in np.argsort(-values, kind="stable")[:CANDIDATES]]


def _sentences(documents: Mapping[str, Document], outline: Callable[[str], Outline]) -> Iterator[SourceSentence]:
    for key, document in documents.items():
        for block in outline(key).blocks:
            for span in block.sentences:
                yield SourceSentence(key, span, clean(document.text[span.start : span.end]))


def _forms(words: str) -> set[str]:
    said = set(whole_words(words.casefold()))
    return said | {f"{word[:STEM]}*" for word in said if len(word) > STEM}


def whole_words(text: str) -> list[str]:
    """The runs of letters and digits of a text."""
    return _WORD.findall(text)
