"""The index folder: written aside, renamed into place, checked on opening."""

from __future__ import annotations

import fcntl
import filecmp
import json
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from allchat.errors import StoreError
from allchat.search.embedder import Embedder
from allchat.search.index import ROW_FILES, WORDS_FILE, Index, file_name
from allchat.search.kept_vectors import KEPT_FILE, KeptVectors
from allchat.search.leads import LEADS_FILE, packed
from allchat.search.manifest import FORMAT, MANIFEST, check, checked_manifest, sha256_of, whole
from allchat.search.question_rows import Language, question_map_of, write_language, write_rows
from allchat.search.schema import Contents, rows, shortest_passage, write_words
from allchat.search.store import Hears

CURRENT: Final = "current"
ASIDE: Final = ".building-"
NAME: Final = "[0-9a-f]{16}"
NAME_DIGITS: Final = 16


class Folder:
    """The ``Shelf`` that is one folder: a folder in it for each version, and the file ``current`` that names one."""

    kind: Final = "folder"

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        """See ``Shelf.name``."""
        return str(self.path)

    def hear(self, told: Hears) -> None:
        """See ``Shelf.hear``. What is opened is in memory."""

    def current(self) -> str | None:
        """See ``Shelf.current``."""
        return noted(self.path / CURRENT)

    def open(self, name: str | None = None) -> Index:
        """See ``Shelf.open``."""
        found = _current(self.path) if name is None else self.path / name
        if found is None:
            raise StoreError(f"{self.path}: holds no index. Run: allchat build")
        manifest, version = checked_manifest(found)
        with ThreadPoolExecutor() as pool:
            rows: dict[str, Future[memoryview]] = {}
            others = []
            for file, sha256 in manifest["files"].items():
                if file.endswith(ROW_FILES):
                    rows[file] = pool.submit(whole, found / file, sha256=sha256)
                else:
                    others.append(pool.submit(check, found / file, sha256=sha256))
            for other in others:
                other.result()
            try:
                return Index(found, manifest=manifest, version=version, read=lambda file: rows.pop(file).result())
            except KeyError as error:
                raise StoreError(f"{found / MANIFEST}: lists no {error}. Run: allchat build --force") from error
            except (sqlite3.DatabaseError, RuntimeError) as error:
                raise StoreError(f"{found}: cannot be read ({error}). Run: allchat build --force") from error

    def write(self, made: Path) -> str:
        """See ``Shelf.write``."""
        name = sha256_of(made / MANIFEST)[:NAME_DIGITS]
        final = self.path / name
        with _disk_errors(self.path):
            if not _same_files(made, final):
                shutil.rmtree(final, ignore_errors=True)
                final.mkdir()
                for path in _files(made):
                    path.replace(final / path.name)
        return name

    def publish(self, name: str, *, instead_of: str | None) -> None:
        """See ``Shelf.publish``. Builds hold the folder's lock meanwhile."""
        if self.current() != instead_of:
            raise StoreError(f"{self.path}: another index came in force meanwhile. Run: allchat build")
        if not (self.path / name / MANIFEST).is_file():
            raise StoreError(f"{self.path}: holds no index {name}. Run: allchat build")
        with _disk_errors(self.path):
            note(self.path / CURRENT, name)

    def versions(self) -> list[str]:
        """See ``Shelf.versions``."""
        found = sorted(self.path.iterdir()) if self.path.is_dir() else []
        return [one.name for one in found if re.fullmatch(NAME, one.name) and one.is_dir()]

    def drop(self, name: str) -> None:
        """See ``Shelf.drop``. Only what a build has made goes: the folder may hold other things."""
        ours = name.startswith(ASIDE) or re.fullmatch(NAME, name)
        if ours and name != self.current():
            shutil.rmtree(self.path / name, ignore_errors=True)


def note(path: Path, name: str) -> None:
    """Writes the file that names a version, in one step."""
    with tempfile.TemporaryDirectory(prefix=ASIDE, dir=path.parent) as aside:
        pointer = Path(aside, path.name)
        pointer.write_text(f"{name}\n", encoding="ascii")
        pointer.replace(path)


