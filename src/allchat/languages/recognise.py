"""Which language a question is in.

Words decide: those of the English lists, of the list by which a language is read, and of the everyday words of the
others. Most questions have a few words, and so few letters tell a library little: it is asked only where words do not
decide, and loaded only then.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from allchat.languages.calls import calls
from allchat.languages.folders import ENGLISH, WORDS_FILE, Languages, packaged_languages
from allchat.languages.gloss import gloss_of
from allchat.spelling import fold

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

UNKNOWN = "und"
"""The code of a language that we have no words of at all."""

OWN_SCRIPT = 0.5
"""The share of a text's letters in a script that tells its language."""

SURE = 0.8
"""The share of words by which a text is known to be in a language that is searched, and the library is not asked."""

LIBRARY = 0.5
"""What the library's probability counts beside a share of words."""

ELSEWHERE = ("it", "ht", "pl", "nl", "ro", "so", "sw")
"""Languages that the library tells apart from ours and that we have no words of."""

LEAST, AHEAD = 0.3, 0.15
"""The least share of words that a language must know of a text, and by how much one in which nothing is searched must
know more than one in which something is: a Spanish question must not be turned away."""

STRANGE, SEVERAL_WORDS = 0.35, 6
"""A text of several words is in no language of ours where none knows this share of them: of 600 English messages the
least had 0.47, of 450 Spanish ones 0.58; of thirteen in Hindi written with Latin letters twelve had 0.31 or less."""

LEAST_LETTERS = 4
"""A text of fewer letters tells no language."""

FOREIGN = 0.6
"""What the words of a language count where a text has letters that it does not write."""

LONGEST_SHORT_FORM = 4

SHORTEST_FOREIGN = 5
"""Letters of the shortest foreign word that is read inside an English question: shorter ones are slips of the key."""

_WORD = re.compile(r"[^\W\d_]+")


@cache
def english_words() -> frozenset[str]:
    """Common English words."""
    english = packaged_languages().english
    common, stop = english.folder / WORDS_FILE, files("allchat") / "search" / "stop_words.txt"
    listed = (common.read_text(encoding="utf-8") + stop.read_text(encoding="utf-8")).split()
    return english.file.recognise.also_words | frozenset(listed)


