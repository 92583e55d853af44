"""How well the readers find a file's structure, against a truth made by hand.

    python tests/structure/measure.py                    the made files, each with the trap that it holds
    python tests/structure/measure.py FILE TRUTH.jsonl   a file against its truth
    python tests/structure/measure.py --hash TRUTH.txt   a truth written by hand, as hashes of its normalised lines

A truth is a line for each piece: H a heading, T a paragraph, I an item, R a table row as it should read, F furniture.
An item's lead is the nearest T or H above it. Kept for real files only as hashes: their words belong to publishers.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from allchat.sources.readers.convert import convert
from allchat.sources.readers.pieces import Piece

KINDS = {"H": "heading", "T": "text", "I": "item", "R": "row", "F": "furniture"}
_SENTENCE = re.compile(r"(?<=[.!?:])\s+")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a truth: its kind, the hashes of its words, of its sentences and of the line that leads to it."""

    kind: str
    hash: str
    words: int
    sentences: tuple[str, ...]
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """What was found of what there is, to be summed over files."""

    headings: int = 0
    headings_found: int = 0
    headings_said: int = 0
    headings_false: int = 0
    items: int = 0
    items_led: int = 0
    rows: int = 0
    rows_found: int = 0
    sentences: int = 0
    sentences_lost: int = 0
    words: int = 0
    words_left_in: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def shares(self) -> dict[str, float]:
        """The figures, those of what there is: headings found and false, items with their lead, rows with their header,
        furniture left in by words; and the number of body sentences lost.
        """
        shares = {
            "headings found": (self.headings_found, self.headings),
            "headings false": (self.headings_false, self.headings_said),
            "items with lead": (self.items_led, self.items),
            "rows with header": (self.rows_found, self.rows),
            "furniture left in": (self.words_left_in, self.words),
        }
        found = {label: part / whole for label, (part, whole) in shares.items() if whole}
        return found | {"sentences lost": float(self.sentences_lost)}


def normal(text: str) -> str:
    """Words as they are compared: letters and digits of composed, small text."""
    return " ".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).lower()))


def hashed(text: str) -> str:
    """A line's hash."""
    return hashlib.sha256(normal(text).encode()).hexdigest()[:20]


def truth_of(text: str) -> tuple[Line, ...]:
    """A truth as it is written by hand."""
    lines: list[Line] = []
    lead = ""
    for written in text.splitlines():
        kind, _, said = written.strip().partition(" ")
        if not said:
            continue
        sentences = tuple(hashed(sentence) for sentence in _SENTENCE.split(said) if normal(sentence))
        lines.append(Line(KINDS[kind], hashed(said), len(said.split()), sentences, lead))
        lead = hashed(said) if kind in "HT" else lead
    return tuple(lines)


def measured(pieces: Sequence[Piece], truth: Sequence[Line]) -> Counts:
    """Pieces against a truth."""
    headings = {line.hash for line in truth if line.kind == "heading"}
    items = [line for line in truth if line.kind == "item"]
    rows = [line for line in truth if line.kind == "row"]
    said = [hashed(piece.text) for piece in pieces if piece.kind == "heading"]
    found_items = set(_led(pieces))
    body = [sentence for line in truth if line.kind in ("text", "item") for sentence in line.sentences]
    kept = {hashed(sentence) for piece in pieces for sentence in _SENTENCE.split(piece.text)}
    kept |= {hashed(piece.text) for piece in pieces}
    furniture = {line.hash for line in truth if line.kind == "furniture"}
    return Counts(
        headings=len(headings),
        headings_found=len(headings & set(said)),
        headings_said=len(said),
        headings_false=sum(one not in headings for one in said),
        items=len(items),
        items_led=sum((line.hash, line.lead) in found_items for line in items),
        rows=len(rows),
        rows_found=sum(line.hash in {item for item, _ in found_items} for line in rows),
        sentences=len(body),
        sentences_lost=sum(sentence not in kept for sentence in body),
        words=sum(len(piece.text.split()) for piece in pieces),
        words_left_in=sum(len(piece.text.split()) for piece in pieces if hashed(piece.text) in furniture),
    )


def _led(pieces: Sequence[Piece]) -> Iterable[tuple[str, str]]:
    lead = ""
    for piece in pieces:
        if piece.kind == "item":
            yield hashed(piece.text), lead
        else:
            lead = hashed(piece.text)


def read_truth(path: Path) -> tuple[Line, ...]:
    """A truth that was kept as hashes."""
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return tuple(Line(row["kind"], row["hash"], row["words"], tuple(row["sentences"]), row["lead"]) for row in rows)


def _report(name: str, counts: Counts) -> str:
    return f"{name}: " + "  ".join(f"{label} {value:.3f}" for label, value in counts.shares().items())


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main(arguments: Sequence[str]) -> None:
    """Prints what was asked for."""
    if arguments[:1] == ["--hash"]:
        for line in truth_of(Path(arguments[1]).read_text(encoding="utf-8")):
            _say(json.dumps({one.name: getattr(line, one.name) for one in fields(line)}))
        return
    if arguments:
        path = Path(arguments[0])
        read = convert(path.read_bytes(), name=path.name).read
        _say(_report(path.name, measured(read.pieces, read_truth(Path(arguments[1])))))
        return
    sys.path.insert(0, str(Path(__file__).parents[1]))  # the makers of files lie there
    from made_traps import TRAPS

    found = {name: measured(convert(made, name=name).read.pieces, truth_of(truth)) for name, made, truth in TRAPS}
    for name, counts in found.items():
        _say(_report(name, counts))
    _say(_report("all", sum(found.values(), Counts())))


if __name__ == "__main__":
    main(sys.argv[1:])
