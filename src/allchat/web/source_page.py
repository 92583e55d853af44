"""A source as one HTML page, with a place marked: the whole of it, or what families may be shown."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import date

from allchat.addresses import LINK_DIGITS, web_address
from allchat.records import Document, Outline
from allchat.sources.whereabouts import standing as standing_in
from allchat.web.assets import page_file
from allchat.web.displayed import body_html
from allchat.web.highlight import Mark, place
from allchat.web.languages import PATHS
from allchat.web.printed import PRINTED, Sheet, lines_svg, may_be_printed, sheet_svg
from allchat.wording import Words, load_wording


def in_language(words: Words) -> str:
    """What a link carries so that the next page speaks this language too."""
    return "" if PATHS[words["lang"]] == "/" else f"&lang={words['lang']}"


def place_path(key: str, sha256: str, start: int, end: int, *, words: Words, printed: bool = False) -> str:
    """What follows ``/source/`` in the lasting address of a place: in the very text that it was cut from, also when the
    source has a newer one by then; or of its page as printed.
    """
    how = f"&page={PRINTED}{in_language(words)}" if printed else f"{in_language(words)}#marked"
    return f"{key}@{sha256[:LINK_DIGITS]}?start={start}&end={end}{how}"


def revised(document: Document, *, words: Words) -> str:
    """When the document was last revised, in the words of the language, or that its copy does not say."""
    if document.revised is None:
        return str(words["revised_unknown"])
    return str(words["revised"]).format(date=long_date(document.revised, words=words))


def long_date(iso: str, *, words: Words) -> str:
    """``2022-09-02`` as a family reads it; what is no full date stays as it is."""
    try:
        day = date.fromisoformat(iso)
    except ValueError:
        return html.escape(iso)
    return str(words["date"]).format(day=day.day, month=words["months"][day.month - 1], year=day.year)


def about(document: Document, *, words: Words) -> str:
    """Rights, and what is known of our copy, folded."""
    facts = [(words["copy"], document.copy), (words["rights"], document.rights)]
    told = "".join(f"<p>{name} {html.escape(fact)}</p>" for name, fact in facts)
    return f'<details class="about"><summary>{words["about_source"]}</summary>{told}</details>'


def source_page(
    document: Document,
    outline: Outline,
    *,
    words: Words,
    span: tuple[int, int] | None = None,
    changed: bool = False,
    older: str = "",
) -> str:
    """A source as one HTML page, as far as its display goes, with ``span`` marked if it can be placed; if not, the page
    says so. ``older`` is what is said, as HTML, above a text that is no longer in use.
    """
    mark = place(Mark(*span, "marked"), outline, text=document.text) if span and not changed else None
    told = _source_notice(asked=span is not None, placed=mark is not None, changed=changed, words=words)
    printed = printed_link(document, span, words=words) if span and mark else ""
    return _page(
        document,
        words=words,
        span=None if changed else span,
        script="" if span else f"<script>{page_file('source.js')}</script>",
        left_out=_left_out(document, outline, words=words),
        notice=older + told + (f'<p class="say">{printed}</p>' if printed else ""),
        body=body_html(document, outline, mark=mark),
    )


def printed_link(document: Document, span: tuple[int, int], *, words: Words) -> str:
    """The way from a source to its page as printed, as HTML; nothing where families are offered none."""
    if not may_be_printed(document, *span):
        return ""
    address = place_path(document.key, document.sha256, *span, words=words, printed=True)
    return f'<a href="{html.escape(address)}">{words["printed"]}</a>'


def printed_page(document: Document, found: Sequence[Sheet], *, words: Words, span: tuple[int, int], older: str) -> str:
    """The pages on which a place stands, as pictures with the lines marked: these alone first, larger, then all."""
    back = place_path(document.key, document.sha256, *span, words=words)
    link = f'<a href="{html.escape(back)}">{words["printed_words"]}</a>'
    told = [words["printed_text"] if found else words["printed_none"], link]
    lines = "".join(lines_svg(sheet, label=str(words["printed_lines"])) for sheet in found)
    pages = "".join(
        f"<h2>{label}</h2>{sheet_svg(sheet, label=label)}"
        for sheet in found
        for label in [str(words["printed_page"]).format(number=sheet.number)]
    )
    return _page(
        document,
        words=words,
        span=span,
        script="",
        left_out="",
        notice=f'{older}<p class="say{"" if found else " broken"}" role="status">{" ".join(told)}</p>',
        body=lines + pages,
    )


def _page(
    document: Document,
    *,
    words: Words,
    span: tuple[int, int] | None,
    script: str,
    left_out: str,
    notice: str,
    body: str,
) -> str:
    return _SOURCE_PAGE.format(
        lang=words["lang"],
        language=html.escape(document.language),
        title=html.escape(document.title),
        style=page_file("base.css") + page_file("source.css") + _SHEET,
        script=script,
        home=words["source_home"],
        home_path=home_path(words),
        languages=_source_languages(document, span=span, words=words),
        notice=notice,
        publisher=html.escape(document.publisher),
        revised=revised(document, words=words),
        publisher_page=_publisher_page(document, words=words),
        about=about(document, words=words),
        left_out=left_out,
        body=body,
    )


def older_notice(kept: Document, current: Document | None, *, span: tuple[int, int] | None, words: Words) -> str:
    """What is said above a text that is no longer in use: that it is older, and where its words stand now."""
    said = [words["source_older"]]
    if current is None:
        return f'<p class="say older" role="status">{" ".join([*said, words["source_retired"]])}</p>'
    said.append(str(words["source_newer"]).format(revised=revised(current, words=words)))
    now = standing_in(kept, current, *span) if span and 0 <= span[0] < span[1] <= len(kept.text) else None
    if now is None or now.start is None or now.end is None:
        said += [words["source_newer_gone"]] if now else []
        target = f"{current.key}@{current.sha256[:LINK_DIGITS]}?{in_language(words)}"
        label = words["source_newer_open"]
    else:
        said.append(words["source_newer_changed" if now.fate == "changed" else "source_newer_same"])
        target = place_path(current.key, current.sha256, now.start, now.end, words=words)
        label = words["source_newer_there"]
    link = f'<a href="{html.escape(target)}">{label}</a>'
    return f'<p class="say older" role="status">{" ".join(said)} {link}</p>'


def home_path(words: Words) -> str:
    """The page of a language, from a source's: both may stand anywhere on a site."""
    return f"..{PATHS[words['lang']]}"


