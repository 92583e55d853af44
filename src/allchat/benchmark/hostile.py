"""Texts that are made to cost as much as they can, for the forms that take a text.

Each is one kind of piece, repeated with one way of parting the pieces: what is dear is nearly always a great number of
small things, or few things that are much alike. The lists grow with every shape that was ever found dear.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count, cycle, product

PARTED = {
    "words": " ", "sentences": ". ", "lines": "\n", "paragraphs": "\n\n", "questions": "? A", "items": "\n• ",
    "notes": " [9] ", "nothing": "", "commas": ", ",
}  # fmt: skip


def hostile_texts(source: str, *, most: int) -> Iterator[tuple[str, str]]:
    """The name of each shape, and its text of at most ``most`` characters; ``source`` are words of a source."""
    for (kind, pieces), (way, between) in product(_kinds(source).items(), PARTED.items()):
        yield f"{kind} parted by {way}", _filled(pieces, between, most=most)
    for kind, sign in (("spaces", " "), ("dots", "."), ("brackets", "["), ("ends of lines", "\n"), ("ligatures", "ﬃ")):
        yield f"a run of {kind}", f"A word{sign * most}"[: most - 1] + "b"


def _kinds(source: str) -> dict[str, Callable[[], Iterator[str]]]:
    words = source.split()
    common = sorted(set(words), key=lambda word: (-words.count(word), word))[:200]
    runs = [" ".join(words[at : at + 7]) for at in range(0, len(words) - 7, 7)]
    letters = "etaoinsrhl"
    return {
        "letters": lambda: cycle(letters),
        "pairs of letters": lambda: ("".join(pair) for pair in cycle(list(product(letters, letters)))),
        "numbers": lambda: (f"Ab{number}" for number in range(10**6)),
        "the same word": lambda: cycle(["the"]),
        "common words": lambda: cycle(common),
        "own words": lambda: cycle(words),
        "own words backwards": lambda: cycle(words[::-1]),
        "changed sentences": lambda: (f"{run[:-1]}x" for run in cycle(runs)),
        "turned sentences": lambda: (" ".join(reversed(run.split())).capitalize() for run in cycle(runs)),
        "cut words": lambda: (run[2:-2] for run in cycle(runs)),
        "capitals": lambda: (run.upper() for run in cycle(runs)),
        "one long word": lambda: cycle(["the" * 40]),
    }


def _filled(pieces: Callable[[], Iterator[str]], between: str, *, most: int) -> str:
    found: list[str] = []
    length = 0
    for piece in pieces():
        length += len(piece) + len(between)
        if length > most:
            break
        found.append(piece)
    return between.join(found)


def hostile_records(citation: Mapping[str, object], *, most: int) -> Iterator[tuple[str, bytes]]:
    """The name of each shape of a file of saved answers, and its at most ``most`` bytes; ``citation`` is a real one."""
    quote = str(citation["quote"])
    tampered = [{**citation, "quote": f"{quote[:at]}x{quote[at:]}"} for at in range(len(quote))]
    the = {**citation, "quote": "the of and a " * 400}
    long = {**citation, "quote": f"{quote} " * (most // 4 // (len(quote) + 1))}
    lines = "\n".join(f"> {number}" for number in range(most // 16))
    sources = [{"key": f"s{number}", "sha256": ""} for number in range(most // 64)]
    bundled = {"format": "allchat audit bundle", "schema": 1, "answer": _saved([citation]), "sources": sources}
    rows: dict[str, Callable[[int], object]] = {
        "answers without citations": lambda _: _saved([]),
        "answers of one altered citation": lambda number: _saved([tampered[number % len(tampered)]]),
        "answers of many altered citations": lambda number: _saved(tampered[number % 9 :][:39]),
        "answers that quote common words": lambda _: _saved([the] * 39),
        "objects that are no answers": lambda _: {},
        "numbers": lambda number: number,
    }
    for name, row in rows.items():
        yield name, _filled(partial(_lines, row), "\n", most=most).encode()
    for name, one in {
        "one answer of very many citations": _saved(tampered[:1] * (most // 2000)),
        "one answer with a very long quote": _saved([long, long]),
        "one answer with very many quoted lines": {**_saved([citation] * 39), "text": lines},
        "a bundle with very many sources": bundled,
    }.items():
        yield name, json.dumps(one).encode()
    for name, sign in (("brackets", b"["), ("spaces", b" "), ("ends of lines", b"\r\n"), ("dashes", b"\r\n--")):
        yield f"a run of {name}", sign * (most // len(sign))


def _lines(row: Callable[[int], object]) -> Iterator[str]:
    return (json.dumps(row(number)) for number in count())


def _saved(citations: Sequence[Mapping[str, object]]) -> dict[str, object]:
    return {"id": "q", "citations": list(citations)}
