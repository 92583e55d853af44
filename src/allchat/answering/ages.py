"""How old the sources of an answer are, where that must be said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from allchat.answering.newest import twins_in
from allchat.parts import Fixed
from allchat.records import Citation, Document
from allchat.wording import Wording

OLD_DAYS = 731
"""A source revised longer ago than this is said to be old."""


def ages(
    citations: Sequence[Citation], documents: Mapping[str, Document], *, today: date, wording: Wording
) -> Iterator[Fixed]:
    """A notice where two quotes say nearly the same on different dates, and one for each quoted source that is old or
    has no date, in the order of the quotes.
    """
    twins = twins_in(citations)
    if twins is not None:
        newer, older = twins
        values = {"title": newer.title, "date": newer.revised, "older": older.revised}
        yield wording.said("notice.two_dates", values, about=(newer.document,))
    for key in dict.fromkeys(citation.document for citation in citations):
        document = documents[key]
        if document.revised is None:
            yield wording.said("notice.undated", {"title": document.title}, about=(key,))
        elif (today - date.fromisoformat(document.revised)).days > OLD_DAYS:
            yield wording.said("notice.old", {"title": document.title, "date": document.revised}, about=(key,))
