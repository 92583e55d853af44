"""Markdown: by markdown-it to HTML, then as any page; front matter tells facts and is no text."""

from __future__ import annotations

import re
from dataclasses import replace

from allchat.errors import CorpusError
from allchat.sources.readers.html import pieces_of
from allchat.sources.readers.pieces import Left, Read
from allchat.sources.readers.plain import decoded

_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_FIELD = re.compile(r"^([A-Za-z_]\w*):[ \t]*['\"]?(.+?)['\"]?[ \t]*$", re.MULTILINE)
_FACTS = {"url": "url", "source": "publisher", "publisher": "publisher", "license": "rights", "rights": "rights"}


def read_markdown(content: bytes, *, name: str) -> Read:
    """The pieces of a Markdown file.

    Raises:
        CorpusError: its letters are damaged.
    """
    from markdown_it import MarkdownIt  # here: only the child that reads such a file loads it

    text, said = decoded(content, name=name)
    front = _FRONT.match(text)
    fields = dict(_FIELD.findall(front.group(1))) if front else {}
    body = text[front.end() :] if front else text
    try:
        html = MarkdownIt("commonmark").enable("table").render(body)
    except RecursionError as error:
        raise CorpusError(f"{name}: nests too deep. Bring a simpler copy.") from error
    pieces, left = pieces_of(html)
    facts = [(_FACTS[key.lower()], value) for key, value in fields.items() if key.lower() in _FACTS]
    facts += [
        ("date", f"{key} {value}")
        for key, value in fields.items()
        if re.search(r"date|review|revis", key, re.IGNORECASE)
    ]
    read = Read(pieces, left, (said,) if said else (), fields.get("title"), fields.get("language"), tuple(facts))
    return replace(read, left=(*read.left, Left(front.group(1), "front matter"))) if front else read
