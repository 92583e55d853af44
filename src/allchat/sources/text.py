"""``clean``, the one normalisation of quotes, and where its characters stand in the source."""

from __future__ import annotations

import re

BULLETS = "•◦▪‣●○■"

LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""What ``str.splitlines`` takes for the end of a line; the text of a PDF has form feeds between its pages."""

_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_LIGATURE = re.compile("[ﬀ-ﬆ]")
_SPACE = rf"[^\S{LINE_ENDS}]*"
_BULLET = re.compile(rf"(?:^|(?<=[{LINE_ENDS}])){_SPACE}[{BULLETS}]{_SPACE}")
_FOOTNOTE = re.compile(r"\s*\[\d{1,3}\]")


def clean(source: str) -> str:
    """The one normalisation between a source's characters and a quote.

    Ligatures become letters; bullets at the start of a line and the publisher's footnote numbers such as ``[9]`` go;
    runs of white space become one space, none at either end. The empty text gives the empty text.
    """
    bare = _FOOTNOTE.sub("", _BULLET.sub(" ", source))
    return " ".join(_LIGATURE.sub(lambda found: _LIGATURES[found.group()], bare).split())


def clean_places(source: str) -> list[tuple[str, int, int]]:
    """``clean(source)`` letter by letter, each with the stretch of ``source`` that it comes from."""
    letters = [(letter, place, place + 1) for place, letter in enumerate(source)]
    for pattern, instead in ((_BULLET, " "), (_FOOTNOTE, "")):
        text, kept, last = "".join(letter for letter, _, _ in letters), [], 0
        for match in pattern.finditer(text):
            first, after = match.span()
            kept += letters[last:first]
            kept += [(blank, letters[first][1], letters[after - 1][2]) for blank in instead]
            last = after
        letters = [*kept, *letters[last:]]
    letters = [(part, start, end) for letter, start, end in letters for part in _LIGATURES.get(letter, letter)]
    single: list[tuple[str, int, int]] = []
    for letter, start, end in letters:
        if not letter.isspace():
            single.append((letter, start, end))
        elif single and single[-1][0] != " ":
            single.append((" ", start, end))
    return single[:-1] if single and single[-1][0] == " " else single
