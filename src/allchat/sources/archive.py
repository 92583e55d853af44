"""Archive: every text that was quoted from stays in the corpus folder under its hash, with what was said of it then.

``corpus/archive/ID/SHA256/`` holds the text, its table of corpus.toml and, of a converted source, structure and
original, byte for byte. Nothing there is searched or answered from: saved links and saved answers are held against it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from allchat.errors import CorpusError
from allchat.parsing import parse_toml
from allchat.records import Document
from allchat.sources.corpus import CORPUS_FILE, Source, declared_sources, layout_of, made_of, read_text, source_of
from allchat.sources.toml_text import parted

ARCHIVE = "archive"
TEXT, TABLE, STRUCTURE, ORIGINAL = "text.txt", "source.toml", "structure.jsonl", "original"

SHORTEST_HASH = 12
"""Digits of a hash from which a link names one text; a link of ours has 16."""

_TABLE = re.compile(r"^\[\[source\]\][ \t]*(?:#.*)?$", re.MULTILINE)
_HASH = re.compile(rf"[0-9a-f]{{{SHORTEST_HASH},64}}")
_KEY = re.compile(r"[a-z0-9][a-z0-9-]*")


def is_hash_of(digits: str, sha256: str) -> bool:
    """Whether the digits, the first ones or all, are those of a hash."""
    return _HASH.fullmatch(digits) is not None and sha256.startswith(digits)


def tables(text: str) -> tuple[str, dict[str, str]]:
    """What stands in a corpus.toml before its first source, and each source's table as it is written, by its id."""
    head, *parts = parted(text, _TABLE)
    return head, {str(parse_toml(part.encode())["source"][0]["id"]): part for part in parts}


def entry(source: Source, *, table: str, files: dict[str, bytes]) -> dict[str, bytes]:
    """The files that keep a text: their places in the corpus folder and their bytes. ``files`` are the source's own."""
    folder = f"{ARCHIVE}/{source.id}/{source.sha256}"
    kept = {f"{folder}/{TEXT}": files[source.file], f"{folder}/{TABLE}": f"{table.rstrip()}\n".encode()}
    if source.original is not None:
        ending = Path(source.original.file).suffix
        kept[f"{folder}/{STRUCTURE}"] = files[source.original.structure]
        kept[f"{folder}/{ORIGINAL}{ending}"] = files[source.original.file]
    return kept


def keep(corpus: Path, key: str) -> str:
    """Keeps today's text of a source under its hash, and gives that.

    Raises:
        CorpusError: there is no such source, or a file of it cannot be read or written.
    """
    text = _bytes(corpus / CORPUS_FILE).decode()
    source = next((source for source in declared_sources(corpus) if source.id == key), None)
    if source is None:
        raise CorpusError(f"{corpus / CORPUS_FILE}: has no source {key!r}. See: allchat source list")
    put(corpus, entry(source, table=tables(text)[1][key], files=own_files(corpus, source)))
    return source.sha256


def put(corpus: Path, files: Mapping[str, bytes]) -> None:
    """Writes the files of an entry.

    Raises:
        CorpusError: the folder cannot be written.
    """
    try:
        for place, content in files.items():
            write_file(corpus / place, content)
    except OSError as error:
        raise CorpusError(f"{corpus}: cannot be written ({error.strerror}). Nothing was changed; free it.") from error


def write_file(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.new")
    aside.write_bytes(data)
    aside.replace(path)


def own_files(corpus: Path, source: Source) -> dict[str, bytes]:
    """The text of a source and, where it was converted, its structure and original: places and bytes.

    Raises:
        CorpusError: one of them cannot be read.
    """
    original = source.original
    places = [source.file, *((original.structure, original.file) if original else ())]
    return {place: _bytes(corpus / place) for place in places}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror}). Put the file back.") from error


def kept_hashes(corpus: Path, key: str) -> tuple[str, ...]:
    """The hashes of the texts of a source that are kept, in order of their digits."""
    folder = corpus / ARCHIVE / key
    if not _KEY.fullmatch(key) or not folder.is_dir():
        return ()
    return tuple(sorted(path.name for path in folder.iterdir() if _HASH.fullmatch(path.name)))


def earlier(corpus: Path, key: str, digits: str) -> Document | None:
    """The kept text of a source that a hash, or its first digits, names; None where it names none or several.

    Raises:
        CorpusError: what is kept there was altered.
    """
    found = [sha256 for sha256 in kept_hashes(corpus, key) if is_hash_of(digits, sha256)]
    return _read(corpus / ARCHIVE / key / found[0], sha256=found[0]) if len(found) == 1 else None


def kept_texts(corpus: Path, key: str) -> dict[str, Document]:
    """All kept texts of a source, by their hashes.

    Raises:
        CorpusError: see ``earlier``.
    """
    return {sha256: _read(corpus / ARCHIVE / key / sha256, sha256=sha256) for sha256 in kept_hashes(corpus, key)}


def forget(corpus: Path, key: str) -> list[str]:
    """Deletes every kept text of a source, as where its rights were withdrawn; gives the places."""
    folder = corpus / ARCHIVE / key
    return emptied(folder, corpus=corpus) if _KEY.fullmatch(key) else []


def emptied(folder: Path, *, corpus: Path) -> list[str]:
    """Deletes a folder of the corpus, and gives the places of its files; none where there is none."""
    if not folder.is_dir():
        return []
    gone = sorted(path.relative_to(corpus).as_posix() for path in folder.rglob("*") if path.is_file())
    shutil.rmtree(folder)
    return gone


def _read(folder: Path, *, sha256: str) -> Document:
    path = folder / TABLE
    try:
        table = parse_toml(path.read_bytes())["source"][0]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise CorpusError(f"{path}: cannot be read ({error}). Restore the folder {ARCHIVE} of the corpus.") from error
    source = source_of(table, where=str(path))
    if source.sha256 != sha256:
        raise CorpusError(f"{path}: is of another text than its folder. Restore the folder {ARCHIVE} of {CORPUS_FILE}.")
    original = source.original
    structure = read_text(folder / STRUCTURE, sha256=original.structure_sha256) if original else None
    text = read_text(folder / TEXT, sha256=sha256)
    kept = made_of(source, text=text, layout=layout_of(source, structure=structure))
    if original is None:
        return kept
    place = f"{ARCHIVE}/{source.id}/{sha256}/{ORIGINAL}{Path(original.file).suffix}"
    return replace(kept, original=(place, original.sha256))
