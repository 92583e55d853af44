"""A language is a folder: everything that is particular to it stands there, and a folder more is a language more.

language.toml   how it is recognised, how questions follow each other, what is dictated, where sentences end
people.toml     words that tell whom a question is about
wording.toml    the fixed sentences
rules/          the guard's phrases of the language (``guard.rules``)
gloss.toml      the English for its words, by which its questions are searched; English has none
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter, ValidationError

from allchat.errors import SettingsError
from allchat.parsing import parse_toml

ENGLISH = "en"
"""The language of the sources and of the search: that of our words where nothing says otherwise."""

LANGUAGE_FILE, WORDING_FILE, PEOPLE_FILE = "language.toml", "wording.toml", "people.toml"
GLOSS_FILE, WORDS_FILE, RULES_FOLDER = "gloss.toml", "words.txt", "rules"

ALARMS = {"emergency": "urgent.toml", "crisis": "crisis.toml"}
"""The rule files without which nobody may be told that a language is understood."""


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no pattern: {error}") from error
    return pattern


_Pattern = Annotated[str, AfterValidator(_compiles)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Recognised(_Table):
    """By what a language is told from others, beside its words; ``languages/en/language.toml`` says what each is."""

    letters: str = ""
    also_words: frozenset[str] = frozenset()
    endings: tuple[str, ...] = ()
    articles: frozenset[str] = frozenset()
    never: _Pattern = ""


class FollowUp(_Table):
    """What may come before a question, how one continues the one before, and which words ask."""

    rest: _Pattern
    asks: _Pattern
    opens: _Pattern = "(?!)"


class Pointing(_Table):
    """Words that point at what was asked before, that compare, and of form; of the language that searches are in."""

    illness: frozenset[str]
    breaks: _Pattern
    it: _Pattern
    they: _Pattern
    that: _Pattern
    ordinal: _Pattern
    continues: _Pattern
    compares: _Pattern
    form: _Pattern


class Suggested(_Table):
    """Which of our questions read as whole ones, and with what sign one opens."""

    question: _Pattern
    opens: str = ""


class Dictated(_Table):
    """What dictation leaves in a question."""

    marks: tuple[_Pattern, ...] = ()
    commas: tuple[_Pattern, ...] = ()
    fillers: tuple[_Pattern, ...] = ()


class Audience(_Table):
    """Words by which a source says for whom it is written; what is ``treating`` says whom professionals treat."""

    families: _Pattern = "(?!)"
    professionals: _Pattern = "(?!)"
    treating: _Pattern = "(?!)"


class Sentences(_Table):
    """Where a sentence does not end, and with which first words it leans on the one before."""

    abbreviations: tuple[_Pattern, ...] = ()
    anaphors: frozenset[str] = frozenset()


class _File(_Table):
    reviewed: str = ""
    recognise: Recognised = Recognised()
    follow_up: FollowUp
    pointing: Pointing | None = None
    suggestion: Suggested
    dictation: Dictated = Dictated()
    sentences: Sentences = Sentences()
    audience: Audience = Audience()


Shape = TypeVar("Shape")
_FILE: TypeAdapter[_File] = TypeAdapter(_File)
PEOPLE_LISTS = ("own", "life_and_death", "survival", "own_illness", "transplant", "anyone")


def _is_list_of_people(name: str) -> str:
    if name not in PEOPLE_LISTS:
        raise ValueError(f"is none of {', '.join(PEOPLE_LISTS)}")
    return name


_PEOPLE = TypeAdapter(dict[Annotated[str, AfterValidator(_is_list_of_people)], list[str]])


@dataclass(frozen=True, eq=False)
class Language:
    """One language; its folder has been looked through (``read_language``)."""

    code: str
    folder: Traversable = field(repr=False)

    @cached_property
    def file(self) -> _File:
        """What ``language.toml`` says."""
        return _shaped(self.folder / LANGUAGE_FILE, _FILE)

    @cached_property
    def alarms(self) -> Mapping[str, frozenset[str]]:
        """The reasons of each rule file of ``ALARMS``; a file that is missing or has no phrases is not among them."""
        files = {name: self.rules / name for name in ALARMS.values()}
        tables = {name: _table(file) for name, file in files.items() if file.is_file()}
        return {name: _reasons(table) for name, table in tables.items() if _has_phrases(table)}

    @cached_property
    def people(self) -> Mapping[str, list[str]]:
        """Words that tell whom a question is about, by the list they stand in."""
        return _shaped(self.folder / PEOPLE_FILE, _PEOPLE)

    @property
    def rules(self) -> Traversable:
        """The folder of the guard's phrases."""
        return self.folder / RULES_FOLDER

    @property
    def pointing(self) -> Pointing:
        """Words that point back.

        Raises:
            SettingsError: it has none: nothing is searched in this language.
        """
        if self.file.pointing is None:
            raise SettingsError(f"{self.folder / LANGUAGE_FILE}: has no table [pointing]. Add it.")
        return self.file.pointing


