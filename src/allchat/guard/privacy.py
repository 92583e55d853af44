"""Private details in a message, and their fixed mark."""

from __future__ import annotations

import re

from allchat.errors import SettingsError
from allchat.guard.rule_files import joined, read_table
from allchat.languages.folders import Languages, packaged_languages

MARK = "[private]"
PRIVATE_FILE = "private.toml"
_LISTS = {"date_cues", "kin", "name_cues", "not_names", "number_cues"}


class PrivacyFilter:
    """Recognises names, birth dates, record numbers, phone numbers and mail addresses."""

    def __init__(self, words: dict[str, list[str]]) -> None:
        name = r"(?-i:[A-Z](?:'[A-Z])?[a-z]+(?:[A-Z-][a-z]+)*)"  # not all capitals: that is a loud message, not a name
        names = rf"({name}(?:\s+{name}){{0,2}})"
        day, month = r"\d{1,2}(?:st|nd|rd|th)?", "[a-z]{3,9}"
        date = rf"(\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{1,4}}|{day}\s+{month},?\s+\d{{4}}|{month}\s+{day},?\s+\d{{4}})"
        gap = rf"[\s:#=]*(?:{_any(words.get('between', []))})?[\s:#=]*"
        self._not_names = frozenset(words["not_names"])
        own, kin = _any(words.get("owners", [])), _any(words["kin"])
        self._names = re.compile(
            rf"(?:\b(?:{_any(words['name_cues'])})\s*:?\s*|\b(?:{own})\s+(?:{kin}),?\s+){names}",
            re.IGNORECASE,
        )
        self._others = (
            re.compile(rf"(?:\b(?:{_any(words['date_cues'])}){gap}){date}", re.IGNORECASE),
            re.compile(rf"\b(?:{_any(words['number_cues'])}){gap}([a-z]{{0,3}}[-\s]?\d[\d-]{{4,}})", re.IGNORECASE),
            re.compile(r"(?<![\d.,])((?:\+?\d{1,2}[\s.-])?\(?\d{3}\)?[\s.-]?\d{3}[\s.-]\d{4})(?!\d)"),
            re.compile(r"(?<![\d.,])(\d{10,11}|\d{3}-\d{2}-\d{4})(?!\d)"),
            re.compile(r"([\w.+-]+@[\w-]+\.[\w.]+)"),
        )

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where private details stand in ``text``, in order."""
        found = [match.span(1) for pattern in self._others for match in pattern.finditer(text)]
        found += [span for match in self._names.finditer(text) if (span := self._name(text, match.span(1)))]
        return sorted(found)

    def _name(self, text: str, span: tuple[int, int]) -> tuple[int, int] | None:
        """The words of ``span`` up to the first that is no name; None where that is the first."""
        end = span[0]
        for word in re.finditer(r"\S+", text[span[0] : span[1]]):
            if word.group() in self._not_names:
                break
            end = span[0] + word.end()
        return (span[0], end) if end > span[0] else None

    def redact(self, text: str) -> str:
        """``text`` with every private detail replaced by ``[private]``."""
        kept, last = [], 0
        for start, end in self.spans(text):
            if start >= last:
                kept += [text[last:start], MARK]
                last = end
        return "".join([*kept, text[last:]])


def _any(words: list[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) or "(?!)"


def private_words(languages: Languages | None = None) -> dict[str, list[str]]:
    """The words of each language's ``private.toml``, together.

    Raises:
        SettingsError: a file is missing or is not TOML.
    """
    known = languages or packaged_languages()
    files = (language.rules / PRIVATE_FILE for language in known)
    shape = dict[str, list[str]]
    words: dict[str, list[str]] = joined(
        read_table(file, shape) for file in files if file.is_file() or file == known.english.rules / PRIVATE_FILE
    )
    missing = sorted(_LISTS - set(words))
    if missing:
        raise SettingsError(f"{known.english.rules / PRIVATE_FILE}: has no {missing[0]!r}. Restore it.")
    return words
