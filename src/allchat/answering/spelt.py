"""Spelt: a question with the misspelt medicines and terms as they are spelt, before anything is searched.

A misspelt medicine must not be answered more surely than the right spelling, so both are searched as the same words;
a term that is written as it sounds ("petekia") is led to the source's word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from allchat.search.words import WORD
from allchat.sources.medicines import is_medicine, known_medicines

SHORTEST, LONG = 6, 9
"""Letters of the shortest word that is put right by one edit, and of the shortest that may take two."""

SHORTEST_SOUND = 6
"""Letters of the shortest word that is put right by its sound."""

_SOUNDS = (("ph", "f"), ("ch", "k"), ("ck", "k"), ("qu", "k"), ("ae", "e"), ("oe", "e"), ("rh", "r"), ("ps", "s"),
           ("c", "k"), ("q", "k"), ("y", "i"), ("z", "s"), ("x", "ks"))  # fmt: skip


class Spelt:
    """Puts misspelt words right: ``words`` are the sources' and ours, ``knows`` tells what is English."""

    def __init__(self, words: Iterable[str], *, knows: Callable[[str], bool]) -> None:
        known = sorted(set(words))
        self._known = frozenset(known)
        self._knows = knows
        self._medicines = sorted(known_medicines() | {word for word in known if is_medicine(word)})
        self._by_sound = {_sound(word): word for word in reversed(known) if len(word) >= SHORTEST_SOUND}

    def __call__(self, question: str) -> str:
        """The question with such words put right; itself where there are none."""
        return WORD.sub(lambda found: self._right(found[0]), question)

    def _right(self, word: str) -> str:
        low = word.lower()
        if len(low) < SHORTEST or is_medicine(low) or self._knows(low):
            return word
        edits = 1 if len(low) < LONG else 2  # before what is known: among our words for a medicine are misspelt ones
        near = process.extractOne(low, self._medicines, scorer=DamerauLevenshtein.distance, score_cutoff=edits)
        if near is not None:
            return near[0]
        heard = word if low in self._known else self._by_sound.get(_sound(low), word)
        return word if _stem(heard) == _stem(low) else heard  # another form of the word is no misspelling


def _stem(word: str) -> str:
    return word.rstrip("aeilsy")


def _sound(word: str) -> str:
    """A word as it sounds, roughly: one letter for a sound, doubled letters and the last vowels or ``s`` gone."""
    for letters, sound in _SOUNDS:
        word = word.replace(letters, sound)
    return re.sub(r"(.)\1+", r"\1", word).rstrip("aeis")
