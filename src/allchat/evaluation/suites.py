"""Suites: folders of JSON lines with a ``suite.toml`` that says what is measured, where the rows are from, and what
must hold. docs/evaluation.md describes the fields.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from allchat.errors import QuestionError
from allchat.parsing import parse_json, parse_toml

SUITE_FILE: Final = "suite.toml"

Task = Literal["answers", "silence", "conversation", "guard", "wording"]
GUARD_KINDS: Final = ("urgent", "refusal", "out_of_scope", "support", "chat", "search")
"""What the guard can make of a message; ``search``, written null in a row, is a message that goes on to the sources."""

_NO_ROW: Final = 'is not an object with "id" and "text" as strings'
_FAULTS: Final = {
    "id": _NO_ROW,
    "text": _NO_ROW,
    "kind": f'"kind" is none of {", ".join(GUARD_KINDS[:-1])} or null',
    "gold_all": '"gold_all" is not a list of lists of strings',
    "standalone": '"standalone" is neither true nor false',
    "measure": '"measure" is not a string',
}
"""What is wrong with a row, by the field that is not as it should be; any other is not a list of strings."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Gate(_Table):
    """A figure that must be at least, or at most, some value, and why that value."""

    measure: str = Field(pattern=r"\S")
    least: float | None = None
    most: float | None = None
    why: str = Field(pattern=r"\S")

    @model_validator(mode="after")
    def _one_bound(self) -> Gate:
        if (self.least is None) == (self.most is None):
            raise ValueError("a gate has either least or most")
        return self

    def holds(self, value: float | None) -> bool:
        """Whether a figure passes; one that was not measured does not."""
        if value is None:
            return False
        return value >= self.least if self.least is not None else value <= (self.most or 0.0)


class Label(_Table):
    """What is right for the rows of one label: kinds, the first being what they are counted as. ``measure`` is the name
    of their recall where several labels share one.
    """

    right: list[str] = Field(min_length=1)
    measure: str = ""


class _Declared(_Table):
    task: Task
    what: str = Field(pattern=r"\S")
    origin: str = Field(pattern=r"\S")
    licence: str = Field(pattern=r"\S")
    files: list[str] = []
    accept: dict[str, list[str]] = {}
    compare: bool = False
    calibrates: bool = False
    gate: list[Gate] = []
    label: dict[str, Label] = {}
    only: list[str] = []
    looked_at: bool = True
    frozen: str = ""
    sha256: str = ""
    first_sight: dict[str, float] = {}

    @model_validator(mode="after")
    def _frozen_if_blind(self) -> _Declared:
        if not self.looked_at and not (self.frozen and self.sha256):
            raise ValueError("a suite that nobody looked at says when it was frozen, and the sha256 of its files")
        return self


