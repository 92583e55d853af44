"""What the page remembers between turns: which sources were quoted, what was alarming, and no word of any question."""

from __future__ import annotations

import json
import re
from collections.abc import Container
from dataclasses import dataclass

from allchat.parsing import parse_json
from allchat.records import Answer

MAX_TURNS = 10_000
MAX_QUOTED = 20
MAX_ALARMS = 2

CRISIS = "crisis"
"""The reason of an alarm that is told calmly."""


@dataclass(frozen=True, slots=True)
class Trail:
    """What the page remembers between turns, in the browser's memory alone: how many turns, and the quoted documents.

    ``alarms`` are reasons of ours (``fever``, ``crisis``): the latest emergency and the latest crisis, the newest last.
    Their call lines stay above later answers.
    """

    turn: int = 0
    quoted: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The trail as the page hands it to and fro."""
        return json.dumps({"turn": self.turn, "quoted": self.quoted, "alarms": self.alarms}, separators=(",", ":"))


def extended(trail: Trail, answer: Answer) -> Trail:
    """The trail after one more answer; the documents that were quoted last are kept."""
    cited = (citation.document for citation in (*answer.citations, *answer.further))
    quoted = tuple(dict.fromkeys((*trail.quoted, *cited)))[-MAX_QUOTED:]
    return Trail(trail.turn + 1, quoted, _alarms(trail.alarms, answer))


def _alarms(before: tuple[str, ...], answer: Answer) -> tuple[str, ...]:
    """The alarms after one more answer: a new one takes the place of the last one of its tone."""
    reason = (answer.reason or "").partition(":")[0]
    if answer.kind != "urgent" or not reason:
        return before
    return (*(alarm for alarm in before if (alarm == CRISIS) != (reason == CRISIS)), reason)


def read_trail(value: object, *, documents: Container[str]) -> Trail:
    """The trail that came back from the browser. It is not trusted: whatever does not fit is left out.

    Alarms are told by their form; the page shows those alone that it has words for.
    """
    try:
        data = parse_json(value) if isinstance(value, str) else None
    except ValueError:
        data = None
    turn = data.get("turn") if isinstance(data, dict) else None
    if not isinstance(data, dict) or type(turn) is not int or not 0 <= turn <= MAX_TURNS:
        return Trail()
    quoted = (key for key in _texts(data.get("quoted"), most=MAX_QUOTED) if key in documents)
    alarms = (row for row in _texts(data.get("alarms"), most=MAX_ALARMS) if re.fullmatch("[a-z_]{1,40}", row))
    return Trail(turn, tuple(quoted), tuple(alarms))


def _texts(value: object, *, most: int) -> list[str]:
    rows = value if isinstance(value, list) else []
    return [row for row in rows[-most:] if isinstance(row, str)]
