"""deploy/: nginx as it stands there, in front of three processes of which one is killed under load."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from deployed import PASSWORD
from deployed_site import (
    CONF,
    ENVIRONMENT,
    MAIN,
    NAME,
    NGINX,
    UNIT,
    Site,
    free_ports,
    processes,
    start,
    substituted,
    wait_for,
)
from places import ROOT

from allchat.chat import Chat
from allchat.settings import PREFIX
from allchat.web.languages import PATHS
from allchat.web.middleware.routes import STAFF_BODY
from allchat.web.page.messages import page_words
from allchat.web.staff.forms import UPLOAD_LIMIT

CLIENTS = [f"127.0.0.{number}" for number in range(2, 14)]
"""This machine's own addresses, each a client of its own to nginx."""

PROXY = "127.0.0.1"
"""The address of nginx to the processes."""

QUESTIONS = ["which medicines are forbidden at home", "how often is the temperature read", "hello"]
PATIENCE = 200
"""Attempts at one question: half a minute and more, for a machine that is busy."""


@pytest.fixture(scope="module")
def three(small_index: Path) -> Iterator[dict[int, subprocess.Popen[bytes]]]:
    """Three processes by their ports, which a test may kill."""
    if NGINX is None or shutil.which("openssl") is None:
        pytest.skip("no nginx or no openssl on this machine: apt-get install nginx-light openssl")
    with processes(small_index, free_ports(3), proxies=PROXY) as started:
        yield started


@pytest.fixture
def site(three: dict[int, subprocess.Popen[bytes]], small_index: Path, tmp_path: Path) -> Iterator[Site]:
    """A new nginx in front of them; those that the test before killed are started again."""
    start(three, small_index, list(three), proxies=PROXY)
    plain, encrypted = free_ports(2)
    certify = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1"]
    pair = ["-keyout", str(tmp_path / "allchat.key"), "-out", str(tmp_path / "allchat.crt")]
    subprocess.run([*certify, *pair], check=True, capture_output=True)
    (tmp_path / "allchat.conf").write_text(substituted(tmp_path, list(three), outside=(plain, encrypted)))
    user = "user root;" if os.geteuid() == 0 else ""
    (tmp_path / "nginx.conf").write_text(MAIN.format(folder=tmp_path, user=user))
    command = [NGINX, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "start.log")]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    nginx = subprocess.Popen(command)
    try:
        address = f"https://127.0.0.1:{encrypted}"
        wait_for(f"{address}/healthz", process=nginx)
        yield Site(address, plain, three, tmp_path)
    finally:
        nginx.terminate()
        nginx.wait()


@dataclass(frozen=True)
class Told:
    """What one question of one client came to: the whole answers, and how often it was told to come back."""

    client: str
    question: str
    answers: list[dict[str, Any]]
    later: int


def ask_until_answered(site: Site, source: str, questions: Sequence[str]) -> list[Told]:
    """Ask one after another; only where a 503 says so, once more. Anything else is a fault of the test's subject."""
    told = []
    with site.client(source) as client:
        for question in questions:
            answers: list[dict[str, Any]] = []
            later = 0
            while not answers and later < PATIENCE:
                response = client.post("/v1/ask", json={"question": question})
                if response.status_code == 200:
                    answers.append(response.json())
                    continue
                assert response.status_code == 503, (response.status_code, response.text)
                assert int(response.headers["retry-after"]) > 0
                assert set(response.json()["error"]) >= {"where", "what", "remedy"}
                later += 1
                time.sleep(0.2)
            told.append(Told(source, question, answers, later))
    return told


def process_of(told: Told) -> int:
    return int(told.answers[0]["versions"]["port"])


@pytest.mark.slow
def test_a_process_that_is_killed_under_load_loses_no_answered_question(site: Site, small_chat: Chat) -> None:
    right = {question: small_chat.ask(question).text for question in QUESTIONS}
    homes = {source: process_of(ask_until_answered(site, source, QUESTIONS[:1])[0]) for source in CLIENTS}
    assert len(set(homes.values())) > 1
    dying = homes[CLIENTS[0]]
    before = _asked(site, dying)
    with ThreadPoolExecutor(len(CLIENTS)) as pool:
        asking = [pool.submit(ask_until_answered, site, source, QUESTIONS * 15) for source in CLIENTS]
        while not any(future.done() for future in asking) and _asked(site, dying) - before < 20:
            time.sleep(0.01)
        assert not any(future.done() for future in asking)
        site.processes[dying].send_signal(signal.SIGKILL)
        told = [one for future in asking for one in future.result()]
    assert len(told) == len(CLIENTS) * len(QUESTIONS) * 15
    assert [one for one in told if len(one.answers) != 1] == []
    assert [one for one in told if one.answers[0]["text"] != right[one.question]] == []
    assert [one for one in told if one.answers[0]["question"] != one.question] == []
    last = {one.client: process_of(one) for one in told}
    assert dying not in last.values()
    assert {source: last[source] for source in CLIENTS if homes[source] != dying} == {
        source: home for source, home in homes.items() if home != dying
    }


