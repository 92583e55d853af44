"""What a server costs while many ask at once."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np

from allchat.benchmark.figures import Load, Memory, Serving, SteadyLoad
from allchat.benchmark.timing import resident_mb
from allchat.errors import AllchatError

CLIENTS = 32
"""Who ask at once where a server is put under load."""

SAMPLED = 500
"""Questions under load between two looks at the memory."""

# A server


@contextmanager
def server(index: Path, corpus: Path, *, environment: Mapping[str, str] | None = None) -> Iterator[tuple[int, int]]:
    """A real server on this machine, as ``(port, process id)``; ``environment`` is added to that of this process."""
    command = [sys.executable, "-m", "allchat", "serve", "--port=0", f"--index={index}", f"--corpus={corpus}"]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own words
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, **(environment or {})}
        )
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = re.search(r"http://[^:]+:(\d+)", line)
            if not found:
                raise AllchatError(f"the server did not start ({line.strip()}). Run: allchat serve")
            port = int(found.group(1))
            _wait_until_ready(port)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(30)
            if process.stdout:
                process.stdout.close()


def _wait_until_ready(port: int) -> None:
    for _ in range(300):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AllchatError("the server was not ready within half a minute. Run: allchat serve")


def serving(*, index: Path, corpus: Path, questions: Sequence[str], clients: Sequence[int], asked: int) -> Serving:
    """Answers per second and latency at some numbers of clients, then the memory of the process over ``asked``
    questions more. Clients run on this machine too and take their part of it.
    """
    with server(index, corpus) as (port, process):
        load = tuple(
            _load(port, questions, clients=count, taken=iter(range(min(asked, 100 + 20 * count)))) for count in clients
        )
        memory: list[tuple[int, float]] = []
        step = max(1, asked // 50)
        for done in range(0, asked, step):
            _load(port, questions, clients=4, taken=iter(range(done, done + step)))
            memory.append((done + step, resident_mb(process)))
    return Serving(load, _growth(memory))


def steady_load(
    *, index: Path, corpus: Path, questions: Sequence[str], clients: int, seconds: float, single_ms: float
) -> SteadyLoad:
    """``clients`` who ask one question after another for ``seconds``: what they were told, how long it took, and the
    memory of the server. ``most_p95_ms`` is five times what one client alone waits, times the clients for each core.
    """
    memory: list[tuple[int, float]] = []
    with server(index, corpus) as (port, process):
        taken = _numbers(seconds, every=SAMPLED, see=lambda number: memory.append((number, resident_mb(process))))
        load = _load(port, questions, clients=clients, taken=taken)
        memory.append((load.questions, resident_mb(process)))
    bound = 5 * single_ms * clients / len(os.sched_getaffinity(0))
    return SteadyLoad(**asdict(load), seconds=seconds, most_p95_ms=round(bound, 1), memory=_growth(memory))


def _numbers(seconds: float, *, every: int, see: Callable[[int], None]) -> Iterator[int]:
    """The numbers from 0 on until the time is over; ``see`` is shown one of so many."""
    ended = time.monotonic() + seconds
    for number in itertools.count():
        if time.monotonic() >= ended:
            return
        if number % every == every - 1:
            see(number)
        yield number


def _load(port: int, questions: Sequence[str], *, clients: int, taken: Iterator[int]) -> Load:
    lock, times, statuses = threading.Lock(), list[float](), dict[int, int]()

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while True:
            with lock:
                number = next(taken, None)
            if number is None:
                return
            body = json.dumps({"question": questions[number % len(questions)]})
            begun = time.perf_counter()
            connection.request("POST", "/v1/ask", body, {"content-type": "application/json"})
            response = connection.getresponse()
            response.read()
            with lock:
                times.append(1000 * (time.perf_counter() - begun))
                statuses[response.status] = statuses.get(response.status, 0) + 1

    begun = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        for done in [pool.submit(client) for _ in range(clients)]:
            done.result()
    seconds = time.perf_counter() - begun
    return Load(
        clients=clients,
        questions=len(times),
        answers_per_second=round(len(times) / seconds, 1),
        median_ms=round(statistics.median(times), 1),
        p95_ms=round(float(np.quantile(times, 0.95)), 1),
        statuses={str(status): count for status, count in sorted(statuses.items())},
    )


def _growth(memory: Sequence[tuple[int, float]]) -> Memory:
    """The memory, and how it grows over the second half: MB per 1,000 questions, with the standard error of that."""
    half = np.array(memory[len(memory) // 2 :])
    slope = error = 0.0
    if len(half) > 2:
        (slope, _), covariance = np.polyfit(half[:, 0] / 1000, half[:, 1], 1, cov=True)
        error = float(np.sqrt(covariance[0, 0]))
    return Memory(
        questions=memory[-1][0],
        first_mb=round(memory[0][1], 1),
        last_mb=round(memory[-1][1], 1),
        most_mb=round(max(mb for _, mb in memory), 1),
        slope_mb_per_1000=round(float(slope), 3),
        slope_error=round(error, 3),
        samples=tuple((asked, round(mb, 1)) for asked, mb in memory),
    )
