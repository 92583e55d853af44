"""The commands that ask: ask, batch."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from allchat.cli.group import cli, fill, guarded, open_chat, settings_options, writing
from allchat.errors import QuestionError
from allchat.parsing import parse_json
from allchat.parts import Fixed, Line, Listed, Part, Quoted
from allchat.records import Answer, Citation
from allchat.settings import load_settings
from allchat.wording import load_wording


@cli.command()
@click.argument("question")
@settings_options
@click.option("--history", multiple=True, help="An earlier question of the family, oldest first; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer record.")
@click.option(
    "--bundle",
    "bundle_file",
    type=click.Path(path_type=Path),
    help="Also write an audit bundle to this file; it holds the question.",
)
@guarded
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
        from allchat.audit import bundle, write_bundle  # here: it holds what re-checks answers, too

        answer, content = bundle(chat, question, history=history)
        write_bundle(bundle_file, content)
    click.echo(json.dumps(answer.to_dict(), ensure_ascii=False, indent=2) if as_json else readable(answer))


def readable(answer: Answer, *, width: int = 100) -> str:
    """An answer as plain text for a terminal: the text, where each quote stands, notices, suggestions."""
    parts = [text for part in answer.parts.said if (text := _plain(part, width=width))]
    if answer.further:
        parts.append(load_wording().text("answer.further") + ":")
        parts += [_apart(citation, width=width) for citation in answer.further]
    cited = (*answer.citations, *answer.further)
    if cited:
        parts.append("\n".join(f"[{c.number}] {c.file}, {_places(c)}" for c in cited))
        rights = dict.fromkeys(
            (c.publisher, c.url, c.revised or "date not stated in this copy", c.rights) for c in cited
        )
        parts += [
            fill(f"{publisher}. {url} (last revised: {revised}). {right}", width=width)
            for publisher, url, revised, right in rights
        ]
    parts += [fill(notice, width=width) for notice in answer.notices]
    if answer.suggestions:
        parts.append("\n".join(("You could also ask:", *(f"  - {suggestion}" for suggestion in answer.suggestions))))
    return "\n\n".join(parts)


def _places(citation: Citation) -> str:
    """Where its words stand, its lead's first."""
    cuts = (citation,) if citation.lead is None else (citation.lead, citation)
    return " and ".join(f"characters {cut.start} to {cut.end}" for cut in cuts)


def _apart(citation: Citation, *, width: int) -> str:
    """A quote that the text does not hold, below its title, its lead in front of it."""
    lead = f"{citation.lead.quote} " if citation.lead else ""
    words = f"{lead}{citation.quote} [{citation.number}]"
    return "\n".join((citation.title, textwrap.fill(words, width, initial_indent="    ", subsequent_indent="    ")))


def _plain(part: Part, *, width: int) -> str:
    """A part of an answer for a terminal: our words as they are, quotes indented."""
    match part:
        case Fixed():
            return "\n".join(fill(line, width=width) for line in part.filled().replace("**", "").splitlines())
        case Listed():
            entries = (entry.filled() if isinstance(entry, Fixed) else entry.words for entry in part.entries)
            return "\n".join(_item(entry, indent="", width=width) for entry in entries)
        case Quoted():
            blocks = filter(None, (part.lead, part.lines))
            return "\n\n".join("\n".join(_quoted(block, width=width)) for block in blocks)


def _quoted(lines: Sequence[Line], *, width: int) -> Iterator[str]:
    """The lines of a quote; an empty one behind each paragraph but the last."""
    for line in lines:
        words = f"{line.words} [{line.number}]" if line.ends else line.words
        if line.depth is None:
            yield textwrap.fill(words, width, initial_indent="    ", subsequent_indent="    ")
            yield from [""] * (line is not lines[-1])
        else:
            yield _item(words, indent=" " * (4 + 2 * line.depth), width=width)


def _item(words: str, *, indent: str, width: int) -> str:
    return textwrap.fill(f"- {words}", width, initial_indent=indent, subsequent_indent=f"{indent}  ")


@cli.command()
@click.argument("questions", type=click.File("rb"))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File for the answer records, one a line.")
@settings_options
@guarded
def batch(questions: Any, out: Path, index: Path | None, corpus: Path | None, settings_file: Path | None) -> None:
    """Answer a file of QUESTIONS, one JSON object a line: {"id", "question", "history"}.

    The answers come one a line in the same order. A bad line is reported with its number and does not stop the rest;
    the exit code is then 1.
    """
    lines = questions.read().splitlines()
    chat = open_chat(load_settings(settings_file, index=index, corpus=corpus))
    bad = 0
    with writing(out) as file:
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
