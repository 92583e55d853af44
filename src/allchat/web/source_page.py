"""A source as one HTML page, with a place marked: the whole of it, or what families may be shown."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from datetime import date

from fastapi import Request
from fastapi.responses import HTMLResponse

from allchat.addresses import LINK_DIGITS, web_address
from allchat.answering.query import Asker, standing
from allchat.records import Document, Outline
from allchat.sources.archive import is_hash_of
from allchat.sources.changes import outlined
from allchat.sources.whereabouts import standing as standing_in
from allchat.sources.withdrawn import Withdrawn
from allchat.web.assets import page_file
from allchat.web.displayed import body_html
from allchat.web.highlight import Mark, place
from allchat.web.languages import PATHS
from allchat.wording import LANGUAGES, Words, load_wording


def in_language(words: Words) -> str:
    """What a link carries so that the next page speaks this language too."""
    return "" if PATHS[words["lang"]] == "/" else f"&lang={words['lang']}"


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
    return _SOURCE_PAGE.format(
        lang=words["lang"],
        language=html.escape(document.language),
        title=html.escape(document.title),
        style=page_file("base.css") + page_file("source.css"),
        script="" if span else f"<script>{page_file('source.js')}</script>",
        home=words["source_home"],
        home_path=_home(words),
        languages=_source_languages(document, span=None if changed else span, words=words),
        notice=older + _source_notice(asked=span is not None, placed=mark is not None, changed=changed, words=words),
        publisher=html.escape(document.publisher),
        revised=revised(document, words=words),
        publisher_page=_publisher_page(document, words=words),
        about=about(document, words=words),
        left_out=_left_out(document, outline, words=words),
        body=body_html(document, outline, mark=mark),
    )


def older_notice(kept: Document, current: Document | None, *, span: tuple[int, int] | None, words: Words) -> str:
    """What is said above a text that is no longer in use: that it is older, and where its words stand now."""
    said = [words["source_older"]]
    if current is None:
        return f'<p class="say older" role="status">{" ".join([*said, words["source_retired"]])}</p>'
    said.append(str(words["source_newer"]).format(revised=revised(current, words=words)))
    now = standing_in(kept, current, *span) if span and 0 <= span[0] < span[1] <= len(kept.text) else None
    address = f"{current.key}@{current.sha256[:LINK_DIGITS]}"
    if now is None or now.start is None:
        said += [words["source_newer_gone"]] if now else []
        target, label = f"{address}?{in_language(words)}", words["source_newer_open"]
    else:
        said.append(words["source_newer_changed" if now.fate == "changed" else "source_newer_same"])
        target = f"{address}?start={now.start}&end={now.end}{in_language(words)}#marked"
        label = words["source_newer_there"]
    link = f'<a href="{html.escape(target)}">{label}</a>'
    return f'<p class="say older" role="status">{" ".join(said)} {link}</p>'


def _home(words: Words) -> str:
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


def source_endpoint(chat: Asker, *, words: Mapping[str, Words]) -> Callable[[Request, str], HTMLResponse]:
    """The endpoint of ``/source/{key}``."""

    def source(request: Request, document: str) -> HTMLResponse:
        asked, here = request.query_params, standing(chat)
        said = words.get(asked.get("lang", LANGUAGES[0]), words[LANGUAGES[0]])
        key, _, digits = document.partition("@")
        digits = digits or asked.get("sha256", "")
        span, current = _span(asked.get("start"), asked.get("end")), here.documents.get(key)
        withdrawn = getattr(here, "withdrawn", {}).get(key)
        if withdrawn is not None:  # its earlier texts are not shown either
            return _gone(withdrawn, words=said)
        meant = current is not None and (not digits or is_hash_of(digits, current.sha256))
        kept = here.earlier(key, digits) if digits and not meant else None
        if kept is not None:
            told = older_notice(kept, current, span=span, words=said)
            return HTMLResponse(source_page(kept, outlined(kept), words=said, span=span, older=told))
        if current is None:
            return _gone(None, words=said)
        return HTMLResponse(source_page(current, here.outline(key), words=said, span=span, changed=not meant))

    return source


def _gone(source: Withdrawn | None, *, words: Words) -> HTMLResponse:
    """What stands at a link to a source that was withdrawn, or that was never there."""
    if source is None:
        return HTMLResponse(_UNKNOWN.format(words=words, said=words["source_unknown"], home=_home(words)), 404)
    told = str(words["source_withdrawn"]).format(
        title=html.escape(source.title),
        publisher=html.escape(source.publisher),
        date=long_date(source.on, words=words),
    )
    return HTMLResponse(_UNKNOWN.format(words=words, said=told, home=_home(words)), 410)


_UNKNOWN = (
    '<!doctype html><html lang="{words[lang]}"><meta charset="utf-8"><title>{words[title]}</title>'
    '<p>{said}</p><p><a href="{home}">{words[source_home]}</a></p></html>'
)


def _span(start: str | None, end: str | None) -> tuple[int, int] | None:
    """The span that a link asks for; one that makes no sense stays a span that cannot be placed."""
    if start is None and end is None:
        return None
    cuts = [int(cut) if cut and cut.isascii() and cut.isdigit() and len(cut) < 10 else -1 for cut in (start, end)]
    return cuts[0], cuts[1]
