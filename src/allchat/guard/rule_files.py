"""From the rule files of each language to one set of rules.

English has them all (``languages/en/rules/lists.toml`` explains the fields). Another language adds its phrases to a
list or to a rule of the same name, group by group, or has rules of its own behind those of English: families mix
languages in one sentence, and all phrases are looked for in all messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources.abc import Traversable
from itertools import zip_longest
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from allchat.errors import SettingsError
from allchat.guard.reader import Reading
from allchat.guard.rules import Rule, RuleBook
from allchat.languages.folders import ENGLISH, WORDS_FILE, Language, Languages
from allchat.parsing import parse_toml

LISTS_FILE = "lists.toml"

_GROUPS = ("all", "also")
_PHRASES = ("none", "never", "unsure", "match", "not_match", "still_urgent")
_RULE_FIELDS = {"id", "reason", "why", "within", "personal", "deniable", "always", "least_words", "most_words",
                *_GROUPS, *_PHRASES}  # fmt: skip

_RULE = TypeAdapter(Rule)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _RuleFile(_Table):
    kind: Literal["urgent", "refusal", "out_of_scope", "support", "chat"] | None = None
    every: dict[str, Any] = {}
    rule: list[dict[str, Any]] = []


class _Lists(_Table):
    lists: dict[str, list[str]] = {}
    reading: dict[str, Any] = {}
    numbers: dict[str, list[str]] = {}


Shape = TypeVar("Shape")


def read_table(path: Traversable, shape: type[Shape]) -> Shape:
    """A TOML file of that shape.

    Raises:
        SettingsError: the file is missing, is not TOML, or has another shape.
    """
    try:
        return TypeAdapter(shape).validate_python(parse_toml(path.read_bytes()))
    except ValidationError as error:
        raise SettingsError(f"{path}: {_fault(error)}. Correct the file.") from error
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: {error}. Restore the file, or point the guard at a complete folder.") from error


def _fault(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def read_rules(languages: Languages, *, order: tuple[str, ...]) -> RuleBook:
    """The rules of these languages, file by file in ``order``.

    Raises:
        SettingsError: a file is missing, is not TOML, or holds a rule that cannot be understood.
    """
    shared = [read_table(language.rules / LISTS_FILE, _Lists) for language in languages if _has(language, LISTS_FILE)]
    lists = joined(table.lists for table in shared)
    reading = {**joined(table.reading for table in shared), "numbers": joined(table.numbers for table in shared)}
    try:
        words = Reading.model_validate(reading)
    except ValidationError as error:
        raise SettingsError(f"{languages.english.rules / LISTS_FILE}: reading.{_fault(error)}. Correct it.") from error
    rules = tuple(rule for name in order for rule in _rules_of(name, languages))
    return RuleBook(rules, lists, words, known=_known(languages))


def _has(language: Language, name: str) -> bool:
    """Whether a language has a rule file; English must have them all."""
    return language.code == ENGLISH or (language.rules / name).is_file()


def _known(languages: Languages) -> frozenset[str]:
    """Words that are spelt right."""
    known: set[str] = set()
    listed = (language for language in languages if language.code == ENGLISH or _words_of(language).is_file())
    for file in map(_words_of, listed):
        try:
            known.update(file.read_text(encoding="utf-8").split())
        except (OSError, ValueError) as error:
            raise SettingsError(f"{file}: {error}. Restore the file.") from error
    return frozenset(known)


def _words_of(language: Language) -> Traversable:
    return language.folder / WORDS_FILE


def joined(tables: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Tables of one shape as one: lists one after the other, tables in tables joined the same way."""
    whole: dict[str, Any] = {}
    for table in tables:
        for name, value in table.items():
            known = whole.get(name)
            if isinstance(value, dict) and isinstance(known, dict):
                whole[name] = {**known, **value}
            elif isinstance(value, list) and isinstance(known, list):
                whole[name] = [*known, *value]
            elif known is None or isinstance(known, dict | list):  # of another shape: whoever validates it will tell
                whole[name] = value
    return whole


def _rules_of(name: str, languages: Languages) -> list[Rule]:
    try:
        return _rules(name, languages)
    except TypeError as error:
        places = ", ".join(str(language.rules / name) for language in languages if _has(language, name))
        raise SettingsError(f"{places}: a list of phrases is none. Correct the rule.") from error


def _rules(name: str, languages: Languages) -> list[Rule]:
    tables = [read_table(language.rules / name, _RuleFile) for language in languages if _has(language, name)]
    places = [str(language.rules / name) for language in languages if _has(language, name)]
    kinds = {table.kind for table in tables if table.kind is not None}
    if tables[0].kind is None or len(kinds) > 1:
        raise SettingsError(f"{places[0]}: kind: each file has one, the English says which. Correct the file.")
    every = _extended(*(table.every for table in tables))
    entries: dict[str, tuple[str, dict[str, Any]]] = {}
    for place, table in zip(places, tables, strict=True):
        for entry in table.rule:
            key = str(entry.get("id"))
            known = entries.get(key)
            if known is None or known[0] == place:  # one that stands twice in a file is told of by the rule book
                entries[key if known is None else f"{key} in {place}"] = (place, entry)
            else:
                entries[key] = (known[0], _added(known[1], entry, place=place))
    return [_rule(entry, kind=tables[0].kind, defaults=every, file=place) for place, entry in entries.values()]


def _added(entry: dict[str, Any], more: dict[str, Any], *, place: str) -> dict[str, Any]:
    """A rule with the phrases that another language adds to it."""
    other = sorted(set(more) - {"id", *_GROUPS, *_PHRASES})
    if other:
        raise SettingsError(f"{place}: rule {entry['id']}: adds phrases to a rule of English, which alone may say "
                            f"{', '.join(other)}. Take them out, or name the rule otherwise.")  # fmt: skip
    return entry | _extended(*({key: value for key, value in one.items() if key in (*_GROUPS, *_PHRASES)}
                               for one in (entry, more)))  # fmt: skip


def _extended(*tables: dict[str, Any]) -> dict[str, Any]:
    """Fields of a rule: phrases after phrases, group by group; of all else the first says what holds."""
    whole: dict[str, Any] = {}
    for table in tables:
        for key, value in table.items():
            if key in _GROUPS and key in whole:
                pairs = zip_longest(whole[key], value, fillvalue=())
                whole[key] = [[*one, *other] for one, other in pairs]
            elif key in _PHRASES and key in whole:
                whole[key] = [*whole[key], *value]
            else:
                whole.setdefault(key, value)
    return whole


def _rule(entry: dict[str, Any], *, kind: str, defaults: dict[str, Any], file: str) -> Rule:
    name = entry.get("id", "?")
    unknown = sorted(set(entry) - _RULE_FIELDS)
    if unknown or not {"id", "reason", "why", "all"} <= set(entry):
        raise SettingsError(
            f"{file}: rule {name}: needs id, reason, why, all; unknown fields {unknown}. Correct the rule."
        )
    values: dict[str, Any] = defaults | entry | {"kind": kind}
    try:
        for key in ("none", "never"):
            values[key] = list(dict.fromkeys([*defaults.get(key, ()), *entry.get(key, ())]))
        values["also"] = [*defaults.get("also", ()), *entry.get("also", ())]
        return _RULE.validate_python(values)
    except ValidationError as error:
        raise SettingsError(f"{file}: rule {name}: {_fault(error)}. Correct the rule.") from error
    except TypeError as error:
        raise SettingsError(f"{file}: rule {name}: a list of phrases is none. Correct the rule.") from error
