"""One process of allchat for the test of deploy/: the small corpus, and the port told in each answer's versions."""

from __future__ import annotations

import sys
from pathlib import Path

from places import SMALL
from word_hash import WordHash

from allchat.chat import Chat
from allchat.web.app import run_server
from allchat.web.logs import configure_logs
from allchat.web.staff.pages import staff_router

PASSWORD = "a password for staff"  # noqa: S105 - of the test's own processes


class Named(Chat):
    """Says in its answers which process it is."""

    port = 0

    def versions(self) -> dict[str, str]:
        return {**super().versions(), "port": str(self.port)}


if __name__ == "__main__":
    index, port, proxies = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split()
    Named.port = port
    configure_logs(requests=False)
    chat = Named.open(index, corpus=SMALL, embedder=WordHash())
    staff = staff_router(chat, password=PASSWORD)
    run_server(chat, port=port, trusted_proxies=proxies, questions_per_minute=5, staff=staff)
