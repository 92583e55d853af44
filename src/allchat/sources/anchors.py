"""Anchors: the places in a source that our questions lead to, carried over to its next text or parked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from allchat.errors import CorpusError
from allchat.languages.folders import packaged_codes
from allchat.parsing import parse_toml
from allchat.records import Document
from allchat.sources.annotations import QUESTIONS_FOLDER, Beginnings, Place, folder_of
from allchat.sources.changes import Changes, Unit, changes_between, outlined
from allchat.sources.critical import Critical, critical_changes
from allchat.sources.text import clean
from allchat.sources.toml_text import lines_of, parted, quoted

PARKED: Final = "parked"
FEWEST_WORDS = 6
"""Words that a proposed beginning has at least."""

Fate = Literal["holds", "proposal", "critical", "lost"]

_BLOCK = re.compile(r"^\[\[block\]\][ \t]*(?:#.*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Anchor:
    """What becomes of one anchor. ``holds``: it finds the same words. ``proposal``: what stands for them now, as
    ``begins`` and ``under`` would say it. ``critical``: a number, dose, medicine or negation changed there. ``lost``.

    ``words`` and ``now`` are what it led to and would lead to; ``likeness`` in [0, 1]; ``number``: its place in the
    file.
    """

    language: str
    number: int
    begins: str
    questions: tuple[str, ...]
    fate: Fate
    words: str = ""
    now: str = ""
    likeness: float = 0.0
    proposed: str = ""
    under: str = ""
    critical: tuple[Critical, ...] = ()

    def is_taken(self, least: float) -> bool:
        """Whether it goes on in force: it holds, or its proposal is at least so like."""
        return self.fate == "holds" or (self.fate == "proposal" and self.likeness >= least)


def anchors_of(corpus: Path, *, old: Document, new: Document) -> tuple[Anchor, ...]:
    """Every anchor of a source, in English and in the other languages, in the order of its file.

    Raises:
        CorpusError: a question file is not as its top says, or does not fit the old text.
    """
    carry = _Carry(old, new)
    found: list[Anchor] = []
    for language, path in question_files(corpus, old.key):
        for number, part in enumerate(parted(path.read_bytes().decode(), _BLOCK)[1:]):
            table = parse_toml(part.encode())["block"][0]
            found.append(carry.anchor(language, number, table, path=path))
    return tuple(found)


def question_files(corpus: Path, key: str) -> list[tuple[str, Path]]:
    """The question files of a source that there are, each with its language."""
    files = [(code, folder_of(corpus, code) / QUESTIONS_FOLDER / f"{key}.toml") for code in packaged_codes()]
    return [(code, path) for code, path in files if path.exists()]


class _Carry:
    """Leads anchors from one text to another."""

    def __init__(self, old: Document, new: Document) -> None:
        self._old, self._new = old, new
        self._before, self._after = (Beginnings(document, outlined(document)) for document in (old, new))
        self._changes: Changes = changes_between(old, new)
        self._numbers = {unit.start: number for number, unit in enumerate(self._changes.old)}

    def anchor(self, language: str, number: int, table: dict[str, object], *, path: Path) -> Anchor:
        begins, under = str(table["begins"]), str(table.get("under", ""))
        listed = table["questions"]
        questions = tuple(map(str, listed)) if isinstance(listed, list) else ()
        found = self._before.find(begins, under=under)
        if len(found) != 1:
            raise CorpusError(f"{path}: begins = {begins!r} finds {len(found)} places. Mend the file before an update.")
        words = _words(found[0], self._old)
        told = Anchor(language, number, begins, questions, "lost", words)
        now = self._after.find(begins, under=under)
        if len(now) == 1 and _words(now[0], self._new) == words:
            return _fated(told, "holds", words, 1.0, begins, under)
        covered = self._changes.covered(*_span(found[0]))
        pair = self._changes.pairs.get(self._numbers.get(_start(found[0]), -1))
        if pair is None:
            return told
        unit = self._changes.new[pair.new]
        place = next((p for p in now if _start(p) == unit.start), None) if len(now) == 1 else None
        if place is not None:
            return self._judged(told, covered, place, begins, under)
        proposed = self._proposed(unit)
        return told if proposed is None else self._judged(told, covered, *proposed)

    def _judged(self, told: Anchor, covered: Sequence[int], place: Place, begins: str, under: str) -> Anchor:
        """The fate of an anchor that would lead to a place: by each sentence that it led to and what stands for that.

        A sentence that is new in the place takes nothing away; one that is gone takes its critical words with it.
        """
        now = _words(place, self._new)
        if now == told.words:
            return _fated(told, "proposal", now, 1.0, begins, under)
        pairs = [(self._changes.old[n], self._changes.pairs.get(n)) for n in covered]
        stands = [(unit.words, self._changes.new[pair.new].words if pair else "") for unit, pair in pairs]
        changed = [found for was, is_now in stands for found in critical_changes(was, is_now)]
        alike = sum(len(unit.words) * pair.likeness for unit, pair in pairs if pair)
        likeness = round(alike / max(1, sum(len(unit.words) for unit, _ in pairs)), 2)
        return _fated(told, "critical" if changed else "proposal", now, likeness, begins, under, changed)

    def _proposed(self, unit: Unit) -> tuple[Place, str, str] | None:
        """The place of a sentence of the new text with the shortest beginning that finds it alone."""
        words = unit.words.split()
        for under in ("", unit.heading[-1] if unit.heading else ""):
            for count in range(min(FEWEST_WORDS, len(words)), len(words) + 1):
                begins = " ".join(words[:count])
                found = self._after.find(begins, under=under)
                if len(found) == 1 and _start(found[0]) == unit.start:
                    return found[0], begins, under
        return None


def _fated(
    told: Anchor, fate: Fate, now: str, likeness: float, begins: str, under: str, changed: Sequence[Critical] = ()
) -> Anchor:
    return replace(told, fate=fate, now=now, likeness=likeness, proposed=begins, under=under, critical=tuple(changed))


def _start(place: Place) -> int:
    block, sentence = place
    spans = block.sentences
    return spans[sentence].start if sentence is not None else (spans[0].start if spans else block.start)


def _span(place: Place) -> tuple[int, int]:
    block, sentence = place
    span = block if sentence is None else block.sentences[sentence]
    return span.start, span.end


def _words(place: Place, document: Document) -> str:
    start, end = _span(place)
    return clean(document.text[start:end])


# Files


def carried(corpus: Path, key: str, anchors: Iterable[Anchor], *, least: float) -> dict[str, bytes]:
    """The question files with the anchors that are taken, by their places; what is parked is not in them."""
    by_place = {(anchor.language, anchor.number): anchor for anchor in anchors}
    files = {}
    for language, path in question_files(corpus, key):
        head, *parts = parted(path.read_bytes().decode(), _BLOCK)
        told = [_carried(part, by_place[language, number], least) for number, part in enumerate(parts)]
        files[path.relative_to(corpus).as_posix()] = (head + "".join(told)).encode()
    return files


def _carried(part: str, anchor: Anchor, least: float) -> str:
    if not anchor.is_taken(least):
        return _after_block(part)
    if anchor.fate == "holds" or not anchor.proposed:
        return part
    under = f"\nunder = {quoted(anchor.under)}" if anchor.under else ""
    line = f"begins = {quoted(anchor.proposed)}{under}"
    without = re.sub(r"^under\s*=.*\n", "", part, flags=re.MULTILINE)
    return re.sub(r"^begins\s*=.*$", lambda _: line, without, count=1, flags=re.MULTILINE)


def _after_block(part: str) -> str:
    """The comments that follow a block: they head the next one."""
    last = part.rfind("\n]")
    return part[last + 2 :].lstrip("\n") if last >= 0 else ""


def parked(anchors: Iterable[Anchor], *, least: float, text: str, before: bytes) -> bytes:
    """The file of what waits for staff, with what waited before; it is never searched."""
    waiting = [anchor for anchor in anchors if not anchor.is_taken(least)]
    if not waiting:
        return before
    head = before.decode() or (
        "# Questions whose place a newer text of this source has no longer, or not for certain. Nothing here is\n"
        "# searched. Look at each, put it with the words that answer it into the question file of its language, and\n"
        "# delete it here.\n"
    )
    return (head + "".join(_waiting(anchor, text) for anchor in waiting)).encode()


def _waiting(anchor: Anchor, text: str) -> str:
    facts = {
        "text": text[:16], "language": anchor.language, "why": why(anchor), "begins": anchor.begins,
        "led_to": anchor.words, "now": anchor.now, "proposed": anchor.proposed, "under": anchor.under,
    }  # fmt: skip
    asked = "".join(f"  {quoted(question)},\n" for question in anchor.questions)
    return f"\n[[parked]]\n{lines_of({name: said for name, said in facts.items() if said})}questions = [\n{asked}]\n"


def why(anchor: Anchor) -> str:
    """Why an anchor waits, in a line."""
    if anchor.fate == "lost":
        return "nothing of the new text stands for it"
    if anchor.critical:
        return "; ".join(map(str, anchor.critical))
    return f"likeness {anchor.likeness:.2f}"
