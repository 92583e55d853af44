"""What saved citations come to after 300 made changes of the real texts, with the older text kept and without it."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from places import ROOT
from sources.made_changes import Made, bare, made_changes

from allchat.answering.verify import Check, recheck

CHANGES = list(made_changes(bare(ROOT / "corpus"), count=300, seed=19))


@cache
def verdicts(*, kept: bool) -> tuple[tuple[Made, Check], ...]:
    """Each change with what its citation comes to. To look a citation up anew takes a tenth of a second."""
    return tuple((made, verdict(made, kept=kept)) for made in CHANGES)


def verdict(made: Made, *, kept: bool) -> Check:
    return recheck(
        made.citation,
        documents={made.new.key: made.new},
        earlier=lambda key, sha256: made.old if kept and (key, sha256) == (made.old.key, made.old.sha256) else None,
    )


def told_wrongly(*, kept: bool) -> list[tuple[str, str, str]]:
    found = ((made.kind, check.state, made.citation["quote"]) for made, check in verdicts(kept=kept))
    return [(right, state, quote) for right, state, quote in found if right != state]


@pytest.mark.slow
def test_all_of_300_made_changes_are_told_where_the_older_text_is_kept() -> None:
    assert Counter(made.kind for made in CHANGES).most_common(1)[0][1] == 60
    assert told_wrongly(kept=True) == []


@pytest.mark.slow
def test_without_the_older_text_few_are_told_wrongly_and_each_says_that_it_is_not_proven() -> None:
    wrong = [row for row in told_wrongly(kept=False) if row[0] != "record altered"]
    assert len(wrong) <= 12, wrong
    assert not any(check.proven for made, check in verdicts(kept=False) if made.new.sha256 != made.old.sha256)


@pytest.mark.slow
@pytest.mark.parametrize("kept", [True, False])
def test_a_changed_citation_says_its_words_and_their_place(*, kept: bool) -> None:
    for _, check in verdicts(kept=kept):
        if check.state == "changed":
            assert check.found
            assert check.differences
            assert check.start is not None
