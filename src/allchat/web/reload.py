"""Follow: a chat that goes over to a new index between two questions, while it serves and without a restart."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Unpack

from allchat.answering.query import Asking
from allchat.chat import Chat
from allchat.errors import AllchatError, GoneError, StoreError
from allchat.records import Answer, Document, Outline, Trace, Verdict
from allchat.search.folder import Folder
from allchat.search.manifest import MANIFEST
from allchat.search.store import Hears, Shelf

LOOK_SECONDS = 5.0
"""How often the index folder is looked at: one small file is read."""

SOUND_SECONDS = 60.0
"""How often the model is asked for a known vector: one text of a few words is embedded."""

LOOKS = 12
"""Every so many looks, once a minute, an index that could not be used and has not changed is tried again: each try
reads and hashes all of it, and what was wrong may be mended elsewhere, in the corpus.
"""

UNSOUND = "the model gives a known text another vector than it had."

_LOG = logging.getLogger(__name__)


class Following:
    """Answers like the chat that ``opening`` gives, and like a new one once the folder ``index`` points elsewhere.

    ``shelf`` is where its versions lie if that is not the folder.

    A new index is opened and checked aside and then put in place by one assignment. A question is answered, and its
    quotes are verified, by the chat that was there when it came. Where a new index cannot be opened the old one stays,
    the log says so once, and it is tried again when it changes, else every ``LOOKS`` looks. For a moment both are in
    memory.

    Raises:
        AllchatError: ``opening`` failed the first time.
    """

    def __init__(self, opening: Callable[[], Chat], *, index: Path, shelf: Shelf | None = None) -> None:
        self._opening = opening
        self._index = index
        self._shelf = shelf or Folder(index)
        self._told: set[str] = set()
        self._looking = threading.Lock()
        self._failed: tuple[str | None, _Written] | None = None
        self._passed = 0
        self._away = ""
        """Why the store did not answer when it was last asked: then it is asked again at each look."""
        self.current = True
        """Whether the index that answers was the one in force when that was last asked."""
        self.reachable = True
        """Whether the store answered when it was last asked anything."""
        self.sound = True
        """Whether the model gave a known text its known vector when it was last asked."""
        self.now = self._checked(opening())
        """The chat of this moment. Whoever needs several things that fit each other takes them from one of these."""
        self._in_force()  # a shelf that is away or broken opened what it served last

    @property
    def documents(self) -> Mapping[str, Document]:
        """The documents by key."""
        return self.now.documents

    @property
    def version(self) -> str:
        """The name of the index that answers."""
        return self.now.index.folder.name

    @property
    def kind(self) -> str:
        """What kind of shelf the index lies on."""
        return self._shelf.kind

    @property
    def connections(self) -> int:
        """How many connections to the store are in use at this moment."""
        return self.now.index.connections

    def hear(self, told: Hears) -> None:
        """See ``Shelf.hear``."""
        self._shelf.hear(told)

    @property
    def built(self) -> float:
        """When the index was written, in seconds since 1970."""
        return self.now.built

    def outline(self, document: str) -> Outline:
        """The outline of the document with this key."""
        return self.now.outline(document)

    def earlier(self, document: str, digits: str) -> Document | None:
        """The text of a source that was quoted from before; see ``Asker``."""
        return self.now.earlier(document, digits)

    def original(self, document: Document) -> bytes:
        """The file that a document was converted from; see ``Asker``."""
        return self.now.original(document)

    def ask(self, question: str, **how: Unpack[Asking]) -> Answer:
        """See ``Chat.ask``.

        Raises:
            StoreError: the model is not what it was, or the store does not answer; what a rule finds urgent is
                answered all the same.
        """
        return self.explain(question, **how)[0]

    def explain(self, question: str, **how: Unpack[Asking]) -> tuple[Answer, Trace]:
        """``ask``, with how the answer came about.

        Raises:
            StoreError: see ``ask``.
        """
        if self.sound:
            return self._explained(question, **how)
        answer = self.alarm(question, **how)
        if answer is None:
            raise StoreError(self._away or f"{self._index}: {UNSOUND} Restart this server.")
        return answer, Trace(Verdict("urgent", reason=answer.reason))

    def _explained(self, question: str, **how: Unpack[Asking]) -> tuple[Answer, Trace]:
        """The answer of the chat of this moment. Where its version was removed meanwhile, as when two are published one
        after the other, the whole answer is made anew by the one that came after it.
        """
        chat = self.now
        try:
            return chat.explain(question, **how)
        except GoneError:
            with self._looking:
                came = self.now is not chat or self._looked()
            if not came:
                raise
            return self.now.explain(question, **how)

    def alarm(self, question: str, **how: Unpack[Asking]) -> Answer | None:
        """See ``Chat.alarm``."""
        return self.now.alarm(question, **how)

    def check(self) -> bool:
        """Ask the model for a known vector. Where it is another one, the index is opened anew, which reads the model's
        files again; where that does not help, nothing but alarms is answered.
        """
        try:
            self.sound, self._away = self.now.is_sound(), ""
        except StoreError as error:
            self._tell(f"no question can be answered: {error}")
            self.sound, self.reachable, self._away = False, False, str(error)
            return False
        except Exception as error:  # noqa: BLE001 - a library that fails on a known text fails on every other
            self._tell(f"the model fails on a known text: {type(error).__name__}")
            self.sound, self._away = False, ""
        if not self.sound:
            self._tell(f"{UNSOUND} The index is opened anew.")
            with self._looking:
                self._go_over()
        return self.sound

    def look(self) -> bool:
        """Go over to the current index if it is another than the one that answers; whether that was done."""
        with self._looking:
            return self._looked()

    def _looked(self) -> bool:
        name = self._in_force()
        if not self.reachable:
            return False
        if self.current:
            self._told, self._failed = set(), None
            return False
        found = name, _written(self._index, name)
        if found == self._failed and self._passed < LOOKS - 1:
            self._passed += 1
            return False
        self._failed, self._passed = found, 0
        return self._go_over()

    def _in_force(self) -> str | None:
        """The name of the index in force, None also where the store does not tell; notes both of it."""
        try:
            name = self._shelf.current()
        except StoreError as error:
            self.current = self.reachable = False
            self._tell(f"which index is in force cannot be told, the one that was answers on: {error}")
            return None
        self.current, self.reachable = name == self.version, True
        return name

    def _go_over(self) -> bool:
        try:
            chat = self._opened()
        except AllchatError as error:
            self._tell(f"the new index is not used, the old one answers on: {error}")
            return False
        except Exception as error:  # noqa: BLE001 - a build may take files away while they are read; the next look tells
            self._tell(f"the new index is not used, the old one answers on: {type(error).__name__} while opening it")
            return False
        self.now, self.sound, self._told, self._failed = chat, True, set(), None
        self.current = True
        gc.collect()  # a chat's caches lead back to it: what only they hold is let go now, and not some time
        _LOG.info("%s: the index %s answers from now on", self._index, chat.index.folder.name)
        return True

    def _opened(self) -> Chat:
        chat = self._checked(self._opening())
        before, after = (one.index.manifest["inputs"]["program"] for one in (self.now, chat))
        if before != after:  # this process still runs the code that it began with
            chat.index.close()
            raise StoreError(f"{self._index}: was built by another version of allchat. Restart this server.")
        return chat

    def _checked(self, chat: Chat) -> Chat:
        if not chat.is_sound():
            raise StoreError(f"{self._index}: {UNSOUND} Run: allchat build --force")
        return chat

    def _tell(self, words: str) -> None:
        """Logs what went wrong, each thing once until all is well: of a store that is away two are told by turns."""
        if words not in self._told:
            _LOG.error(words)
        self._told.add(words)

    @contextmanager
    def watching(self, *, seconds: float = LOOK_SECONDS, sound: float = SOUND_SECONDS) -> Iterator[None]:
        """Look every so many ``seconds``, and check every ``sound`` seconds, in a thread of its own, until the block
        ends. A store that does not answer is checked at each look: whether questions can be answered is told then.
        """
        end = threading.Event()

        def watch() -> None:
            checked = time.monotonic()
            while not end.wait(seconds):
                self.look()
                if self._away or not self.reachable or time.monotonic() - checked >= sound:
                    checked = time.monotonic()
                    self.check()

        watcher = threading.Thread(target=watch, name="allchat-following", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            end.set()
            watcher.join()


_Written = tuple[int, int] | None


def _written(index: Path, name: str | None) -> _Written:
    """What changes whenever a build writes the index of that name anew; None where there is none."""
    try:
        manifest = (index / (name or "") / MANIFEST).stat()
    except (OSError, ValueError):  # a damaged name may be none that a file can have
        return None
    return manifest.st_ino, manifest.st_mtime_ns