def noted(path: Path) -> str | None:
    """The name that ``note`` wrote, unchecked; None where there is none, or none that can be read."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None


def open_index(folder: Path) -> Index:
    """The current index of ``folder``, every file checked against its manifest; see ``Folder.open``.

    Raises:
        StoreError: there is none, it is of another format, or a file is missing or altered.
    """
    return Folder(folder).open()


def _current(folder: Path) -> Path | None:
    try:
        name = (folder / CURRENT).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{folder / CURRENT}: cannot be read ({error}). Run: allchat build --force") from error
    if not re.fullmatch(NAME, name) or not (folder / name).is_dir():
        raise StoreError(f"{folder / CURRENT}: names no index in {folder}. Run: allchat build --force")
    return folder / name


def current_inputs(folder: Path) -> dict[str, Any] | None:
    """What the current index was built from, or None where there is no whole index."""
    index = previous_index(folder)
    return None if index is None else dict(index.manifest["inputs"])


def previous_index(folder: Path) -> Index | None:
    """The current index, checked and closed again, for what a build may keep of it; None where there is none."""
    try:
        index = open_index(folder)
    except StoreError:
        return None
    index.close()
    return index


def write_index(
    contents: Contents,
    *,
    folder: Path,
    embedder: Embedder,
    inputs: Mapping[str, Any],
    settings: Mapping[str, Any],
    finish: Callable[[Index], Mapping[str, bytes]] | None = None,
    languages: Sequence[Language] = (),
    previous: Index | None = None,
    progress: bool = False,
) -> Path:
    """Builds the index aside, puts it in place in one step, and gives its folder. A killed build leaves the old one.

    ``inputs`` go into the manifest and decide whether an index is stale; ``settings`` are values kept with the words.
    ``finish`` is handed the index before it is in place and gives further files for it, by name. ``languages`` are
    those besides English that have questions of ours. The maps of ``previous``, an earlier index, are used where they
    were trained on the same. The vectors of ``KeptVectors`` are kept beside.

    Raises:
        StoreError: another build is running, or the folder cannot be written.
    """
    with _disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with only_build(folder):
        texts, targets = rows(contents)
        settings = {**settings, "known_text": shortest_passage(texts, targets)}
        vectors = embedder.encode(texts, progress=progress)
        question_map = question_map_of(contents, texts, targets, vectors, before=previous)
        with _disk_errors(folder), tempfile.TemporaryDirectory(prefix=ASIDE, dir=folder) as aside:
            write_words(Path(aside, WORDS_FILE), contents, settings)
            Path(aside, LEADS_FILE).write_bytes(packed(targets))
            write_rows(Path(aside), vectors, contents, question_map=question_map)
            for language in languages:
                before = None if previous is None else previous.of(language.code)
                write_language(Path(aside), language, contents, vectors, settings, embedder=embedder, before=before)
            _write_further(Path(aside), finish, languages)
            _write_manifest(Path(aside), contents, inputs=inputs, vectors=len(texts), languages=languages)
            if isinstance(embedder, KeptVectors):
                Path(aside, KEPT_FILE).write_bytes(embedder.packed())
            return _put_in_place(Path(aside), Folder(folder))


def _write_further(
    aside: Path, finish: Callable[[Index], Mapping[str, bytes]] | None, languages: Sequence[Language]
) -> None:
    codes = [language.code for language in languages]
    index = Index(aside, manifest={"languages": codes}, version="", read=lambda file: whole(aside / file))
    try:
        further = dict(finish(index)) if finish is not None else {}
        for language in languages:
            own = language.finish(index.others[language.code]) if language.finish is not None else {}
            further |= {file_name(name, language.code): content for name, content in own.items()}
    finally:
        index.close()
    for name, content in further.items():
        (aside / name).write_bytes(content)


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        raise StoreError(
            f"{folder}: cannot be written ({error}). Free the disk or mend its permissions; the old index is whole."
        ) from error


@contextmanager
def only_build(folder: Path) -> Iterator[None]:
    """Holds the lock of a folder, without which no version is written or removed; StoreError where it is not free."""
    with _disk_errors(folder):
        lock = (folder / ".lock").open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"{folder}: another build is running. Wait for it to end.") from None
        yield


def _write_manifest(
    aside: Path, contents: Contents, *, inputs: Mapping[str, Any], vectors: int, languages: Sequence[Language]
) -> None:
    manifest = {
        "format": FORMAT,
        "inputs": dict(inputs),
        "counts": {
            "documents": len(contents.documents),
            "blocks": sum(len(outline.blocks) for outline in contents.outlines),
            "passages": len(contents.passages),
            "questions": len(contents.questions),
            "vectors": vectors,
        },
        "languages": [language.code for language in languages],
        "files": {path.name: sha256_of(path) for path in sorted(aside.iterdir())},
    }
    content = (json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
    (aside / MANIFEST).write_bytes(content)


def _put_in_place(aside: Path, folder: Folder) -> Path:
    """Puts what was made in force, removes every other version, and gives the folder of the new one."""
    before = folder.current()
    name = folder.write(aside)
    folder.publish(name, instead_of=before)
    if (aside / KEPT_FILE).is_file():
        (aside / KEPT_FILE).replace(folder.path / KEPT_FILE)
    for other in sorted(folder.path.iterdir()):
        if other != aside and other.is_dir():
            folder.drop(other.name)
    return folder.path / name


def _same_files(one: Path, other: Path) -> bool:
    """Whether ``other`` already holds the files of ``one``: then it may be in use, and is left as it is."""
    return all(
        (other / path.name).is_file() and filecmp.cmp(path, other / path.name, shallow=False) for path in _files(one)
    )


def _files(made: Path) -> list[Path]:
    """The files of a version that a build made."""
    return [path for path in sorted(made.iterdir()) if path.name != KEPT_FILE]
