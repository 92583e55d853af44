"""Machines that serve an index from PostgreSQL: what they hold, keep and say of themselves."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from places import SMALL
from postgres_server import Server, missing
from serving import until
from shelves import in_postgres
from word_hash import WordHash

from allchat.build import build
from allchat.chat import Chat
from allchat.errors import StoreError
from allchat.search.folder import Folder
from allchat.search.shelf import bring
from allchat.web.reload import Following

if missing() is not None:
    pytest.skip(f"not tested: {missing()}", allow_module_level=True)


def connections(on: Server) -> int:
    return int(on.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'allchat'"))


def test_an_index_that_is_not_used_or_no_longer_used_holds_no_connection(own_server: Server, tmp_path: Path) -> None:
    corpus, index = Path(shutil.copytree(SMALL, tmp_path / "corpus")), tmp_path / "index"
    shelf = in_postgres(tmp_path / "files", on=own_server)

    def built() -> None:
        build(corpus, index=index, embedder=WordHash())
        bring(index / (Folder(index).current() or ""), shelf)

    built()
    opening = lambda: Chat.open(index, corpus=corpus, embedder=WordHash(), shelf=shelf)  # noqa: E731
    chat = Following(opening, index=index, shelf=shelf)
    held = connections(own_server)
    assert held > 0
    (corpus / "lay_terms.toml").unlink()
    with pytest.raises(StoreError, match="was built from other word files"):
        opening()
    until(lambda: connections(own_server) == held)
    built()
    assert chat.look()
    until(lambda: connections(own_server) == held)
    chat.now.index.close()
    until(lambda: connections(own_server) == 0)
