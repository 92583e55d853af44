"""Critical words: the numbers, doses, medicines and negations of a sentence, and which of them a rewording changed."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal

from allchat.sources.medicines import is_medicine

Kind = Literal["number", "dose", "medicine", "negation"]
KINDS: Final[tuple[Kind, ...]] = ("number", "dose", "medicine", "negation")

_COUNTED = "one two three four five six seven eight nine ten eleven twelve twenty thirty fifty hundred half twice once"
_NUMBER = rf"(?<![^\W_])\d+(?:[.,/]\d+)*|\b(?:{'|'.join(_COUNTED.split())})\b"
_UNIT = r"%|percent\b|(?:mcg|µg|mg|kg|g|ml|l|iu|units?|tablets?|pills?|capsules?|drops?|doses?|teaspoons?)\b(?:/\w+)?"
_NUMBERS = re.compile(_NUMBER, re.IGNORECASE)
_DOSES = re.compile(rf"(?:{_NUMBER})[\s-]*(?:{_UNIT})", re.IGNORECASE)
_NEGATIONS = re.compile(
    r"\b(?:not|no|never|cannot|without|neither|nor|none|unless|except|avoid|stop)\b|\w+n['’]t\b", re.IGNORECASE
)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Critical:
    """What of one kind a rewording took away and what it brought, word by word."""

    kind: Kind
    removed: tuple[str, ...]
    added: tuple[str, ...]

    def __str__(self) -> str:
        words = [f"[-{word}-]" for word in self.removed] + [f"{{+{word}+}}" for word in self.added]
        return f"{self.kind}: {' '.join(words)}"


def critical_words(words: str) -> dict[Kind, tuple[str, ...]]:
    """The critical words of a sentence by their kind, as they stand in it, in small letters."""
    said = words.lower().replace("’", "'")
    return {
        "number": tuple(_NUMBERS.findall(said)),
        "dose": tuple(" ".join(found.split()) for found in _DOSES.findall(said)),
        "medicine": tuple(word for word in _WORD.findall(said) if is_medicine(word)),
        "negation": tuple(_NEGATIONS.findall(said)),
    }


def critical_changes(old: str, new: str) -> tuple[Critical, ...]:
    """What of the critical words differs from one sentence to another; the same words in another order differ too."""
    before, after = critical_words(old), critical_words(new)
    found = []
    for kind in KINDS:
        if before[kind] != after[kind]:
            removed, added = Counter(before[kind]) - Counter(after[kind]), Counter(after[kind]) - Counter(before[kind])
            same = not removed and not added
            found.append(
                Critical(
                    kind,
                    before[kind] if same else tuple(removed.elements()),
                    after[kind] if same else tuple(added.elements()),
                )
            )
    return tuple(found)
