"""Editions: sources that are one publication at two dates, and what stands for what in the later one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from outlines import document

from allchat.records import Document
from allchat.sources.editions import COMMON, FEWEST_SENTENCES, editions, successors
from allchat.sources.outline import outline_document
from allchat.sources.text import clean

SHARED = "".join(f"Sentence {n} of the leaflet stands in both of its editions.\n\n" for n in range(FEWEST_SENTENCES))
BEFORE = f"Visits\n\nVisitors may come from two until four in the afternoon.\n\n{SHARED}"
AFTER = f"Who may come\n\n{SHARED}When to come\n\nVisitors may come from three until five in the afternoon.\n"


def source(key: str, text: str, revised: str | None) -> Document:
    return replace(document(text), key=key, revised=revised)


def words_for(before: Document, after: Document) -> dict[str, str]:
    """What stands for each block, in words, of sources in the order of their keys."""
    documents = sorted((before, after), key=lambda found: found.key)
    outlines = [outline_document(found) for found in documents]
    texts = {found.key: found.text for found in documents}
    words = [clean(texts[b.document][b.start : b.end]) for outline in outlines for b in outline.blocks]
    found = successors(documents, outlines, editions(documents, outlines))
    return {words[old]: words[new] for old, new in found.items()}


@pytest.mark.parametrize("keys", [("a", "b"), ("b", "a")])
def test_a_block_of_the_later_edition_stands_for_the_one_before_whatever_the_titles_and_the_order(
    keys: tuple[str, str],
) -> None:
    found = words_for(source(keys[0], BEFORE, "2020-01-01"), source(keys[1], AFTER, "2024-01-01"))
    assert found["Visitors may come from two until four in the afternoon."].endswith(
        "from three until five in the afternoon."
    )
    assert set(found) - {"Visits"} == set(map(str.strip, BEFORE.split("\n\n"))) - {"Visits", ""}


@pytest.mark.parametrize("dates", [(None, "2024-01-01"), ("2024-01-01", None), ("2024-01-01", "2024-01-01")])
def test_without_two_dates_nothing_stands_for_anything(dates: tuple[str | None, str | None]) -> None:
    assert words_for(source("a", BEFORE, dates[0]), source("b", AFTER, dates[1])) == {}


def test_what_went_out_has_nothing_that_stands_for_it() -> None:
    gone = "Bring your own slippers and a dressing gown for the night."
    found = words_for(source("a", f"{gone}\n\n{SHARED}", "2020-01-01"), source("b", SHARED, "2024-01-01"))
    assert gone not in found
    assert len(found) == FEWEST_SENTENCES


def pairs(*texts: str) -> list[tuple[int, int]]:
    documents = [source(str(number), text, f"20{20 + number}-01-01") for number, text in enumerate(texts)]
    return editions(documents, [outline_document(found) for found in documents])


def test_a_few_sentences_in_common_make_no_edition() -> None:
    few = SHARED[: SHARED.index("Sentence 2")]
    own = "".join(f"Only here is it said that ward number {n} has a kitchen.\n\n" for n in range(9))
    assert pairs(SHARED, few + own) == []
    assert pairs(SHARED, SHARED + own) == [(0, 1)]
    assert pairs(SHARED, SHARED + 9 * own.replace("ward", "the old ward")) == [(0, 1)]


def test_a_publishers_set_phrases_make_no_editions() -> None:
    own = [f"Leaflet {n} has this one sentence that is its own.\n\n" for n in range(COMMON + 1)]
    assert pairs(*(SHARED + each for each in own)) == []
    assert len(pairs(*(SHARED + each for each in own[:3]))) == 3
