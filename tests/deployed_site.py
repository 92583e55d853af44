"""nginx with the file of deploy/ in front of processes of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from places import ROOT

DEPLOY = ROOT / "deploy"
CONF = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
UNIT = (DEPLOY / "allchat@.service").read_text(encoding="utf-8")
ENVIRONMENT = (DEPLOY / "allchat.env.example").read_text(encoding="utf-8")
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")

MAIN = """
daemon off;
pid {folder}/nginx.pid;
{user}
events {{ worker_connections 256; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/allchat.conf;
}}
"""


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(listener.getsockname()[1]) for listener in listeners]


@dataclass(frozen=True)
class Site:
    """nginx's address, its port without encryption, and each process by its port."""

    address: str
    plain: int
    processes: dict[int, subprocess.Popen[bytes]]
    folder: Path

    def client(self, source: str = "127.0.0.1") -> httpx.Client:
        # The certificate is of this test's own making.
        transport = httpx.HTTPTransport(local_address=source, verify=False)
        return httpx.Client(base_url=self.address, transport=transport, timeout=60)


@contextmanager
def processes(index: Path, ports: Sequence[int], *, proxies: str) -> Iterator[dict[int, subprocess.Popen[bytes]]]:
    started: dict[int, subprocess.Popen[bytes]] = {}
    try:
        start(started, index, ports, proxies=proxies)
        yield started
    finally:
        for process in started.values():
            process.kill()
            process.wait()


def start(started: dict[int, subprocess.Popen[bytes]], index: Path, ports: Sequence[int], *, proxies: str) -> None:
    """Starts a process at each port where none runs, and waits until they all answer."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    program = str(ROOT / "tests" / "deployed.py")
    missing = [port for port in ports if port not in started or started[port].poll() is not None]
    for port in missing:
        command = [sys.executable, program, str(index), str(port), proxies]
        started[port] = subprocess.Popen(command, env=environment)
    for port in missing:
        wait_for(f"http://127.0.0.1:{port}/readyz", process=started[port])


def wait_for(address: str, *, process: subprocess.Popen[bytes]) -> None:
    """Until it answers, or has ended and never will."""
    while process.poll() is None:
        try:
            if httpx.get(address, verify=False).status_code < 500:  # noqa: S501
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"{address}: the process has ended with {process.returncode}")


def substituted(folder: Path, ports: Sequence[int], *, outside: Sequence[int]) -> str:
    """The file of deploy/ with this test's ports, certificate and log."""
    changes = {
        "listen 80 ": f"listen {outside[0]} ",
        "listen 443 ssl ": f"listen {outside[1]} ssl ",
        "/etc/nginx/allchat": f"{folder}/allchat",
        "/var/log/nginx/allchat.log": f"{folder}/error.log",
        **{f"127.0.0.1:{fixed} ": f"127.0.0.1:{port} " for fixed, port in zip((7861, 7862, 7863), ports, strict=True)},
    }
    text = CONF
    for before, after in changes.items():
        assert before in text, before
        text = text.replace(before, after)
    return text


NAME = "allchat.example.org"
