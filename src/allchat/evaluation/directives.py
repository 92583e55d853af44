"""Sentences of an answer that could be read as a direction, and are neither quoted nor fixed wording."""

from __future__ import annotations

import re
from collections.abc import Sequence

from allchat.evaluation.own_words import free_texts
from allchat.parts import Part

# ---- the check on a finished answer --------------------------------------------------------------------------------

_VERBS = (
    "give|stop|take|skip|start|hold|keep|avoid|use|wait|double|delay|continue|increase|reduce|"
    "lower|raise|repeat|try|make sure|eat|drink|feed|apply|switch|change|go|stay|send|let|put|"
    "bring|consider|choose|refuse|ask|call|tell|remember|follow|dele|no le de|tome|suspenda|deje|"
    "evite|use|espere|llame|pregunte|vaya|pida"
)
_OPENING = r"(?:please|just|simply|always|never|first|then|so|do not|don't|you can|you may|por favor|no)"
_WHO = "(?:you|he|she|they|we|your (?:child|son|daughter))"
_DIRECTIVE = re.compile(
    rf"(?:^|[,;:]\s+|\b(?:and|or|then|but|y|o)\s+)(?:{_OPENING}\s+)*(?:{_VERBS})\b(?!-)"
    rf"|\b{_WHO} (?:should|must|ought to|needs? to|ha(?:ve|s) to|had better)\b"
    rf"|\b{_WHO} (?:can|may|could) (?:now |still |safely )?(?:have|{_VERBS})\b"
    r"|\b(?:is|are) (?:safe|allowed|okay|ok|fine|best) to\b|\b(?:debe|debes|deben|tiene que|hay que)\b",
    re.IGNORECASE,
)


def directives(parts: Sequence[Part]) -> tuple[str, ...]:
    """The sentences of an answer that could be read as a direction and are neither quoted nor fixed wording: what fills
    the braces of a sentence of ours, and the names in a list, are looked at all the same.
    """
    pieces = (piece for text in free_texts(parts) for piece in re.split(r"(?<=[.!?])\s+", text))
    return tuple(piece for piece in pieces if is_directive(piece))


def is_directive(sentence: str) -> bool:
    """Whether ``sentence`` is in the form of a command or of advice, in English or Spanish."""
    return _DIRECTIVE.search(re.sub(r"^[\s*\-•\d.)“\"]+", "", sentence)) is not None
