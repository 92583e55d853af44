"""The end of the process loses no answer."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from places import ROOT

SLOW_SERVER = """
    import sys, time
    sys.path[:0] = [{tests!r}]
    from small_chat import SmallChat
    from allchat.web.uvicorn_server import OPTIONS
    from allchat.web.app import run_server

    OPTIONS["timeout_graceful_shutdown"] = 3600

    class Slow(SmallChat):
        def ask(self, question, **how):
            if "slowly" in question:
                print("begun", flush=True)
                time.sleep(1.5)
            return super().ask(question, **how)

    run_server(Slow(), port={port}, page={page})
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def started(*, page: bool) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """A server in a process of its own, with all the time in the world to drain, and a client of it."""
    port = free_port()
    code = textwrap.dedent(SLOW_SERVER.format(tests=str(ROOT / "tests"), port=port, page=page))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        transport = httpx.HTTPTransport(retries=100)
        try:
            with httpx.Client(transport=transport, timeout=60, base_url=f"http://127.0.0.1:{port}") as client:
                yield process, client
        finally:
            process.kill()


def begun(process: subprocess.Popen[str]) -> bool:
    """Wait until a question is being answered."""
    return process.stdout is not None and process.stdout.readline() == "begun\n"


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True])
def test_a_terminated_process_answers_what_it_was_asked_and_takes_nothing_more(stream: bool) -> None:
    body = {"model": "allchat", "stream": stream, "messages": [{"role": "user", "content": "signs, slowly"}]}
    with started(page=False) as (process, client), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.post, "/v1/chat/completions", json=body)
        assert begun(process)
        process.send_signal(signal.SIGTERM)
        response = answer.result()
        assert response.status_code == 200
        assert "The signs of leukemia" in response.text
        assert not stream or response.text.endswith("data: [DONE]\n\n")
        assert process.wait(timeout=60) == -signal.SIGTERM
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{client.base_url}/healthz")


@pytest.mark.slow
def test_a_terminated_process_answers_the_page() -> None:
    with started(page=True) as (process, client), ThreadPoolExecutor(1) as pool:
        event = {"data": ["signs, slowly", "[]", "{}", "en"]}
        answer = pool.submit(client.post, "/gradio_api/run/ask", json=event)
        assert begun(process)
        process.send_signal(signal.SIGTERM)
        assert "The signs of leukemia" in answer.result().text
        assert process.wait(timeout=60) == -signal.SIGTERM
