"""The classifier: its terms, its training, its file, and what it makes of words it has never seen."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from allchat.guard.classifier import KINDS, LEAST_MESSAGES, Classifier, terms, train
from allchat.guard.guard import Guard

GUARD = Guard.load()
TEXTS = {
    None: ["what is remission", "how does chemo work", "what is a port", "why do children lose hair"],
    "refusal": ["should we skip the pill", "can he eat sushi", "should she go to school", "may we skip school"],
    "urgent": ["he can not breathe", "she is not breathing well", "he can not wake up", "she will not wake up"],
}
ROWS = [(text, kind) for kind, texts in TEXTS.items() for text in texts]


def vectors(rows: list[tuple[str, str | None]]) -> NDArray[np.float32]:
    """Embeddings that say nothing, so that words must."""
    return np.zeros((len(rows), 8), dtype=np.float32)


def trained(rows: list[tuple[str, str | None]] = ROWS) -> Classifier:
    return train([GUARD.read(text) for text, _ in rows], vectors(rows), [kind for _, kind in rows])


CLASSIFIER = trained()
NOTHING = np.zeros(8, dtype=np.float32)


def likeliest(text: str) -> str | None:
    return KINDS[int(np.argmax(CLASSIFIER.scores(GUARD.read(text), NOTHING)))]


@pytest.mark.parametrize(("text", "kind"), ROWS)
def test_what_was_learnt_is_known(text: str, kind: str | None) -> None:
    assert likeliest(text) == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [("what is induction", None), ("should he skip it", "refusal"), ("she can not breathe", "urgent")],
)
def test_new_words_are_judged_by_those_that_were_learnt(text: str, kind: str | None) -> None:
    assert likeliest(text) == kind


@pytest.mark.parametrize("text", ["", "xyzzy", "what is remission", "should he? he can not breathe"])
def test_scores_are_probabilities(text: str) -> None:
    scores = CLASSIFIER.scores(GUARD.read(text), NOTHING)
    assert sum(scores) == pytest.approx(1)
    assert all(0 <= score <= 1 for score in scores)


def test_an_embedding_counts() -> None:
    rows = [("hello there", None), ("hello there", "refusal"), ("hello there", "urgent")] * 3
    axes = np.eye(3, 8, dtype=np.float32)[[0, 1, 2] * 3]
    classifier = train([GUARD.read(text) for text, _ in rows], axes, [kind for _, kind in rows])
    message = GUARD.read("hello there")
    assert [int(np.argmax(classifier.scores(message, axis))) for axis in axes[:3]] == [0, 1, 2]


def test_each_kind_counts_as_much_however_many_messages_it_has() -> None:
    """Without a word that speaks for a kind, a kind of which there are ten times more is no likelier."""
    rows = [("hello", None)] * 40 + [("hello", "refusal")] * 4 + [("hello", "urgent")] * 4
    assert trained(rows).scores(GUARD.read("hello"), NOTHING) == pytest.approx((1 / 3, 1 / 3, 1 / 3), abs=0.01)


def test_training_twice_gives_the_same_bytes_and_the_file_gives_the_same_scores() -> None:
    again = Classifier.from_json(CLASSIFIER.to_json())
    assert trained().to_json() == CLASSIFIER.to_json() == again.to_json()
    message = GUARD.read("should he skip the pill, he can not breathe")
    assert again.scores(message, NOTHING) == CLASSIFIER.scores(message, NOTHING)


def test_the_words_that_tell_are_named_the_strongest_first() -> None:
    message = GUARD.read("should we skip the sushi")
    telling = CLASSIFIER.telling(message, kind="refusal", most=3)
    assert len(telling) == 3
    assert any("skip" in words or "should" in words for words in telling)
    assert CLASSIFIER.telling(GUARD.read("xyzzy"), kind="refusal") == ()


def test_the_terms_of_a_message_are_rows_of_words_parts_of_words_and_lists_each_once() -> None:
    found = terms(GUARD.read("Is it hot? Is it 39.5 C?"))
    assert {"w:is it hot", "w:^ is it", "w:it <fever-temperature>"} <= set(found["words"])
    assert {"p: h", "p: hot ", "p:ho"} <= set(found["parts"])
    assert "l:@question-start" in found["lists"]
    assert all(list(view) == sorted(set(view)) for view in found.values())


def test_a_term_seen_once_is_not_learnt() -> None:
    counted = {term: 0 for text, _ in ROWS for view in terms(GUARD.read(text)).values() for term in view}
    for text, _ in ROWS:
        for view in terms(GUARD.read(text)).values():
            for term in view:
                counted[term] += 1
    assert set(CLASSIFIER.terms) == {term for term, count in counted.items() if count >= LEAST_MESSAGES}
