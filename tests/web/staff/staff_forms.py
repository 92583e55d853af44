"""The staff's pages and how a form is sent to them."""

from __future__ import annotations

import json
from typing import Any

from fastapi.testclient import TestClient

from allchat.chat import Chat

PASSWORD = "a long password"  # noqa: S105 - of the tests' own server
SECRET = "zebrafish"  # noqa: S105 - a word to look for
FORMS = {"/staff/quote": "text", "/staff/answer": "text", "/staff/why": "question"}


def send(client: TestClient, path: str, file: bytes | None = None, **fields: str) -> Any:
    """Send a form as a browser does."""
    parts: dict[str, Any] = {name: (None, text.encode()) for name, text in fields.items()}
    return client.post(path, files=parts | ({} if file is None else {"file": ("saved.jsonl", file)}))


def saved(chat: Chat) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(json.dumps(chat.ask("how often is the fever thermometer read").to_dict()))
    assert record["citations"]
    return record
