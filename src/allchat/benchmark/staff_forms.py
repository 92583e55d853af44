"""What the staff's forms cost at the worst: the dearest input that is known for each, beside an answer."""

from __future__ import annotations

import http.client
import json
import secrets
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from allchat.benchmark.figures import Form, StaffForms
from allchat.benchmark.hostile import hostile_records, hostile_texts
from allchat.benchmark.load import server
from allchat.chat import Chat

TEXT, FILE = 5000, 4_000_000
"""Characters of a pasted text, and bytes of a file of saved answers, which the forms take at most."""

_BOUNDARY = "hostile"

Inputs = Iterator[tuple[str, Mapping[str, bytes]]]


def staff_forms(chat: Chat, *, index: Path, corpus: Path, questions: Sequence[str]) -> StaffForms:
    """For each form the milliseconds of its dearest input, which one it is, and how many answers it costs."""
    password = secrets.token_hex(16)
    with server(index, corpus, environment={"ALLCHAT_STAFF_PASSWORD": password}) as (port, _):
        client = _Client(port)
        client.sign_in(password)
        answer = statistics.median(client.asked(question) for question in questions[:50])
        forms = {
            path: _dearest(client, path, inputs, answer=answer) for path, inputs in _forms(chat, questions).items()
        }
    return StaffForms(round(answer, 1), forms)


def _forms(chat: Chat, questions: Sequence[str]) -> dict[str, Inputs]:
    text = next(iter(chat.documents.values())).text
    citations = (citation for question in questions for citation in chat.ask(question).to_dict()["citations"])
    return {
        "/staff/quote": ((name, {"text": said.encode()}) for name, said in hostile_texts(text, most=TEXT)),
        "/staff/answer": ((name, {"file": said}) for name, said in hostile_records(next(citations), most=FILE)),
        "/staff/why": (
            (name, {"question": said[:3990].encode(), "history": said[:2000].encode()})
            for name, said in hostile_texts(text, most=TEXT)
        ),
    }


def _dearest(client: _Client, path: str, inputs: Inputs, *, answer: float) -> Form:
    ms, name = max((client.sent(path, fields), name) for name, fields in inputs)
    return Form(round(ms), name, over_an_answer=round(round(ms) / answer, 1))


class _Client:
    def __init__(self, port: int) -> None:
        self._port, self._cookie = port, ""

    def sign_in(self, password: str) -> None:
        response = self._post("/staff/sign-in", _form({"password": password.encode()}), _FORM)
        self._cookie = (response.getheader("set-cookie") or "").partition(";")[0]

    def asked(self, question: str) -> float:
        """Milliseconds of a family's question."""
        begun = time.perf_counter()
        self._post("/v1/ask", json.dumps({"question": question}).encode(), "application/json")
        return 1000 * (time.perf_counter() - begun)

    def sent(self, path: str, fields: Mapping[str, bytes]) -> float:
        """Milliseconds of a form."""
        body, begun = _form(fields), time.perf_counter()
        self._post(path, body, _FORM)
        return 1000 * (time.perf_counter() - begun)

    def _post(self, path: str, body: bytes, kind: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        connection.request("POST", path, body, {"content-type": kind, "cookie": self._cookie})
        response = connection.getresponse()
        response.read()
        connection.close()
        return response


_FORM = f"multipart/form-data; boundary={_BOUNDARY}"


def _form(fields: Mapping[str, bytes]) -> bytes:
    parts = []
    for name, content in fields.items():
        filename = '; filename="saved.jsonl"' if name == "file" else ""
        head = f'--{_BOUNDARY}\r\ncontent-disposition: form-data; name="{name}"{filename}\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    return b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode()
