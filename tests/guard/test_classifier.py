"""The classifier: its terms, its training, its file, and what it makes of words it has never seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import allchat.guard
from allchat.guard.classifier import CLASSES, MODEL_FILE, STEPS, Classifier, Scores, packaged_classifier, terms
from allchat.guard.guard import Guard
from allchat.guard.train import LEAST_MESSAGES, train, training_examples, training_key
from allchat.search.model_files import PACKAGED_MODEL, fingerprint

GUARD = Guard.load()
TEXTS = {
    "information": ["what is remission", "how does chemo work", "what is a port", "why do children lose hair"],
    "advice": ["should we skip the pill", "can he eat sushi", "should she go to school", "may we skip school"],
    "emergency": ["he can not breathe", "she is not breathing well", "he can not wake up", "she will not wake up"],
    "crisis": ["I want to die", "he wants to die", "I do not want to live", "she does not want to live"],
    "support": ["I am so tired", "so tired and sad", "I am sad today", "a sad and tired mother"],
}
ROWS = [(text, says) for says, texts in TEXTS.items() for text in texts]


def trained(rows: list[tuple[str, str]] = ROWS, pieces: list[NDArray[np.float32]] | None = None) -> Classifier:
    """A classifier of ``rows``, by default with pieces that say nothing, so that words must."""
    messages = [GUARD.read(text) for text, _ in rows]
    return train(messages, pieces or [NOTHING] * len(rows), [says for _, says in rows], temperature=1.0)


NOTHING = np.zeros((3, 8), dtype=np.float32)


CLASSIFIER = trained()


def likeliest(scores: Scores) -> str:
    return CLASSES[int(np.argmax(scores))]


@pytest.mark.parametrize("pieces", [NOTHING, None], ids=["with pieces", "by words"])
@pytest.mark.parametrize(("text", "says"), ROWS)
def test_what_was_learnt_is_known(text: str, says: str, pieces: NDArray[np.float32] | None) -> None:
    assert likeliest(CLASSIFIER.scores(GUARD.read(text), pieces)) == says


@pytest.mark.parametrize(
    ("text", "says"),
    [("what is induction", "information"), ("should he skip it", "advice"), ("she can not breathe", "emergency")],
)
def test_new_words_are_judged_by_those_that_were_learnt(text: str, says: str) -> None:
    assert likeliest(CLASSIFIER.scores(GUARD.read(text), NOTHING)) == says


@pytest.mark.parametrize("pieces", [NOTHING, None], ids=["with pieces", "by words"])
@pytest.mark.parametrize("text", ["", "xyzzy", "what is remission", "should he? he can not breathe"])
def test_scores_are_probabilities(text: str, pieces: NDArray[np.float32] | None) -> None:
    scores = CLASSIFIER.scores(GUARD.read(text), pieces)
    assert sum(scores) == pytest.approx(1)
    assert all(0 <= score <= 1 for score in scores)


@pytest.mark.parametrize("beside", [0, 12], ids=["alone", "beside many that say nothing"])
def test_one_piece_counts_whatever_stands_beside_it(beside: int) -> None:
    rows = [("hello there", says) for says in CLASSES] * 60
    axes = np.eye(len(CLASSES), 8, dtype=np.float32)
    messages = [np.vstack([axis, np.zeros((beside, 8), dtype=np.float32)]) for axis in axes]
    classifier = trained(rows, messages * 60)
    message = GUARD.read("hello there")
    assert [likeliest(classifier.scores(message, pieces)) for pieces in messages] == list(CLASSES)


def test_each_class_counts_as_much_however_many_messages_it_has() -> None:
    """Without a word that speaks for a class, a class of which there are ten times more is no likelier."""
    rows = [("hello", "information")] * 40 + [("hello", says) for says in CLASSES[1:] for _ in range(4)]
    assert trained(rows).scores(GUARD.read("hello"), NOTHING) == pytest.approx(
        (1 / len(CLASSES),) * len(CLASSES), abs=0.1
    )


def test_a_class_without_a_message_is_never_likely() -> None:
    scores = trained([row for row in ROWS if row[1] != "crisis"]).scores(GUARD.read("I want to die"), NOTHING)
    assert scores.crisis < 1e-9


def test_training_twice_gives_the_same_bytes() -> None:
    assert trained().to_bytes() == CLASSIFIER.to_bytes()


def test_the_file_gives_the_same_scores_to_half_a_step_of_each_weight() -> None:
    again = Classifier.from_bytes(CLASSIFIER.to_bytes())
    message = GUARD.read("should he skip the pill, he can not breathe")
    assert (again.key, again.model, list(again.terms)) == (CLASSIFIER.key, CLASSIFIER.model, list(CLASSIFIER.terms))
    half_a_step = np.abs(CLASSIFIER.words.terms).max(axis=0) / STEPS / 2
    assert (np.abs(again.words.terms - CLASSIFIER.words.terms) <= half_a_step + 1e-6).all()
    assert again.scores(message, NOTHING) == pytest.approx(CLASSIFIER.scores(message, NOTHING), abs=0.01)


def test_the_words_that_tell_are_named_the_strongest_first() -> None:
    message = GUARD.read("should we skip the sushi")
    telling = CLASSIFIER.telling(message, kind="refusal", most=3)
    assert len(telling) == 3
    assert any("skip" in words or "should" in words for words in telling)
    assert CLASSIFIER.telling(GUARD.read("xyzzy"), kind="refusal") == ()
    assert CLASSIFIER.telling(message, kind="chat") == ()


def test_the_terms_of_a_message_are_rows_of_words_and_parts_of_words_each_once() -> None:
    found = terms(GUARD.read("Is it hot? Is it 39.5 C?"))
    assert {"w:is it hot", "w:^ is it", "w:it <fever-temperature>"} <= set(found["words"])
    assert {"p: h", "p: hot ", "p:ho"} <= set(found["parts"])
    assert all(list(view) == sorted(set(view)) for view in found.values())


def test_a_term_seen_once_is_not_learnt() -> None:
    views = [view for text, _ in ROWS for view in terms(GUARD.read(text)).values()]
    counted = {term: sum(term in view for view in views) for view in views for term in view}
    assert set(CLASSIFIER.terms) == {term for term, count in counted.items() if count >= LEAST_MESSAGES}


def test_the_file_that_comes_with_allchat_is_of_todays_rules_messages_and_model() -> None:
    """Where this fails: make guard."""
    model = fingerprint(PACKAGED_MODEL)
    assert (packaged_classifier().key, packaged_classifier().model) == (training_key(model), model)
    assert (Path(allchat.guard.__path__[0]) / MODEL_FILE).stat().st_size < 4_000_000


@pytest.mark.slow
@pytest.mark.soak
def test_the_file_that_comes_with_allchat_is_what_the_command_makes() -> None:
    """Trained anew, it gives the same probabilities within 0.03: processors round sums in other ways.

    Minutes of processor, so in make soak: the test above holds the file to today's inputs.
    """
    from allchat.cli.guard import trained as trained_anew
    from allchat.search.sentence_transformer import reader_of

    anew, shipped = trained_anew(), packaged_classifier()
    assert list(anew.terms) == list(shipped.terms)
    texts = [example.text for example in training_examples()[::60]]
    for text, pieces in zip(texts, reader_of().read_pieces(texts).pieces, strict=True):
        message = GUARD.read(text)
        assert anew.scores(message, pieces) == pytest.approx(shipped.scores(message, pieces), abs=0.03)
        assert anew.scores(message, None) == pytest.approx(shipped.scores(message, None), abs=0.03)
