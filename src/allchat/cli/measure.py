"""The commands that measure: eval, bench."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import click

from allchat.cli.group import cli, guarded, open_chat, settings_options, writing
from allchat.program import must_be_able_to_build
from allchat.search.sentence_transformer import load_embedder
from allchat.settings import Settings, load_settings
from allchat.shapes import unshaped


class _RunByDefault(click.Group):
    """A group whose command ``run`` is meant where no other is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts ``run`` in front of words that name no command."""
        asks_for_help = args and args[0] in ctx.help_option_names
        if not asks_for_help and (not args or args[0] not in self.commands):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@cli.group("eval", cls=_RunByDefault)
def eval_group() -> None:
    """Measure on suites of questions: "allchat eval" on ours, "allchat eval PATH" on others, "eval diff A B"."""


@eval_group.command("run")
@click.argument("path", type=click.Path(path_type=Path), default=Path("tests/suites"))
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for the reports; an interrupted run goes on there."
)
@click.option("--gate", is_flag=True, help="Exit with 1 where a figure is outside a gate of its suite.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Processes that ask at once.")
@settings_options
@guarded
def eval_command(
    path: Path,
    out: Path | None,
    workers: int,
    index: Path | None,
    corpus: Path | None,
    settings_file: Path | None,
    *,
    gate: bool,
) -> None:
    """Measure on the suites of PATH (ours by default), or on a folder in BEIR's layout.

    Prints a summary in Markdown; with --out also writes report.json, report.html and report.md there. The folder then
    holds the questions of the suites with their answers.
    """
    must_be_able_to_build("measuring")
    # Imported here: only this command measures.
    from allchat.evaluation import beir, report, run
    from allchat.evaluation.suites import read_suites

    settings, progress = load_settings(settings_file, index=index, corpus=corpus), sys.stderr.isatty()
    if beir.is_beir(path):
        found = beir.evaluate_beir(path, embedder=load_embedder(settings.model), out=out, progress=progress)
    else:
        suites = read_suites(path)
        found = run.evaluate(partial(open_chat, settings), suites, out=out, workers=workers, progress=progress)
    if out is not None:
        report.write_reports(found, out)
    click.echo(report.markdown(found))
    fallen = report.fallen_gates(found)
    for line in fallen:
        click.echo(f"allchat: {line}", err=True)
    if gate and fallen:
        sys.exit(1)


@eval_group.command("diff")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@guarded
def eval_diff(before: Path, after: Path) -> None:
    """What changed from one report.json (or its folder) to another, question by question, with a paired test."""
    must_be_able_to_build("comparing")
    from allchat.evaluation import report

    click.echo(report.difference(report.read_report(before), report.read_report(after)))


@cli.command("bench")
@click.option("--quick", is_flag=True, help="Little of everything, in a minute: to see that it runs.")
@click.option(
    "--size", "sizes", type=click.IntRange(1), multiple=True, help="Made vectors to search in; may be repeated."
)
@click.option("--questions", type=click.IntRange(1), default=400, show_default=True, help="Questions compared.")
@click.option("--asked", type=click.IntRange(1), default=10_000, show_default=True, help="Questions for memory.")
@click.option(
    "--soak", type=click.FloatRange(0), default=600.0, show_default=True, help="Seconds of 32 clients without a pause."
)
@click.option("--build/--no-build", "builds", default=True, help="Whether to time a build of the index, too.")
@click.option(
    "--peers", is_flag=True, help="Instead: an answer beside the search of other libraries (make peers installs them)."
)
@click.option("--out", type=click.Path(path_type=Path), help="File for the figures, as JSON.")
@click.option("--plots", type=click.Path(path_type=Path), help="Folder for plots (SVG; needs matplotlib).")
@settings_options
@guarded
def bench_command(
    *,
    quick: bool,
    sizes: tuple[int, ...],
    questions: int,
    asked: int,
    soak: float,
    builds: bool,
    peers: bool,
    out: Path | None,
    plots: Path | None,
    index: Path | None,
    corpus: Path | None,
    settings_file: Path | None,
) -> None:
    """Measure speed and memory, each figure beside what it is held against. A million vectors take minutes and 8 GB."""
    must_be_able_to_build("measuring")
    # Imported here: only this command measures.
    from allchat.benchmark import report
    from allchat.benchmark import run as bench

    settings = load_settings(settings_file, index=index, corpus=corpus)
    if peers:
        _bench_peers(settings, out)
        return
    usual = (100, 1000) if quick else (100, 1000, 10_000, 100_000, 1_000_000)
    figures = bench.run(
        index=settings.index,
        corpus=settings.corpus,
        model=settings.model,
        quick=quick,
        sizes=sizes or usual,
        questions=questions,
        asked=asked,
        soak=soak,
        builds=builds,
        say=lambda words: click.echo(words, err=True),
    )
    click.echo("\n".join(report.summary(figures)))
    _write(figures, out)
    if plots is not None:
        report.plot(figures, plots)


def _bench_peers(settings: Settings, out: Path | None) -> None:
    from allchat.benchmark.peers import peer_lines, peers
    from allchat.evaluation.suites import read_suite

    figures = peers(
        index=settings.index,
        corpus=settings.corpus,
        questions=[row.text for row in read_suite(Path("tests/suites/answers")).rows],
        say=lambda words: click.echo(words, err=True),
    )
    click.echo("\n".join(peer_lines(figures)))
    _write(figures, out)


def _write(figures: object, out: Path | None) -> None:
    if out is not None:
        with writing(out) as file:
            file.write(json.dumps(unshaped(figures), indent=1) + "\n")
