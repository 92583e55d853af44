"""The map of questions: it learns from our own, the same each time, and a source without questions never sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from places import SMALL
from word_hash import WordHash

from allchat.build import build
from allchat.errors import StoreError
from allchat.records import Question
from allchat.search import question_rows
from allchat.search.embedder import Vectors
from allchat.search.folder import open_index, previous_index, write_index
from allchat.search.index import MAP_FILE, Index
from allchat.search.question_map import (
    NOT_FOUND,
    RANK,
    TEMPERATURE,
    Lesson,
    QuestionMap,
    _gradients,
    _Heard,
    lesson_key,
    train,
    unpacked,
)
from allchat.search.retriever import Search
from allchat.search.schema import GRAINS, Contents, Targets
from allchat.sources.annotations import read_questions
from allchat.sources.corpus import read_corpus
from allchat.sources.outline import outline_document

SUBJECTS, EACH, WIDE = 20, 60, 32


def lesson(seed: int = 1) -> Lesson:
    """Made questions: what their block shares is a few of their directions, the others are noise."""
    random = np.random.default_rng(seed)
    blocks = np.repeat(np.arange(SUBJECTS), EACH)
    rows = 1.4 * random.standard_normal((len(blocks), WIDE))
    rows[:, :6] = np.random.default_rng(0).standard_normal((SUBJECTS, 6))[blocks] + 0.2 * rows[:, :6]
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return Lesson(vectors, blocks, np.arange(len(blocks)))


def right(asked: np.ndarray, ours: np.ndarray, blocks: np.ndarray) -> float:
    return float((blocks[np.argmax(asked @ ours.T, axis=1)] == blocks).mean())


def test_the_map_leads_questions_that_it_has_not_seen_to_their_block_more_often() -> None:
    known, strangers = lesson(), lesson(seed=2)
    made = train(known, key="k")
    before = right(strangers.vectors, known.vectors, known.blocks)
    after = right(made.moved(strangers.vectors), made.moved(known.vectors), known.blocks)
    assert after > before + 0.1


def loss(made: QuestionMap, taught: Lesson, batch: Sequence[int], away: np.ndarray) -> float:
    """The mean loss of some questions as the module tells it, in plain steps."""
    moved, losses = made.moved(taught.vectors).astype(np.float64), []
    for asked in batch:
        cosines = moved @ moved[asked]
        cosines[away | (taught.asks == taught.asks[asked])] = NOT_FOUND
        nearest = np.array([cosines[taught.blocks == block].max() for block in range(taught.blocks.max() + 1)])
        shares = np.exp(nearest / TEMPERATURE)
        own = np.unique(taught.blocks[taught.asks == taught.asks[asked]])
        losses.append(-np.log(shares[own].sum() / shares.sum()))
    return float(np.mean(losses))


def test_the_gradients_are_those_of_the_loss() -> None:
    random, taught = np.random.default_rng(5), lesson()
    taught = taught._replace(asks=np.where(np.arange(len(taught.asks)) % 9, taught.asks % 1100, -1))  # some ask twice
    values = [(0.1 * random.standard_normal(shape)).astype(np.float32) for shape in ((WIDE, RANK), (RANK, WIDE))]
    batch, away = random.permutation(np.flatnonzero(taught.asks >= 0))[:16], random.random(len(taught.asks)) < 0.3
    gradients = _gradients(values, _Heard(*taught), batch, away)
    for part, gradient in enumerate(gradients):
        length, losses = float(np.linalg.norm(gradient)), []
        for step in (1e-3, -1e-3):
            there = [value + step * gradient / length if at == part else value for at, value in enumerate(values)]
            losses.append(loss(QuestionMap("k", *there), taught, batch.tolist(), away))
        assert (losses[0] - losses[1]) / 2e-3 == pytest.approx(length, rel=0.02)


def test_the_same_lesson_gives_the_same_bytes_and_they_come_back(tmp_path: Path) -> None:
    one, other = (train(lesson(), key="k").packed() for _ in range(2))
    assert one == other
    (tmp_path / "map").write_bytes(one)
    assert unpacked(tmp_path / "map").packed() == one
    assert train(lesson(seed=2), key="k").packed() != one


def test_the_same_words_stay_at_cosine_one_and_a_row_is_moved_alone_as_among_others() -> None:
    made, vectors = train(lesson(), key="k"), lesson(seed=2).vectors
    moved = made.moved(vectors)
    assert np.linalg.norm(moved, axis=1) == pytest.approx(1.0, abs=1e-6)
    assert np.array_equal(made.moved(vectors[3:4])[0], moved[3])


def test_the_key_counts_blocks_by_their_first_question_and_not_by_their_place() -> None:
    texts = ["It is a cancer.", "what is it", "why me"]
    sentence, question = GRAINS.index("sentence"), GRAINS.index("question")
    targets = [(0, sentence, 4, 0), (1, question, 4, 0), (2, question, 9, -1)]
    vectors = WordHash().encode(texts)

    def key(texts: list[str], targets: Targets, vectors: Vectors) -> str:
        return lesson_key(question_rows.lesson_of(texts, targets, vectors))

    same = key(texts, targets, vectors)
    assert key(texts, [(row, grain, block + 7, at) for row, grain, block, at in targets], vectors) == same
    others = [
        key(texts, targets[:2], vectors),
        key(texts, [*targets[:2], (2, question, 4, -1)], vectors),
        key(["", "why me", "why me"], targets, vectors),
        key(texts, targets, WordHash().encode(["It is none.", *texts[1:]])),
    ]
    assert len({same, *others}) == 5


def test_a_damaged_map_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "map"
    for content in (b"", b"garbage", train(lesson(), key="k").packed()[:-9]):
        path.write_bytes(content)
        with pytest.raises(StoreError, match="Run: allchat build --force"):
            unpacked(path)


# In an index


@pytest.fixture
def learning(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Few questions teach, too; gives the key of each lesson that is held."""
    held: list[str] = []

    def train_and_count(taught: Lesson, *, key: str):  # type: ignore[no-untyped-def]
        held.append(key)
        return train(taught, key=key)

    monkeypatch.setattr(question_rows, "LEAST_QUESTIONS", 1)
    monkeypatch.setattr(question_rows, "train", train_and_count)
    return held


