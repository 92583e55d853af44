"""Adds a file to a corpus and takes a source out of it; corpus.toml and the files change together or not at all."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from allchat.errors import CorpusError
from allchat.languages.folders import packaged_codes
from allchat.records import Display, Layout
from allchat.sources import archive
from allchat.sources.anchors import PARKED
from allchat.sources.annotations import QUESTIONS_FOLDER, folder_of
from allchat.sources.corpus import (
    CORPUS_FILE,
    Source,
    declared_sources,
    is_searched,
    made_of,
    read_corpus,
    source_of,
)
from allchat.sources.outline import outline_document
from allchat.sources.readers.convert import Converted, convert
from allchat.sources.switch import forget_steps
from allchat.sources.toml_text import lines_of
from allchat.sources.withdrawn import Withdrawn, read_withdrawn, withdrawn_table

ORIGINALS = "originals"
CONVERTED = "converted"
REVIEWS = "reviews"
DRAFTS = "drafts"
HEADER = "# The sources that allchat quotes. Add one with: allchat source add FILE\n"

_LONGEST_ID = 48


@dataclass(frozen=True, slots=True)
class Facts:
    """What corpus.toml says of a source that no file can tell. ``revised`` is an ISO date or ``unknown``."""

    id: str
    title: str
    publisher: str
    url: str
    rights: str
    language: str
    revised: str
    audience: str
    attribution: str
    notes: str = ""
    display: Display = "whole"


def id_of(title: str, *, taken: set[str]) -> str:
    """A short name for a source from its title, that none of ``taken`` has."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    short = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_ID].strip("-") or "source"
    names = [short, *(f"{short}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def declared_ids(corpus: Path) -> set[str]:
    """The ids of a corpus folder, those of withdrawn sources too; none where it has no corpus.toml yet."""
    return {source.id for source in _declared(corpus)} | set(read_withdrawn(corpus))


def same_address(corpus: Path, url: str) -> list[str]:
    """The sources in use that have this address already, as lines for staff: one of the two is older, or a copy."""
    mates = [source for source in _declared(corpus) if source.use and source.url.rstrip("/") == url.rstrip("/")]
    return [
        f"the corpus has this address already as {mate.id} (revised {mate.revised}): leave the older out: use = false"
        for mate in mates
    ]


def read_file(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        CorpusError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror}). Name the file to add.") from error


def add(content: bytes, *, name: str, converted: Converted, facts: Facts, corpus: Path) -> None:
    """Adds a converted file: the original byte for byte, its text, its structure, its table in corpus.toml.

    Raises:
        CorpusError: a fact is not as it should be, the id or the file is there already, or nothing can be written.
    """
    same = [source.id for source in _declared(corpus) if source.original and source.original.sha256 == _hash(content)]
    if same:
        raise CorpusError(f"{name}: is in the corpus already, as {same[0]!r}. Remove that first, or leave it.")
    if facts.id in declared_ids(corpus):
        raise CorpusError(f"{corpus / CORPUS_FILE}: the id {facts.id!r} is taken. Give another one with --id.")
    own, files = files_of(content, key=facts.id, name=name, converted=converted)
    table = asdict(facts) | own
    source = source_of(table, where=f"{corpus / CORPUS_FILE}, {facts.id}")
    outline_document(made_of(source, text=converted.text, layout=Layout(structure=converted.structure)))
    before = _table_text(corpus)

    def changed() -> None:
        _must_not_lie_there(files, corpus)
        for place, data in files.items():
            archive.write_file(corpus / place, data)
        archive.write_file(corpus / CORPUS_FILE, f"{(before or HEADER).rstrip()}\n\n{_written(table)}".encode())
        _must_read(corpus, facts)

    _or_as_before(changed, corpus=corpus, before=before, new=[*files])


def remove(key: str, *, corpus: Path, withdrawn: str | None = None) -> list[str]:
    """Takes a source out: its table, and its files. Gives the names of those. ``withdrawn`` is the day (ISO) from which
    a notice stands at its links; then its earlier texts go as well. What undo needs goes with any source: it has the
    source's words, and a table that names its files.

    Raises:
        CorpusError: there is no such source.
    """
    source = next((source for source in _declared(corpus) if source.id == key), None)
    if source is None:
        raise CorpusError(f"{corpus / CORPUS_FILE}: has no source {key!r}. See: allchat source list")
    head, tables = archive.tables(_table_text(corpus))
    del tables[key]
    notice = "" if withdrawn is None else withdrawn_table(_notice(source, on=withdrawn))
    archive.write_file(corpus / CORPUS_FILE, (head + notice + "".join(tables.values())).rstrip().encode() + b"\n")
    folders = (folder_of(Path(), language) / QUESTIONS_FOLDER for language in packaged_codes())
    files = [source.file, *(f"{folder}/{key}.toml" for folder in folders)]
    files += [source.original.file, source.original.structure] if source.original else []
    # these hold its words too
    files += [f"{REVIEWS}/{key}.html", f"{QUESTIONS_FOLDER}/{DRAFTS}/{key}.toml", f"{PARKED}/{key}.toml"]
    there = [place for place in files if (corpus / place).is_file()]
    for place in there:
        (corpus / place).unlink()
    return [*there, *forget_steps(corpus), *(archive.forget(corpus, key) if withdrawn else ())]


def _notice(source: Source, *, on: str) -> Withdrawn:
    return Withdrawn(id=source.id, title=source.title, publisher=source.publisher, url=source.url, on=on)


def check(corpus: Path) -> dict[str, str | None]:
    """For each source whether text, structure and original are as declared and the converter still makes that text from
    the original: None, or what is wrong.
    """
    return {source.id: _wrong(corpus, source) for source in _declared(corpus)}


def _wrong(corpus: Path, found: Source) -> str | None:
    try:
        if _hash(read_file(corpus / found.file)) != found.sha256:
            return f"{found.file} was changed. Restore it."
        original = found.original
        if original is None:
            return None
        content = read_file(corpus / original.file)
        if _hash(content) != original.sha256:
            return f"{original.file} was changed. Restore it."
        if _hash(read_file(corpus / original.structure)) != original.structure_sha256:
            return f"{original.structure} was changed. Restore it."
        made = convert(content, name=original.file)
    except CorpusError as error:
        return str(error)
    if _hash(made.text.encode()) != found.sha256 or _hash(made.structure.encode()) != original.structure_sha256:
        return (
            f"{made.converter} makes another text of {original.file} than {original.converter} did. Quotes are cut of "
            "the text as it was; to take the new one, remove the source and add the original again."
        )
    return None


def _declared(corpus: Path) -> list[Source]:
    return declared_sources(corpus) if (corpus / CORPUS_FILE).exists() else []


def _table_text(corpus: Path) -> str:
    path = corpus / CORPUS_FILE
    return path.read_bytes().decode() if path.exists() else ""


def files_of(content: bytes, *, key: str, name: str, converted: Converted) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The three files of a converted source, places and bytes, and what its ``[[source]]`` table says of them."""
    text, structure = converted.text.encode(), converted.structure.encode()
    original = {
        "file": f"{ORIGINALS}/{key}{Path(name).suffix.lower() or '.txt'}",
        "sha256": _hash(content),
        "converter": converted.converter,
        "structure": f"{CONVERTED}/{key}.jsonl",
        "structure_sha256": _hash(structure),
    }
    facts = {"file": f"{CONVERTED}/{key}.txt", "sha256": _hash(text), "copy": f"converted from {name}"}
    files = {original["file"]: content, facts["file"]: text, original["structure"]: structure}
    return {**facts, "layout": "converted", "original": original}, files


def _written(table: dict[str, Any]) -> str:
    facts = {key: value for key, value in table.items() if key != "original" and value}
    return f"[[source]]\n{lines_of(facts)}\n[source.original]\n{lines_of(table['original'])}"


def _must_not_lie_there(files: dict[str, bytes], corpus: Path) -> None:
    for place in files:
        if (corpus / place).exists():
            raise CorpusError(f"{corpus / place}: is there already, and no source names it. Move it away.")


def _must_read(corpus: Path, facts: Facts) -> None:
    if is_searched(facts.language):
        read_corpus(corpus)
    else:
        declared_sources(corpus)


def _or_as_before(change: Callable[[], None], *, corpus: Path, before: str, new: list[str]) -> None:
    """Runs a change; where it fails, the folder is as it was."""
    there = [place for place in new if (corpus / place).exists()]
    try:
        change()
    except (CorpusError, OSError) as error:
        for place in set(new) - set(there):
            (corpus / place).unlink(missing_ok=True)
        if before:
            archive.write_file(corpus / CORPUS_FILE, before.encode())
        else:
            (corpus / CORPUS_FILE).unlink(missing_ok=True)
        if isinstance(error, CorpusError):
            raise
        raise CorpusError(
            f"{corpus}: cannot be written ({error.strerror}). Free it, or name another folder."
        ) from error


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
