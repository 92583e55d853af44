"""The review page: what a file would become as a source, on one self-contained page, before it is added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from allchat.sources.adding import Facts
from allchat.sources.corpus import is_searched
from allchat.sources.readers.convert import Converted
from allchat.sources.readers.pieces import Left, Piece
from allchat.sources.readers.review_facts import Dated, alarms, dates, language_of

MOST_LEFT = 60
"""Stretches left out that are shown of each kind; the rest is counted."""

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1c2430}
h1{font-size:1.4rem}h2{font-size:1.15rem;border-top:1px solid #ccd3db;padding-top:1rem}
table{border-collapse:collapse}td{padding:.2rem .8rem .2rem 0;vertical-align:top}
.alarm{background:#fff4e0;border-left:4px solid #b26a00;padding:.4rem .8rem;margin:.3rem 0}
.h{font-weight:600}.place{color:#5c6875;font-size:.8rem}.text{margin:.2rem 0}.left{color:#5c6875}
"""


def all_alarms(converted: Converted, facts: Facts) -> tuple[str, ...]:
    """What staff should look at: of the text, of its language, and dates that disagree with the one given."""
    found = list(alarms(converted.read))
    language = language_of(converted.read.pieces, converted.read.language)
    if language is not None and language != facts.language:
        found.append(f"its words look like {language}, and its language is given as {facts.language}")
    if not is_searched(facts.language):
        found.append(f"language {facts.language} is not searched: the source is kept, and never answered from")
    stated = sorted({dated.day for dated in dates(converted.read) if dated.states} - {facts.revised})
    if stated:
        found.append(f"it states {', '.join(stated)}, and revised is given as {facts.revised}: see which is right")
    return tuple(found)


def review_page(converted: Converted, facts: Facts, *, name: str) -> str:
    """The page, as HTML."""
    warned = "".join(f'<p class="alarm">{escape(alarm)}</p>' for alarm in all_alarms(converted, facts))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Review: {escape(facts.title)}</title><style>{_STYLE}</style></head>
<body><h1>Review before adding: {escape(facts.title)}</h1>
<p>{escape(name)}, read by {escape(converted.converter)}. {_counts(converted.read.pieces)}</p>
<h2>To look at</h2>{warned or "<p>Nothing stands out.</p>"}
<h2>What families will be told of it</h2><table>{_facts(facts)}</table>
<h2>Dates in it</h2>{_dates(dates(converted.read))}
<h2>The text as it will be quoted</h2>{"".join(map(_piece, converted.read.pieces))}
<h2>What was left out, and why</h2>{_left(converted.read.left)}
</body></html>
"""


def _counts(pieces: Sequence[Piece]) -> str:
    kinds = Counter(piece.kind for piece in pieces)
    words = sum(len(piece.text.split()) for piece in pieces)
    return (
        f"{kinds['heading']} headings, {kinds['text']} paragraphs, {kinds['item']} list items or rows, {words} words."
    )


def _facts(facts: Facts) -> str:
    rows = [
        ("id", facts.id), ("title", facts.title), ("publisher", facts.publisher), ("address", facts.url),
        ("rights", facts.rights), ("families see", facts.display), ("attribution", facts.attribution),
        ("audience", facts.audience), ("language", facts.language), ("last revised", facts.revised),
        ("notes", facts.notes),
    ]  # fmt: skip
    return "".join(f"<tr><td>{label}</td><td>{escape(value)}</td></tr>" for label, value in rows)


def _dates(found: Sequence[Dated]) -> str:
    if not found:
        return "<p>None. Where the source states none, revised is unknown.</p>"
    return "".join(
        f"<p class=text>{dated.day}{' (said to be its revision)' if dated.states else ''}: {escape(dated.words)}</p>"
        for dated in found
    )


def _piece(piece: Piece) -> str:
    place = piece.place
    where = f"page {place.page}" if place.page else place.element or ""
    indent = piece.level - 1 if piece.kind == "heading" else piece.depth + 2
    mark = "• " if piece.kind == "item" else ""
    return (
        f'<p class="text{" h" if piece.kind == "heading" else ""}" style="margin-left:{1.2 * indent:.1f}rem">'
        f'{mark}{escape(piece.text)} <span class="place">{escape(where)}</span></p>'
    )


def _left(left: Sequence[Left]) -> str:
    if not left:
        return "<p>Nothing.</p>"
    parts = []
    for why in dict.fromkeys(piece.why for piece in left):
        texts = [piece.text for piece in left if piece.why == why]
        shown = "".join(f"<p class=left>{escape(text[:400])}</p>" for text in texts[:MOST_LEFT])
        more = f"<p>and {len(texts) - MOST_LEFT} more</p>" if len(texts) > MOST_LEFT else ""
        parts.append(f"<details><summary>{escape(why)} ({len(texts)})</summary>{shown}{more}</details>")
    return "".join(parts)
