"""Refuse and remember every connection that would leave this machine.

An audit hook sees each connection and each name look-up that Python makes, also through a library's own socket class,
and cannot be taken away again by the code under test.
"""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

NAMES_OF_THIS_MACHINE = {None, "", "localhost", b"localhost"}


class OutsideConnectionError(ConnectionRefusedError):
    """Something tried to reach another machine."""


def is_this_machine(host: str | bytes | None) -> bool:
    """Whether ``host`` is a loopback address or a name of it."""
    if host in NAMES_OF_THIS_MACHINE:
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host or "").is_loopback
    except ValueError:
        return False


def outside_target(event: str, args: tuple[Any, ...]) -> str | None:
    """The other machine that an audit event wants to reach, or None where there is none."""
    if event == "socket.getaddrinfo":
        return None if is_this_machine(args[0]) else str(args[0])
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = args[1]
        if isinstance(address, tuple) and not is_this_machine(address[0]):
            return f"{address[0]}:{address[1]}"
    return None


def refuse_outside_connections() -> list[str]:
    """From now on, every outside connection of this process fails. Returns the growing list of attempts."""
    attempts: list[str] = []

    def refuse(event: str, args: tuple[Any, ...]) -> None:
        target = outside_target(event, args)
        if target is not None:
            attempts.append(target)
            raise OutsideConnectionError(f"the tests allow no connection to another machine: {target}")

    sys.addaudithook(refuse)
    return attempts
