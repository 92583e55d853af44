"""Support: whether each statement of another system's answer is carried by the words that it cites.

For an answer made of quotes this is exactness. For one that puts things in its own words the
check compares what must not be lost or invented: numbers, units, medicine names, negations, opposites, words that make
a statement surer, and how many of its words stand in the source at all. It reads words, not sense: a statement that
turns round who does what, in the source's own words, passes. It tells faults; it does not prove that there are none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from allchat.evaluation.metrics import comparable
from allchat.markdown import unescape_markdown
from allchat.parsing import parse_toml
from allchat.search.words import content_words
from allchat.shapes import shaped
from allchat.sources.medicines import medicine_names
from allchat.sources.text import clean

StatementFault = Literal[
    "uncited", "not verbatim", "number", "unit", "medicine", "negation", "opposite", "surer", "words"
]

LEAST_SHARED = 0.65
"""Share of a statement's words that its source must have."""

_MARKER = re.compile(r"\s*\[(\d{1,3})\]")
_SENTENCE = re.compile(r".+?(?:[.!?][\"”’)]*(?:\s*\[\d{1,3}\])*(?=\s|$)|$)", re.DOTALL)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|%|°[cf]", re.IGNORECASE)
_BOUNDARY = re.compile(r"[.!?:;]\s")
_ENDINGS = ("ations", "ation", "ings", "ing", "edly", "ed", "ies", "es", "ly", "s", "e", "y")


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an answer, with the numbers of the citations behind it."""

    text: str
    cited: tuple[int, ...]
    quoted: bool


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A statement with what is wrong with it."""

    text: str
    cited: tuple[int, ...]
    faults: tuple[StatementFault, ...]


def unsupported(text: str, sources: Mapping[int, str], *, extractive: bool) -> tuple[Unsupported, ...]:
    """The statements of an answer that the words they cite do not carry.

    ``text`` is Markdown with ``[1]`` behind what source 1 says; ``sources`` gives the cited words by number. A
    statement without a number has that of the next one in its paragraph. ``extractive`` wants every statement word for
    word.
    """
    found = []
    for statement in statements(text):
        source = " ".join(sources[number] for number in statement.cited if number in sources)
        wrong = faults(statement.text, source, extractive=extractive) if source else ("uncited",)
        if wrong:
            found.append(Unsupported(statement.text, statement.cited, wrong))
    return tuple(found)


def statements(text: str) -> Iterator[Statement]:
    """The sentences of an answer: the lines of its quotes, and the sentences of its own paragraphs."""
    for paragraph in re.split(r"\n\s*\n", text):
        lines = [line for line in paragraph.splitlines() if line.strip(" >")]
        for quoted, pieces in ((True, _quoted(lines)), (False, _own(lines))):
            cited: tuple[int, ...] = ()
            backwards = []
            for piece in reversed(list(pieces)):
                cited = tuple(map(int, _MARKER.findall(piece))) or cited
                words = unescape_markdown(_MARKER.sub("", piece)).strip()
                backwards.append(Statement(words, cited, quoted))
            yield from (statement for statement in reversed(backwards) if _says_something(statement.text))


def _quoted(lines: list[str]) -> Iterator[str]:
    yield from (re.sub(r"^>\s*(?:[-*] )?", "", line) for line in lines if line.startswith(">"))


