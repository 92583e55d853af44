"""Our questions in an index: their rows of vectors, the map that moves these, and the same for other languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from allchat.records import Question
from allchat.search.embedder import Embedder, Vectors
from allchat.search.index import MAP_FILE, QUESTIONS_FILE, VECTORS_FILE, WORDS_FILE, Index, file_name
from allchat.search.leads import LEADS_FILE, packed
from allchat.search.question_map import LEAST_QUESTIONS, Lesson, QuestionMap, lesson_key, train
from allchat.search.schema import Contents, Targets, lesson_rows, rows, write_words
from allchat.search.vectors import write_vectors


@dataclass(frozen=True, slots=True)
class Language:
    """Our questions in a language besides English, each with how it is read, and further files for that language."""

    code: str
    questions: tuple[Question, ...]
    finish: Callable[[Index], Mapping[str, bytes]] | None = None


def write_language(
    aside: Path,
    language: Language,
    contents: Contents,
    vectors: Vectors,
    settings: Mapping[str, Any],
    *,
    embedder: Embedder,
    before: Index | None,
) -> None:
    """The words, the questions' rows and the map for a language: the English questions, and after them its own.

    ``before`` is the index of that language in an earlier build.
    """
    whole = replace(contents, questions=(*contents.questions, *language.questions))
    texts, targets = rows(whole)
    vectors = np.vstack((vectors, embedder.encode(texts[len(vectors) :])))
    question_map = question_map_of(whole, texts, targets, vectors, before=before)
    write_words(aside / file_name(WORDS_FILE, language.code), whole, settings, language=language.code)
    (aside / file_name(LEADS_FILE, language.code)).write_bytes(packed(targets))
    _write_questions(aside, vectors, whole, question_map=question_map, language=language.code)


def question_map_of(
    contents: Contents, texts: Sequence[str], targets: Targets, vectors: Vectors, *, before: Index | None
) -> QuestionMap | None:
    """The map that our questions teach, or None where they are too few. The one of an index ``before`` in the same
    language stays where it was trained on the same, which is the case after every edit that moves no question and no
    sentence it leads to.
    """
    if len(contents.questions) < LEAST_QUESTIONS:
        return None
    lesson = lesson_of(texts, targets, vectors)
    key, kept = lesson_key(lesson), None if before is None else before.question_map
    return kept if kept is not None and kept.key == key else train(lesson, key=key)


def lesson_of(texts: Sequence[str], targets: Targets, vectors: Vectors) -> Lesson:
    """What rows teach. Blocks are numbered by where they first come in the lesson, not by where they stand in their
    source: a paragraph more before them teaches nothing else.
    """
    rows = lesson_rows(targets)
    blocks: dict[int, int] = {}
    asked: dict[str, int] = {}
    return Lesson(
        vectors[np.array([row for row, _, _ in rows])],
        np.array([blocks.setdefault(block, len(blocks)) for _, block, _ in rows]),
        np.array([asked.setdefault(texts[row], len(asked)) if asks else -1 for row, _, asks in rows]),
    )


def write_rows(aside: Path, vectors: Vectors, contents: Contents, *, question_map: QuestionMap | None) -> None:
    """The sources' rows in one file, the rows of our questions, which come last, in another, as the map moves them."""
    write_vectors(aside / VECTORS_FILE, vectors[: len(vectors) - len(contents.questions)])
    _write_questions(aside, vectors, contents, question_map=question_map, language="en")


def _write_questions(
    aside: Path, vectors: Vectors, contents: Contents, *, question_map: QuestionMap | None, language: str
) -> None:
    asked = vectors[len(vectors) - len(contents.questions) :]
    moved = asked if question_map is None else question_map.moved(asked)
    write_vectors(aside / file_name(QUESTIONS_FILE, language), moved)
    if question_map is not None:
        (aside / file_name(MAP_FILE, language)).write_bytes(question_map.packed())
