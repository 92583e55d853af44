"""Changes made to a text on purpose, each with what is right to say of a citation of the changed sentence."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from allchat.records import Document, Layout
from allchat.sources.changes import Unit, outlined, units_of
from allchat.sources.corpus import read_corpus
from allchat.sources.text import clean

KINDS = ("moved", "changed", "gone", "record altered", "holds")


@dataclass(frozen=True)
class Made:
    """A citation of ``old``, the text after the change, and what is right."""

    kind: str
    old: Document
    new: Document
    citation: dict[str, Any]


def bare(corpus: Path) -> list[Document]:
    """The texts of a corpus without rules that a changed text would no longer fit."""
    return [replace(found, layout=Layout(wrapped=found.layout.wrapped)) for found in read_corpus(corpus)]


def with_text(document: Document, text: str) -> Document:
    return replace(document, text=text, sha256=hashlib.sha256(text.encode()).hexdigest())


def units(document: Document) -> tuple[Unit, ...]:
    return units_of(outlined(document), text=document.text)


def citation_of(document: Document, unit: Unit) -> dict[str, Any]:
    return {
        "number": 1, "document": document.key, "quote": clean(document.text[unit.start : unit.end]),
        "start": unit.start, "end": unit.end, "source_sha256": document.sha256,
    }  # fmt: skip


def made_changes(documents: list[Document], *, count: int, seed: int) -> Iterator[Made]:
    """Made changes, the kinds in turn; each is of one sentence that stands once, of five words or more."""
    chance = random.Random(seed)  # noqa: S311 - the same changes on every run
    for number in range(count):
        kind, old = KINDS[number % len(KINDS)], chance.choice(documents)
        unit = chance.choice(_once(old))
        cited = citation_of(old, unit)
        if kind == "record altered":
            yield Made(kind, old, chance.choice([old, changed(old, unit, "gone", chance)]), altered(cited, chance))
        else:
            yield Made(kind, old, changed(old, unit, kind, chance), cited)


@cache
def _once(document: Document) -> list[Unit]:
    """The sentences whose words stand nowhere else: of others nobody can tell which of them was meant."""
    text = clean(document.text)
    return [unit for unit in units(document) if len(unit.words.split()) >= 5 and text.count(unit.words) == 1]


def changed(old: Document, unit: Unit, kind: str, chance: random.Random) -> Document:
    text = old.text
    if kind == "holds":
        return with_text(old, f"{text}\n\nA paragraph that was not there before.\n")
    without = text[: unit.start] + text[unit.end :]
    if kind == "gone":
        return with_text(old, without)
    if kind == "changed":
        words = reworded(text[unit.start : unit.end], chance)
        return with_text(old, text[: unit.start] + words + text[unit.end :])
    place = chance.choice(
        [at for at in range(len(without)) if without.startswith("\n\n", at) and abs(at - unit.start) > 200]
    )
    return with_text(old, f"{without[:place]}\n\n{text[unit.start : unit.end].strip()}\n\n{without[place:].lstrip()}")


def reworded(words: str, chance: random.Random) -> str:
    """One word of four, at least one, is another; or a word more stands there."""
    parts = words.lstrip("• ").split(" ")
    for _ in range(max(1, len(parts) // 6)):
        at = chance.randrange(1, len(parts) - 1)  # its first word begins the sentence, its last one ends it
        if chance.random() < 0.5:
            parts.insert(at, chance.choice(("not", "often", "12", "slowly")))
        else:
            parts[at] = chance.choice(("never", "seven", "quietly", "methotrexate"))
    return f"{words[: len(words) - len(words.lstrip('• '))]}{' '.join(parts)}"


def altered(cited: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    if chance.random() < 0.5:
        return {**cited, "start": cited["start"] + 6}
    words = cited["quote"].split()
    words[chance.randrange(len(words))] = "zebra"
    return {**cited, "quote": " ".join(words)}