@dataclass(frozen=True, eq=False)
class Languages:
    """The languages that are offered, English first, the others by their codes."""

    offered: tuple[Language, ...]

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Their codes."""
        return tuple(language.code for language in self.offered)

    @property
    def english(self) -> Language:
        """The language of the sources and of the search."""
        return self[ENGLISH]

    @property
    def searched(self) -> tuple[Language, ...]:
        """The languages besides English: their questions are read in English words and searched."""
        return tuple(language for language in self.offered if language.code != ENGLISH)

    def __iter__(self) -> Iterator[Language]:
        """The languages in their order."""
        return iter(self.offered)

    def __getitem__(self, code: str) -> Language:
        """The language with this code.

        Raises:
            SettingsError: there is no such folder.
        """
        for language in self.offered:
            if language.code == code:
                return language
        raise SettingsError(f"there is no language {code!r}. Write the folder languages/{code}.")


@cache
def packaged_languages() -> Languages:
    """The languages that come with allchat.

    Raises:
        SettingsError: one lacks what it needs to be offered.
    """
    return read_languages(files("allchat") / "languages")


@cache
def packaged_codes() -> tuple[str, ...]:
    """The codes of the languages that come with allchat, English first, without reading any."""
    return _in_order(_codes(files("allchat") / "languages"))


def read_languages(*places: Traversable) -> Languages:
    """Every folder with a ``language.toml`` in these places, as a language.

    Raises:
        SettingsError: one lacks what it needs to be offered, or a code stands twice, or there is no English.
    """
    folders = [(code, place / code) for place in places for code in _codes(place)]
    known = dict(folders)
    if len(known) < len(folders) or ENGLISH not in known:
        codes = ", ".join(sorted(code for code, _ in folders)) or "none"
        raise SettingsError(f"languages: {codes}. Give each language one folder, and keep {ENGLISH}.")
    english = read_language(known[ENGLISH])
    # What the rules of English find is found in every message, and must be told in its language.
    found = frozenset().union(*english.alarms.values())
    others = (read_language(known[code], found=found) for code in _in_order(known)[1:])
    return Languages((english, *others))


def _codes(place: Traversable) -> tuple[str, ...]:
    return tuple(sorted(folder.name for folder in place.iterdir() if (folder / LANGUAGE_FILE).is_file()))


def _in_order(codes: Mapping[str, Any] | tuple[str, ...]) -> tuple[str, ...]:
    return (ENGLISH, *sorted(code for code in codes if code != ENGLISH))


def read_language(folder: Traversable, *, found: frozenset[str] = frozenset()) -> Language:
    """The language of a folder, if it may be offered; ``found`` are reasons of emergencies beside those of its rules.

    A family that is told that its language is understood must be heard when it tells of an emergency or of a crisis,
    and must be told in sentences that a speaker has read whom to call.

    Raises:
        SettingsError: it has no rules for emergencies or crises, no reviewed wording for them, or a file is not as
            described.
    """
    language = Language(folder.name, folder)
    missing = list(_missing(language, found))
    if missing:
        raise SettingsError(
            f"{folder}: the language {language.code!r} cannot be offered: it has no {', no '.join(missing)}. "
            "Add what is missing, or take the folder away."
        )
    return language


def _missing(language: Language, found: frozenset[str]) -> Iterator[str]:
    for what, name in ALARMS.items():
        if name not in language.alarms:
            yield f"{what} rules ({RULES_FOLDER}/{name})"
    file = language.folder / WORDING_FILE
    urgent = _table(file).get("urgent") if file.is_file() else None
    spoken = urgent if isinstance(urgent, dict) else {}
    wanted = found.union({"unsure", "crisis"}, *language.alarms.values())
    unsaid = sorted(reason for reason in wanted if not _is_said(spoken.get(reason)))
    if unsaid:
        yield f"urgent wording for {', '.join(unsaid)} ({WORDING_FILE})"
    if not language.file.reviewed.strip():
        yield f"word of who reviewed its urgent wording (reviewed in {LANGUAGE_FILE})"
    if language.code != ENGLISH and not (language.folder / GLOSS_FILE).is_file():
        yield f"list of words to search by ({GLOSS_FILE})"


def _is_said(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("text"), str) and bool(entry["text"].strip())


def _has_phrases(table: Mapping[str, Any]) -> bool:
    rules = table.get("rule")
    return isinstance(rules, list) and any(isinstance(rule, dict) and any(rule.get("all", ())) for rule in rules)


def _reasons(table: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(rule["reason"] for rule in table["rule"] if isinstance(rule, dict) and "reason" in rule)


def _table(file: Traversable) -> dict[str, Any]:
    try:
        return parse_toml(file.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}. Mend the file.") from error


def _shaped(file: Traversable, shape: TypeAdapter[Shape]) -> Shape:
    try:
        return shape.validate_python(_table(file))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{file}: {place}: {first['msg']}. Correct the file.") from error
