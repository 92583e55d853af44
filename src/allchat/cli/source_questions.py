"""The commands on a source's questions: draft them, accept drafts, and say how far the source is reached."""

from __future__ import annotations

from pathlib import Path

import click

from allchat.answering.abstain import now_answered
from allchat.answering.reach import near_misses, reached
from allchat.cli.group import guarded, open_chat, settings_options
from allchat.cli.source import source_group
from allchat.errors import CorpusError
from allchat.records import Document, Outline
from allchat.settings import load_settings
from allchat.sources.annotations import read_examples
from allchat.sources.corpus import CORPUS_FILE, read_corpus
from allchat.sources.drafts import accept_drafts, drafted, write_drafts
from allchat.sources.outline import outline_document
from allchat.sources.text import clean

SHOWN_WORDS = 12


@source_group.command("draft")
@click.argument("key", metavar="ID")
@settings_options
@guarded
def draft_command(key: str, index: Path | None, corpus: Path | None, settings_file: Path | None) -> None:
    """Draft questions for source ID from its headings, definitions and leads. None is in force until accepted."""
    settings = load_settings(settings_file, index=index, corpus=corpus)
    document, outline = _source(key, settings.corpus)
    drafts = drafted(document, outline)
    if not drafts:
        click.echo(f"{key}: nothing to draft questions from")
        return
    path = write_drafts(drafts, key=key, corpus=settings.corpus)
    click.echo(f"{path}: {sum(len(draft.questions) for draft in drafts)} questions for {len(drafts)} blocks")
    click.echo(f"Read them, strike or edit, write accept = true, then run: allchat source accept {key}")


@source_group.command("accept")
@click.argument("key", metavar="ID")
@settings_options
@guarded
def accept_command(key: str, index: Path | None, corpus: Path | None, settings_file: Path | None) -> None:
    """Put the drafts for source ID that are marked with accept = true in force. Then run: allchat build."""
    settings = load_settings(settings_file, index=index, corpus=corpus)
    document, _ = _source(key, settings.corpus)
    accepted, left = accept_drafts(key=key, corpus=settings.corpus, language=document.language)
    click.echo(f"{key}: {accepted} questions accepted, {left} drafts left")
    if accepted:
        click.echo("Now run: allchat build")


@source_group.command("reach")
@click.argument("keys", metavar="[ID]...", nargs=-1)
@settings_options
@guarded
def reach_command(keys: tuple[str, ...], index: Path | None, corpus: Path | None, settings_file: Path | None) -> None:
    """Say which blocks of the sources no question reaches, and which near misses they answer now."""
    settings = load_settings(settings_file, index=index, corpus=corpus)
    chat = open_chat(settings)
    unknown = next((key for key in keys if key not in chat.documents), None)
    if unknown is not None:
        raise CorpusError(f"{settings.index}: holds no source {unknown!r}. See: allchat source list")
    missed = near_misses(chat, now_answered(read_examples(settings.corpus).near, search=chat.search()))
    for document in (chat.documents[key] for key in keys or chat.documents):
        outline = chat.outline(document.key)
        rows = reached(chat, document.key, drafts=drafted(document, outline))
        lost = [row.block for row in rows if row.by == "nothing"]
        asked = sum(row.by == "questions" for row in rows)
        click.echo(
            f"{document.key}: {len(rows)} blocks; {asked} have questions of ours, "
            f"{len(rows) - asked - len(lost)} are found by their own words, {len(lost)} by nothing tried"
        )
        for block in lost:
            words = clean(document.text[block.start : block.end]).split()
            click.echo(f"  characters {block.start} to {block.end}: {' '.join(words[:SHOWN_WORDS])}")
        for question in missed.get(document.key, []):
            click.echo(f"  a near miss that it seems to answer now: {question}")


def _source(key: str, corpus: Path) -> tuple[Document, Outline]:
    for document in read_corpus(corpus):
        if document.key == key:
            return document, outline_document(document)
    raise CorpusError(f"{corpus / CORPUS_FILE}: answers from no source {key!r}. See: allchat source list")
