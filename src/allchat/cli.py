"""The command line: build, ask, batch, serve, verify, corpus. A thin door: reads settings, calls chat, prints."""

from __future__ import annotations

import json
import socket
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial, wraps
from pathlib import Path
from typing import Any, ParamSpec, TextIO, TypeVar

import click
from tqdm import tqdm

from allchat.answer import unescape_markdown
from allchat.bundle import Audit, answer_of, audit, bundle, saved_records, write_bundle
from allchat.chat import Chat, Contact, build
from allchat.corpus import read_corpus
from allchat.embed import load_embedder
from allchat.errors import AllchatError, QuestionError
from allchat.follow import Following, current_name
from allchat.formats import parse_json
from allchat.records import Answer
from allchat.settings import Settings, load_settings, settings_in_force

BAD_INPUT = 2
"""Exit code where the caller's input cannot be taken."""

BROKEN = 3
"""Exit code where allchat itself cannot answer: no index, a damaged file, a quote that does not hold."""

P = ParamSpec("P")
R = TypeVar("R")


def _guarded(command: Callable[P, R]) -> Callable[P, R]:
    """Turns allchat's own errors into one line on stderr and an exit code; anything else is a defect and stays loud."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except AllchatError as error:
            click.echo(f"allchat: {error}", err=True)
            sys.exit(BAD_INPUT if isinstance(error, QuestionError) else BROKEN)

    return run


def _settings_options(command: Callable[P, R]) -> Callable[P, R]:
    for option in (
        click.option(
            "--settings", "settings_file", type=click.Path(path_type=Path), help="Settings file (allchat.toml)."
        ),
        click.option("--corpus", type=click.Path(path_type=Path), help="Corpus folder."),
        click.option("--index", type=click.Path(path_type=Path), help="Index folder."),
    ):
        command = option(command)
    return command


EXIT_CODES = """\b
Exit codes:
  0  done
  1  some lines of a batch were not answered, some saved citations do not hold, a gate fell, or doctor found a problem
  2  the question, the file or the options cannot be taken
  3  allchat itself cannot answer: settings, corpus, index, model, page, or a quote that does not hold
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=EXIT_CODES)
@click.version_option(package_name="allchat")
def cli() -> None:
    """Answers families' questions about childhood leukemia with the exact words of trusted sources."""


@cli.command("build")
@_settings_options
@click.option("--force", is_flag=True, help="Build anew even if the index is up to date.")
@_guarded
def build_command(*, index: Path | None, corpus: Path | None, settings_file: Path | None, force: bool) -> None:
    """Build the index from the corpus; does nothing where it is up to date."""
    settings = load_settings(settings_file, index=index, corpus=corpus)
    before = current_name(settings.index)
    build(
        settings.corpus,
        index=settings.index,
        model=settings.model,
        passage_tokens=settings.passage_tokens,
        progress=sys.stderr.isatty(),
        force=force,
    )
    after = current_name(settings.index)
    click.echo(f"{settings.index}: {'up to date' if before == after and not force else 'built'} ({after})")


def contact(settings: Settings) -> Contact:
    """Whom to call, as the settings say."""
    return Contact(**{field: getattr(settings, field) for field in Contact.__dataclass_fields__})


def open_chat(settings: Settings) -> Chat:
    """The chat that the settings describe.

    Raises:
        AllchatError: see ``Chat.open``.
    """
    return Chat.open(
        settings.index,
        corpus=settings.corpus,
        model=settings.model,
        passage_tokens=settings.passage_tokens,
        contact=contact(settings),
    )


