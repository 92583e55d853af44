"""Sentences of an answer that could be read as a direction, and are neither quoted nor fixed wording."""

from __future__ import annotations

import re
from functools import cache

from allchat.wording import LANGUAGES, filled_pattern, load_wording

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


def directives(text: str) -> tuple[str, ...]:
    """The sentences of an answer's text that could be read as a direction and are neither quoted nor fixed wording.

    Lines that begin with ``>`` are quotes. A line that is a sentence of the wording files is fixed; what was filled
    into its braces is looked at all the same.
    """
    own = (line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith(">"))
    parts = (part for line in own for piece in _unfixed(line) for part in re.split(r"(?<=[.!?])\s+", piece))
    return tuple(part for part in parts if is_directive(part))


def is_directive(sentence: str) -> bool:
    """Whether ``sentence`` is in the form of a command or of advice, in English or Spanish."""
    return _DIRECTIVE.search(re.sub(r"^[\s*\-•\d.)“\"]+", "", sentence)) is not None


def _unfixed(line: str) -> tuple[str, ...]:
    """What of ``line`` is not fixed: nothing or the values in its braces, or all of it."""
    for pattern in _fixed_lines():
        found = pattern.fullmatch(line.removeprefix("- "))
        if found is not None:
            return found.groups()
    return (line,)


@cache
def _fixed_lines() -> tuple[re.Pattern[str], ...]:
    tables = (
        "answer", "not_found", "out_of_scope", "notice", "urgent", "questions", "refusal", "support", "chat", "private",
    )  # fmt: skip
    texts = {text for code in LANGUAGES for _, text in load_wording(code).sentences(*tables)}
    lines = {line.strip() for text in texts for line in text.splitlines() if line.strip()}
    by_length = sorted(lines, key=lambda line: (-len(re.sub(r"\{\w+\}", "", line)), line))
    return tuple(map(filled_pattern, by_length))
