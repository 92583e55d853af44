"""The figures as lines to read and as plots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from allchat.benchmark.figures import Building, Figures, Memory, StaffForms
from allchat.errors import AllchatError

GOALS = {
    "answer / embedding the question": 1.3,
    "answer / sentence-transformers embedding": 0.6,
    "cold ask / cold sentence-transformers": 0.25,
    "serving memory, MB": 420,
    "search in a million, ms": 30,
}


def summary(figures: Figures) -> list[str]:
    """The figures as lines, each ratio with its goal."""
    one, cold, memory = figures.one_question, figures.cold_start, figures.serving.memory
    over, steady = one.answer_over, figures.steady_load
    ms = ", ".join(f"{name} {value} ms" for name, value in one.median_ms.items())
    seconds = f"{cold.ask_s} s and {cold.sentence_transformers_s} s"
    inside = f"where it has one wording {one.answer_over_embedding_where_one_wording}"
    lines = [
        f"one question: {ms}",
        f"answer over embedding the question: {over.embedding} (goal 1.3), {inside}",
        f"answer over embedding the question between answers: {over.between_answers}",
        f"answer over the embedding inside it: {over.inside}",
        f"answer over the arithmetic limit: {over.limit}",
        f"answer over sentence-transformers' embedding: {over.reference} (goal 0.6)",
        f"cold ask over cold sentence-transformers: {cold.ratio} (goal 0.25), {seconds}",
    ]
    lines += [
        f"{row.clients} clients: {row.answers_per_second} answers/s, median {row.median_ms} ms, "
        f"p95 {row.p95_ms} ms, statuses {row.statuses}"
        for row in figures.serving.throughput
    ]
    lines.append(f"memory after {memory.questions} questions: {memory.last_mb} MB (goal 420), {_slope(memory)}")
    if steady is not None:
        lines.append(
            f"{steady.clients} clients for {steady.seconds:g} s: {steady.answers_per_second} answers/s, statuses "
            f"{steady.statuses}, p95 {steady.p95_ms} ms (at most {steady.most_p95_ms}), "
            f"memory {steady.memory.first_mb} to {steady.memory.last_mb} MB, {_slope(steady.memory)}"
        )
    lines += [
        f"{row.vectors} vectors ({row.search}): {row.median_ms} ms, exact {row.exact_median_ms} ms, "
        f"recall@10 {row.recall_at_10}; with words and scores {row.whole_median_ms} ms, p95 "
        f"{row.whole_p95_ms} ms (words not seen before: {row.whole_first_median_ms} ms); {row.memory_mb} MB, "
        f"built in {row.build_s} s" + ("" if row.open_s is None else f", opened in {row.open_s} s")
        for row in figures.search_by_size
    ]
    return [*lines, *_form_lines(figures.staff_forms), *_building_lines(figures.building)]


def _slope(memory: Memory) -> str:
    return f"{memory.slope_mb_per_1000} +- {memory.slope_error} MB per 1,000 over the second half"


def _form_lines(forms: StaffForms | None) -> Iterator[str]:
    if forms is None:  # figures of earlier runs have them not
        return
    for path, row in forms.forms.items():
        spent = "" if row.processor_ms is None else f", {row.processor_ms} ms of processor"
        yield f"{path} at the worst: {row.ms} ms{spent} ({row.input}), {row.over_an_answer} answers"


def _building_lines(built: Building | None) -> Iterator[str]:
    if built is None:
        return
    yield (
        f"build: {built.seconds_per_1000_vectors} s per 1,000 vectors, {built.vectors} vectors for "
        f"{built.passages} passages"
    )
    if built.processor_s is not None:  # figures of earlier runs have it not
        yield (
            f"build from nothing: {built.processor_s} s of processor; after a change of one line: "
            f"{built.after_one_line_processor_s} s, {built.after_one_line}"
        )


def plot(figures: Figures, folder: Path) -> list[Path]:
    """Two pictures (SVG) of a run: search by size, and memory by questions. The same figures give the same bytes.

    Raises:
        AllchatError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
    except ModuleNotFoundError as error:
        raise AllchatError("plots need matplotlib. Install it: pip install matplotlib") from error
    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "allchat", "font.size": 9})
    folder.mkdir(parents=True, exist_ok=True)
    rows, samples = figures.search_by_size, figures.serving.memory.samples
    sizes = [row.vectors for row in rows]
    lines = {"exact": [row.exact_median_ms for row in rows], "chosen by size": [row.median_ms for row in rows]}
    asked = [number for number, _ in samples]
    return [
        _picture(folder / "search.svg", sizes, lines, "vectors", "ms for ten hits", log=True),
        _picture(folder / "memory.svg", asked, {"server": [mb for _, mb in samples]}, "questions", "resident MB"),
    ]


def _picture(
    path: Path, across: Sequence[float], lines: Mapping[str, Sequence[float]], x: str, y: str, *, log: bool = False
) -> Path:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    for name, values in lines.items():
        axes.plot(across, values, marker="o", markersize=3, label=name)
    axes.set(xlabel=x, ylabel=y)
    if log:
        axes.set(xscale="log", yscale="log")
    else:
        axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    figure.savefig(path, format="svg", metadata={"Date": None})
    return path
