"""What ``/source/...`` answers with: a source, an older text of it, a page of it as printed, or that it is gone."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable, Mapping

from fastapi import Request
from fastapi.responses import HTMLResponse

from allchat.answering.query import Asker, standing
from allchat.errors import BusyError, VerificationError
from allchat.records import Document
from allchat.sources.archive import is_hash_of
from allchat.sources.changes import outlined
from allchat.sources.withdrawn import Withdrawn
from allchat.web.printed import PRINTED, Pictures, may_be_printed, sheets
from allchat.web.source_page import home_path, long_date, older_notice, printed_page, source_page
from allchat.wording import LANGUAGES, Words

_LOG = logging.getLogger(__name__)


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
        shown = kept or current
        if shown is None:
            return _gone(None, words=said)
        told = older_notice(kept, current, span=span, words=said) if kept else ""
        open_to_all = (
            current is None or current.display == "whole"
        )  # rights that were narrowed hold for older texts too
        if span and asked.get("page") == PRINTED and (meant or kept) and open_to_all and may_be_printed(shown, *span):
            return _printed(here, shown, words=said, span=span, older=told, pictures=request.app.state.pictures)
        outline, changed = (outlined(kept), False) if kept else (here.outline(key), not meant)
        return HTMLResponse(source_page(shown, outline, words=said, span=span, changed=changed, older=told))

    return source


def _printed(
    chat: Asker, document: Document, *, words: Words, span: tuple[int, int], older: str, pictures: Pictures
) -> HTMLResponse:
    """The page as printed, or that there is no picture of it, with the way to the words."""
    try:
        found = sheets(document, *span, pictures=pictures, read=lambda: chat.original(document))
    except BusyError:
        found = []
    except VerificationError as error:  # it names a file of ours and no word of a family's
        _LOG.error("no page as printed: %s", error)
        found = []
    status = 200 if found else 503
    return HTMLResponse(printed_page(document, found, words=words, span=span, older=older), status)


def _gone(source: Withdrawn | None, *, words: Words) -> HTMLResponse:
    """What stands at a link to a source that was withdrawn, or that was never there."""
    if source is None:
        return HTMLResponse(_UNKNOWN.format(words=words, said=words["source_unknown"], home=home_path(words)), 404)
    told = str(words["source_withdrawn"]).format(
        title=html.escape(source.title),
        publisher=html.escape(source.publisher),
        date=long_date(source.on, words=words),
    )
    return HTMLResponse(_UNKNOWN.format(words=words, said=told, home=home_path(words)), 410)


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
