"""Capacity: who is answered, who waits, who is sent away, and that the page and every other door share it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from serving import serving
from small_chat import HeldChat, SmallChat

from allchat.answering.query import Asked
from allchat.errors import BusyError, StoreError
from allchat.web.answer_queue import ASIDE_WAITING, Capacity, PageDoor
from allchat.web.app import create_app
from allchat.web.outcome import Outcome


def run(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run it in a thread of its own: a browser test before this one leaves an event loop in the main thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


@contextmanager
def crowd(address: str, questions: Sequence[str]) -> Iterator[list[Any]]:
    """Ask all at once, each from a thread of its own; the futures of their responses."""
    with ThreadPoolExecutor(len(questions)) as pool:
        yield [
            pool.submit(httpx.post, f"{address}/v1/ask", json={"question": question}, timeout=60)
            for question in questions
        ]


def test_beyond_those_who_may_wait_the_next_is_sent_away_at_once_and_the_others_are_answered() -> None:
    chat = HeldChat()

    async def work() -> list[Any]:
        capacity = Capacity(chat, workers=1, waiting=1)
        first = [asyncio.create_task(capacity.ask(Asked("held signs"), door="ask")) for _ in range(2)]
        await until(lambda: capacity.waiting == 1)
        assert capacity.answering == 1
        third = await asyncio.gather(capacity.ask(Asked("signs"), door="ask"), return_exceptions=True)
        chat.free.set()
        answers = [*await asyncio.gather(*first), *third]
        await until(lambda: capacity.answering == 0)
        return answers

    *served, refused = run(work)
    assert [answer.kind for answer in served] == ["answer", "answer"]
    assert isinstance(refused, BusyError)


def test_a_question_that_takes_too_long_is_told_so_and_holds_its_worker_until_it_ends() -> None:
    chat = HeldChat()

    async def work() -> None:
        capacity = Capacity(chat, workers=1, waiting=1, seconds=0.05)
        for question in ("held signs", "signs"):  # the second waits behind the first, in vain
            with pytest.raises(BusyError, match=r"within 0\.05 seconds"):
                await capacity.ask(Asked(question), door="ask")
        assert (capacity.answering, capacity.waiting) == (1, 0)
        chat.free.set()
        await until(lambda: capacity.answering == 0)

    run(work)
    assert [question for question, _ in chat.asked] == ["held signs"]


def test_a_thread_that_waits_is_told_the_same() -> None:
    chat = HeldChat()
    capacity = Capacity(chat, workers=1, waiting=0, seconds=0.05)
    with pytest.raises(BusyError, match="within"):
        capacity.ask_here(Asked("held"), door="page")
    with pytest.raises(BusyError, match="too many"):
        capacity.ask_here(Asked("signs"), door="page")
    chat.free.set()
    while capacity.answering:
        time.sleep(0.005)
    assert capacity.ask_here(Asked("signs"), door="page").kind == "answer"


def test_what_became_of_a_question_is_told_without_a_word_of_it() -> None:
    heard: list[Outcome] = []
    capacity = Capacity(SmallChat(), observers=(heard.append,))
    capacity.ask_here(Asked("zebrafish signs"), door="page")
    with pytest.raises(StoreError):
        capacity.ask_here(Asked("zebrafish store"), door="page")
    assert [(told.door, told.kind, told.error) for told in heard] == [
        ("page", "answer", None), ("page", None, "StoreError"),
    ]  # fmt: skip
    assert heard[0].stages_ms == {"total": 1.0}
    assert "zebrafish" not in repr(heard)


def test_the_page_takes_places_from_the_same_few() -> None:
    chat = HeldChat()
    capacity = Capacity(chat, workers=1, waiting=0)
    page = PageDoor(chat, capacity=capacity)
    assert (page.documents, page.outline("notes"), page.starters) == (
        chat.documents, chat.outline("notes"), chat.starters,
    )  # fmt: skip
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(page.ask, "held signs", history=["before"], language="es")
        chat.begun.acquire()
        with pytest.raises(BusyError):
            capacity.ask_here(Asked("signs"), door="ask")
        with pytest.raises(BusyError):
            page.ask("signs")
        chat.free.set()
        assert held.result().kind == "answer"
    assert (chat.asked, chat.languages) == ([("held signs", ("before",))], ["es"])


def test_a_crowd_gets_answers_or_a_clear_503_and_nothing_else() -> None:
    chat = HeldChat()
    for address in serving(chat, page=False, workers=2, waiting=3):
        with crowd(address, ["held signs"] * 20) as asked:
            while sum(future.done() for future in asked) < 15:
                time.sleep(0.01)
            chat.free.set()
        answers = [future.result() for future in asked]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(refused) == 15
    assert all(answer.headers["retry-after"] == "30" for answer in refused)
    assert all("too many questions are waiting" in answer.json()["error"]["what"] for answer in refused)
    assert [answer.json()["kind"] for answer in answers if answer.status_code == 200] == ["answer"] * 5


def test_a_late_answer_is_a_503_with_a_time_to_come_back() -> None:
    chat = HeldChat()
    with TestClient(create_app(chat, page=False, seconds=0.05)) as client:
        late = client.post("/v1/ask", json={"question": "held"})
        chat.free.set()
    assert (late.status_code, late.headers["retry-after"]) == (503, "30")
    assert "kind" not in late.json()


# Beside the questions


def test_work_aside_waits_while_a_question_has_no_worker_and_takes_none() -> None:
    chat, order = HeldChat(), list[str]()

    async def work() -> None:
        capacity = Capacity(chat, workers=1, waiting=2)
        asked = [asyncio.create_task(capacity.ask(Asked("held signs"), door="ask")) for _ in range(2)]
        await until(lambda: capacity.waiting == 1)
        aside = asyncio.create_task(capacity.aside(lambda _pace: order.append("aside")))
        await asyncio.sleep(0.1)
        assert order == []
        chat.free.set()
        await asyncio.gather(*asked, aside)

    run(work)
    assert order == ["aside"]


def test_between_its_steps_work_aside_lets_questions_go_first() -> None:
    chat = HeldChat()

    async def work() -> list[str]:
        capacity, order, begun = Capacity(chat, workers=1, waiting=2), list[str](), asyncio.Event()
        loop = asyncio.get_running_loop()

        def steps(pace: Callable[[], None]) -> None:
            loop.call_soon_threadsafe(begun.set)
            while not capacity.waiting:
                time.sleep(0.001)
            pace()
            order.append("aside")

        aside = asyncio.create_task(capacity.aside(steps))
        await begun.wait()
        asked = [asyncio.create_task(capacity.ask(Asked("held signs"), door="ask")) for _ in range(2)]
        await until(lambda: capacity.waiting == 1)
        await asyncio.sleep(0.05)
        order.append("asked")
        chat.free.set()
        await asyncio.gather(*asked, aside)
        return order

    assert run(work) == ["asked", "aside"]


def test_work_aside_that_finds_no_time_ends_and_says_so() -> None:
    ended = list[bool]()

    async def work() -> None:
        capacity = Capacity(SmallChat(), workers=1, waiting=2, seconds=0.2)
        capacity._inside = 2  # one question after the other has no worker
        with pytest.raises(BusyError, match=r"within 0\.2 seconds"):
            await capacity.aside(lambda _pace: ended.append(True))

    run(work)
    assert ended == []


def test_of_very_much_work_aside_the_last_is_sent_away_at_once() -> None:
    async def work() -> int:
        capacity = Capacity(SmallChat())
        made = [capacity.aside(lambda _pace: time.sleep(0.01)) for _ in range(ASIDE_WAITING + 3)]
        return sum(isinstance(one, BusyError) for one in await asyncio.gather(*made, return_exceptions=True))

    assert run(work) == 2
