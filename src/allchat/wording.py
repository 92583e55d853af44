"""Wording: every sentence of ours, from one file in each language's folder. Nothing else may speak for allchat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any, TypeAlias

from allchat.contact import USUAL_CONTACT, Contact
from allchat.errors import SettingsError
from allchat.languages.folders import ENGLISH, WORDING_FILE, Language, packaged_codes, packaged_languages
from allchat.parsing import parse_toml
from allchat.parts import Fixed, Role

LANGUAGES = packaged_codes()
"""The languages of our own words that come with allchat, the first being the one that is spoken where nothing says
otherwise."""

Words: TypeAlias = Mapping[str, Any]


class Wording:
    """The fixed sentences of one language, by their dotted name (``answer.lead``)."""

    def __init__(self, tables: dict[str, Any], *, language: str) -> None:
        self._tables = tables
        self.language = language

    def text(self, name: str, **values: object) -> str:
        """The sentence of that name, its ``{braces}`` filled with names, numbers and headings, never a user's words.

        Raises:
            SettingsError: there is no such sentence, or a brace in it has no value.
        """
        found = self._find(name)
        if not isinstance(found, str):
            raise SettingsError(f"{self.language}/{WORDING_FILE}: {name!r} is not a sentence. Write it in quotes.")
        try:
            return found.format(**values)
        except (KeyError, IndexError, ValueError, AttributeError, TypeError, MemoryError, OverflowError) as error:
            raise SettingsError(
                f"{self.language}/{WORDING_FILE}: {name!r} cannot be filled: {error}. Correct its braces."
            ) from error

    def said(
        self,
        name: str,
        values: Mapping[str, object] | None = None,
        *,
        role: Role = "words",
        about: tuple[str, ...] = (),
    ) -> Fixed:
        """The sentence of that name as a part of an answer, with those of the values that its braces ask for.

        Raises:
            SettingsError: see ``text``.
        """
        values = values or {}
        self.text(name, **values)
        sentence = str(self._find(name)).strip()
        used = tuple((brace, str(value)) for brace, value in values.items() if f"{{{brace}}}" in sentence)
        return Fixed(name, self.language, sentence, used, role, about)

    def texts(self, name: str) -> tuple[str, ...]:
        """The list of sentences of that name.

        Raises:
            SettingsError: there is no such list.
        """
        found = self._find(name)
        if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
            raise SettingsError(
                f"{self.language}/{WORDING_FILE}: {name!r} is not a list of sentences. Write it as one."
            )
        return tuple(found)

    def has(self, name: str) -> bool:
        """Whether there is a sentence or a table of that name."""
        try:
            self._find(name)
        except SettingsError:
            return False
        return True

    def table(self, name: str) -> dict[str, Any]:
        """A whole table, such as the words of the page.

        Raises:
            SettingsError: there is no such table.
        """
        found = self._find(name)
        if not isinstance(found, dict):
            raise SettingsError(f"{self.language}/{WORDING_FILE}: {name!r} is not a table. Write it as [{name}].")
        return dict(found)

    def tables(self) -> dict[str, Any]:
        """Everything in the file."""
        return dict(self._tables)

    def sentences(self, *tables: str) -> Iterator[tuple[str, str]]:
        """Every sentence with its dotted name, in the order of the file; of these ``tables`` alone where any is named.

        Those of a list are named by their place in it: ``questions.1``.
        """
        for table in tables or self._tables:
            yield from _sentences(self._tables[table], table)

    def _find(self, name: str) -> Any:
        found: Any = self._tables
        for part in name.split("."):
            if isinstance(found, list) and part in map(str, range(1, len(found) + 1)):
                found = found[int(part) - 1]
                continue
            if not isinstance(found, dict) or part not in found:
                raise SettingsError(f"{self.language}/{WORDING_FILE}: has no {name!r}. Add it, or correct the name.")
            found = found[part]
        return found


def _sentences(value: object, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _sentences(inner, f"{name}.{key}")
    elif isinstance(value, list):
        for at, inner in enumerate(value, 1):
            yield from _sentences(inner, f"{name}.{at}")


@cache
def load_wording(language: str = ENGLISH) -> Wording:
    """The wording of a language that comes with allchat.

    Raises:
        SettingsError: there is no such language, or its wording cannot be read.
    """
    return wording_of(packaged_languages()[language])


@cache
def wording_of(language: Language) -> Wording:
    """The wording of a language.

    Raises:
        SettingsError: it cannot be read or is not TOML.
    """
    return read_wording(language.folder / WORDING_FILE, language=language.code)


def read_wording(file: Traversable, *, language: str) -> Wording:
    """The wording of one file.

    Raises:
        SettingsError: the file cannot be read or is not TOML.
    """
    try:
        return Wording(parse_toml(file.read_bytes()), language=language)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}. Mend the file.") from error


def contact_values(contact: Contact, *, wording: Wording) -> dict[str, str]:
    """Whom to call as plain text, in the language of the wording where an operator set nothing of their own."""
    own = wording.table("contact") if wording.has("contact") else {}
    usual, values = USUAL_CONTACT.values(), contact.values()
    return values | {name: str(text) for name, text in own.items() if values[name] == usual[name]}
