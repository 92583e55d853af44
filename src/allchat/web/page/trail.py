"""What the page remembers between turns: which sources were quoted, what was alarming, and no word of any question."""

from __future__ import annotations

import json
import re
from collections.abc import Container
from dataclasses import asdict, dataclass
from typing import Any

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
        return json.dumps(asdict(self), separators=(",", ":"))


def extended(trail: Trail, answer: Answer) -> Trail:
    """The trail after one more answer; the documents that were quoted last are kept. A new alarm takes the place of
    the last one of its tone.
    """
    cited = (citation.document for citation in (*answer.citations, *answer.further))
    quoted = tuple(dict.fromkeys((*trail.quoted, *cited)))[-MAX_QUOTED:]
    alarms, reason = trail.alarms, (answer.reason or "").partition(":")[0]
    if answer.kind == "urgent" and reason:
        alarms = (*(alarm for alarm in alarms if (alarm == CRISIS) != (reason == CRISIS)), reason)
    return Trail(trail.turn + 1, quoted, alarms)


def read_trail(value: object, *, documents: Container[str]) -> Trail:
    """The trail that came back from the browser. It is not trusted: whatever does not fit is left out.

    Alarms are told by their form; the page shows those alone that it has words for.
    """
    data = came_back(value)
    turn = data.get("turn") if isinstance(data, dict) else None
    if type(turn) is not int or not 0 <= turn <= MAX_TURNS:
        return Trail()
    quoted = (key for key in texts(data.get("quoted"))[-MAX_QUOTED:] if key in documents)
    alarms = (row for row in texts(data.get("alarms"))[-MAX_ALARMS:] if re.fullmatch("[a-z_]{1,40}", row))
    return Trail(turn, tuple(quoted), tuple(alarms))


def came_back(value: object) -> Any:
    """What JSON from the browser says; None where it is none."""
    try:
        return parse_json(value) if isinstance(value, str) else None
    except ValueError:
        return None


def texts(value: object) -> list[str]:
    """The texts of a list from the browser; what has another shape is none."""
    return [row for row in value if isinstance(row, str)] if isinstance(value, list) else []
