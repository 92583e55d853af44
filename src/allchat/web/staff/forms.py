"""What the staff's pages are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from allchat.errors import QuestionError
from allchat.web.middleware.routes import STAFF_BODY
from allchat.wording import load_wording

TEXT_LIMIT = 5000
"""Characters of a pasted quote or of earlier questions."""

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


async def read_form(request: Request) -> Sent:
    """The form of a request.

    Raises:
        QuestionError: it is no form, or holds too much.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise QuestionError(load_wording().text("staff.form_unreadable"))
    parser = _InMemory(request.headers, request.stream(), max_files=1, max_fields=8, max_part_size=STAFF_BODY)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise QuestionError(load_wording().text("staff.form_unreadable")) from error
    texts = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    uploads = [value for value in form.values() if isinstance(value, UploadFile)]
    file = b"".join([await upload.read() for upload in uploads])
    await form.close()
    return Sent({name: text.replace("\r\n", "\n") for name, text in texts.items()}, file)


def foreign(request: Request) -> bool:
    """Whether a form was sent from another web page. The cookie does not come with one; this refuses the form too."""
    return request.method == "POST" and request.headers.get("sec-fetch-site") in ("cross-site", "same-site")