@cli.command()
@click.argument("question")
@_settings_options
@click.option("--history", multiple=True, help="An earlier question of the family, oldest first; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer record.")
@click.option(
    "--bundle",
    "bundle_file",
    type=click.Path(path_type=Path),
    help="Also write an audit bundle to this file; it holds the question.",
)
@_guarded
def ask(
    *,
    question: str,
    history: tuple[str, ...],
    as_json: bool,
    bundle_file: Path | None,
    index: Path | None,
    corpus: Path | None,
    settings_file: Path | None,
) -> None:
    """Answer one QUESTION with quotes."""
    chat = open_chat(load_settings(settings_file, index=index, corpus=corpus))
    if bundle_file is None:
        answer = chat.ask(question, history=history)
    else:
        answer, content = bundle(chat, question, history=history)
        write_bundle(bundle_file, content)
    click.echo(json.dumps(answer.to_dict(), ensure_ascii=False, indent=2) if as_json else readable(answer))


def readable(answer: Answer, *, width: int = 100) -> str:
    """An answer as plain text for a terminal: the text, where each quote stands, notices, suggestions."""
    parts = [_plain(answer.text, width=width)]
    if answer.citations:
        parts.append("\n".join(f"[{c.number}] {c.file}, characters {c.start} to {c.end}" for c in answer.citations))
        rights = dict.fromkeys(
            (c.publisher, c.url, c.revised or "date not stated in this copy", c.rights) for c in answer.citations
        )
        parts += [
            _fill(f"{publisher}. {url} (last revised: {revised}). {right}", width=width)
            for publisher, url, revised, right in rights
        ]
    parts += [_fill(notice, width=width) for notice in answer.notices]
    if answer.suggestions:
        parts.append("\n".join(("You could also ask:", *(f"  - {suggestion}" for suggestion in answer.suggestions))))
    return "\n\n".join(parts)


def _plain(markdown: str, *, width: int) -> str:
    lines = []
    for line in markdown.splitlines():
        quoted = line.startswith(">")
        body = line.removeprefix(">").removeprefix(" ").rstrip()
        words = unescape_markdown(body.replace("**", "")).lstrip()
        indent = " " * ((4 if quoted else 0) + len(body) - len(body.lstrip()))
        hanging = f"{indent}  " if words.startswith("- ") else indent
        lines.append(textwrap.fill(words, width, initial_indent=indent, subsequent_indent=hanging) if words else "")
    return "\n".join(lines)


def _fill(text: str, *, width: int) -> str:
    return textwrap.fill(text, width)


@cli.command()
@click.argument("questions", type=click.File("rb"))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File for the answer records, one a line.")
@_settings_options
@_guarded
def batch(questions: Any, out: Path, index: Path | None, corpus: Path | None, settings_file: Path | None) -> None:
    """Answer a file of QUESTIONS, one JSON object a line: {"id", "question", "history"}.

    The answers come one a line in the same order. A bad line is reported with its number and does not stop the rest;
    the exit code is then 1.
    """
    lines = questions.read().splitlines()
    chat = open_chat(load_settings(settings_file, index=index, corpus=corpus))
    bad = 0
    with _writing(out) as file:
        for number, line in enumerate(tqdm(lines, unit="question", disable=not sys.stderr.isatty()), start=1):
            if not line.strip():
                continue
            try:
                answer = chat.ask(**batch_question(line))
            except QuestionError as error:
                bad += 1
                click.echo(f"line {number}: {error}", err=True)
                continue
            file.write(json.dumps(answer.to_dict(), ensure_ascii=False) + "\n")
    if bad:
        click.echo(f"allchat: {bad} of {len(lines)} lines could not be answered; the others are in {out}.", err=True)
        sys.exit(1)


def _writing(out: Path) -> TextIO:
    try:
        return out.open("w", encoding="utf-8")
    except OSError as error:
        raise QuestionError(f"{out}: cannot be written ({error.strerror}). Name another file.") from error


