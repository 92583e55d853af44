"""What the page remembers between turns: the places of quotes, what was alarming, and no word of any question."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass

from allchat.parsing import parse_json
from allchat.records import Answer, Document

MAX_TURNS = 20
MAX_QUOTES = 40
MAX_ALARMS = 2

CRISIS = "crisis"
"""The reason of an alarm that is told calmly."""


@dataclass(frozen=True, slots=True)
class TrailQuote:
    """Where one numbered quote of one turn stands. No word of any question is in it."""

    turn: int
    number: int
    document: str
    start: int
    end: int
    sha256: str
    """Of the source that was quoted."""

    @property
    def name(self) -> str:
        """The id of its mark in the page: unlike numbers, it never repeats from turn to turn."""
        return f"t{self.turn}q{self.number}"


@dataclass(frozen=True, slots=True)
class Trail:
    """What the page remembers between turns, in the browser's memory alone: how many turns, and their quotes.

    ``alarms`` are reasons of ours (``fever``, ``crisis``): the latest emergency and the latest crisis, the newest last.
    Their call lines stay above later answers.
    """

    turn: int = 0
    quotes: tuple[TrailQuote, ...] = ()
    alarms: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The trail as the page hands it to and fro."""
        quotes = [list(astuple(quote)) for quote in self.quotes]
        data = {"turn": self.turn, "quotes": quotes} | ({"alarms": self.alarms} if self.alarms else {})
        return json.dumps(data, separators=(",", ":"))


def extended(trail: Trail, answer: Answer) -> Trail:
    """The trail after one more answer; an urgent answer brings no quotes. Old turns fall off past ``MAX_TURNS``."""
    turn = trail.turn + 1
    cited = () if answer.kind == "urgent" else (*answer.citations, *answer.further)
    new = tuple(
        TrailQuote(turn, cite.number, cite.document, cite.start, cite.end, cite.source_sha256) for cite in cited
    )
    quotes = tuple(quote for quote in trail.quotes + new if quote.turn > turn - MAX_TURNS)
    return Trail(turn, quotes, _alarms(trail.alarms, answer))


def _alarms(before: tuple[str, ...], answer: Answer) -> tuple[str, ...]:
    """The alarms after one more answer: a new one takes the place of the last one of its tone."""
    reason = (answer.reason or "").partition(":")[0]
    if answer.kind != "urgent" or not reason:
        return before
    return (*(alarm for alarm in before if (alarm == CRISIS) != (reason == CRISIS)), reason)


def read_trail(value: object, *, documents: Mapping[str, Document]) -> Trail:
    """The trail that came back from the browser. It is not trusted: whatever does not fit is left out."""
    try:
        data = parse_json(value) if isinstance(value, str) else None
    except ValueError:
        data = None
    if not isinstance(data, dict) or not _whole(data.get("turn"), most=10_000):
        return Trail()
    rows = data.get("quotes")
    rows = rows if isinstance(rows, list) else []
    # A quote of a turn that is still to come would be shown, hundreds at a time, as if the next answer held it.
    kept = (row for row in rows[-MAX_TURNS * MAX_QUOTES :] if _quote_like(row, documents, turn=data["turn"]))
    return Trail(data["turn"], tuple(TrailQuote(*row) for row in kept), _alarms_like(data.get("alarms")))


def _alarms_like(value: object) -> tuple[str, ...]:
    """Reasons of alarms by their form; the page shows those alone that it has words for."""
    rows = value if isinstance(value, list) else []
    return tuple(row for row in rows[-MAX_ALARMS:] if isinstance(row, str) and re.fullmatch("[a-z_]{1,40}", row))


def _quote_like(row: object, documents: Mapping[str, Document], *, turn: int) -> bool:
    if not (isinstance(row, list) and len(row) == 6 and isinstance(row[2], str) and row[2] in documents):
        return False
    size = len(documents[row[2]].text)
    cuts = all(_whole(cut, most=size) for cut in row[3:5])
    return _whole(row[0], most=turn) and _whole(row[1], most=99) and cuts and _sha256_like(row[5])


def _sha256_like(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def _whole(value: object, *, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
