"""Bench: what its arithmetic gives on made figures, that the command measures the real thing, and that the document
says what its file of figures says.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from places import ROOT

from allchat.benchmark import load, report, scale, timing
from allchat.benchmark.figures import Figures, PeerFigures
from allchat.chat import Chat
from allchat.cli.main import cli
from allchat.shapes import shaped, unshaped

FIGURES = ROOT / "docs" / "performance" / "figures.json"


def test_made_vectors_are_of_length_one_lie_in_clusters_and_are_the_same_each_time() -> None:
    real = np.linalg.qr(np.random.default_rng(3).standard_normal((24, 24)))[0].astype(np.float32)
    made = scale.made_vectors(real, count=2000)
    assert made.shape == (2000, 24)
    assert np.allclose(np.linalg.norm(made, axis=1), 1.0, atol=1e-5)
    assert np.array_equal(made, scale.made_vectors(real, count=2000))
    assert not np.array_equal(made, scale.made_vectors(real, count=2000, seed=1))
    loose = np.random.default_rng(4).standard_normal(made.shape)
    loose /= np.linalg.norm(loose, axis=1, keepdims=True)
    assert tenth_nearest(made) > tenth_nearest(loose) + 0.1


def test_made_texts_are_blocks_of_the_words_of_families_and_of_rare_ones() -> None:
    questions = ["what is a lumbar puncture", "does a lumbar puncture hurt"]
    made = scale.made_contents(questions, count=1200)
    assert made == scale.made_contents(questions, count=1200)
    assert [len(outline.blocks) for outline in made.outlines] == [500, 500, 200]
    cuts = [
        document.text[block.start : block.end].split()
        for document, outline in zip(made.documents, made.outlines, strict=True)
        for block in outline.blocks
    ]
    assert {len(words) for words in cuts} == {scale.BLOCK_WORDS}
    said = {word for words in cuts for word in words}
    assert {word for word in said if not word.startswith("rare")} == {"lumbar", "puncture", "hurt"}
    assert len(said) > 100


def test_under_load_the_time_ends_the_questions_and_some_are_counted() -> None:
    seen: list[int] = []
    taken = load._numbers(30, every=10, see=seen.append)
    assert [next(taken) for _ in range(25)] == list(range(25))
    assert seen == [9, 19]
    assert list(load._numbers(0, every=1, see=seen.append)) == []


def test_a_real_server_is_put_under_load_and_watched(built_index: Path) -> None:
    figures = load.steady_load(
        index=built_index,
        corpus=ROOT / "corpus",
        questions=["what is a lumbar puncture", "what is remission", "should I stop his pills"],
        clients=4,
        seconds=2,
        single_ms=10,
    )
    assert figures.statuses == {"200": figures.questions}
    assert figures.questions > 10
    assert figures.most_p95_ms == round(50 * 4 / len(os.sched_getaffinity(0)), 1)
    assert figures.memory.questions == figures.questions
    assert 100 < figures.memory.last_mb < 1000


def tenth_nearest(rows: np.ndarray[tuple[int, ...], np.dtype[np.floating]]) -> float:
    return float(np.sort(rows @ rows.T, axis=1)[:, -11].mean())


def test_growth_is_the_slope_of_the_second_half() -> None:
    steep_then_flat = [(asked, min(300.0, 100 + asked / 10)) for asked in range(100, 4100, 100)]
    flat = load._growth(steep_then_flat)
    assert (flat.first_mb, flat.last_mb, flat.questions) == (110.0, 300.0, 4000)
    assert flat.slope_mb_per_1000 == pytest.approx(0, abs=1e-6)
    leaking = load._growth([(asked, 100 + asked / 100) for asked in range(100, 4100, 100)])
    assert leaking.slope_mb_per_1000 == pytest.approx(10, abs=1e-3)
    assert load._growth([(1, 50.0)]).slope_mb_per_1000 == 0


def test_the_questions_of_a_run_are_spread_over_the_index(small_chat: Chat) -> None:
    asked = [text for _, _, text in small_chat.index.questions()]
    assert timing.questions_of(small_chat, most=3) == timing.questions_of(small_chat, most=3)
    assert len(timing.questions_of(small_chat, most=3)) == 3
    assert set(timing.questions_of(small_chat, most=10_000)) == set(asked)


def test_the_resident_memory_is_that_of_the_process() -> None:
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert 10 < timing.resident_mb(os.getpid()) <= most + 1


@pytest.mark.slow
def test_the_command_measures_prints_every_ratio_and_writes_what_it_printed(built_index: Path, tmp_path: Path) -> None:
    out, plots = tmp_path / "figures.json", tmp_path / "plots"
    where = [f"--index={built_index}", f"--corpus={ROOT / 'corpus'}"]
    result = CliRunner().invoke(cli, ["bench", "--quick", "--size=300", f"--out={out}", f"--plots={plots}", *where])
    assert result.exit_code == 0, result.output
    figures = shaped(json.loads(out.read_text()), Figures)
    assert result.stdout.splitlines() == report.summary(figures)
    assert figures.one_question.answer_over.embedding > 1
    assert figures.one_question.median_ms["arithmetic limit"] > 0
    assert 0 < figures.cold_start.ratio < 1
    assert [row.clients for row in figures.serving.throughput] == [1, 8]
    assert all(sum(row.statuses.values()) == row.questions for row in figures.serving.throughput)
    assert figures.serving.memory.questions == 100
    (row,) = figures.search_by_size
    assert (row.vectors, row.recall_at_10) == (300, 1.0)
    assert 0 < row.whole_median_ms <= row.whole_p95_ms
    assert figures.one_question.answer_over.between_answers > 1
    assert sorted(path.name for path in plots.iterdir()) == ["memory.svg", "search.svg"]


def test_the_document_says_what_its_file_of_figures_says() -> None:
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    shown = text.split("<!-- figures -->\n```text\n")[1].split("\n```\n<!-- /figures -->")[0]
    assert shown.splitlines() == report.summary(shaped(json.loads(FIGURES.read_text(encoding="utf-8")), Figures))


@pytest.mark.parametrize(("name", "shape"), [("figures", Figures), ("peers", PeerFigures)])
def test_figures_that_are_read_are_written_byte_for_byte_as_they_were(name: str, shape: type) -> None:
    written = FIGURES.with_stem(name).read_text(encoding="utf-8")
    assert json.dumps(unshaped(shaped(json.loads(written), shape)), indent=1) + "\n" == written