def written(place: Path, contents: Contents) -> Index:
    before = previous_index(place)
    write_index(contents, folder=place, embedder=WordHash(), inputs={}, settings={}, previous=before)
    return open_index(place)


def contents() -> Contents:
    documents = read_corpus(SMALL)
    outlines = tuple(outline_document(document) for document in documents)
    return Contents(documents, outlines, (), read_questions(SMALL, documents=documents, outlines=outlines))


def test_an_index_with_few_questions_or_none_has_no_map(small_index: Path, tmp_path: Path) -> None:
    assert open_index(small_index).question_map is None
    assert written(tmp_path, replace(contents(), questions=())).question_map is None


def test_a_map_is_kept_until_a_question_or_what_it_leads_to_changes(tmp_path: Path, learning: list[str]) -> None:
    whole = contents()
    first = written(tmp_path, whole)
    assert first.question_map is not None
    again = written(tmp_path, replace(whole, documents=tuple(replace(d, title="New") for d in whole.documents)))
    assert again.question_map is not None
    assert (len(learning), again.question_map.packed()) == (1, first.question_map.packed())
    more = replace(whole, questions=(*whole.questions, Question(whole.questions[0].block, None, "is it catching")))
    written(tmp_path, more)
    assert len(set(learning)) == 2


def test_two_builds_in_two_places_have_the_same_map(tmp_path: Path, learning: list[str]) -> None:
    one, other = (build(SMALL, index=tmp_path / name, embedder=WordHash()) for name in ("one", "other"))
    maps = [next(place.rglob(MAP_FILE)).read_bytes() for place in (one, other)]
    assert maps[0] == maps[1]
    assert len(learning) == 2


def test_a_question_of_ours_is_found_at_cosine_one_and_the_sources_rows_are_not_moved(
    tmp_path: Path, small_index: Path, learning: list[str]
) -> None:
    mapped, plain = Search(written(tmp_path, contents()), embedder=WordHash()), open_index(small_index)
    assert learning
    for _, _, text in plain.questions()[:5]:
        vectors = mapped.encode([text])
        assert mapped.find([text], vectors=vectors, limit=3).best["question"] == pytest.approx(1.0, abs=1e-5)
    for grain in ("sentence", "block", "heading"):
        found = mapped.find(["hair grows back"], vectors=mapped.encode(["hair grows back"]), limit=1).best[grain]
        raw = Search(plain, embedder=WordHash()).find(
            ["hair grows back"], vectors=mapped.encode(["hair grows back"]), limit=1
        )
        assert found == raw.best[grain]


# A source without questions


def test_near_misses_that_a_source_without_questions_answers_are_told_and_do_not_count(
    corpus: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    (corpus / "calibration.toml").write_text(
        'answerable = ["what is on the list", "hair", "lists of signs"]\n'
        'near = ["Hair usually grows back after treatment ends.", "quarks", "gluons"]\nfar = ["football", "cricket"]\n'
    )
    build(corpus, index=tmp_path / "index", embedder=WordHash(), say=told.append)
    assert [line.strip() for line in told[1:-1]] == ["Hair usually grows back after treatment ends."]
    assert "near misses that a source now answers" in told[0]
