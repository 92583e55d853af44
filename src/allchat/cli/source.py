"""The commands on sources: add, list, check, remove; and init, which starts a deployment of one's own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from allchat.cli.group import cli, guarded, settings_options
from allchat.errors import QuestionError
from allchat.settings import load_settings
from allchat.sources.adding import (
    REVIEWS,
    Facts,
    add,
    check,
    declared_ids,
    id_of,
    read_file,
    remove,
    same_address,
)
from allchat.sources.corpus import Source, declared_sources, is_searched
from allchat.sources.readers.convert import Converted, convert
from allchat.sources.readers.review_facts import dates, language_of
from allchat.sources.review import all_alarms, review_page
from allchat.sources.rights import display_named, display_of
from allchat.sources.starting import start_folder

ASKED = {
    "title": "Title, as families should read it",
    "publisher": "Publisher",
    "url": "Address of the source (https://...)",
    "rights": "What may be done with it (shown beside every quote)",
    "display": "What families may see of it: whole, section (around a quote) or quote",
    "revised": "Last revised (YYYY-MM-DD as the source states it, or unknown)",
    "audience": "For whom it is written",
    "language": "Language (en, es, ...)",
}
SAID = ("audience", "language")
"""Not asked where the file tells or nothing speaks against the usual: said aloud, and an option overrules it."""

AUDIENCE = "patients and their families"


@cli.group("source")
def source_group() -> None:
    """Add sources, list them, check them, take them out."""


def fact_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """An option for each fact that a source needs."""
    for name, text in reversed(ASKED.items()):
        command = click.option(f"--{name}", help=f"{text}.")(command)
    return command


@source_group.command("add")
@click.argument("file", type=click.Path(path_type=Path))
@fact_options
@click.option("--attribution", help="Words that introduce an excerpt; by default the publisher states.")
@click.option("--notes", default="", help="For the staff.")
@click.option("--id", "key", help="Short name; by default made of the title.")
@click.option("--yes", is_flag=True, help="Ask nothing: all facts are given, and the review page is looked at later.")
@click.option("--review-only", is_flag=True, help="Write the review page and add nothing.")
@settings_options
@guarded
def add_command(file: Path, *, yes: bool, review_only: bool, key: str | None, **options: Any) -> None:
    """Add FILE (HTML, PDF, DOCX, Markdown or text) to the corpus, after a review page. Then run: allchat build."""
    given = {name: options[name] for name in (*ASKED, "attribution", "notes")}
    settings = load_settings(options["settings_file"], index=options["index"], corpus=options["corpus"])
    content = read_file(file)
    converted = convert(content, name=file.name)
    facts = _facts(converted, given, key=key, taken=declared_ids(settings.corpus), ask=not (yes or review_only))
    page = settings.corpus / REVIEWS / f"{facts.id}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(review_page(converted, facts, name=file.name), encoding="utf-8")
    for alarm in (*same_address(settings.corpus, facts.url), *all_alarms(converted, facts)):
        click.echo(f"look at: {alarm}", err=True)
    click.echo(f"{page}: the text as it will be quoted, and what was left out")
    if review_only or not (yes or click.confirm("Add it?", default=False)):
        click.echo("nothing was added")
        return
    add(content, name=file.name, converted=converted, facts=facts, corpus=settings.corpus)
    click.echo(f"{facts.id}: added{'' if is_searched(facts.language) else ', kept and never answered from'}")
    click.echo("Now run: allchat build")


def _facts(converted: Converted, given: dict[str, str | None], *, key: str | None, taken: set[str], ask: bool) -> Facts:
    """The facts as given, asked for where one is missing.

    Raises:
        QuestionError: one is missing and nobody can be asked.
    """
    found = _found(converted)
    missing = [name for name in ASKED if not given[name]]
    if missing and not ask:
        lacking = [name for name in missing if name != "display" and not found.get(name)]
        if lacking:
            raise QuestionError(
                f"the source needs: {', '.join(f'--{name}' for name in lacking)}. Give them, or ask without --yes."
            )
    values: dict[str, str] = {}
    for name in ASKED:
        default = display_of(values["rights"]) if name == "display" else found.get(name)
        values[name] = given[name] or (_asked(name, default) if ask else default or "")
    attribution = given["attribution"] or f"{values['publisher']} states:"
    name = key or id_of(values["title"], taken=taken)
    display = display_named(values.pop("display"))
    return Facts(id=name, attribution=attribution, notes=given["notes"] or "", display=display, **values)


def _asked(name: str, default: str | None) -> str:
    if name in SAID and default:
        click.echo(f"{name}: {default} (if not, use --{name})", err=True)
        return default
    return str(click.prompt(ASKED[name], default=default, err=True)).strip()


def _found(converted: Converted) -> dict[str, str]:
    """What the file itself tells, as a proposal."""
    read = converted.read
    told = {key: value for key, value in reversed(read.facts) if key in ASKED}
    heading = next((piece.text for piece in read.pieces if piece.kind == "heading"), None)
    language = language_of(read.pieces, read.language)
    stated = {dated.day for dated in dates(read) if dated.states}
    revised = stated.pop() if len(stated) == 1 else None
    found = {"title": read.title or heading, "language": language, "revised": revised, "audience": AUDIENCE} | told
    return {key: value for key, value in found.items() if value}


@source_group.command("list")
@settings_options
@guarded
def list_command(index: Path | None, corpus: Path | None, settings_file: Path | None) -> None:
    """List the sources, those that are not answered from too."""
    settings = load_settings(settings_file, index=index, corpus=corpus)
    for source in declared_sources(settings.corpus):
        made = source.original.converter if source.original else "prepared by hand"
        click.echo(f"{source.id}{_state(source)}\n  {source.title}")
        click.echo(f"  {source.publisher}; last revised {source.revised}; {made}")


def _state(source: Source) -> str:
    """Why a source is not answered from, if it is not."""
    if not source.use:
        return "  (left out)"
    return "" if source.is_answered_from else f"  (kept: {source.language} is not searched)"


@source_group.command("check")
@settings_options
@guarded
def check_command(index: Path | None, corpus: Path | None, settings_file: Path | None) -> None:
    """Check that texts and originals are as declared, and that the converters still make the same texts."""
    settings = load_settings(settings_file, index=index, corpus=corpus)
    found = check(settings.corpus)
    for key, wrong in found.items():
        click.echo(f"{key}: {wrong or 'holds'}")
    if any(found.values()):
        sys.exit(1)


@source_group.command("remove")
@click.argument("key", metavar="ID")
@click.option("--withdraw", is_flag=True, help="Leave a notice at its links, that it was withdrawn; none of its words.")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@settings_options
@guarded
def remove_command(key: str, *, withdraw: bool, yes: bool, **options: Any) -> None:
    """Take source ID out of the corpus, with its files. Then run: allchat build.

    No update can be undone after it. Its earlier texts stay in CORPUS/archive for saved answers unless it is withdrawn.
    """
    settings = load_settings(options["settings_file"], index=options["index"], corpus=options["corpus"])
    if not (yes or click.confirm(f"Delete {key} with its text and its original?", default=False)):
        click.echo("nothing was removed")
        return
    day = datetime.now(UTC).date().isoformat() if withdraw else None
    for place in remove(key, corpus=settings.corpus, withdrawn=day):
        click.echo(f"deleted {settings.corpus / place}")
    click.echo("Now run: allchat build")


@cli.command("init")
@click.argument("folder", type=click.Path(path_type=Path))
@guarded
def init_command(folder: Path) -> None:
    """Start an empty deployment in FOLDER: settings, a corpus without sources, a short README."""
    for path in start_folder(folder):
        click.echo(f"wrote {path}")
    click.echo(f"Now: cd {folder}, allchat source add FILE, allchat build, allchat serve")
