"""Read: from ``corpus.toml`` and the source files to documents. Nothing is guessed; what does not fit is an error."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from allchat.addresses import web_address
from allchat.errors import CorpusError
from allchat.languages.folders import packaged_codes
from allchat.parsing import parse_toml
from allchat.records import Applies, AppliesRule, Display, Document, FurnitureRule, Layout, ListRule

CORPUS_FILE = "corpus.toml"

UNFINISHED = "updates/unfinished"
"""There while an update puts its files into their places: half of them may be old."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

_Words = Annotated[str, Field(pattern=r"\S")]
"""A rule that begins with nothing would hold everywhere."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Furniture(_Table):
    begins: _Words
    what: _Words
    through: _Words | None = None
    to_end: bool = False
    inline: bool = False
    every: bool = False


class _List(_Table):
    lead: _Words
    items: list[_Words] = Field(min_length=1)
    until: _Words


class _Applies(_Table):
    heading: _Words | None = None
    begins: _Words | None = None
    through: _Words | None = None
    phase: list[Literal["first_treatment", "relapse", "refractory", "late_effects", "end_of_life"]] = []
    age: list[Literal["infant", "child", "teenager", "adult"]] = []
    type: list[Literal["B", "T", "Ph+"]] = []

    @model_validator(mode="after")
    def _names_one_place(self) -> Self:
        if (self.heading is None) == (self.begins is None) or (self.through and not self.begins):
            raise ValueError("needs either a heading, or begins (with or without through)")
        return self

    def rule(self) -> AppliesRule:
        applies = Applies(tuple(self.phase), tuple(self.age), tuple(self.type))
        return AppliesRule(applies, self.heading, self.begins, self.through)


class _Original(_Table):
    file: str = Field(pattern=r"^[^\x00]+$")
    sha256: str
    converter: _Words
    structure: str = Field(pattern=r"^[^\x00]+$")
    structure_sha256: str


class Source(_Table):
    """A ``[[source]]`` table of corpus.toml: corpus/README.md says what each key is."""

    id: str
    file: str = Field(pattern=r"^[^\x00]+$")
    sha256: str
    title: str
    publisher: str
    copy_: str = Field(alias="copy")
    url: str
    revised: str
    audience: str
    language: str
    rights: str
    notes: str = ""
    attribution: str
    display: Display = "whole"
    use: bool = True
    layout: Literal["lines", "wrapped", "converted"] = "lines"
    original: _Original | None = None
    headings: list[_Words] = []
    no_headings: list[_Words] = []
    furniture: list[_Furniture] = []
    lists: list[_List] = []
    applies: list[_Applies] = []

    @model_validator(mode="after")
    def _has_its_original(self) -> Self:
        if (self.layout == "converted") != (self.original is not None):
            raise ValueError('layout = "converted" and [source.original] go together')
        return self

    @property
    def is_answered_from(self) -> bool:
        """Whether it is in use and in a language that is searched."""
        return self.use and is_searched(self.language)


def is_searched(language: str) -> bool:
    """Whether sources in a language are answered from: English, and what can be read in English words (a language's
    ``gloss.toml``), as the embedding model knows no other. What is in another language is kept.
    """
    return language in packaged_codes()


def read_corpus(folder: Path) -> tuple[Document, ...]:
    """The documents of ``folder/corpus.toml`` that are answered from (in use, in a searched language), by their ids.

    Raises:
        CorpusError: a file is missing, empty, altered or not UTF-8; an id stands twice; a key is unknown; a date is
            none; a url is no web address; nothing is in use.
    """
    sources = [source for source in declared_sources(folder) if source.is_answered_from]
    if not sources:
        raise CorpusError(
            f"{folder / CORPUS_FILE}: no source is in use. Run: allchat source add FILE, or set use = true on one."
        )
    return tuple(sorted((_document(source, folder=folder) for source in sources), key=lambda document: document.key))


def source_ids(folder: Path) -> tuple[str, ...]:
    """The ids that ``folder/corpus.toml`` declares, in use or not, in the order of the file.

    Raises:
        CorpusError: the file is not as corpus/README.md says.
    """
    return tuple(source.id for source in declared_sources(folder))


def declared_sources(folder: Path) -> list[Source]:
    """The tables of ``folder/corpus.toml``, in use or not, in the order of the file.

    Raises:
        CorpusError: the file is not as corpus/README.md says.
    """
    path = folder / CORPUS_FILE
    if (folder / UNFINISHED).is_dir():
        raise CorpusError(f"{folder / UNFINISHED}: an update is half done. Run: allchat source resume")
    tables = _tables(path)
    sources = [source_of(table, where=f"{path}, source {number}") for number, table in enumerate(tables, start=1)]
    seen: set[str] = set()
    for source in sources:
        if source.id in seen:
            raise CorpusError(f"{path}: the id {source.id!r} stands twice. Give each source an id of its own.")
        seen.add(source.id)
    return sources


def _tables(path: Path) -> list[dict[str, Any]]:
    content = read_toml(path)
    unknown = sorted(set(content) - {"source", "withdrawn"})
    if unknown:
        raise CorpusError(f"{path}: unknown key {unknown[0]!r}. Only [[source]] and [[withdrawn]] tables belong here.")
    tables = content.get("source", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise CorpusError(f"{path}: 'source' is not a list of tables. Write each source as [[source]].")
    return tables


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file's content.

    Raises:
        CorpusError: the file is missing, not UTF-8 or not TOML.
    """
    try:
        return parse_toml(_decoded(path).encode())
    except ValueError as error:
        raise CorpusError(f"{path}: not valid TOML: {error}. Mend the line it names.") from error


