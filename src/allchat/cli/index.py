"""The commands on corpus and index: build, corpus, verify."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Sequence, Set
from functools import partial
from pathlib import Path
from typing import Any

import click

from allchat.audit import Audit, answer_of, audit, cuts, saved_records
from allchat.build import build
from allchat.cli.group import cli, fill, guarded, open_chat, settings_options
from allchat.search.folder import Folder
from allchat.search.shelf import bring, shelf_at
from allchat.settings import load_settings
from allchat.sources import adding, archive
from allchat.sources.corpus import declared_sources, read_corpus


@cli.command("build")
@settings_options
@click.option("--force", is_flag=True, help="Build anew even if the index is up to date.")
@guarded
def build_command(*, index: Path | None, corpus: Path | None, settings_file: Path | None, force: bool) -> None:
    """Build the index from the corpus; does nothing where it is up to date."""
    settings = load_settings(settings_file, index=index, corpus=corpus)
    before = Folder(settings.index).current()
    build(
        settings.corpus,
        index=settings.index,
        model=settings.model,
        passage_tokens=settings.passage_tokens,
        progress=sys.stderr.isatty(),
        force=force,
        say=lambda line: click.echo(line, err=True),
    )
    after = Folder(settings.index).current()
    if settings.store and after is not None:
        shelf = shelf_at(settings.index, store=settings.store)
        click.echo(f"{shelf.name}: {bring(settings.index / after, shelf)} is in force")
    click.echo(f"{settings.index}: {'up to date' if before == after and not force else 'built'} ({after})")


@cli.command("verify")
@click.argument("file", type=click.File("rb"))
@settings_options
@guarded
def verify_command(file: Any, index: Path | None, corpus: Path | None, settings_file: Path | None) -> None:
    """Re-check saved answers in FILE (an audit bundle, an answer record, or one a line) against today's corpus.

    Each citation holds, has moved, has changed (the words are told), or is gone with its sentence or its source; a
    record that does not say what its own text said, today's or an earlier one, is told as altered. Where a source was
    converted from a PDF or the like, the original is converted again. Needs no index and no model.
    """
    settings = load_settings(settings_file, index=index, corpus=corpus)
    documents = {document.key: document for document in read_corpus(settings.corpus)}
    earlier = partial(archive.earlier, settings.corpus)
    audits = [(saved, audit(saved, documents=documents, earlier=earlier)) for saved in saved_records(file.read())]
    for saved, found in audits:
        _print_audit(found, quotes=[cut["quote"] for cut in cuts(answer_of(saved))])
    altered = sum(not found.whole or bool(found.strays) for _, found in audits)
    failed = sum(check.state != "holds" for _, found in audits for check in found.checks)
    if altered:
        click.echo(f"allchat: {altered} saved answers are not what was written.", err=True)
    if failed:
        click.echo(f"allchat: {failed} citations do not hold as saved.", err=True)
    cited = {check.document for _, found in audits for check in found.checks if check.state == "holds"}
    unproven = _print_originals(settings.corpus, cited=cited)
    if altered or failed or unproven:
        sys.exit(1)


def _print_originals(corpus: Path, *, cited: Set[str]) -> int:
    """The second step of the proof: the text that is quoted is the one that the converter makes of the original."""
    converted = {source.id for source in declared_sources(corpus) if source.original} & cited
    found = {key: wrong for key, wrong in adding.check(corpus).items() if key in converted} if converted else {}
    for key, wrong in found.items():
        click.echo(f"original of {key}: {wrong or 'gives the text that is quoted'}")
    return sum(wrong is not None for wrong in found.values())


def _print_audit(found: Audit, *, quotes: Sequence[str]) -> None:
    if not found.whole:
        click.echo(f"{found.id} altered: this bundle is not what was written, its hash does not fit")
    for line in found.strays:
        click.echo(f"{found.id} altered: its text quotes what none of its citations holds: {line}")
    for check, quote in zip(found.checks, quotes, strict=True):
        click.echo(f"{found.id} [{check.number}] {check.state}: {check.document}{_where(check.start, check.end)}")
        if check.state == "record altered":
            click.echo(f"    saved: {quote}\n    its text says there: {check.found or '(nothing)'}")
        if check.state == "changed":
            click.echo(f"    saved: {quote}\n    now:   {check.found}")
        if check.differences:
            click.echo(f"    differences: {_marked(check.differences)}")
        if not check.proven:
            click.echo("    the text that it was cut from is not kept here: an altered record could not be told")
    for key, state in found.sources.items():
        click.echo(f"{found.id} source {key}: {state}")


def _marked(parts: Iterable[tuple[str, str]]) -> str:
    """Differences on one line: what was removed in [-...-], what was added in {+...+}, as ``git diff`` shows words."""
    frames = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return " ".join(frames[change].format(words) for change, words in parts)


def _where(start: int | None, end: int | None) -> str:
    return "" if start is None else f", characters {start} to {end}"


@cli.command("corpus")
@settings_options
@guarded
def corpus_command(index: Path | None, corpus: Path | None, settings_file: Path | None) -> None:
    """List the sources with publisher, revised date, rights and passages."""
    settings = load_settings(settings_file, index=index, corpus=corpus)
    chat = open_chat(settings)
    for document in chat.documents.values():
        click.echo(f"{document.key}\n  {document.title}\n  {document.publisher}\n  {document.url}")
        click.echo(f"  last revised: {document.revised or 'date not stated in this copy'}")
        click.echo(f"  passages: {chat.passages(document.key)}, sha256: {document.sha256}")
        click.echo(textwrap.indent(fill(f"rights: {document.rights}", width=96), "  "))
