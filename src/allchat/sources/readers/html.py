"""HTML: a page's elements to pieces; also what DOCX and Markdown are turned into first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from allchat.errors import CorpusError
from allchat.sources.readers.html_body import body_of
from allchat.sources.readers.pieces import Left, Piece, Place, Read, tidy
from allchat.sources.readers.plain import TITLE_WORDS, decoded
from allchat.sources.readers.tables import rows

DEEPEST = 150
"""Elements nested deeper than this are read as one text."""

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_INLINE = frozenset(
    re.findall(
        r"\S+",
        "a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark picture q s samp small "
        "span strike strong sub sup time tt u var wbr o:p",
    )
)
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_CONTENTS = re.compile(
    r"^(?:table of contents|contents|on this page|in this (?:article|section|page))\W*$", re.IGNORECASE
)
_FOOTNOTE = re.compile(r"^[\d,\s\-–*†‡§]+$")
LINK_SHARE = 0.8
"""A list, table or paragraph of which links make up this share leads elsewhere."""


def read_html(content: bytes, *, name: str) -> Read:
    """The pieces of a web page.

    Raises:
        CorpusError: its letters are damaged, or it is an error page or says nothing.
    """
    declared = _CHARSET.search(content[:4096])
    text, said = _decoded(content, declared.group(1).decode() if declared else "", name=name)
    tree = LexborHTMLParser(text)
    title, language, facts = _head(tree)
    body, left = body_of(tree)
    pieces, more = ([], []) if body is None else _Walk().read(body)
    if re.match(r"(?:error\s*)?(?:40[0-9]|50[0-9])\b|(?:page )?not found|access denied", title or "", re.IGNORECASE):
        raise CorpusError(f"{name}: is an error page ({title!r}). Open the page in a browser and save it again.")
    heading = next((piece.text for piece in pieces if piece.kind == "heading"), None)
    named = heading if heading and heading in (title or heading) else title
    return Read(tuple(pieces), (*left, *more), (said,) if said else (), named, language, facts)


def pieces_of(html: str) -> tuple[tuple[Piece, ...], tuple[Left, ...]]:
    """The pieces of a document's HTML, all of which is text: no menus are looked for."""
    body = LexborHTMLParser(html).body
    if body is None:
        return (), ()
    pieces, left = _Walk(page=False).read(body)
    return tuple(pieces), tuple(left)


def _decoded(content: bytes, charset: str, *, name: str) -> tuple[str, str | None]:
    if charset.lower() not in ("", "utf-8", "utf8"):
        try:
            content = content.decode(charset).encode()
        except (LookupError, UnicodeError):
            pass  # a page that names an encoding it does not have is read as its bytes are
        else:
            return decoded(content, name=name)[0], f"read as {charset.lower()}"
    return decoded(content, name=name)


def _head(tree: LexborHTMLParser) -> tuple[str | None, str | None, tuple[tuple[str, str], ...]]:
    found = tree.css_first("title")
    title = tidy(found.text()) if found else None
    root = tree.css_first("html")
    language = (root.attributes.get("lang") or "").split("-")[0].lower() if root else ""
    facts: list[tuple[str, str]] = []
    for meta in tree.css("meta"):
        key = (meta.attributes.get("name") or meta.attributes.get("property") or "").lower()
        value = tidy(meta.attributes.get("content") or "")
        if value and re.search(r"modified|revised|reviewed|published_time|^date|dcterms\.(?:date|issued)|updated", key):
            facts.append(("date", f"{key} {value}"))
        if value and key in ("og:site_name", "dcterms.publisher", "dcterms.creator", "publisher", "author"):
            facts.append(("publisher", value))
        if value and key == "og:url":
            facts.append(("url", value))
    canonical = tree.css_first("link[rel=canonical]")
    if canonical and canonical.attributes.get("href"):
        facts.insert(0, ("url", canonical.attributes["href"] or ""))
    return title or None, language or None, tuple(facts)