class Recogniser:
    """Tells the language of a text. ``known`` are words of the sources and ours, which count as English."""

    def __init__(self, known: Iterable[str], *, languages: Languages | None = None) -> None:
        self._languages = languages or packaged_languages()
        self._english = english_words() | frozenset(known)
        self._here = self._languages.codes
        others = {code: call.words for code, call in calls().items() if call.words and code not in self._here}
        self._others = {code: frozenset(words) for code, words in others.items()}
        letters = {language.code: language.file.recognise.letters for language in self._languages}
        self._signs = {code: re.compile(f"[{re.escape(own)}]", re.IGNORECASE) for code, own in letters.items() if own}
        self._foreign = _foreign(self._languages)

    def __call__(self, text: str) -> str:
        """The language of a text, as a code of two letters; ``UNKNOWN`` for letters of a script that we do not know.

        A text that no language knows is taken for English: a name of a medicine, a slip of the keys.
        """
        own = _by_script(text)
        if own is not None:
            return own
        if self._is_plain_english(text) or sum(map(str.isalpha, text)) < LEAST_LETTERS:
            return "en"
        scores = self.shares(text)
        here = max(self._here, key=lambda code: scores[code])
        strange = scores[here] < STRANGE and len(_WORD.findall(text)) >= SEVERAL_WORDS
        if scores[here] - max(scores[code] for code in self._others) < AHEAD or scores[here] < SURE:
            scores = _with_library(text, scores, here=self._here)
        best = max(scores, key=lambda code: scores[code])
        if best in self._here or scores[best] - scores[here] < AHEAD or scores[best] < LEAST:
            return UNKNOWN if strange else here
        return best if best in self._others else UNKNOWN

    def _is_plain_english(self, text: str) -> bool:
        """Whether every word is English: nothing else need be read from its file then."""
        signs = any(sign.search(text) for sign in (*self._signs.values(), self._foreign))
        return not signs and all(fold(found[0]) in self._english for found in _WORD.finditer(text))

    def mixed(self, text: str, *, read: Callable[[str], str], language: str, knows: Callable[[str], bool]) -> str:
        """An English text in which runs of words that are of the other language alone are read: "what is la quimio".

        ``knows`` tells more English words than are listed.
        """
        other, endings = self._languages[language], self._languages.english.file.recognise.endings
        articles = other.file.recognise.articles

        def foreign(word: str) -> bool:
            low = fold(word)
            known = low in self._english or knows(low)
            english = known or len(low) < SHORTEST_FOREIGN or low.endswith(endings)
            english = english and not low.endswith(other.file.recognise.endings)
            return not english and gloss_of(other).knows(low)

        words = list(_WORD.finditer(text))
        said, last, at = [], 0, 0
        while at < len(words):
            end = at
            while end < len(words) and foreign(words[end][0]):
                end += 1
            if end > at:
                at -= at > 0 and fold(words[at - 1][0]) in articles
                said += [text[last : words[at].start()], read(text[words[at].start() : words[end - 1].end()])]
                last = words[end - 1].end()
            at = max(end, at + 1)
        return "".join((*said, text[last:]))

    def shares(self, text: str) -> dict[str, float]:
        """The share of a text's words that each language knows, in the order in which ties are decided."""
        words = [found[0] for found in _WORD.finditer(text) if text.isupper() or not _is_short_form(found[0])]
        plain = [fold(word.lower().replace("đ", "d")) for word in words]
        knows: dict[str, Callable[[str], bool]] = {"en": self._english.__contains__}
        knows |= {language.code: gloss_of(language).knows for language in self._languages.searched}
        knows |= {code: known.__contains__ for code, known in self._others.items()}
        shares = {code: sum(map(known, plain)) / max(1, len(plain)) for code, known in knows.items()}
        if self._foreign.search(text):
            return shares | {code: shares[code] * FOREIGN for code in self._here}
        if any(sign.search(text) and shares[code] == shares[ENGLISH] for code, sign in self._signs.items()):
            shares[ENGLISH] *= FOREIGN
        return shares


def _foreign(languages: Languages) -> re.Pattern[str]:
    """A letter that none of these languages writes."""
    told = [language.file.recognise for language in languages]
    letters = "".join(re.escape(one.letters) for one in told)
    return re.compile("|".join((rf"[^\W\d_a-z{letters}]", *(one.never for one in told if one.never))), re.IGNORECASE)


@cache
def _library(here: tuple[str, ...]) -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    # Its model is in the wheel; half a second and 30 MB, which nobody pays who asks in English or Spanish. The module's
    # own way to it, `classify`, gives no probabilities.
    whole = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    others, known = (code for code, call in calls().items() if call.words), set(whole.labels)
    whole.set_languages([code for code in dict.fromkeys((*here, *others, *ELSEWHERE)) if code in known])
    # A new one of the parts: the first keeps its table of all 139 languages.
    return LanguageIdentifier(
        whole.nb_ptc,
        whole.nb_pc,
        whole.nb_classes,
        whole.tk_nextmove,
        whole.tk_output,
        norm_probs=True,
        tk_row=whole.tk_row,
    )


def _with_library(text: str, shares: Mapping[str, float], *, here: tuple[str, ...]) -> dict[str, float]:
    """The shares with what the library thinks, which counts half of what all words do."""
    ranked = {code: shares.get(code, 0.0) + LIBRARY * value for code, value in _library(here).rank(text)}
    return ranked | {code: shares[code] for code in here if code not in ranked}


def _by_script(text: str) -> str | None:
    """The language of a text whose letters are not Latin."""
    letters = [letter for letter in text if letter.isalpha()]
    names = [unicodedata.name(letter, "") for letter in letters]
    if sum(name.startswith("LATIN") for name in names) >= OWN_SCRIPT * len(letters):
        return None
    scripts = {call.script: code for code, call in calls().items() if call.script}
    found = Counter(code for name in names for script, code in scripts.items() if name.startswith(script))
    return found.most_common(1)[0][0] if found else UNKNOWN


def _is_short_form(word: str) -> bool:
    """Whether a word is an abbreviation, the same in every language: "CAR T", "MRD"."""
    return word.isupper() and len(word) <= LONGEST_SHORT_FORM