def batch_question(line: bytes) -> dict[str, Any]:
    """The arguments for ``Chat.ask`` from one line of a batch file.

    Raises:
        QuestionError: the line is not a JSON object with an id, a question and, if any, a list of earlier questions.
    """
    try:
        row = parse_json(line)
    except ValueError as error:
        raise QuestionError(f"is not JSON ({error}). Write one object a line.") from error
    if not isinstance(row, Mapping) or not isinstance(row.get("id"), str) or not isinstance(row.get("question"), str):
        raise QuestionError(
            'is not an object with "id" and "question" as strings. Write {"id": "q-1", "question": "..."}.'
        )
    history = row.get("history") or []
    if not isinstance(history, list) or not all(isinstance(text, str) for text in history):
        raise QuestionError('"history" is not a list of strings. Write the family\'s earlier questions, oldest first.')
    return {"question": row["question"], "history": history, "id": row["id"]}


@cli.command()
@_settings_options
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one.")
@_guarded
def serve(
    host: str | None, port: int | None, index: Path | None, corpus: Path | None, settings_file: Path | None
) -> None:
    """Open the chat page and the HTTP doors."""
    settings = load_settings(settings_file, index=index, corpus=corpus, host=host, port=port)
    # Imported here: the server brings gradio, which the other commands must not pay for.
    from allchat.listener import serve as listen
    from allchat.logs import configure_logs
    from allchat.server import create_app
    from allchat.staff import staff_router

    port = settings.port or _free_port(settings.host)
    chat = Following(partial(open_chat, settings), index=settings.index)
    configure_logs(requests=settings.log_requests)
    password = settings.staff_password.get_secret_value()
    staff = staff_router(chat, password=password) if password else None
    app = create_app(
        chat,
        allowed_origins=settings.allowed_origins,
        questions_per_minute=settings.questions_per_minute,
        seconds=settings.question_seconds,
        metrics_token=settings.metrics_token.get_secret_value(),
        contact=contact(settings).values(),
        staff=staff,
        votes=settings.votes,
    )
    click.echo(f"allchat: open http://{settings.host}:{port} in a browser. Ctrl-C ends it.")
    with chat.watching():
        listen(app, host=settings.host, port=port, trusted_proxies=settings.trusted_proxies)


@cli.command("verify")
@click.argument("file", type=click.File("rb"))
@_settings_options
@_guarded
def verify_command(file: Any, index: Path | None, corpus: Path | None, settings_file: Path | None) -> None:
    """Re-check saved answers in FILE (an audit bundle, an answer record, or one a line) against today's corpus.

    Each citation holds, has moved, has changed, or is gone with its source. Needs no index and no model.
    """
    settings = load_settings(settings_file, index=index, corpus=corpus)
    documents = {document.key: document for document in read_corpus(settings.corpus)}
    audits = [(saved, audit(saved, documents=documents)) for saved in saved_records(file.read())]
    for saved, found in audits:
        _print_audit(found, quotes={c["number"]: c["quote"] for c in answer_of(saved)["citations"]})
    altered = sum(not found.whole for _, found in audits)
    failed = sum(check.state != "holds" for _, found in audits for check in found.checks)
    if altered:
        click.echo(f"allchat: {altered} bundles are not what was written.", err=True)
    if failed:
        click.echo(f"allchat: {failed} citations do not hold as saved.", err=True)
    if altered or failed:
        sys.exit(1)


def _print_audit(found: Audit, *, quotes: Mapping[int, str]) -> None:
    if not found.whole:
        click.echo(f"{found.id} altered: this bundle is not what was written, its hash does not fit")
    for check in found.checks:
        click.echo(f"{found.id} [{check.number}] {check.state}: {check.document}{_where(check.start, check.end)}")
        if check.state == "changed":
            click.echo(f"    saved: {quotes[check.number]}\n    now:   {check.found}")
            click.echo(f"    differences: {_marked(check.differences)}")
    for key, state in found.sources.items():
        click.echo(f"{found.id} source {key}: {state}")


def _marked(parts: Iterable[tuple[str, str]]) -> str:
    """Differences on one line: what was removed in [-...-], what was added in {+...+}, as ``git diff`` shows words."""
    frames = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return " ".join(frames[change].format(words) for change, words in parts)


