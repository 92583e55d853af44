"""Every kind of shelf that allchat has, for the tests that hold all of them to one contract."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from index_folders import current, small_contents
from postgres_server import Server, missing
from word_hash import WordHash

from allchat.search.folder import Folder, write_index
from allchat.search.index import Index
from allchat.search.schema import Contents
from allchat.search.shared_folder import SharedFolder
from allchat.search.shelf import bring
from allchat.search.store import Shelf, Store
from allchat.sources.chunking import chunk

if TYPE_CHECKING:
    from allchat.search.postgres_shelf import PostgresShelf


@cache
def server() -> Server:
    """The server of this process's tests."""
    started = Server()
    atexit.register(started.remove)
    return started


def database() -> str:
    """A name that no database has yet."""
    return f"shelf_{next(_NUMBERS)}"


def in_postgres(folder: Path, *, extension: bool = True, on: Server | None = None) -> PostgresShelf:
    """An empty database of its own."""
    why = missing()
    if why is not None:
        pytest.skip(why)
    from allchat.search.postgres_shelf import PostgresShelf

    return PostgresShelf((on or server()).database(database(), extension=extension), folder=folder)


def in_shared_folder(here: Path) -> SharedFolder:
    """An empty folder of its own that machines share, beside the folder of this one."""
    there = here.with_name(f"{here.name} there")
    there.mkdir()
    return SharedFolder(there.as_uri(), folder=here)


_NUMBERS = count()

SHELVES: Mapping[str, Callable[[Path], Shelf]] = {
    "folder": Folder,
    "postgres": in_postgres,
    "shared": in_shared_folder,
}
"""What makes an empty shelf, given a folder of its own."""


def whole_contents() -> Contents:
    """The small corpus with its passages."""
    contents = small_contents()
    both = zip(contents.documents, contents.outlines, strict=True)
    passages = [chunk(outline, document=one, max_tokens=60, fits_window=WordHash().fits) for one, outline in both]
    return replace(contents, passages=tuple(passage for some in passages for passage in some))


def made(
    folder: Path,
    *,
    inputs: Mapping[str, object] | None = None,
    finish: Callable[[Index], Mapping[str, bytes]] | None = None,
) -> Path:
    """The files of a version of the small index, as a build makes them; other ``inputs`` make another version."""
    write_index(
        whole_contents(),
        folder=folder,
        embedder=WordHash(),
        inputs=inputs or {},
        finish=finish,
        settings={"known_words": ["platelets"], "names": {}},
    )
    return current(folder)


def filled(folder: Path, *, on: Server | None = None) -> PostgresShelf:
    shelf = in_postgres(folder / "files", on=on)
    bring(made(folder / "made"), shelf)
    return shelf


def two_searches(store: Store) -> list[list[float]]:
    """What two wordings find, which is several searches."""
    return [column.tolist() for column in store.near(WordHash().encode(["hair", "fever"]), limit=20)]
