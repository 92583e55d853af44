"""Text to Markdown that shows just this text, and back."""

from __future__ import annotations

import re

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$&@]|:(?=//)|(?<=www)\.|(?<=[^\W_])\.(?=[a-z]{2,}))", re.IGNORECASE)
"""With the signs by which GitHub's Markdown knows a bare address: it would link ftp and mail, too. And
with the dots of a bare name such as cancer.gov, which other programs link."""

_LINE_START = re.compile(r"^(\d*)([-+=.)])")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]<>#|~$&@:+=.)-])")


def escape_markdown(words: str) -> str:
    """Source words as Markdown that shows exactly these words: no markup, HTML, link or list comes out of them."""
    return _LINE_START.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", words))


def unescape_markdown(text: str) -> str:
    """The words that ``escape_markdown`` was given."""
    return _ESCAPED.sub(r"\1", text)


def one_line(text: str) -> str:
    """A text as one line: white space, control characters and lone surrogates become single spaces."""
    kept = "".join(" " if ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 or 0xD800 <= ord(sign) < 0xE000 else sign
                   for sign in text)  # fmt: skip
    return " ".join(kept.split())
