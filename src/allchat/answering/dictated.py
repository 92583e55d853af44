"""A question as it would have been written, for the search: without what dictation and copying leave in it."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\w+", re.IGNORECASE)
_MARK = re.compile(r"\b(?:question mark|signo de (?:interrogaci[oó]n|pregunta))\b", re.IGNORECASE)
_COMMA = re.compile(r"\b(?:comma|full stop|exclamation (?:mark|point)|signo de exclamaci[oó]n)\b", re.IGNORECASE)
_FILLER = re.compile(r"\b(?:u+m+|u+h+|er+m+|h+m+|m{2,}|(?:so|and) like|e+h+)\b,?", re.IGNORECASE)
_TWICE = re.compile(r"\b(\w{2,}(?: \w+){0,2})(?: \1\b)+", re.IGNORECASE)


def written(question: str) -> str:
    """The question without web addresses, spoken marks, fillers and words that are said twice; itself where none are.

    What would leave nothing is left as it is.
    """
    text = _MARK.sub("?", _ADDRESS.sub(" ", question))
    text = _TWICE.sub(r"\1", _FILLER.sub(" ", _COMMA.sub(",", text)))
    if text == question:
        return question
    text = re.sub(r"\s+([?,.])", r"\1", " ".join(text.split())).strip(" ,")
    return text if any(sign.isalnum() for sign in text) else question
