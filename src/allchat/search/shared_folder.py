"""The shelf in a folder that machines share: a version is copied from it, checked, and served from here.

Nothing is asked of the shared folder but the reading of files, so it may be a network's, or an object store's that is
mounted as one. A server that has a version needs it no more: what is away or broken there is told, and changes nothing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from allchat.errors import SettingsError, StoreError
from allchat.search.copies import fetch, fetched, tidy
from allchat.search.folder import CURRENT, NAME, NAME_DIGITS, Folder, note, noted, only_build
from allchat.search.index import Index
from allchat.search.manifest import MANIFEST, PART, checked_manifest, sha256_of
from allchat.search.store import Hears

SERVED: Final = "served"
"""The file, in the folder here, that names the version that was opened last."""

_LOG = logging.getLogger(__name__)


class SharedFolder:
    """The ``Shelf`` in the folder at a URL; what is opened is copied into ``folder``.

    Raises:
        SettingsError: the URL names no folder of this machine, or ``folder`` itself.
    """

    kind: Final = "shared"

    def __init__(self, url: str, *, folder: Path) -> None:
        self._there, self._here = Folder(_path_of(url)), Folder(folder)
        if self._there.path.resolve() == folder.resolve():
            raise SettingsError(f"store: {folder} is the index folder itself. Name another, or leave store out.")
        self._opened = False

    @property
    def name(self) -> str:
        """See ``Shelf.name``."""
        return f"shared folder {self._there.path}"

    def hear(self, told: Hears) -> None:
        """See ``Shelf.hear``. What is opened is in memory."""

    def current(self) -> str | None:
        """See ``Shelf.current``.

        Raises:
            StoreError: the folder or its note cannot be read: another version may be in force.
        """
        with self._reading():
            try:
                name = (self._there.path / CURRENT).read_bytes()
            except FileNotFoundError:
                next(self._there.path.iterdir(), None)  # is the folder there?
                return None
        return name.decode("ascii", errors="replace").strip()

    def open(self, name: str | None = None) -> Index:
        """See ``Shelf.open``. The first time, and where no ``name`` is asked for, what cannot be had there is opened as
        it was served here last: servers that are started again do not wait for the folder that they share.
        """
        try:
            index = self._whole(self._named(name))
        except StoreError as error:
            last = None if name or self._opened else self._last()
            if last is None:
                raise
            _LOG.error("%s is answered from as it was here last: %s", last, error)
            index = self._here.open(last)
        self._opened = True
        self._note(index.folder.name)
        return index

    def write(self, made: Path) -> str:
        """See ``Shelf.write``. The manifest comes last: without it there is no version."""
        name = sha256_of(made / MANIFEST)[:NAME_DIGITS]
        manifest, _ = checked_manifest(made, name=name)
        with self._writing():
            place = self._there.path / name
            place.mkdir(exist_ok=True)
            for file, sha256 in {**manifest["files"], MANIFEST: name}.items():
                fetch(place / file, lambda file: _parts(made / file), sha256=sha256, origin=str(made))
        return name

    def publish(self, name: str, *, instead_of: str | None) -> None:
        """See ``Shelf.publish``."""
        with self._writing():
            self._there.publish(name, instead_of=instead_of)

    def versions(self) -> list[str]:
        """See ``Shelf.versions``."""
        with self._reading():
            return [name for name in self._there.versions() if (self._there.path / name / MANIFEST).is_file()]

    def drop(self, name: str) -> None:
        """See ``Shelf.drop``."""
        with self._writing():
            self._there.drop(name)

    def _named(self, name: str | None) -> str:
        """The name of a version that is there, by default of the one in force."""
        name = name or self.current()
        if name is None:
            raise StoreError(f"{self.name}: holds no index, or is not mounted. Run: allchat build")
        if not re.fullmatch(NAME, name) or name not in self.versions():
            raise StoreError(f"{self.name}: holds no index {name}, or not all of it yet. Run: allchat build")
        return name

    def _whole(self, name: str) -> Index:
        """A version that is there, opened here: from the copy where that is whole, else from a new one."""
        try:
            return self._here.open(name)
        except StoreError:
            fetched(self._here.path / name, lambda file: self._read(name, file), origin=self.name)
            tidy(self._here.path, there=self.versions())
        return self._here.open(name)

    def _read(self, version: str, file: str) -> Iterator[bytes]:
        with self._reading(), suppress(FileNotFoundError):
            yield from _parts(self._there.path / version / file)

    def _last(self) -> str | None:
        name = noted(self._here.path / SERVED)
        return name if name and re.fullmatch(NAME, name) else None

    def _note(self, name: str) -> None:
        """Notes what is served here; a disk that cannot be written, with the version on it, is none's harm."""
        if self._last() != name:
            with suppress(OSError):
                note(self._here.path / SERVED, name)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"{self.name}: cannot be read ({error.strerror}). Mount it, or mend its rights."
            ) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Holds the shared folder's lock, which others who build elsewhere wait for."""
        try:
            with only_build(self._there.path):
                yield
        except OSError as error:
            raise StoreError(
                f"{self.name}: cannot be written ({error}). Mount it, free its disk or mend its rights; what was in "
                "force still is."
            ) from error


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as opened:
        while part := opened.read(PART):
            yield part


def _path_of(url: str) -> Path:
    parts = urlsplit(url)
    if parts.netloc or not parts.path.strip("/") or parts.query or parts.fragment:
        raise SettingsError("store: names no folder of this machine. Write file:///path/of/the/folder")
    return Path(unquote(parts.path))
