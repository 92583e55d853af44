"""Revision: a source's next text, with its table of corpus.toml and the rules of the old one that still fit."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz

from allchat.errors import CorpusError
from allchat.parsing import parse_toml
from allchat.records import Document, Layout
from allchat.sources.adding import files_of
from allchat.sources.changes import LEAST_LIKE, Changes, changes_between, outlined
from allchat.sources.corpus import Source, layout_of, made_of, source_of
from allchat.sources.readers.convert import convert
from allchat.sources.readers.review_facts import dates
from allchat.sources.text import clean
from allchat.sources.toml_text import lines_of, parted, quoted

_RULE = re.compile(r"^\[\[?source\.(\w+)\]\]?[ \t]*(?:#.*)?$", re.MULTILINE)
_BEGINNING = 12
"""Words of a sentence that a rule is led to."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What became of a rule of the table: it ``fits``, is ``moved`` to other words, or is ``lost``."""

    kind: str
    said: str
    fate: str
    now: str = ""
    likeness: float = 1.0


@dataclass(frozen=True, slots=True)
class Revision:
    """A source's next text: its table as it will be written, its files, and what became of the old rules."""

    source: Source
    document: Document
    table: str
    files: Mapping[str, bytes]
    rules: tuple[Rule, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class _Text:
    """The next text before its rules: facts to be written, files, how it is laid out."""

    facts: dict[str, Any]
    original: dict[str, str] | None
    text: str
    structure: str | None
    files: dict[str, bytes]


def revised_source(
    old: Document, source: Source, *, table: str, content: bytes, name: str, given: Mapping[str, str], least: float
) -> Revision:
    """The revision that a file is of a source.

    A plain text for a source prepared by hand stays one, byte for byte; any other file is converted. ``given`` are
    facts that take the place of the old ones; without ``revised`` the one date that the file states is taken.

    Raises:
        CorpusError: the file is refused, is the text that is there, or a fact or rule does not fit.
    """
    made = _plain(source, content, given) if _by_hand(source, name) else _converted(source, content, name, given)
    if made.facts["sha256"] == source.sha256:
        raise CorpusError(f"{name}: is the text that {source.id} has already. There is nothing to update.")
    bare = _document(old, made, Layout(wrapped=old.layout.wrapped and made.structure is None, structure=made.structure))
    parts = _parts(table)
    rules: list[Rule] = []
    changes = changes_between(old, bare)
    kept = [part for kind, part in parts[1:] for part in _kept_rule(kind, part, bare, changes, least, rules)]
    head = _head(parts[0][1], made, bare, rules)
    original = f"\n[source.original]\n{lines_of(made.original)}" if made.original else ""
    written = f"{head.rstrip()}\n{''.join(f'{chr(10)}{part.strip()}{chr(10)}' for part in kept)}{original}"
    new = source_of(parse_toml(written.encode())["source"][0], where=f"the next table of {source.id}")
    document = made_of(new, text=made.text, layout=layout_of(new, structure=made.structure))
    outlined(document)
    return Revision(new, document, written, made.files, tuple(rules))


def _by_hand(source: Source, name: str) -> bool:
    return source.original is None and Path(name).suffix.lower() == ".txt"


def _plain(source: Source, content: bytes, given: Mapping[str, str]) -> _Text:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CorpusError(f"the new text is not UTF-8 at byte {error.start}. Save the file as UTF-8.") from error
    if not text.replace("\ufeff", "").strip():
        raise CorpusError("the new text is empty. Name the file of the new text.")
    facts = {"sha256": _hash(content), "revised": source.revised, **given}
    return _Text(facts, None, text, None, {source.file: content})


def _converted(source: Source, content: bytes, name: str, given: Mapping[str, str]) -> _Text:
    made = convert(content, name=name)
    stated = {dated.day for dated in dates(made.read) if dated.states}
    revised = given.get("revised") or (stated.pop() if len(stated) == 1 else None)
    if revised is None:
        raise CorpusError(f"{name}: states no single date of its revision. Give it with --revised (or unknown).")
    facts, files = files_of(content, key=source.id, name=name, converted=made)
    original = facts.pop("original")
    return _Text({**facts, **given, "revised": revised}, original, made.text, made.structure, files)


def _document(old: Document, made: _Text, layout: Layout) -> Document:
    return replace(old, text=made.text, sha256=made.facts["sha256"], revised=made.facts["revised"], layout=layout)


def _parts(table: str) -> list[tuple[str, str]]:
    """The table as it is written, cut at its rules: the facts first, then each rule with the name of its list."""
    head, *rules = parted(table, _RULE)
    return [("", head), *zip(_RULE.findall(table), rules, strict=True)]


def _fits(document: Document, layout: Layout) -> bool:
    try:
        outlined(replace(document, layout=layout))
    except CorpusError:
        return False
    return True


def _kept_rule(
    kind: str, part: str, bare: Document, changes: Changes, least: float, rules: list[Rule]
) -> Iterator[str]:
    """The rule as it is written for the new text, if it can be; what became of it is put down in ``rules``."""
    if kind == "original":
        return
    table = parse_toml(part.encode())["source"][kind][0]
    said = str(table.get("heading") or table.get("begins") or table.get("lead"))
    if _rule_fits(kind, table, bare):
        rules.append(Rule(kind, said, "fits"))
        yield part
        return
    moved = _moved(table, changes) if kind == "applies" else None
    if moved is not None and moved[1] >= least and _rule_fits(kind, table | moved[0], bare):
        now = " ... ".join(moved[0].values())
        rules.append(Rule(kind, said, "moved", now, round(moved[1], 2)))
        yield _with(part, moved[0])
        return
    rules.append(Rule(kind, said, "lost"))


def _rule_fits(kind: str, table: Mapping[str, Any], bare: Document) -> bool:
    if kind == "lists" and not bare.layout.wrapped:
        return False
    facts = _FACTS | {"id": "x", "sha256": bare.sha256, "layout": "wrapped" if bare.layout.wrapped else "lines"}
    source = source_of({**facts, kind: [dict(table)]}, where=f"a rule of {bare.key}")
    return _fits(bare, layout_of(source, structure=bare.layout.structure))


_FACTS = {
    "file": "x", "title": "x", "publisher": "x", "copy": "x", "url": "https://example.org", "revised": "unknown",
    "audience": "x", "language": "en", "rights": "x", "attribution": "x",
}  # fmt: skip


def _moved(table: Mapping[str, Any], changes: Changes) -> tuple[dict[str, str], float] | None:
    """The words that a rule on what applies to whom is led to in the new text, and the least of their likenesses."""
    if "heading" in table:
        under = [n for n, unit in enumerate(changes.old) if table["heading"] in unit.heading]
        now = [changes.new[changes.pairs[n].new].heading for n in under if n in changes.pairs]
        last = [heading[-1] for heading in now if heading]
        best = max(sorted(set(last)), key=last.count, default=None)
        if best is None:
            return None
        named = fuzz.token_sort_ratio(str(table["heading"]).lower(), best.lower()) / 100.0 >= LEAST_LIKE
        return {"heading": best}, last.count(best) / max(1, len(last if named else under))
    found: dict[str, str] = {}
    least = 1.0
    for name in ("begins", "through"):
        if name not in table:
            continue
        pair = next((changes.pairs.get(n) for n, unit in enumerate(changes.old)
                     if unit.words.startswith(table[name])), None)  # fmt: skip
        if pair is None:
            return None
        found[name] = " ".join(changes.new[pair.new].words.split()[:_BEGINNING])
        least = min(least, pair.likeness)
    return found, least


def _with(part: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        part = _put(part, rf"^{name}\s*=.*$", f"{name} = {quoted(value)}")[0]
    return part


def _head(head: str, made: _Text, bare: Document, rules: list[Rule]) -> str:
    """The facts as they will be written, with those titles of ``headings`` and ``no_headings`` that are lines still."""
    lines = {clean(line) for line in bare.text.splitlines()}
    facts = parse_toml(head.encode())["source"][0]
    for name in ("headings", "no_headings"):
        rules += [Rule(name, w, "fits" if clean(w) in lines else "lost") for w in facts.get(name, ())]
        kept = [words for words in facts.get(name, ()) if clean(words) in lines]
        listed = f"{name} = [\n{''.join(f'  {quoted(words)},{chr(10)}' for words in kept)}]" if kept else ""
        head = _put(head, rf"^{name}\s*=\s*\[(?s:.*?)\]$", listed)[0]
    for name, value in made.facts.items():
        line = f"{name} = {quoted(value)}"
        head, count = _put(head, rf"^{name}\s*=.*$", line)
        head = head if count else f"{head.rstrip()}\n{line}\n"
    return head


def _put(text: str, pattern: str, words: str) -> tuple[str, int]:
    """A text with words, as they are, in the place of the first lines that a pattern finds; how many there were."""
    return re.subn(pattern, lambda _: words, text, count=1, flags=re.MULTILINE)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