class _Walk:
    """One pass over the elements of a text, in the order of reading."""

    def __init__(self, *, page: bool = True) -> None:
        self._page = page
        self._pieces: list[Piece] = []
        self._left: list[Left] = []
        self._counts: dict[str, int] = {}
        self._level = 0
        self._emptied: set[int] = set()  # headings below which links were left out

    def read(self, body: LexborNode) -> tuple[list[Piece], list[Left]]:
        self._blocks(body, nested=0)
        return self._without_empty(), self._left

    def _add(self, kind: str, text: str, node: LexborNode, *, level: int = 0, depth: int = 0) -> None:
        if text:
            tag = node.tag or "text"
            place = Place(element=f"{tag}[{self._counts.get(tag, 0)}]")
            self._pieces.append(Piece(kind, text, level, depth, place))  # type: ignore[arg-type] # three literals

    def _leave(self, text: str, why: str) -> None:
        self._left += [Left(text[:2000], why)] if text else []
        if self._pieces and self._pieces[-1].kind == "heading":
            self._emptied.add(len(self._pieces) - 1)

    def _without_empty(self) -> list[Piece]:
        """The pieces without headings that have lost everything below them, the innermost first."""
        kept: list[Piece] = []
        lost = False  # something below the piece was left out, and nothing kept has come between
        for number in range(len(self._pieces) - 1, -1, -1):
            piece = self._pieces[number]
            lost = lost or number in self._emptied
            following = kept[-1] if kept else None
            bare = following is None or (following.kind == "heading" and following.level <= piece.level)
            if piece.kind == "heading" and ((lost and bare) or _CONTENTS.match(piece.text)):
                self._left.append(Left(piece.text, "a heading with links alone below it"))
            else:
                kept.append(piece)
                lost = False
        return kept[::-1]

    def _blocks(self, node: LexborNode, *, nested: int) -> None:
        """The pieces of an element that holds others; text between them is a paragraph of its own."""
        run: list[LexborNode] = []
        for child in node.iter(include_text=True):
            if _is_inline(child):
                run.append(child)
                continue
            self._paragraph(run, node)
            run = []
            if child.tag != "br":
                self._element(child, nested=nested + 1)
        self._paragraph(run, node)

    def _element(self, node: LexborNode, *, nested: int) -> None:
        tag = node.tag or ""
        self._counts[tag] = self._counts.get(tag, 0) + 1
        if tag.startswith(("-", "_", "!")) or tag in ("script", "style", "hr"):
            return
        if nested > DEEPEST:
            self._add("text", tidy(node.text(separator=" ")), node)
        elif tag in _HEADINGS:
            self._level = _HEADINGS[tag]
            self._add("heading", _words([node]), node, level=self._level)
        elif tag in ("ul", "ol"):
            self._list(node, depth=0, nested=nested)
        elif tag == "table":
            self._table(node, nested=nested)
        elif _has_blocks(node):
            self._blocks(node, nested=nested)
        else:
            self._paragraph([node], node)

    def _paragraph(self, run: list[LexborNode], node: LexborNode) -> None:
        words = _words(run)
        if not words:
            return
        links = sum(len(_words([link])) for part in run for link in _links(part))
        if links >= LINK_SHARE * len(words) and links and not words.endswith("."):
            contents = all((link.attributes.get("href") or "").startswith("#") for part in run for link in _links(part))
            if self._page or contents or len(words.split()) <= TITLE_WORDS:
                self._leave(words, "contents" if contents else "a link alone")
                return
        if _is_bold(run, words):
            self._add("heading", words, node, level=min(self._level + 1, 6))
        else:
            self._add("text", words, node)

    def _list(self, node: LexborNode, *, depth: int, nested: int) -> None:
        words = _words([node])
        links = sum(len(_words([link])) for link in node.css("a"))
        led = bool(self._pieces) and self._pieces[-1].kind == "text" and self._pieces[-1].text.endswith(":")
        contents = bool(node.css("a")) and all((a.attributes.get("href") or "").startswith("#") for a in node.css("a"))
        if words and links >= LINK_SHARE * len(words) and not depth and not led and (self._page or contents):
            self._leave(words, "contents" if contents else "a list of links")
            return
        for item in node.iter():
            self._counts[item.tag or ""] = self._counts.get(item.tag or "", 0) + 1
            if item.css("h1, h2, h3, h4, h5, h6, table") and nested < DEEPEST:
                self._blocks(item, nested=nested + 1)
                continue
            if item.tag in ("ul", "ol"):  # a list that stands in a list without an item around it
                self._list(item, depth=depth + 1, nested=nested + 1)
                continue
            self._item(item, depth=depth, nested=nested)

    def _item(self, item: LexborNode, *, depth: int, nested: int) -> None:
        below = [] if nested >= DEEPEST else [child for child in item.iter() if child.tag in ("ul", "ol")]
        own = [child for child in item.iter(include_text=True) if child.tag not in ("ul", "ol")]
        self._add("item", _words(own if below else [item]), item, depth=min(depth, 4))
        for inner in below:
            self._list(inner, depth=depth + 1, nested=nested + 1)

    def _table(self, node: LexborNode, *, nested: int) -> None:
        if node.css("table table, h1, h2, h3, h4, ul, ol") or len(node.css("td, th")) == 1:
            for cell in node.css("td, th") if not node.css("table table") else [*node.iter()]:
                self._element(cell, nested=nested + 1) if cell.tag == "table" else self._blocks(cell, nested=nested + 1)
            return
        caption = node.css_first("caption")
        if caption is not None:
            self._add("text", _words([caption]), caption)
        lines = [row for row in node.css("tr") if row.css("td, th")]
        for row in rows(_grid(lines), headed=_is_headed(lines)):
            self._add("item", row, node)


