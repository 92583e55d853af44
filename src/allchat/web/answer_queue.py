"""Capacity: how many questions are answered at once, how many may wait, and for how long. Every door shares it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TypeVar, Unpack

from allchat.answering.query import Asked, Asker, Asking, standing
from allchat.errors import BusyError
from allchat.records import Answer, Document, Outline
from allchat.web.outcome import Door, Observer, Told, outcome_of

WORKERS = 4
WAITING = 64
ANSWER_SECONDS = 20.0
ALARM_SECONDS = 8.0
"""Time to read a message over a limit, and to answer it where a rule finds it urgent; the longest takes 0.1 s."""

ASIDE_WAITING = 8
"""Pages of the staff that may wait while another is made."""

GIVES_WAY = 0.05
"""Seconds that a step of the staff's work waits for the questions that are being answered; it always waits for those
that have no worker yet."""

Pace = Callable[[], None]
"""Called between two steps of work beside the questions: lets families go first.

Raises:
    BusyError: the time for the work is over.
"""

_Made = TypeVar("_Made")


class Capacity:
    """Answers questions in ``workers`` threads; ``waiting`` more may wait, and each for ``seconds`` in all.

    Beyond that a question gets a ``BusyError`` at once, unless a rule finds it urgent: that is answered beside them.
    An answer that came too late still holds its worker until it is made: a thread cannot be stopped, and a place that
    is not free must not be given away. ``observers`` hear of every question when it is over; with ``traced`` also how
    its answer came about, which costs nothing and needs an asker that explains.
    """

    def __init__(
        self,
        asker: Asker,
        *,
        workers: int = WORKERS,
        waiting: int = WAITING,
        seconds: float = ANSWER_SECONDS,
        observers: Sequence[Observer] = (),
        traced: bool = False,
    ) -> None:
        self._asker = asker
        self._explain: Callable[..., Told] | None = getattr(asker, "explain", None) if traced else None
        self._workers = workers
        self.places = workers + waiting
        self._seconds = seconds
        self._observers = tuple(observers)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="allchat-answering")
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="allchat-aside")
        # Beside the places: what is read here is answered whatever limit is reached.
        self._alarms = ThreadPoolExecutor(1, thread_name_prefix="allchat-alarms")
        self._lock = Lock()
        self._inside = 0
        self._asides = 0

    @property
    def answering(self) -> int:
        """How many questions have a worker now."""
        return min(self._inside, self._workers)

    @property
    def waiting(self) -> int:
        """How many questions wait for a worker now."""
        return max(0, self._inside - self._workers)

    async def ask(self, asked: Asked, *, door: Door, seconds: float = math.inf) -> Answer:
        """The answer, for a caller in the event loop, who may have fewer ``seconds`` for it than others.

        Raises:
            BusyError: too many are waiting already, or this one took too long.
            Exception: whatever ``Chat.ask`` raises.
        """
        seconds = min(seconds, self._seconds)
        with self._observed(door) as told:
            try:
                told.append(await self._in_time(asked, seconds))
            except BusyError:
                alarm = await self._alarm(asked)
                if alarm is None:
                    raise
                told.append((alarm, None))
            return told[0][0]

    async def alarm(self, asked: Asked, *, door: Door) -> Answer | None:
        """The answer to a message that a rule finds urgent, for who is over a limit; None for every other message."""
        answer = await self._alarm(asked)
        if answer is None:
            return None
        with self._observed(door) as told:
            told.append((answer, None))
            return answer

    async def is_alarm(self, asked: Asked) -> bool:
        """Whether ``alarm`` answers a message."""
        return await self._alarm(asked) is not None

    async def _in_time(self, asked: Asked, seconds: float) -> Told:
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self._enter(asked)), seconds)
        except TimeoutError:
            raise _late(seconds) from None

    async def _alarm(self, asked: Asked) -> Answer | None:
        with suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.wrap_future(self._alarms.submit(self._read, asked)), ALARM_SECONDS)
        return None

    def _read(self, asked: Asked) -> Answer | None:
        return self._asker.alarm(asked.question, **asked.how)

    def ask_here(self, asked: Asked, *, door: Door) -> Answer:
        """The same for a caller in a thread of its own, which waits.

        Raises:
            BusyError: too many are waiting already, or this one took too long.
            Exception: whatever ``Chat.ask`` raises.
        """
        with self._observed(door) as told:
            try:
                told.append(self._in_time_here(asked))
            except BusyError:
                alarm = self._alarm_here(asked)
                if alarm is None:
                    raise
                told.append((alarm, None))
            return told[0][0]

    async def aside(self, work: Callable[[Pace], _Made]) -> _Made:
        """What ``work`` gives: work that is no family's question, such as a page of the staff.

        It has one thread of its own, so that it never takes a family's worker, and is handed a ``Pace`` to call between
        its steps, which lets the questions go first.

        Raises:
            BusyError: too much waits already, or it took too long.
            Exception: whatever ``work`` raises.
        """
        if self._asides > ASIDE_WAITING:  # counted in the event loop alone
            raise BusyError("too many pages of the staff are being made. Try again in half a minute.")
        until = time.monotonic() + self._seconds
        self._asides += 1
        try:
            made = asyncio.wrap_future(self._aside.submit(self._paced, work, until))
            return await asyncio.wait_for(made, self._seconds)
        except TimeoutError:
            raise _late(self._seconds) from None
        finally:
            self._asides -= 1

    def _paced(self, work: Callable[[Pace], _Made], until: float) -> _Made:
        def pace() -> None:
            patient = time.monotonic() + GIVES_WAY
            while self.waiting or (self._inside and time.monotonic() < patient):
                if time.monotonic() > until:
                    break
                time.sleep(0.002)
            if time.monotonic() > until:
                raise _late(self._seconds)

        pace()
        return work(pace)

    def _in_time_here(self, asked: Asked) -> Told:
        future = self._enter(asked)
        try:
            return future.result(timeout=self._seconds)
        except TimeoutError:
            future.cancel()
            raise _late(self._seconds) from None

    def _alarm_here(self, asked: Asked) -> Answer | None:
        with suppress(TimeoutError):
            return self._alarms.submit(self._read, asked).result(timeout=ALARM_SECONDS)
        return None

    def _enter(self, asked: Asked) -> Future[Told]:
        with self._lock:
            if self._inside >= self.places:
                raise BusyError("too many questions are waiting. Ask again in half a minute.")
            self._inside += 1
        future = self._pool.submit(self._answer, asked)
        future.add_done_callback(self._leave)
        return future

    def _leave(self, _future: Future[Told]) -> None:
        with self._lock:
            self._inside -= 1

    def _answer(self, asked: Asked) -> Told:
        ask = self._explain or self._unexplained
        return ask(asked.question, **asked.how)

    def _unexplained(self, question: str, **how: Unpack[Asking]) -> Told:
        return self._asker.ask(question, **how), None

    @contextmanager
    def _observed(self, door: Door) -> Iterator[list[Told]]:
        """Tells the observers what became of one question; its answer, with its trace, is put into the list."""
        told: list[Told] = []
        error, begun = None, time.perf_counter()
        try:
            yield told
        except BaseException as raised:
            error = type(raised).__name__
            raise
        finally:
            outcome = outcome_of(door, told[0] if told else None, error=error, seconds=time.perf_counter() - begun)
            for observe in self._observers:
                observe(outcome)


def _late(seconds: float) -> BusyError:
    return BusyError(f"there was no answer within {round(seconds, 2):g} seconds. Ask again in half a minute.")


class PageDoor:
    """The chat as the page sees it: its questions take the same places as everyone's."""

    def __init__(self, asker: Asker, *, capacity: Capacity) -> None:
        self._asker = asker
        self._capacity = capacity
        self.places = capacity.places
        """How many questions may be inside at once."""
        self.starters: tuple[str, ...] = tuple(getattr(asker, "starters", ()))

    @property
    def now(self) -> Asker:
        """See ``render.standing``."""
        return standing(self._asker)

    @property
    def documents(self) -> Mapping[str, Document]:
        """The documents by key."""
        return self._asker.documents

    def outline(self, document: str) -> Outline:
        """The outline of the document with this key."""
        return self._asker.outline(document)

    async def alarms(self, question: str, *, history: Sequence[str] = ()) -> bool:
        """Whether a rule finds a message urgent, for who is over a limit."""
        return await self._capacity.is_alarm(Asked.of(question, history=history))

    def alarm(self, question: str, **how: Unpack[Asking]) -> Answer | None:
        """See ``Asker.alarm``."""
        return self._asker.alarm(question, **how)

    def earlier(self, document: str, digits: str) -> Document | None:
        """The text of a source that was quoted from before; see ``Asker``."""
        return self._asker.earlier(document, digits)

    def original(self, document: Document) -> bytes:
        """The file that a document was converted from; see ``Asker``."""
        return self._asker.original(document)

    def ask(self, question: str, **how: Unpack[Asking]) -> Answer:
        """Answer one question, or say that too many are asking.

        Raises:
            BusyError: too many are waiting already, or this one took too long.
            Exception: whatever ``Chat.ask`` raises.
        """
        return self._capacity.ask_here(Asked.of(question, **how), door="page")
