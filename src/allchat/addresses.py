"""Addresses: which text may become a link, and to where.

Whoever makes a link of a source's or a setting's text asks here.
"""

from __future__ import annotations

import re

PHONE = r"^[+(]*[0-9][0-9 ().+/-]*$"
"""A number as people write it. Letters and signs a phone cannot call, and Markdown would read some of them."""

_WEB = re.compile(r"https?://[\w-]+(?:\.[\w-]+)*\.?(?::\d{1,5})?(?:[/?#][^\s\x00-\x1f\x7f<>\"\\]*)?", re.IGNORECASE)
_NOT_CALLED = re.compile(r"[^0-9+]")


def web_address(text: str) -> str | None:
    """The text, where it is a whole address of http or https with a host; None for every other scheme and text.

    A name or a password in front of the host is refused too: it makes one site look like another.
    """
    return text if _WEB.fullmatch(text) else None


LINK_DIGITS = 16
"""Digits of a text's hash in a link: enough to name one text, and short enough to be read on paper."""


def source_link(document: str, sha256: str, start: int, end: int) -> str:
    """The permanent link to characters of one text of a source: whatever replaces it later, this text is opened."""
    return f"/source/{document}@{sha256[:LINK_DIGITS]}#c{start}-{end}"


def phone_address(number: str) -> str:
    """The ``tel:`` address that calls a number, however it is written: a blank in it would end a Markdown link."""
    return f"tel:{_NOT_CALLED.sub('', number)}"
