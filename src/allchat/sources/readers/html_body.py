"""Which part of a web page is its text: menus, bars, forms, hidden parts and related links are set aside."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from allchat.sources.readers.pieces import Left, tidy

_NEVER = (
    "script, style, noscript, template, svg, math, iframe, object, embed, canvas, video, audio, form, button, select, "
    "input, textarea, dialog, head, nav, link, meta"
)
_FRAME = "header, footer, aside, menu"
_ROLES = {"navigation", "banner", "contentinfo", "complementary", "search", "menu", "menubar", "dialog", "alertdialog"}
_NAMES = {
    "nav": "a menu", "navbar": "a menu", "navigation": "a menu", "menu": "a menu", "megamenu": "a menu",
    "breadcrumb": "a menu", "breadcrumbs": "a menu", "pagination": "a menu", "pager": "a menu", "skip": "a menu",
    "toolbar": "a menu", "utility": "a menu", "toc": "contents", "cookie": "a cookie bar", "cookies": "a cookie bar",
    "consent": "a cookie bar", "gdpr": "a cookie bar", "banner": "a banner", "sidebar": "a side bar",
    "social": "links to share", "share": "links to share", "sharing": "links to share", "related": "related pages",
    "footer": "the page's foot", "newsletter": "a subscription", "subscribe": "a subscription", "popup": "a pop-up",
    "modal": "a pop-up", "advert": "an advertisement", "advertisement": "an advertisement", "ads": "an advertisement",
    "promo": "an advertisement", "comments": "comments", "login": "a form",
}  # fmt: skip
"""Words of class and id that name what is not the text."""

_HIDDEN = re.compile(r"display:\s*none|visibility:\s*hidden", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+|[A-Z][a-z]+|[A-Z]+(?![a-z])")
MAIN_SHARE = 0.5
"""A part that holds this share of the paragraphs' words, or the page's only title, is the text, however it is named."""


def body_of(tree: LexborHTMLParser) -> tuple[LexborNode | None, list[Left]]:
    """The element that holds the text, furniture taken out of it; None where there is none."""
    left: list[Left] = []
    for node in tree.css("script, style, noscript, template, head"):
        node.decompose()
    body = tree.body
    if body is None:
        return None, left
    whole = _prose(body)
    for node in body.css("*"):
        why = _why_left(node)
        if why and node.parent is not None and not _holds_text(node, whole=whole):
            left += [Left(words, why)] if (words := tidy(node.text(separator=" "))[:2000]) else []
            node.decompose()
    for query in ("main, [role=main]", "article"):
        found = [node for node in body.css(query) if _prose(node) >= MAIN_SHARE * max(_prose(body), 1)]
        if len(found) == 1:
            return found[0], [*left, *_outside(body, found[0])]
    return body, left


def _outside(body: LexborNode, main: LexborNode) -> list[Left]:
    inside = tidy(main.text(separator=" "))
    before, _, after = tidy(body.text(separator=" ")).partition(inside)
    return [Left(words[:2000], "outside the page's main part") for words in (before, after) if words.strip()]


def _prose(node: LexborNode) -> int:
    """How many letters an element has outside its links."""
    return len(node.text()) - sum(len(link.text()) for link in node.css("a")) + 1


def _holds_text(node: LexborNode, *, whole: int) -> bool:
    if node.tag in _NEVER.split(", "):
        return False
    return node.tag in ("body", "html", "main") or _prose(node) >= MAIN_SHARE * whole


def _why_left(node: LexborNode) -> str | None:
    attributes = node.attributes
    tag = node.tag or ""
    if tag in _NEVER.split(", "):
        return "a menu" if tag == "nav" else "a form" if tag in ("form", "button", "select", "input") else "no text"
    if (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or _HIDDEN.search(attributes.get("style") or "")
    ):
        return "hidden on the page"
    if (attributes.get("role") or "").lower() in _ROLES or tag in _FRAME.split(", "):
        return "the page's frame"
    if tag in ("p", "span", "a", "li", "h1", "h2", "h3", "td", "tr", "tbody", "table", "strong", "em"):
        return None
    named = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    return next((_NAMES[word.lower()] for word in _WORD.findall(named) if word.lower() in _NAMES), None)
