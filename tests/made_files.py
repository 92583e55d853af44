"""Small files made by the tests: a Word file, a PDF, a web page."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from html import escape

CONTENT_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"'
    ' Target="word/document.xml"/></Relationships>'
)
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STYLES = (
    f'<?xml version="1.0"?><w:styles xmlns:w="{WORD}"><w:style w:type="paragraph" w:styleId="H1">'
    '<w:name w:val="heading 1"/></w:style></w:styles>'
)
STYLE_RELATIONS = RELATIONS.replace('officeDocument"', 'styles"').replace("word/document.xml", "styles.xml")


def paragraph(text: str, *, style: str = "", bold: bool = False) -> str:
    """A Word paragraph."""
    styled = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    heavy = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return f"<w:p>{styled}<w:r>{heavy}<w:t>{escape(text)}</w:t></w:r></w:p>"


def table(rows: Sequence[Sequence[str]]) -> str:
    """A Word table whose first row is bold."""
    lines = (
        "".join(f"<w:tc>{paragraph(cell, bold=not number)}</w:tc>" for cell in row) for number, row in enumerate(rows)
    )
    return f"<w:tbl>{''.join(f'<w:tr>{line}</w:tr>' for line in lines)}</w:tbl>"


def docx(*body: str, more: dict[str, bytes] | None = None) -> bytes:
    """A Word file of these paragraphs and tables."""
    document = f'<?xml version="1.0"?><w:document xmlns:w="{WORD}"><w:body>{"".join(body)}</w:body></w:document>'
    return archive(
        {
            "[Content_Types].xml": CONTENT_TYPES.encode(),
            "_rels/.rels": RELATIONS.encode(),
            "word/document.xml": document.encode(),
            "word/styles.xml": STYLES.encode(),
            "word/_rels/document.xml.rels": STYLE_RELATIONS.encode(),
            **(more or {}),
        }
    )


def archive(parts: dict[str, bytes]) -> bytes:
    """A zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


Text = tuple[float, float, float, bool, str]
"""Where a line stands on a page, its size, whether it is bold, its words."""

IMAGE = b"q 400 0 0 400 50 50 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x80 EI Q"


def pdf(*pages: Sequence[Text] | bytes, encrypted: bool = False) -> bytes:
    """A PDF of these pages: lines of text, or a content stream as it is."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    objects += [
        b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>" % name
        for name in (b"Helvetica", b"Helvetica-Bold")
    ]
    kids = []
    for page in pages:
        stream = page if isinstance(page, bytes) else b"\n".join(_shown(line) for line in page)
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(kids))
    return _file(objects, encrypted=encrypted)


def _shown(line: Text) -> bytes:
    left, bottom, size, bold, words = line
    escaped = words.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return b"BT /F%d %g Tf %g %g Td (%s) Tj ET" % (2 if bold else 1, size, left, bottom, escaped)


def _file(objects: Sequence[bytes], *, encrypted: bool) -> bytes:
    made = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    lock = b"/Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O (%s) /U (%s) >>" % (b"o" * 32, b"u" * 32)
    ids = b"/ID [<00> <00>]"
    trailer = b"<< /Size %d /Root 1 0 R %s %s >>" % (len(objects) + 1, ids, lock if encrypted else b"")
    start = len(made)
    return made + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, rows, trailer, start,
    )  # fmt: skip


def lines(words: str, *, left: float = 72, top: float = 700, size: float = 11, width: int = 60) -> list[Text]:
    """A paragraph broken at a width of letters, from ``top`` downwards."""
    import textwrap

    return [(left, top - 14 * number, size, False, line) for number, line in enumerate(textwrap.wrap(words, width))]


def page(body: str, *, title: str = "Visiting us", head: str = "") -> bytes:
    """A web page with a menu, a cookie bar and a foot around its body."""
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{title}</title>{head}</head><body>"
        "<nav><ul><li><a href='/a'>Home</a></li><li><a href='/b'>Our wards</a></li></ul></nav>"
        "<div class='cookie-bar'><p>We use cookies. Accept them?</p></div>"
        f"<div id='content'>{body}</div>"
        "<div class='related-pages'><h2>Related pages</h2><ul><li><a href='/c'>Parking</a></li></ul></div>"
        "<footer><p>Copyright of the hospital</p></footer></body></html>"
    ).encode()
