"""What a source's rights line says of how much of it families may be shown: a proposal, which staff overrule."""

from __future__ import annotations

import re
from typing import Final, get_args

from allchat.errors import QuestionError
from allchat.records import Display

_FREE: Final = re.compile(
    r"public domain|free of copyright|not copyrighted|(?:used|copied|reproduced|distributed|shared) freely|"
    r"freely (?:used|copied|reproduced|distributed|shared)|creative commons|\bcc[ -](?:by|0)\b|our own",
    re.IGNORECASE,
)


def display_of(rights: str) -> Display:
    """``whole`` where the line says that the text is free or one's own, else the section around a quote."""
    return "whole" if _FREE.search(rights) else "section"


def display_named(text: str) -> Display:
    """The display of this name.

    Raises:
        QuestionError: there is none of this name.
    """
    for display in get_args(Display):
        if text.strip().lower() == display:
            return display  # type: ignore[no-any-return]
    raise QuestionError(f"display is {text!r}. Give one of: {', '.join(get_args(Display))}.")