def _publisher_page(document: Document, *, words: Words) -> str:
    address = web_address(document.url)
    label = words["publisher_page"]
    return f' · <a href="{html.escape(address)}" rel="noopener noreferrer">{label}</a>' if address else ""


def _source_languages(document: Document, *, span: tuple[int, int] | None, words: Words) -> str:
    """The same page in our other languages, at the same place."""
    place = f"start={span[0]}&end={span[1]}&sha256={document.sha256}&" if span else ""
    links = (
        f'<a href="?{html.escape(place)}lang={each}{"#marked" if span else ""}" lang="{each}" hreflang="{each}">'
        f"{load_wording(each).text('language.name')}</a>"
        for each in PATHS
        if each != words["lang"]
    )
    return " ".join(links)


def _left_out(document: Document, outline: Outline, *, words: Words) -> str:
    """What is not shown of a source: page furniture, or all that its display keeps back."""
    if document.display != "whole":
        return str(words[f"source_{document.display}"])
    return str(words["source_left_out"]).format(count=len(outline.furniture))


def _source_notice(*, asked: bool, placed: bool, changed: bool, words: Words) -> str:
    if changed:
        return f'<p class="say broken" role="status">{words["source_changed"]}</p>'
    if placed:
        return f'<p class="say">{words["source_marked"]} <a href="#marked">{words["source_jump"]}</a></p>'
    return f'<p class="say broken" role="status">{words["source_not_placed"]}</p>' if asked else ""


_SHEET = ".sheet{display:block;width:100%;height:auto;margin:.8rem 0;background:#fff;border:1px solid var(--line)}"
"""A page's picture is white, also in the dark."""

_SOURCE_PAGE = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<p class="home"><a href="{home_path}">{home}</a> <span class="languages">{languages}</span></p>
<h1 lang="{language}">{title}</h1>
<p class="meta">{publisher}</p>
<p class="meta">{revised}{publisher_page}</p>
{about}
<p class="meta">{left_out}</p>
{notice}
<article lang="{language}">{body}</article>
</main>
{script}
</body>
</html>
"""