def source_of(table: dict[str, Any], *, where: str) -> Source:
    """A ``[[source]]`` table, read; ``where`` stands at the head of an error.

    Raises:
        CorpusError: a key or a fact is not as corpus/README.md says.
    """
    try:
        source = Source.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        fact = "unknown key" if first["type"] == "extra_forbidden" else first["msg"]
        raise CorpusError(f"{where}: {key}: {fact}. See corpus/README.md for the keys.") from error
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", source.id):
        raise CorpusError(f"{where}: the id {source.id!r} must be small letters, digits and hyphens.")
    if web_address(source.url) is None:
        raise CorpusError(
            f"{where}: url is {source.url!r}, and families are shown it as a link. "
            "Write the publisher's address in full, beginning with https:// or http://."
        )
    if source.revised != "unknown" and not _is_date(source.revised):
        raise CorpusError(
            f"{where}: revised is {source.revised!r}. Write YYYY-MM-DD, or unknown where the copy has no date."
        )
    return source


def _is_date(text: str) -> bool:
    try:
        return _DATE.fullmatch(text) is not None and date.fromisoformat(text) is not None
    except ValueError:
        return False


def _document(source: Source, *, folder: Path) -> Document:
    path = folder / source.file
    if not path.resolve().is_relative_to(folder.resolve()):
        raise CorpusError(f"{path}: lies outside {folder}. Put the file into the corpus folder.")
    return made_of(source, text=read_text(path, sha256=source.sha256), layout=_layout(source, folder=folder))


def made_of(source: Source, *, text: str, layout: Layout) -> Document:
    """The document of a ``[[source]]`` table, with its text and how that is laid out."""
    return Document(
        key=source.id,
        file=source.file,
        title=source.title,
        publisher=source.publisher,
        copy=source.copy_,
        url=source.url,
        revised=None if source.revised == "unknown" else source.revised,
        audience=source.audience,
        language=source.language,
        rights=source.rights,
        notes=source.notes,
        attribution=source.attribution,
        sha256=source.sha256,
        text=text,
        layout=layout,
        display=source.display,
        original=(source.original.file, source.original.sha256) if source.original else None,
    )


def _layout(source: Source, *, folder: Path) -> Layout:
    original = source.original
    structure = read_text(folder / original.structure, sha256=original.structure_sha256) if original else None
    return layout_of(source, structure=structure)


def layout_of(source: Source, *, structure: str | None) -> Layout:
    """How a text is laid out by its ``[[source]]`` table, with the structure that its converter gave."""
    return Layout(
        wrapped=source.layout == "wrapped",
        headings=tuple(source.headings),
        no_headings=tuple(source.no_headings),
        structure=structure,
        furniture=tuple(FurnitureRule(**rule.model_dump()) for rule in source.furniture),
        lists=tuple(ListRule(lead=rule.lead, items=tuple(rule.items), until=rule.until) for rule in source.lists),
        applies=tuple(rule.rule() for rule in source.applies),
    )


def read_text(path: Path, *, sha256: str) -> str:
    """A source file's bytes decoded as UTF-8 and nothing else, so that offsets hold on every machine.

    Raises:
        CorpusError: the file is missing, empty, not UTF-8, or its sha256 is not the declared one.
    """
    text = _decoded(path)
    if not text.replace("\ufeff", "").strip():
        raise CorpusError(f"{path}: the file is empty. Restore it, or leave the source out with use = false.")
    found = hashlib.sha256(text.encode()).hexdigest()
    if found != sha256:
        raise CorpusError(
            f"{path}: its sha256 is {found}, declared is {sha256}: the file was changed. "
            "Restore the file; if the new text is wanted, restore it all the same and run: "
            "allchat source update ID FILE"
        )
    return text


def _decoded(path: Path) -> str:
    # Path.read_text() would turn CRLF into LF and shift every offset behind it.
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path}: not UTF-8 at byte {error.start}. Save the file as UTF-8.") from error
    except OSError as error:
        raise CorpusError(
            f"{path}: cannot be read ({error.strerror}). Put the file back or correct its name."
        ) from error
