"""Nothing leaves this machine: the guard holds, and allchat does not need what it forbids."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from no_network import OutsideConnectionError, is_this_machine

ROOT = Path(__file__).parents[1]
OUTSIDE = "192.0.2.1"  # TEST-NET-1, RFC 5737: belongs to nobody
ASK_WITHOUT_A_NETWORK = """
import sys
from no_network import refuse_outside_connections
attempts = refuse_outside_connections()
from allchat.cli.main import main
try:
    code = main(sys.argv[1:])
except SystemExit as end:
    code = end.code
print("attempts:", attempts, file=sys.stderr)
sys.exit(code or len(attempts))
"""


def test_a_connection_to_another_machine_fails(outside_attempts: list[str]) -> None:
    with socket.socket() as plain, pytest.raises(OutsideConnectionError, match=OUTSIDE):
        plain.connect((OUTSIDE, 443))
    with socket.socket() as plain, pytest.raises(OutsideConnectionError):
        plain.connect_ex((OUTSIDE, 443))
    assert outside_attempts == [f"{OUTSIDE}:443"] * 2
    outside_attempts.clear()


def test_a_datagram_to_another_machine_fails(outside_attempts: list[str]) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as plain, pytest.raises(OutsideConnectionError):
        plain.sendto(b"x", (OUTSIDE, 53))
    outside_attempts.clear()


def test_a_library_that_swallows_the_failure_is_still_seen(outside_attempts: list[str]) -> None:
    with pytest.raises(OSError, match="no connection to another machine"):
        urllib.request.urlopen("https://cancer.example/", timeout=5)
    assert outside_attempts == ["cancer.example"]
    outside_attempts.clear()


def test_a_connection_to_this_machine_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=5).close()


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        (None, True),
        ("0.0.0.0", False),  # noqa: S104 - an address to refuse
        ("localhost.example", False),
        ("10.0.0.1", False),
        (b"192.0.2.1", False),
    ],
)
def test_only_loopback_is_this_machine(host: str | bytes | None, ours: bool) -> None:
    assert is_this_machine(host) is ours


def asked_apart(index: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """A question in a process with a home of its own and nothing around it that tells of a test."""
    question = "What are the signs of childhood leukemia?"
    return subprocess.run(
        [sys.executable, "-c", ASK_WITHOUT_A_NETWORK, "ask", question, "--index", str(index)],
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": "", "HOME": str(home), "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
        cwd=ROOT,
        check=False,
    )


def test_allchat_answers_while_every_outside_connection_fails(built_index: Path, tmp_path: Path) -> None:
    run = asked_apart(built_index, tmp_path)
    assert run.returncode == 0, run.stderr
    assert "fever" in run.stdout


def test_no_library_keeps_a_name_for_this_machine_to_report_under(built_index: Path, tmp_path: Path) -> None:
    # onnxruntime reports from native code, which no guard of Python's sockets sees; what it prepares for that in the
    # user's home is seen: an identifier and a queue of events.
    asked_apart(built_index, tmp_path)
    assert list(tmp_path.rglob("*")) == []