def _where(start: int | None, end: int | None) -> str:
    return "" if start is None else f", characters {start} to {end}"


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
@_settings_options
@_guarded
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
    # Imported here: only this command measures.
    from allchat import beir, evaluate, report
    from allchat.suites import read_suites

    settings, progress = load_settings(settings_file, index=index, corpus=corpus), sys.stderr.isatty()
    if beir.is_beir(path):
        found = beir.evaluate_beir(path, embedder=load_embedder(settings.model), out=out, progress=progress)
    else:
        suites = read_suites(path)
        found = evaluate.evaluate(partial(open_chat, settings), suites, out=out, workers=workers, progress=progress)
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
@_guarded
def eval_diff(before: Path, after: Path) -> None:
    """What changed from one report.json (or its folder) to another, question by question, with a paired test."""
    from allchat import report

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
@click.option("--out", type=click.Path(path_type=Path), help="File for the figures, as JSON.")
@click.option("--plots", type=click.Path(path_type=Path), help="Folder for plots (SVG; needs matplotlib).")
@_settings_options
@_guarded
def bench_command(
    *,
    quick: bool,
    sizes: tuple[int, ...],
    questions: int,
    asked: int,
    soak: float,
    builds: bool,
    out: Path | None,
    plots: Path | None,
    index: Path | None,
    corpus: Path | None,
    settings_file: Path | None,
) -> None:
    """Measure speed and memory, each figure beside what it is held against. A million vectors take minutes and 8 GB."""
    # Imported here: only this command measures.
    from allchat import bench

    settings = load_settings(settings_file, index=index, corpus=corpus)
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
    click.echo("\n".join(bench.summary(figures)))
    if out is not None:
        with _writing(out) as file:
            file.write(json.dumps(figures, indent=1) + "\n")
    if plots is not None:
        bench.plot(figures, plots)


@cli.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the findings and the settings as JSON.")
@_settings_options
@_guarded
def doctor_command(*, as_json: bool, index: Path | None, corpus: Path | None, settings_file: Path | None) -> None:
    """Say what is installed, what state index, model, corpus and disk are in, which settings hold, and what to do."""
    from allchat import doctor

    chosen = {"index": index, "corpus": corpus}
    settings, in_force = load_settings(settings_file, **chosen), settings_in_force(settings_file, **chosen)
    findings = list(
        doctor.examine(
            index=settings.index,
            corpus=settings.corpus,
            model=settings.model,
            passage_tokens=settings.passage_tokens,
            staff_password=settings.staff_password.get_secret_value(),
            votes=settings.votes,
        )
    )
    if as_json:
        shown = {name: {"value": value, "origin": origin} for name, (value, origin) in in_force.items()}
        record = {"findings": [asdict(finding) for finding in findings], "settings": shown}
        click.echo(json.dumps(record, ensure_ascii=False, indent=2))
    else:
        click.echo(doctor.report(findings, settings=in_force))
    if any(finding.state == "problem" for finding in findings):
        sys.exit(1)


@cli.command("corpus")
@_settings_options
@_guarded
def corpus_command(index: Path | None, corpus: Path | None, settings_file: Path | None) -> None:
    """List the sources with publisher, revised date, rights and passages."""
    settings = load_settings(settings_file, index=index, corpus=corpus)
    chat = open_chat(settings)
    for document in chat.documents.values():
        click.echo(f"{document.key}\n  {document.title}\n  {document.publisher}\n  {document.url}")
        click.echo(f"  last revised: {document.revised or 'date not stated in this copy'}")
        click.echo(f"  passages: {chat.passages(document.key)}, sha256: {document.sha256}")
        click.echo(textwrap.indent(_fill(f"rights: {document.rights}", width=96), "  "))


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as listener:
        return int(listener.getsockname()[1])


def main(args: Sequence[str] | None = None) -> None:
    """The console script; ``args`` are the words behind the program's name, by default those it was called with."""
    cli(args, prog_name="allchat")