def _links(node: LexborNode) -> list[LexborNode]:
    return [node] if node.tag == "a" else node.css("a") if node.is_element_node else []


def _is_inline(node: LexborNode) -> bool:
    return node.is_text_node or (node.tag in _INLINE and not _has_blocks(node))


def _has_blocks(node: LexborNode) -> bool:
    return any(inner.tag not in _INLINE and inner.tag != "br" and inner.is_element_node for inner in _inside(node))


def _inside(node: LexborNode) -> Iterator[LexborNode]:
    return (inner for inner in node.css("*") if inner != node)


def _words(nodes: list[LexborNode]) -> str:
    """The words of a run of elements; a line break is a space, footnote marks go."""
    return tidy("".join(part for node in nodes for part in _parts(node)))


def _parts(node: LexborNode) -> Iterator[str]:
    if node.is_text_node:
        yield node.text(deep=False)
        return
    for inner in node.traverse(include_text=True):
        if inner.is_text_node:
            if not _is_footnote(inner):
                yield inner.text(deep=False)
        elif inner.tag in ("br", "p", "div", "li", "dt", "dd", "td", "th", "tr"):
            yield " "


def _is_footnote(node: LexborNode) -> bool:
    above = node.parent
    while above is not None and above.tag in ("a", "span"):
        above = above.parent
    return above is not None and above.tag == "sup" and _FOOTNOTE.match(node.text(deep=False)) is not None


def _is_bold(run: list[LexborNode], words: str) -> bool:
    """Whether a short paragraph is in bold letters alone, and so a heading."""
    if len(words.split()) > TITLE_WORDS or words.endswith((".", ",", ";")) or not re.search(r"\w", words):
        return False
    bold = [
        part
        for node in run
        if node.is_element_node
        for part in ([node] if node.tag in ("b", "strong") else node.css("b, strong"))
    ]
    inner = [node for node in bold if not _inside_bold(node)]
    return bool(inner) and "".join(_words(inner).split()) == "".join(words.split())


def _inside_bold(node: LexborNode) -> bool:
    above = node.parent
    while above is not None:
        if above.tag in ("b", "strong"):
            return True
        above = above.parent
    return False


def _is_headed(lines: list[LexborNode]) -> bool:
    """Whether the first row names the columns: header cells, bold cells, or short cells above longer ones."""
    if len(lines) < 2:
        return False
    cells = lines[0].css("td, th")
    words = [_words([cell]) for cell in cells]
    named = [word for word in words if word]
    bold = all(cell.tag == "th" or _is_bold([cell], _words([cell])) for cell in cells if _words([cell]))
    later = [_words([cell]) for line in lines[1:] for cell in line.css("td, th")]
    longer = len(named) == len(words) > 2 and not any(re.search(r"\d", word) for word in named)
    return bool(named) and (bold or (longer and sum(map(len, later)) > len(later) * sum(map(len, named)) / len(named)))


def _grid(lines: list[LexborNode]) -> list[list[str]]:
    """A table's cells, those that span several columns or rows standing in each."""
    grid: list[dict[int, str]] = [{} for _ in lines]
    for number, line in enumerate(lines):
        column = 0
        for cell in line.css("td, th"):
            while column in grid[number]:
                column += 1
            wide, high = _span(cell, "colspan"), _span(cell, "rowspan")
            for below in range(number, min(number + high, len(lines))):
                grid[below][column] = _words([cell])
            column += wide
    width = max((max(row, default=0) for row in grid), default=0) + 1
    return [[row.get(column, "") for column in range(width)] for row in grid]


def _span(cell: LexborNode, name: str) -> int:
    value = cell.attributes.get(name) or "1"
    return min(int(value), 100) if value.isascii() and value.isdigit() and int(value[:4]) > 0 else 1
