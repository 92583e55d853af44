"""Every kind of shelf that allchat has, for the tests that hold all of them to one contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from index_folders import current, small_contents
from word_hash import WordHash

from allchat.search.folder import Folder, write_index
from allchat.search.schema import Contents
from allchat.search.store import Shelf
from allchat.sources.chunking import chunk

SHELVES: Mapping[str, Callable[[Path], Shelf]] = {"folder": Folder}
"""What makes an empty shelf, given a folder of its own."""


def whole_contents() -> Contents:
    """The small corpus with its passages."""
    contents = small_contents()
    both = zip(contents.documents, contents.outlines, strict=True)
    passages = [chunk(outline, document=one, max_tokens=60, fits_window=WordHash().fits) for one, outline in both]
    return replace(contents, passages=tuple(passage for some in passages for passage in some))


def made(folder: Path, *, inputs: Mapping[str, object] | None = None) -> Path:
    """The files of a version of the small index, as a build makes them; other ``inputs`` make another version."""
    write_index(
        whole_contents(),
        folder=folder,
        embedder=WordHash(),
        inputs=inputs or {},
        settings={"known_words": ["platelets"], "names": {}},
    )
    return current(folder)
