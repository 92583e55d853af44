"""One machine of the short form of ``test_two_servers.py``: what ``allchat serve`` does, with the word-hash embedder
and without the page, so that it starts within a second.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

from word_hash import WordHash

from allchat.chat import Chat
from allchat.search.shelf import shelf_at
from allchat.web.app import run_server
from allchat.web.logs import configure_logs
from allchat.web.reload import Following

if __name__ == "__main__":
    index, corpus, port = (argument.partition("=")[2] for argument in sys.argv[1:])
    shelf = shelf_at(Path(index), store=os.environ["ALLCHAT_STORE"])
    opening = partial(Chat.open, index, corpus=corpus, embedder=WordHash(), shelf=shelf)
    chat = Following(opening, index=Path(index), shelf=shelf)
    configure_logs(requests=False)
    with chat.watching(seconds=1.0):
        run_server(chat, port=int(port), page=False)
