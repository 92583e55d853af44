"""Spelling: leads a misspelt word to a word of the guard's rules, and leaves real words alone."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict

from rapidfuzz.distance import OSA

LEAST_LETTERS, MOST_LETTERS = 4, 24
SHORTEST_AIM = 5
"""Letters of the shortest word that a misspelt one is led to: below that, too many real words are near."""


class Speller:
    """Corrects one word at a time. The same word always gives the same."""

    def __init__(self, vocabulary: set[str], *, known: frozenset[str]) -> None:
        self._vocabulary = frozenset(vocabulary)
        self._known = known
        self._memory: dict[str, str] = {}
        self._by_letter: dict[str, list[str]] = defaultdict(list)
        for word in sorted(word for word in vocabulary if len(word) >= SHORTEST_AIM and word.isalpha()):
            self._by_letter[word[0]].append(word)

    @staticmethod
    def _reach(word: str) -> int:
        return 2 if len(word) >= 8 else 1

    def correct(self, word: str) -> str:
        """``word`` itself where it is known or nothing is near; ties go to the alphabet."""
        if word not in self._memory:
            if len(self._memory) > 50_000:
                self._memory.clear()
            self._memory[word] = self._search(word)
        return self._memory[word]

    def _search(self, word: str) -> str:
        for form in dict.fromkeys((word, re.sub(r"(.)\1{2,}", r"\1\1", word), re.sub(r"(.)\1{2,}", r"\1", word))):
            if form in self._vocabulary or form in self._known or (form.endswith("s") and form[:-1] in self._known):
                return form
        word = re.sub(r"(.)\1{2,}", r"\1\1", word)
        return self._nearest(word) if LEAST_LETTERS <= len(word) <= MOST_LETTERS else word

    def _nearest(self, word: str) -> str:
        """The word with the fewest edits (insert, delete, replace, swap of neighbours) within reach of both."""
        edits = ((OSA.distance(word, aim, score_cutoff=2), aim) for aim in self._by_letter.get(word[0], ()))
        return min(
            ((count, aim) for count, aim in edits if count <= min(self._reach(word), self._reach(aim))),
            default=(0, word),
        )[1]


class _Fold(dict[int, str]):
    """One character for one character: lower case, no accents, straight quotes; so that offsets stay true."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = (unicodedata.normalize("NFKD", char)[:1] or char).lower()
        self[code] = folded if len(folded) == 1 else char
        return self[code]


_FOLD = _Fold(
    {ord(quote): "'" for quote in "’‘`´ʼ"} | {ord(mark): "?" for mark in "¿"} | {ord(dash): "-" for dash in "–—"}
)


def fold(text: str) -> str:
    """``text`` in lower case without accents, character for character."""
    return text.translate(_FOLD)