def _asked(site: Site, port: int) -> float:
    """How many questions a process has answered."""
    shown = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    return sum(map(float, re.findall(r"^allchat_questions_total\{.*\} (\S+)$", shown, re.MULTILINE)))


def ask_at_the_page(client: httpx.Client, *, language: str) -> str:
    """One question at the page, as its script asks."""
    answer = client.post("/gradio_api/run/ask", json={"data": [QUESTIONS[0], "[]", "{}", language]})
    assert answer.status_code == 200
    return str(answer.json()["data"][0])


PLAIN = {
    "the name": (f"GET /source/lists?start=1 HTTP/1.1\r\nHost: {NAME}\r\n", 301, "/source/lists?start=1"),
    "another name": ("GET / HTTP/1.1\r\nHost: zebrafish.example\r\n", 301, "/"),
    "a name in the line": ("GET http://zebrafish.example/es/ HTTP/1.1\r\nHost: zebrafish.example\r\n", 301, "/es/"),
    "a port": ("GET / HTTP/1.1\r\nHost: zebrafish.example:8080\r\n", 301, "/"),
    "two slashes": ("GET //zebrafish.example/ HTTP/1.1\r\nHost: x\r\n", 301, "//zebrafish.example/"),
    "no name": ("GET / HTTP/1.0\r\n", 301, "/"),
    "a question": (f"POST /v1/ask HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 9\r\n\r\nzebrafish", 301, "/v1/ask"),
    "no header": ("GET / HTTP/1.1\r\nHost zebrafish\r\n", 400, None),
    "no name where one must be": ("GET / HTTP/1.1\r\n", 400, None),
    "no request": ("zebrafish\r\n", 400, None),
}
"""What is sent without encryption; then the status, and what stands behind our name in the new address."""


def heard(port: int, sent: str, *, source: str = CLIENTS[0]) -> bytes:
    """All that comes back, until the other side closes; ``source`` is an address that stands in no file of ours."""
    with socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0)) as line:
        line.sendall(sent.encode() + b"Connection: close\r\n\r\n")
        return b"".join(iter(lambda: line.recv(65536), b""))


@pytest.mark.slow
def test_without_encryption_all_are_sent_to_our_own_name_and_no_address_is_written(site: Site) -> None:
    for about, (sent, status, path) in PLAIN.items():
        head = heard(site.plain, sent).partition(b"\r\n\r\n")[0].decode()
        found = re.search(r"^Location: (.*)\r?$", head, re.MULTILINE)
        assert head.split()[1] == str(status), about
        assert (found[1].strip() if found else None) == (path and f"https://{NAME}{path}"), about
        assert re.findall(r"^Server: (.*?)\r?$", head, re.MULTILINE) == ["nginx"], about
    encrypted = int(site.address.rpartition(":")[2])
    for sent in ("zebrafish\r\n", "GET / HTTP/1.1\r\nHost: zebrafish.example\r\n"):  # where a handshake should begin
        heard(encrypted, sent)
    with site.client(CLIENTS[0]) as client:
        assert client.get("/", headers={"host": "zebrafish.example"}).status_code == 200
        assert client.get("/zebrafish").status_code == 404
    logs = [path for path in site.folder.rglob("*.log") if path.is_file()]
    assert {path.name for path in logs} >= {"access.log", "error.log"}  # both are opened, whoever writes into them
    written = b"".join(path.read_bytes() for path in logs)
    assert CLIENTS[0].encode() not in written
    assert b"zebrafish" not in written


@pytest.mark.slow
def test_the_largest_form_of_the_staff_comes_through_and_touches_no_disk(site: Site) -> None:
    shutil.rmtree(site.folder / "body")  # where nginx would put what it cannot hold
    with site.client() as client:
        assert client.post("/staff/sign-in", files={"password": (None, PASSWORD)}).status_code == 303
        largest = b"[" + b" " * (UPLOAD_LIMIT - 2) + b"]"
        answer = client.post("/staff/answer", files={"file": ("saved.jsonl", largest)})
        assert (answer.status_code, "not an answer record" in answer.text) == (422, True)
        assert client.post("/staff/answer", content=b"x" * (STAFF_BODY + 1)).status_code == 413
        typed = {"content-type": "application/json"}
        assert client.post("/v1/batch", content=b" " * 1024 * 1024, headers=typed).status_code == 400


