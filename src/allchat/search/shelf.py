"""Which shelf an operator has chosen, and how a version that was built comes on it."""

from __future__ import annotations

from pathlib import Path

from allchat.errors import SettingsError
from allchat.search.folder import Folder
from allchat.search.shared_folder import SharedFolder
from allchat.search.store import Shelf


def shelf_at(folder: Path, *, store: str = "") -> Shelf:
    """The shelf that is ``folder``, or the one at the URL ``store``, a database or a folder that machines share, with
    the files that are needed here in ``folder``.

    Raises:
        SettingsError: the URL cannot be used, or what speaks to the database is not installed.
    """
    if not store:
        return Folder(folder)
    if store.startswith("file:"):
        return SharedFolder(store, folder=folder)
    try:
        from allchat.search.postgres_shelf import PostgresShelf
    except ImportError as error:
        raise SettingsError("store: needs psycopg. Install it: pip install 'allchat[postgres]'") from error
    return PostgresShelf(store, folder=folder)


def bring(made: Path, shelf: Shelf) -> str:
    """Puts a version that was built in force on another shelf, where it is not, and gives its name.

    The one before it stays, for questions that are being answered from it; what is older is removed. Where it is in
    force already none is: a server may still answer from the one before.

    Raises:
        StoreError: it could not be brought; what was in force still is.
    """
    before = shelf.current()
    name = shelf.write(made)
    if name != before:
        shelf.publish(name, instead_of=before)
        for other in shelf.versions():
            if other not in (name, before):
                shelf.drop(other)
    return name
