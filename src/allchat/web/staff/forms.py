"""What the staff's pages are sent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from allchat.errors import QuestionError
from allchat.web.middleware.routes import STAFF_BODY
from allchat.wording import load_wording

TEXT_LIMIT = 5000
"""Characters of a pasted quote."""

HISTORY_LIMIT = 2000
"""Characters of earlier questions: the last six count."""

UPLOAD_LIMIT = STAFF_BODY - 64 * 1024
"""Bytes of a saved record. The gate lets a little more through, so that the page can say so in words."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A form that was sent: its fields, and the file in it."""

    fields: Mapping[str, str] = field(default_factory=dict)
    file: bytes = b""

    def text(self, name: str) -> str:
        """A field's text; empty where it was not sent."""
        return self.fields.get(name, "")


class _InMemory(MultiPartParser):
    spool_max_size = STAFF_BODY + 1  # never a temporary file on disk


def form_of(request: Request, body: bytes) -> Sent:
    """The form of a request whose body has arrived. Reading a large one takes a while: not for the event loop.

    Raises:
        QuestionError: it is no form, or holds too much.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise QuestionError(load_wording().text("staff.form_unreadable"))
    try:
        return _run(
            _read(_InMemory(request.headers, _whole(body), max_files=1, max_fields=8, max_part_size=STAFF_BODY))
        )
    except MultiPartException as error:
        raise QuestionError(load_wording().text("staff.form_unreadable")) from error


async def _whole(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body


async def _read(parser: MultiPartParser) -> Sent:
    form = await parser.parse()
    texts = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    uploads = [value for value in form.values() if isinstance(value, UploadFile)]
    file = b"".join([await upload.read() for upload in uploads])
    await form.close()
    return Sent({name: text.replace("\r\n", "\n") for name, text in texts.items()}, file)


def _run(work: Coroutine[Any, Any, Sent]) -> Sent:
    """What a coroutine gives that never waits: everything it reads is in memory."""
    try:
        work.send(None)
    except StopIteration as done:
        sent: Sent = done.value
        return sent
    work.close()
    raise QuestionError(load_wording().text("staff.form_unreadable"))


def foreign(request: Request) -> bool:
    """Whether a form was sent from another web page. The cookie does not come with one; this refuses the form too.

    A browser says so in ``Sec-Fetch-Site``, an older one in ``Origin``; what is no browser sends neither.
    """
    if request.method != "POST":
        return False
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site not in (None, "same-origin", "none"):
        return True
    return origin is not None and not _is_here(origin, request.headers.get("host", ""))


def _is_here(origin: str, host: str) -> bool:
    """Whether an origin is this host; of a host that a proxy names without its port, the name alone counts."""
    try:
        there, here = urlsplit(origin), urlsplit(f"//{host}")
        same = there.hostname is not None and there.hostname == here.hostname
        return same and (here.port is None or here.port == there.port)
    except ValueError:
        return False
