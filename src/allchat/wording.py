"""Wording: every sentence of ours, from one file per language. Nothing else may speak for allchat."""

from __future__ import annotations

import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any, TypeAlias

from allchat.errors import SettingsError
from allchat.languages import SEARCHED
from allchat.parsing import parse_toml

LANGUAGES = ("en", *SEARCHED)
"""The languages of our own words, the first being the one that is spoken where nothing says otherwise."""

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
            raise SettingsError(f"wording/{self.language}.toml: {name!r} is not a sentence. Write it in quotes.")
        try:
            return found.format(**values)
        except (KeyError, IndexError, ValueError, AttributeError, TypeError, MemoryError, OverflowError) as error:
            raise SettingsError(
                f"wording/{self.language}.toml: {name!r} cannot be filled: {error}. Correct its braces."
            ) from error

    def texts(self, name: str) -> tuple[str, ...]:
        """The list of sentences of that name.

        Raises:
            SettingsError: there is no such list.
        """
        found = self._find(name)
        if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
            raise SettingsError(f"wording/{self.language}.toml: {name!r} is not a list of sentences. Write it as one.")
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
            raise SettingsError(f"wording/{self.language}.toml: {name!r} is not a table. Write it as [{name}].")
        return dict(found)

    def tables(self) -> dict[str, Any]:
        """Everything in the file."""
        return dict(self._tables)

    def _find(self, name: str) -> Any:
        found: Any = self._tables
        for part in name.split("."):
            if not isinstance(found, dict) or part not in found:
                raise SettingsError(f"wording/{self.language}.toml: has no {name!r}. Add it, or correct the name.")
            found = found[part]
        return found


@cache
def load_wording(language: str = "en") -> Wording:
    """The packaged wording of a language.

    Raises:
        SettingsError: there is no wording file for it, or it is not TOML.
    """
    file = importlib.resources.files("allchat").joinpath(f"wording/{language}.toml")
    if not file.is_file():
        raise SettingsError(f"there is no wording for the language {language!r}. Write wording/{language}.toml.")
    return read_wording(file, language=language)


def read_wording(file: Traversable, *, language: str) -> Wording:
    """The wording of one file.

    Raises:
        SettingsError: the file cannot be read or is not TOML.
    """
    try:
        return Wording(parse_toml(file.read_bytes()), language=language)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}. Mend the file.") from error


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call, as an operator set it."""

    emergency_number: str = "911"
    crisis_number: str = "988"
    poison_number: str = "1-800-222-1222"
    region: str = "in the United States"
    care_team: str = "your child's care team"

    def values(self) -> dict[str, str]:
        """The values for the wording's braces."""
        return {name: str(getattr(self, name)) for name in self.__dataclass_fields__}