@pytest.mark.slow
def test_no_address_can_take_every_connection(site: Site) -> None:
    allowed = re.search(r"^\s*limit_conn allchat (\d+);", CONF, re.MULTILINE)
    assert allowed is not None
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    place = ("127.0.0.1", int(site.address.rpartition(":")[2]))
    with site.client(CLIENTS[0]) as one, site.client(CLIENTS[1]) as other:
        with ExitStack() as stack:
            for _ in range(int(allowed[1])):
                plain = stack.enter_context(socket.create_connection(place, source_address=(CLIENTS[0], 0)))
                held = stack.enter_context(context.wrap_socket(plain))
                held.sendall(b"POST /v1/ask HTTP/1.1\r\nHost: allchat\r\nContent-Length: 10\r\n\r\n")
            refused = next(found for found in (one.get("/healthz") for _ in range(PATIENCE)) if found.is_error)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
            assert set(refused.json()["error"]) == {"where", "what", "remedy", "message", "type"}
            page = one.get(PATHS["es"])
            assert (page.status_code, page.text) == (503, html.unescape(page_words("es")["broken_more"]))
            assert other.get("/healthz").status_code == 200
        assert any(one.get("/healthz").status_code == 200 for _ in range(PATIENCE))


@pytest.mark.slow
def test_the_site_keeps_a_family_with_its_process_and_says_so_when_none_is_left(site: Site) -> None:
    before = sum(_asked(site, port) for port in site.processes)
    for source in CLIENTS:
        with site.client(source) as client:
            for language in [*PATHS] * 3:
                assert "platelets" in ask_at_the_page(client, language=language)
    assert sum(_asked(site, port) for port in site.processes) - before == 3 * len(PATHS) * len(CLIENTS)
    with site.client() as client:
        for language, home in PATHS.items():
            page = client.get(home)
            assert page_words(language)["subtitle"] in page.text
            assert page.headers["strict-transport-security"] == "max-age=31536000"
        assert client.get("/metrics").status_code == 404
        assert client.post("/v1/ask", content=b"x" * (1024 * 1024 + 1)).status_code == 413
        body = {"model": "allchat", "stream": True, "messages": [{"role": "user", "content": QUESTIONS[0]}]}
        assert client.post("/v1/chat/completions", json=body).text.endswith("data: [DONE]\n\n")
        for process in site.processes.values():
            process.kill()
            process.wait()
        for language, home in PATHS.items():
            for page in (client.get(home), client.get(f"{home}embed")):
                assert (page.status_code, page.text) == (503, html.unescape(page_words(language)["broken_more"]))
                assert page.headers["content-type"] == "text/plain; charset=utf-8"
        asked = client.post("/v1/ask", json={"question": "zebrafish"})
        assert (asked.status_code, asked.headers["retry-after"]) == (503, "30")
        assert {"where", "what", "remedy", "message", "type"} == set(json.loads(asked.text)["error"])
    written = b"".join(path.read_bytes() for path in site.folder.rglob("*") if path.is_file())
    assert b"zebrafish" not in written
    assert b"platelets" not in written


@pytest.mark.slow
def test_the_rate_is_that_of_the_address_which_a_trusted_proxy_names(small_index: Path) -> None:
    trusting, wary = free_ports(2)
    with processes(small_index, [trusting], proxies="127.0.0.1"), processes(small_index, [wary], proxies="192.0.2.1"):

        def ask(port: int, *named: str) -> int:
            headers = {"x-forwarded-for": ", ".join(named)}
            body = {"question": "hello"}
            return httpx.post(f"http://127.0.0.1:{port}/v1/ask", json=body, headers=headers, timeout=60).status_code

        assert [ask(trusting, "203.0.113.7") for _ in range(6)] == [200] * 5 + [429]
        assert ask(trusting, "127.0.0.1", "203.0.113.7") == 429  # what a client wrote before the proxy did
        assert ask(trusting, "203.0.113.8") == 200
        assert [ask(wary, "203.0.113.7") for _ in range(6)] == [200] * 6  # this machine, whatever it says of itself


@pytest.mark.slow
def test_the_shipped_command_answers_with_the_shipped_environment(built_index: Path, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    started = re.search(r"^ExecStart=/opt/allchat/.venv/bin/allchat (.*)$", UNIT, re.MULTILINE)
    assert started is not None
    given = ENVIRONMENT.replace("/var/lib/allchat/index", str(built_index)).replace("/opt/allchat", str(ROOT))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    own = dict(line.split("=", 1) for line in given.splitlines() if line and not line.startswith("#"))
    assert own.keys() >= {f"{PREFIX}INDEX", f"{PREFIX}CORPUS", f"{PREFIX}EMERGENCY_NUMBER"}
    command = [sys.executable, "-m", "allchat", *started[1].replace("%i", str(port)).split()]
    environment = {**inherited, **own, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz", process=process)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                assert client.get("/readyz").json().items() >= {"ready": True, "current": True}.items()
                answer = client.post("/v1/ask", json={"question": "What is a bone marrow aspiration?"}).json()
                page = client.get("/").text
        finally:
            process.terminate()
            process.wait()
    assert (answer["kind"], bool(answer["citations"])) == ("answer", True)
    assert own[f"{PREFIX}EMERGENCY_NUMBER"] in page
