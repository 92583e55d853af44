"""What families asked, as the counts by day tell it: kinds, reasons, rules, and where the sources were silent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from allchat.guard.rules import Rule
from allchat.records import Document, Section
from allchat.web.counts import KEPT_DAYS, Tally, Told, section_name
from allchat.web.staff.views import SourceView

PERIODS = (7, 30, KEPT_DAYS)
"""Days that the page looks back on."""


@dataclass(frozen=True, slots=True)
class Near:
    """A section that was nearest to what the sources do not say; None where it is no longer there.

    ``silent`` counts the questions to which nothing was shown, ``closest`` those to which its passage was.
    """

    document: Document | None
    section: Section | None
    silent: int
    closest: int


@dataclass(frozen=True, slots=True)
class AskedView:
    """The counts of a period: the days, newest first, with their kinds; then everything together, the most first."""

    days: tuple[tuple[date, Mapping[str, int]], ...]
    kinds: tuple[str, ...]
    reasons: tuple[tuple[str, int], ...]
    rules: tuple[tuple[str, Rule | None, int], ...]
    near: tuple[Near, ...]
    unreadable: int


def asked_view(
    told: Told, *, period: int, day: date, rules: Iterable[Rule], views: Mapping[str, SourceView]
) -> AskedView:
    """What was counted in the ``period`` days up to ``day``."""
    days = {when: tally for when, tally in told.days.items() if when > day - timedelta(days=period)}
    known, kinds = {rule.id: rule for rule in rules}, _sum(days.values(), "kind")
    return AskedView(
        days=tuple((when, tally.get("kind", {})) for when, tally in sorted(days.items(), reverse=True)),
        kinds=tuple(name for name, _ in _most(kinds)),
        reasons=_most(_sum(days.values(), "reason")),
        rules=tuple((name, known.get(name), count) for name, count in _most(_sum(days.values(), "rule"))),
        near=_near(_sum(days.values(), "nearest"), _sum(days.values(), "closest"), views=views),
        unreadable=told.unreadable,
    )


def _sum(tallies: Iterable[Tally], group: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for tally in tallies:
        total.update(tally.get(group, {}))
    return total


def _most(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _near(silent: Counter[str], closest: Counter[str], *, views: Mapping[str, SourceView]) -> tuple[Near, ...]:
    sections: dict[str, tuple[Document, Section]] = {}
    for view in views.values():
        for chapter in view.chapters:
            if chapter.section is not None:  # of two sections of one name the first stands for both
                name = section_name(view.document.key, chapter.section.heading)
                sections.setdefault(name, (view.document, chapter.section))
    order = sorted(silent | closest, key=lambda name: (-silent[name], -closest[name], name))
    found = ((*sections.get(name, (None, None)), silent[name], closest[name]) for name in order)
    return tuple(Near(*one) for one in found)
