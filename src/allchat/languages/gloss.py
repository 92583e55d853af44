"""A question in another language as the sources would say it, word by word.

The model that embeds, the sources and nearly all of our words are English. A question is not translated for anybody to
read: it is led, word by word, to the words that the search knows, and our questions in that language go the same way,
so that both meet in one space. Word order does not matter to that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from allchat.errors import SettingsError
from allchat.languages.folders import GLOSS_FILE, Language
from allchat.parsing import parse_toml
from allchat.spelling import fold

KEPT_WORDS = 8192
"""Words whose stem is remembered: of our files and of questions, and nobody's sentences."""

SHORTEST_MISSPELT, LONG_WORD = 6, 9
"""Words of 6 letters may have one slip of the key, words of 9 two."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_BREAK = re.compile(r"[.;:!?¿¡\n]")


class _Word(NamedTuple):
    raw: str
    low: str
    start: int
    end: int


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    stemmer: str = ""
    words: dict[str, list[str]]
    asking: list[str] = []
    unaccented: list[tuple[str, str]] = []
    small: list[tuple[str, str]] = []


class Gloss:
    """Leads texts of one language to English words. The same text always gives the same.

    ``words`` has, for the English, the words and phrases of the language, folded. ``asking`` are words that ask where
    they are written with an accent or begin a clause ("qué") and join where they are not ("que"), with "what"
    for the first. ``endings`` are patterns of endings with others for them, under which a word is looked up too:
    diminutives.
    """

    def __init__(
        self,
        words: Mapping[str, Sequence[str]],
        *,
        stem: Callable[[str], str],
        asking: Iterable[str] = (),
        endings: Iterable[tuple[str, str]] = (),
    ) -> None:
        self._stem_of = lru_cache(maxsize=KEPT_WORDS)(stem)
        self._asking = frozenset(asking)
        self._endings = [(re.compile(ending), other) for ending, other in endings]
        self._exact: dict[str, str] = {}
        self._stems: dict[str, str] = {}
        self._phrases: dict[tuple[str, ...], str] = {}
        self._in_phrases: set[str] = set()
        for english, forms in words.items():
            for form in forms:
                self._learn(form.split(), english)
        self._longest = max(map(len, self._phrases), default=1)
        self._spellings = sorted(form for form in self._exact if len(form) >= SHORTEST_MISSPELT)

    def _learn(self, form: Sequence[str], english: str) -> None:
        if len(form) > 1:
            self._phrases.setdefault(tuple(map(self._stem, form)), english)
            self._in_phrases.update(word for word in form if len(word) > 2)
            return
        self._exact.setdefault(form[0], english)
        self._stems.setdefault(self._stem(form[0]), english)

    def __call__(self, text: str) -> str:
        """The text in English words as far as they are known; what is not known stays, without its accents."""
        words = [_Word(found[0], fold(found[0]), *found.span()) for found in _WORD.finditer(text)]
        said: list[str] = []
        last = 0
        for first, after, english in self._read(words, text):
            said += [text[last : words[first].start], english]
            last = words[after - 1].end
        joined = "".join((*said, text[last:]))
        return re.sub(r"\s+([?.,;:!])", r"\1", re.sub(r"\s+", " ", re.sub(r"[¿¡]", " ", joined))).strip(" ,")

    def knows(self, word: str) -> bool:
        """Whether a folded word is of the language's list, in whatever ending."""
        return self._known(word) is not None or word in self._asking or word in self._in_phrases

    def _read(self, words: Sequence[_Word], text: str) -> Iterator[tuple[int, int, str]]:
        at = 0
        while at < len(words):
            taken, english = self._phrase(words, at, text) or (1, self._single(words, at, text))
            yield at, at + taken, english
            at += taken

    def _phrase(self, words: Sequence[_Word], at: int, text: str) -> tuple[int, str] | None:
        for count in range(min(self._longest, len(words) - at), 1, -1):
            part = words[at : at + count]
            if _BREAK.search(text, part[0].end, part[-1].start):
                continue
            english = self._phrases.get(tuple(self._stem(word.low) for word in part))
            if english is not None:
                return count, english
        return None

    def _single(self, words: Sequence[_Word], at: int, text: str) -> str:
        word = words[at]
        if word.low in self._asking and self._asks(words, at, text):
            return "what"
        known = self._known(word.low)
        if known is not None:
            return known
        if not word.low.isalpha():
            return word.low
        return self._misspelt(word.low)

    def _asks(self, words: Sequence[_Word], at: int, text: str) -> bool:
        accented = words[at].raw.lower() != words[at].low
        return accented or at == 0 or _BREAK.search(text, words[at - 1].end, words[at].start) is not None

    def _known(self, word: str) -> str | None:
        for form in dict.fromkeys((word, *(ending.sub(other, word) for ending, other in self._endings))):
            found = self._exact.get(form)
            if found is None:
                found = self._stems.get(self._stem(form))
            if found is not None:
                return found
        return None

    def _misspelt(self, word: str) -> str:
        if len(word) < SHORTEST_MISSPELT:
            return word
        allowed = 1 if len(word) < LONG_WORD else 2
        near = process.extractOne(word, self._spellings, scorer=DamerauLevenshtein.distance, score_cutoff=allowed)
        return word if near is None or near[0][0] != word[0] else self._exact[near[0]]

    def _stem(self, word: str) -> str:
        return self._stem_of(word)


@cache
def gloss_of(language: Language) -> Gloss:
    """The gloss of a language, from its folder.

    Raises:
        SettingsError: there is none, or its file is not as described at its top.
    """
    file = language.folder / GLOSS_FILE
    try:
        found = _File.model_validate(parse_toml(file.read_bytes()))
        return Gloss(found.words, stem=_stem(found), asking=found.asking, endings=found.small)
    except (OSError, ValueError, KeyError, re.error, ValidationError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}. Mend the file.") from error


def _stem(file: _File) -> Callable[[str], str]:
    """What leaves out a word's ending, which the stemmer may know by an accent that families leave out."""
    if not file.stemmer:
        return str
    from snowballstemmer import stemmer

    stem_word: Callable[[str], str] = stemmer(file.stemmer).stemWord
    accents = [(re.compile(plain), accented) for plain, accented in file.unaccented]

    def stem(word: str) -> str:
        for plain, accented in accents:
            word = plain.sub(accented, word)
        return stem_word(word)

    return stem
