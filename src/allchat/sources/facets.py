"""Facets: for whom a passage speaks (phase of the illness, age, type of ALL), and which of it a message asks for.

A section is of what its heading says, a block of what ``corpus.toml`` declares for it, else of its section. A message
names a value by the words of ``facets.toml``, or by a medicine or term that the sources use for that value alone. What
speaks only of relapse, of failed treatment or of the end of life is held back from everybody else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from itertools import chain

from pydantic import TypeAdapter, ValidationError

from allchat.errors import CorpusError, SettingsError
from allchat.parsing import parse_toml
from allchat.records import Applies, AppliesRule, Block, Outline, Section
from allchat.spelling import fold

FACETS_FILE = "facets.toml"
AXES = ("phase", "age", "type")

Named = frozenset[str]
"""The values that a message names; they differ from each other whatever their axis."""

BESIDE = 0.92
"""What is left of a block's score where it speaks for an age, a type or a time that the message does not name: the
general block comes first, unless this one answers clearly better (docs/decisions/0008-facets.md)."""

_BETWEEN = r"[^\w.!?;]+"
"""What parts the words of a phrase: spaces, hyphens and commas, no end of a sentence."""


@dataclass(frozen=True, slots=True)
class Facet:
    """One value of an axis, with the words that tell it in a heading and in a message."""

    axis: str
    value: str
    heading: re.Pattern[str]
    words: re.Pattern[str]
    unless: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Facets:
    """The word table: every value, and those that are held back from a message that does not name them."""

    table: tuple[Facet, ...]
    held: frozenset[str]

    def named(self, message: str) -> Named:
        """The values that the words of a message name; none for most messages."""
        folded = fold(message)
        return frozenset(facet.value for facet in self.table if facet.words.search(facet.unless.sub(" | ", folded)))

    def in_heading(self, heading: str) -> Applies:
        """What a heading says of what stands below it."""
        folded = fold(heading)
        said = [(facet.axis, facet.value) for facet in self.table if facet.heading.search(folded)]
        return Applies(**{axis: tuple(value for of, value in said if of == axis) for axis in AXES})

    def holds_back(self, applies: Applies, named: Named) -> bool:
        """Whether a text speaks for phases alone that frighten and that were not named."""
        phases = frozenset(applies.phase)
        return bool(phases) and phases <= self.held and phases.isdisjoint(named)

    def share(self, applies: Applies, named: Named) -> float:
        """How much of a block's score counts, in [0, 1]: 0 where it is held back."""
        if self.holds_back(applies, named):
            return 0.0
        aside = (tuple(value for value in applies.phase if value not in self.held), applies.age, applies.type)
        general = all(not values or FIRST in values or not named.isdisjoint(values) for values in aside)
        return 1.0 if general else BESIDE


FIRST = "first_treatment"
"""What nearly every family asks about: it needs no naming."""

_Words = list[str]
_TABLE = TypeAdapter(dict[str, dict[str, dict[str, _Words]]])


@cache
def facets() -> Facets:
    """The word table that comes with allchat.

    Raises:
        SettingsError: the file is missing or cannot be understood.
    """
    path = files("allchat").joinpath("sources/facets.toml")
    try:
        content = parse_toml(path.read_bytes())
        held = frozenset(content.pop("held_back"))
        axes = _TABLE.validate_python(content)
    except (OSError, ValueError, KeyError, ValidationError) as error:
        raise SettingsError(f"{path}: {error}. Restore the file: its top says what it may hold.") from error
    return Facets(tuple(_facet(axis, value, axes[axis][value]) for axis in AXES for value in axes[axis]), held)


def _facet(axis: str, value: str, lists: Mapping[str, Sequence[str]]) -> Facet:
    heading, words, unless = (any_phrase(lists.get(name, ())) for name in ("heading", "words", "unless"))
    return Facet(axis, value, heading, words, unless)


def any_phrase(phrases: Iterable[str]) -> re.Pattern[str]:
    """Matches any of the phrases as whole words; nothing where there are none. ``facets.toml`` explains the signs."""
    forms = "|".join(_form(phrase) for phrase in phrases)
    return re.compile(rf"(?<!\w)(?:{forms or '(?!)'})(?!\w)")


def _form(phrase: str) -> str:
    first, *others = phrase.split()
    return _choice(first) + "".join(_following(word) for word in others)


def _following(word: str) -> str:
    """A word with what parts it from the word before; a full stop parts more than words."""
    if word == "...":
        return rf"(?:{_BETWEEN}[\w']+){{0,3}}"
    return rf"(?:{_BETWEEN}{_choice(word)})" + ("?" if word.endswith("?") else "")


def _choice(word: str) -> str:
    choices = word.removesuffix("?").removeprefix("(").removesuffix(")").split("|")
    endings = (re.escape(choice).replace(r"\*", r"\w*") for choice in choices)
    return f"(?:{'|'.join(endings)})"


# ---- what the sources' texts apply to --------------------------------------------------------------------------------


