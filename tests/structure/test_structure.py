"""The readers find the structure of small files with every trap; and the measure sees it where they do not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_traps import TRAPS, WEB, WEB_TRUTH
from measure import Counts, Line, measured, truth_of

from allchat.sources.readers.convert import convert
from allchat.sources.readers.pieces import Piece


@pytest.fixture(scope="module")
def figures() -> dict[str, float]:
    found = (measured(convert(made, name=name).read.pieces, truth_of(truth)) for name, made, truth in TRAPS)
    return sum(found, Counts()).shares()


def test_headings_lists_and_tables_are_found_and_furniture_is_not_kept(figures: dict[str, float]) -> None:
    assert figures["headings found"] >= 0.9
    assert figures["headings false"] <= 0.1
    assert figures["items with lead"] >= 0.9
    assert figures["rows with header"] >= 0.95
    assert figures["furniture left in"] <= 0.02


def test_no_body_sentence_is_lost(figures: dict[str, float]) -> None:
    assert figures["sentences lost"] == 0


def test_the_measure_sees_every_fault() -> None:
    truth, pieces = truth_of(WEB_TRUTH), convert(WEB, name="web.html").read.pieces
    whole = measured(pieces, truth)

    def without(kind: str) -> Counts:
        place = next(number for number, piece in enumerate(pieces) if piece.kind == kind)
        return measured((*pieces[:place], *pieces[place + 1 :]), truth)

    assert without("heading").headings_found == whole.headings_found - 1
    assert without("text").sentences_lost == whole.sentences_lost + 2
    assert without("item").items_led == whole.items_led - 1
    flat = measured([replace(piece, kind="heading") for piece in pieces], truth)
    assert (flat.items_led, flat.rows_found) == (0, 0)
    assert flat.headings_false == len(pieces) - whole.headings
    menu = measured((*pieces, Piece("text", "Our wards")), truth)
    assert menu.words_left_in == 2
    led = [Piece("text", "Elsewhere:") if piece.text == "Always wash them:" else piece for piece in pieces]
    assert measured(led, truth).items_led == 0


def test_a_truth_kept_as_hashes_holds_no_words() -> None:
    assert all(isinstance(line, Line) for line in truth_of(WEB_TRUTH))
    assert not any(word in repr(truth_of(WEB_TRUTH)) for word in ("germs", "nurse", "hands"))
