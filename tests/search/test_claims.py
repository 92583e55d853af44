"""Who leads where a source with questions of ours and a newcomer both come near."""

from __future__ import annotations

import numpy as np
import pytest

from allchat.search.claims import ASKED_ALONE, BESIDE, copies, covered, led, meant, succeeded
from allchat.search.reached import reached
from allchat.search.retriever import PARTS
from allchat.search.store import Near, Postings

OURS, THEIRS = np.array([True, False]), np.array([False, False])


def parts(*rows: dict[str, float]) -> np.ndarray:
    return np.array([[row.get(part, 0.0) for part in PARTS] for row in rows])


OUR_TEXT = {"question": 0.75, "sentence": 0.6}


@pytest.mark.parametrize(
    ("near", "holds", "leads"),
    [
        (0.8, (0.2, 1.0), True),  # it holds what we do not
        (0.8, (1.0, 0.6), False),  # near, but the question's words are ours
        (0.7, (0.9, 0.9), False),  # what it says is not nearer, and its words are no more
        (0.4, (0.4, 1.0), False),  # its words, and not what was asked
    ],
)
def test_a_newcomer_leads_where_it_is_nearer_and_holds_the_questions_words(
    near: float, holds: tuple[float, float], leads: bool
) -> None:
    score = led(np.array([0.7, 0.85]), parts(OUR_TEXT, {"sentence": near}), np.array(holds), asked=OURS, less=THEIRS)
    assert bool(score[1] > score[0]) is leads
    assert score[0] == 0.7
    if not leads:
        assert score[1] == pytest.approx(BESIDE * 0.7)


def test_newcomers_that_give_way_keep_their_order_and_none_is_raised() -> None:
    of = {"asked": np.array([True, False, False]), "less": np.zeros(3, dtype=bool)}
    text = parts(OUR_TEXT, {"sentence": 0.6}, {"sentence": 0.6})
    score = led(np.array([0.9, 0.5, 0.3]), text, np.array([1.0, 0.5, 0.5]), **of)
    assert score.tolist() == [0.9, 0.5, 0.3]
    score = led(np.array([0.4, 0.8, 0.6]), text, np.array([1.0, 0.5, 0.5]), **of)
    assert score[0] > score[1] > score[2] > 0


def test_another_copy_of_ours_must_be_clearly_the_better_one() -> None:
    text, holds = parts(OUR_TEXT, {"sentence": 0.8}), np.array([0.5, 0.5])
    score = np.array([0.7, 0.85])
    assert led(score, text, holds, asked=OURS, less=THEIRS).argmax() == 1
    assert led(score, text, holds, asked=OURS, less=~OURS).argmax() == 0


def test_another_edition_of_ours_is_a_copy() -> None:
    asked = np.array([False, True, False, False])
    assert copies([("new", "old"), ("ward", "hall")], ["new", "old", "ward", "hall"], asked).tolist() == [
        True, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize("asked", [THEIRS, ~THEIRS])
def test_among_sources_of_one_kind_nothing_gives_way(asked: np.ndarray) -> None:
    score = np.array([0.2, 0.9])
    assert led(score, parts(OUR_TEXT, OUR_TEXT), np.ones(2), asked=asked, less=THEIRS).tolist() == score.tolist()


def test_a_rare_word_covers_more_of_a_question_and_the_best_wording_counts() -> None:
    def word(count: int, *blocks: int) -> Postings:
        return Postings(count, np.array(blocks, dtype=np.intp), np.ones((len(blocks), 2)))

    rare, common = word(1, 0), word(90, 0, 1)
    near = Near(np.ones(3), np.zeros(3, dtype=np.intp), np.array([0, 1, 2]), np.zeros(3, dtype=np.intp))

    def covers(*said: list[Postings]) -> np.ndarray:
        return covered(reached(near, said, block_count=100), block_count=100)

    found = covers([rare, common])
    assert found[0] == pytest.approx(1.0)
    assert 0 < found[1] < 0.1
    assert found[2] == 0
    assert covers([rare, common], [common])[1] == pytest.approx(1.0)
    assert covers([]).tolist() == [0.0, 0.0, 0.0]


def test_a_word_that_only_a_question_of_ours_has_counts_for_less() -> None:
    said = Postings(1, np.array([0, 1], dtype=np.intp), np.array([[2.0, 0.0], [0.0, 2.0]]))
    near = Near(np.ones(1), np.zeros(1, dtype=np.intp), np.array([0]), np.zeros(1, dtype=np.intp))
    assert covered(reached(near, [[said]], block_count=9), block_count=9).tolist() == [1.0, ASKED_ALONE]


def test_what_is_not_near_counts_for_less() -> None:
    assert meant(parts(OUR_TEXT, {"sentence": 0.25}), OURS).tolist() == [1.0, 0.5]


def test_what_replaces_a_block_counts_no_less_where_both_are_reached() -> None:
    successors = np.array([[1, 7], [3, 9], [5, 4]])
    score, replaced = succeeded(np.array([0.5, 0.2, 0.9, 0.1, 0.3]), np.array([1, 4, 5, 7, 9]), successors)
    assert score.tolist() == [0.5, 0.9, 0.9, 0.5, 0.3]
    assert replaced.tolist() == [True, False, True, False, False]
    none, nobody = succeeded(np.array([0.5]), np.array([1]), np.zeros((0, 2), dtype=np.intp))
    assert (none.tolist(), nobody.tolist()) == ([0.5], [False])
