"""DOCX: by mammoth to HTML, then as any page; without running heads, comments and images."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from allchat.errors import CorpusError
from allchat.sources.readers.headings import true_headings
from allchat.sources.readers.html import pieces_of
from allchat.sources.readers.pieces import Read

_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => h2:fresh
p[style-name^='toc'] => !
p[style-name^='TOC'] => !
p[style-name='header'] => !
p[style-name='footer'] => !
"""


def read_docx(content: bytes, *, name: str) -> Read:
    """The pieces of a Word file.

    Raises:
        CorpusError: it is damaged.
    """
    import mammoth  # here: only the child that reads such a file loads it

    try:
        made: Any = mammoth.convert_to_html(
            io.BytesIO(content),
            style_map=_STYLES,
            convert_image=mammoth.images.img_element(lambda _: {"src": ""}),
            external_file_access=False,
        )
        properties = _properties(content)
    except RecursionError as error:
        raise CorpusError(f"{name}: its tables nest too deep. Bring a simpler copy.") from error
    except Exception as error:  # mammoth raises what its XML and zip parsers raise, of any kind
        raise CorpusError(
            f"{name}: is a damaged Word file ({type(error).__name__}). Save it again from a word processor."
        ) from error
    found, left = pieces_of(made.value)
    pieces, _ = true_headings(found, by_looks=False)
    return Read(tuple(pieces), left, title=properties.get("title"), facts=tuple(properties.items()))


def _properties(content: bytes) -> dict[str, str]:
    """The title and the date that Word keeps with a file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if "docProps/core.xml" not in archive.namelist():
            return {}
        core = archive.read("docProps/core.xml")[:100_000].decode("utf-8", "replace")
    title = re.search(r"<dc:title>([^<]{3,200})</dc:title>", core)
    date = re.search(r"<dcterms:modified[^>]*>(\d{4}-\d{2}-\d{2})", core)
    found = {"title": title.group(1)} if title else {}
    return found | ({"date": f"file saved {date.group(1)}"} if date else {})
