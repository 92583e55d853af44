"""The model, its export and the small index, and copies of them that a test may break."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from places import SMALL
from postgres_server import Server
from word_hash import WordHash

from allchat.build import build
from allchat.search.embedder import PieceReader
from allchat.search.folder import open_index
from allchat.search.index import Index
from allchat.search.model_files import PACKAGED_MODEL, packaged_folder
from allchat.search.sentence_transformer import SentenceEmbedder, load_embedder, open_embedder


@pytest.fixture(scope="session")
def model() -> SentenceEmbedder:
    return load_embedder()


@pytest.fixture(scope="session")
def built_folder(built_index: Path) -> Path:
    """The folder of the files of the real index."""
    return built_index / (built_index / "current").read_text().strip()


@pytest.fixture(scope="session")
def exported(built_folder: Path, model: SentenceEmbedder) -> PieceReader:
    """The packaged model as an index serves it."""
    built = {"name": model.name, "sha256": model.fingerprint}
    return open_embedder(PACKAGED_MODEL, index=built_folder, built=built)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The packaged model with links for its files: a test may put something else in the place of one."""
    folder = tmp_path / "model"
    for path in packaged_folder().rglob("*"):
        if path.is_file():
            link = folder / path.relative_to(packaged_folder())
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def index(small_index: Path) -> Index:
    return open_index(small_index)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A small index that a test may break."""
    return build(SMALL, index=tmp_path / "index", embedder=WordHash())


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A PostgreSQL that a test may end."""
    started = Server()
    yield started
    started.remove()