def with_facets(
    outline: Outline,
    *,
    rules: Sequence[AppliesRule],
    words: Mapping[str, str],
    read: Callable[[str], str] = str,
) -> Outline:
    """The outline with what each section and block applies to; ``words`` are the blocks' words by their keys, ``read``
    gives a heading in English words.

    Raises:
        CorpusError: a rule names nothing that stands in the source, or more than one place.
    """
    declared = _Declared(outline, rules, words)
    sections = tuple(
        replace(section, applies=_of_section(section, declared.headings, read)) for section in outline.sections
    )
    blocks = tuple(
        replace(block, applies=declared.blocks.get(block.key, sections[block.section].applies))
        for block in outline.blocks
    )
    return replace(outline, sections=sections, blocks=blocks)


def _of_section(section: Section, declared: Mapping[str, Applies], read: Callable[[str], str]) -> Applies:
    """What the path of headings says: the innermost heading that speaks of an axis counts, a declared one for all."""
    applies = Applies()
    for heading in section.heading:
        applies = declared[heading] if heading in declared else _over(facets().in_heading(read(heading)), applies)
    return applies


def _over(inner: Applies, outer: Applies) -> Applies:
    return Applies(inner.phase or outer.phase, inner.age or outer.age, inner.type or outer.type)


@dataclass(frozen=True, slots=True)
class _Declared:
    """What ``corpus.toml`` says: by heading, and by the key of a block."""

    outline: Outline
    rules: Sequence[AppliesRule]
    words: Mapping[str, str]
    headings: dict[str, Applies] = field(init=False, default_factory=dict)
    blocks: dict[str, Applies] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        known = {section.heading[-1] for section in self.outline.sections if section.heading}
        for rule in self.rules:
            if rule.heading is None:
                self.blocks.update((block.key, rule.applies) for block in self._blocks(rule))
            elif rule.heading in known:
                self.headings[rule.heading] = rule.applies
            else:
                raise self._error(f"heading = {rule.heading!r} is no heading of it. Copy it anew from the source.")

    def _blocks(self, rule: AppliesRule) -> tuple[Block, ...]:
        first = self._place(rule.begins or "", key="begins")
        last = first if rule.through is None else self._place(rule.through, key="through")
        if last < first:
            raise self._error(f"through = {rule.through!r} stands before begins = {rule.begins!r}. Swap them.")
        return self.outline.blocks[first : last + 1]

    def _place(self, begins: str, *, key: str) -> int:
        found = [n for n, block in enumerate(self.outline.blocks) if self.words[block.key].startswith(begins)]
        if len(found) != 1:
            fact = f"begins {len(found)} blocks" if found else "begins no block"
            remedy = "Make it longer." if found else "Copy it anew from the source."
            raise self._error(f"{key} = {begins!r} {fact} of it. {remedy}")
        return found[0]

    def _error(self, fact: str) -> CorpusError:
        return CorpusError(f"corpus.toml, source {self.outline.document!r}, [[source.applies]]: {fact}")


# ---- what else names a value -----------------------------------------------------------------------------------------


def names(terms: Iterable[str], *, blocks: Sequence[Block], words: Mapping[str, str]) -> dict[str, list[str]]:
    """Terms that the sources use for special cases alone, each with the values that it names.

    A term counts where every block that holds it is of a phase that is held back, or where all of them are of one age
    or type, or on late effects. ``words`` are the blocks' words by their keys. Terms that name nothing are left out.
    """
    folded = [(block.applies, fold(words[block.key])) for block in blocks]
    named: dict[str, list[str]] = {}
    for term in sorted(set(map(fold, terms))):
        pattern = any_phrase([term])
        values = _values([applies for applies, text in folded if pattern.search(text)])
        if values:
            named |= {form: sorted(values) for form in (term, term.replace("-", " "), term.replace("-", ""))}
    return named


def _values(holding: Sequence[Applies]) -> Named:
    """What a term names that stands in texts of these kinds."""
    if not holding:
        return frozenset()
    if all(facets().holds_back(applies, frozenset()) for applies in holding):
        return frozenset(chain.from_iterable(applies.phase for applies in holding))
    return frozenset.intersection(*(frozenset(applies.values) - {FIRST} for applies in holding))


class Naming:
    """Tells what a message names, by the word table and by the terms of one corpus."""

    def __init__(self, terms: Mapping[str, Sequence[str]]) -> None:
        self._terms: dict[tuple[str, ...], Named] = {}
        for term, values in terms.items():  # by its words alone: a message may part them by two spaces or a comma
            words = _words(term)
            self._terms[words] = self._terms.get(words, frozenset()).union(values)
        self._pattern = any_phrase(sorted(terms, key=lambda term: (-len(term), term)))

    def named(self, message: str) -> Named:
        """The values that a message names; none for most messages."""
        said = (self._terms[_words(found.group())] for found in self._pattern.finditer(fold(message)))
        return facets().named(message).union(*said)


def _words(term: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", term))