def _own(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith(">"):
            words = re.sub(r"^\s*(?:[-*#]+|\d+[.)])\s+", "", line)
            yield from (match.group() for match in _SENTENCE.finditer(words))


def _says_something(text: str) -> bool:
    return any(character.isalnum() for character in text)


def faults(statement: str, source: str, *, extractive: bool) -> tuple[StatementFault, ...]:
    """What a statement says that its source does not; none where the source carries it."""
    if extractive:
        return () if _stands_in(clean(statement), clean(source)) else ("not verbatim",)
    words, cited = comparable(clean(statement)), comparable(clean(source))
    if _stands_in(words, cited):
        return ()
    checks: dict[StatementFault, Callable[[str, str], bool]] = {
        "number": lambda s, c: bool(_numbers(s) - _numbers(c)),
        "unit": lambda s, c: bool(_measured(s) - _measured(c)) or bool(_units(s) - _units(c)),
        "medicine": lambda s, c: bool(medicine_names(s) - medicine_names(c)),
        "negation": _turned,
        "opposite": _opposite,
        "surer": lambda s, c: bool((_tokens(s) & _lists().absolutes) - _tokens(c)),
        "words": lambda s, c: _shared(s, c) < LEAST_SHARED,
    }
    return tuple(name for name, wrong in checks.items() if wrong(words, cited))


def _stands_in(words: str, source: str) -> bool:
    """Whether words stand in a source as they are, whole, and not cut out from under a negation."""
    for match in re.finditer(rf"(?<!\w){re.escape(words)}(?!\w)", source):
        before = _BOUNDARY.split(source[: match.start()])[-1].split()[-2:]
        if not _lists().negations & {word.strip(",;()").lower() for word in before}:
            return True
    return False


# ---- what must not be lost or invented ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Lists:
    negations: frozenset[str]
    absolutes: frozenset[str]
    form_words: frozenset[str]
    numbers: tuple[tuple[str, str], ...]
    units: tuple[tuple[str, ...], ...]
    opposites: tuple[tuple[str, str], ...]


@cache
def _lists() -> _Lists:
    return shaped(parse_toml(files("allchat").joinpath("evaluation/groundedness.toml").read_bytes()), _Lists)


def _tokens(text: str) -> frozenset[str]:
    return frozenset(match.group().replace("’", "'") for match in _WORD.finditer(text))


def _parts(text: str) -> list[str]:
    """The words of a text, those of a compound ("high-energy") one by one, in order."""
    words = (match.group().replace("’", "'") for match in _WORD.finditer(text))
    return [part for word in words for part in word.split("-")]


def _numbers(text: str) -> frozenset[str]:
    """Numbers in digits, without separators and closing noughts; words of numbers as digits."""
    digits = {_plain(match.group()) for match in _NUMBER.finditer(text)}
    spelt = dict(_lists().numbers)
    return frozenset(digits | {spelt[word] for word in _parts(text) if word in spelt})


def _plain(number: str) -> str:
    whole, _, rest = number.replace(",", "").partition(".")
    return f"{whole.lstrip('0') or '0'}.{rest.rstrip('0')}".rstrip(".")


@cache
def _unit_names() -> dict[str, str]:
    return {word: names[0] for names in _lists().units for word in names}


def _units(text: str) -> Counter[str]:
    """How often each unit stands in a text: "months or years" is not "years or years"."""
    return Counter(_unit_names()[word] for word in _parts(text) if word in _unit_names())


def _measured(text: str) -> frozenset[tuple[str, str]]:
    """Numbers with the unit right behind them: (number, name of the unit)."""
    spelt, names = dict(_lists().numbers), _unit_names()
    pattern = rf"(\d[\d,]*(?:\.\d+)?|{'|'.join(map(re.escape, spelt))})[\s-]*({'|'.join(_by_length(names))})(?!\w)"
    found = re.finditer(rf"(?<!\w){pattern}", text)
    return frozenset((spelt.get(m.group(1)) or _plain(m.group(1)), names[m.group(2)]) for m in found)


def _by_length(words: Mapping[str, str]) -> list[str]:
    return [re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word))]


def _turned(statement: str, source: str) -> bool:
    """Whether a statement is negated and the sentence of the source that is most like it is not, or the reverse."""
    return _negated(statement) != _negated(_most_like(statement, source))


def _most_like(statement: str, source: str) -> str:
    """The sentence of a source that shares most words with a statement; the shortest of several."""
    sentences = [part for part in re.split(r"(?<=[.!?])\s+", source) if part]
    words = _stems(statement)
    return max(sentences, key=lambda part: (len(words & _stems(part)), -len(part)), default="")


def _negated(text: str) -> int:
    return sum(word in _lists().negations or word.endswith("n't") for word in _parts(text))


def _opposite(statement: str, source: str) -> bool:
    """Whether a statement has a word more often, and its opposite less often, than the sentence most like it."""
    said, cited = Counter(_parts(statement)), Counter(_parts(_most_like(statement, source)))
    pairs = [pair for one, other in _lists().opposites for pair in ((one, other), (other, one))]
    return any(said[one] > cited[one] and said[other] < cited[other] for one, other in pairs)


def _stems(text: str) -> frozenset[str]:
    """What a text is about: its words without those of form, numbers (compared apart) and common endings."""
    left_out = _lists().form_words | set(dict(_lists().numbers))
    return frozenset(_stem(word) for word in content_words(text) if word not in left_out and not word.isdigit())


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def _shared(statement: str, source: str) -> float:
    said = _stems(statement)
    return len(said & _stems(source)) / len(said) if said else 1.0