class Row(BaseModel):
    """One question with what is right for it; docs/evaluation.md describes the fields. It keeps others that it has."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    id: str
    text: str
    gold: list[str] = []
    gold_all: list[list[str]] = []
    history: list[str] = []
    standalone: bool = False
    kind: str | None = None
    accept: list[str] = []
    right: list[str] = []
    measure: str = ""

    @property
    def has_kind(self) -> bool:
        """Whether it says a kind, be it null."""
        return "kind" in self.model_fields_set

    def as_written(self) -> dict[str, object]:
        """The fields that it has, those of ours that it leaves out not among them: what hashes are made of."""
        return {name: value for name, value in self if name in self.model_fields_set}


@dataclass(frozen=True, slots=True)
class Suite:
    """Questions with what is right for each. ``accept`` names, for an expected kind, the kinds that are right too;
    ``compare`` also measures baselines and ablations; ``calibrates`` puts the rows on the curve of coverage and risk.
    Whose losses were never ``looked_at`` is blind: of it figures are told and no row. ``frozen`` is the day on which
    its rows were fixed, ``first_sight`` what was measured before anything was changed after it.
    """

    name: str
    task: Task
    what: str
    origin: str
    licence: str
    accept: Mapping[str, tuple[str, ...]]
    compare: bool
    calibrates: bool
    gates: tuple[Gate, ...]
    rows: tuple[Row, ...]
    looked_at: bool = True
    frozen: str = ""
    first_sight: Mapping[str, float] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Hash of the rows: figures of two reports compare only where it is the same."""
        rows = [row.as_written() for row in self.rows]
        return hashlib.sha256(json.dumps(rows, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def read_suites(folder: Path) -> tuple[Suite, ...]:
    """The suite in ``folder``, or those in the folders inside it, by name.

    Raises:
        QuestionError: there is none, or a file is not as docs/evaluation.md says.
    """
    if not folder.is_dir():
        raise QuestionError(f"{folder}: there is no such folder. Name the folder of a suite, or of several.")
    inside = sorted(path.parent for path in folder.glob(f"*/{SUITE_FILE}"))
    folders = [folder] if (folder / SUITE_FILE).is_file() else inside
    if not folders:
        raise QuestionError(f"{folder}: holds no {SUITE_FILE}, nor does a folder in it. docs/evaluation.md says how.")
    return tuple(read_suite(path) for path in folders)


def read_suite(folder: Path) -> Suite:
    """The suite of one folder.

    Raises:
        QuestionError: see ``read_suites``.
    """
    declared = _declared(folder / SUITE_FILE)
    _must_be_frozen(folder, declared)
    rows = tuple(row for name in declared.files for row in _rows(folder / name, declared))
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            raise QuestionError(f"{folder}: the id {row.id!r} stands twice. Give each row an id of its own.")
        seen.add(row.id)
    return Suite(
        name=folder.resolve().name,
        task=declared.task,
        what=declared.what,
        origin=declared.origin,
        licence=declared.licence,
        accept={kind: tuple(others) for kind, others in declared.accept.items()},
        compare=declared.compare,
        calibrates=declared.calibrates,
        gates=tuple(declared.gate),
        rows=rows,
        looked_at=declared.looked_at,
        frozen=declared.frozen,
        first_sight=declared.first_sight,
    )


def _must_be_frozen(folder: Path, declared: _Declared) -> None:
    """Checks the files of a frozen suite, one after another, against their hash."""
    if not declared.sha256:
        return
    found = hashlib.sha256()
    for name in declared.files:
        try:
            found.update((folder / name).read_bytes())
        except OSError as error:
            raise QuestionError(f"{folder / name}: cannot be read ({error}). Name a file of JSON lines.") from error
    if found.hexdigest() != declared.sha256:
        raise QuestionError(
            f"{folder}: its rows are not those that were frozen ({declared.frozen}): their sha256 is "
            f"{found.hexdigest()}. Restore them, or freeze them anew and drop first_sight."
        )


def _declared(path: Path) -> _Declared:
    try:
        declared = _Declared.model_validate(parse_toml(path.read_bytes()))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        fact = "unknown key" if first["type"] == "extra_forbidden" else first["msg"]
        raise QuestionError(f"{path}: {key}: {fact}. See docs/evaluation.md for the keys.") from error
    except (OSError, ValueError) as error:  # a ValidationError is a ValueError too
        raise QuestionError(f"{path}: cannot be read ({error}). Mend the file.") from error
    named = {kind for pair in declared.accept.items() for kind in (pair[0], *pair[1])}
    named |= {kind for label in declared.label.values() for kind in label.right}
    unknown = sorted(named - set(GUARD_KINDS))
    if unknown:
        raise QuestionError(
            f"{path}: accept or label: there is no kind {unknown[0]!r}. The kinds are {', '.join(GUARD_KINDS)}."
        )
    if not declared.files and declared.task != "wording":
        raise QuestionError(f"{path}: files: names no file. Name the JSON lines of the suite.")
    return declared


def _rows(path: Path, declared: _Declared) -> Iterator[Row]:
    for number, row in enumerate(read_rows(path), start=1):
        if declared.only and isinstance(row, dict) and row.get("label") not in declared.only:
            continue
        try:
            yield _row(row, declared)
        except ValueError as error:
            raise QuestionError(f"{path}, row {number}: {error}. See docs/evaluation.md for the fields.") from error


def _row(row: object, declared: _Declared) -> Row:
    """A row that fits the task of its suite; a ``ValueError`` says what is wrong with it."""
    if not isinstance(row, dict):
        raise ValueError(_NO_ROW)
    try:
        read = Row.model_validate(_labelled(row, declared.label))
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        raise ValueError(_FAULTS.get(name, f'"{name}" is not a list of strings')) from error
    if declared.task in ("answers", "conversation") and not read.gold and not read.standalone:
        raise ValueError('"gold" is missing')
    if declared.task == "guard" and (not read.has_kind or expected(read) not in GUARD_KINDS):
        raise ValueError(_FAULTS["kind"])
    return read


def _labelled(row: Mapping[str, object], labels: Mapping[str, Label]) -> dict[str, object]:
    """A row with its text under the one name, and with what is right for its label where it says no kind itself."""
    named = {"text": row["question"], **row} if "question" in row else dict(row)
    label = labels.get(str(row.get("label")))
    if label is None:
        return named
    form = f"_{row['form']}" if row.get("form") else ""
    first = None if label.right[0] == "search" else label.right[0]
    return {"kind": first, "right": label.right, "measure": label.measure or f"{row['label']}{form}", **named}


def expected(row: Row) -> str:
    """The kind that a row of a guard suite expects; ``search`` where it goes on to the sources."""
    return row.kind or "search"


def read_rows(path: Path) -> list[object]:
    """The rows of a JSON lines file.

    Raises:
        QuestionError: the file is missing or a line is not JSON.
    """
    try:
        return [parse_json(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    except (OSError, ValueError) as error:
        raise QuestionError(f"{path}: cannot be read ({error}). Name a file of JSON lines.") from error
