"""The commands that replace a source's text: update, undo, resume."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from allchat.build import build
from allchat.chat import Chat
from allchat.cli.group import contact, guarded, settings_options
from allchat.cli.source import source_group
from allchat.settings import Settings, load_settings
from allchat.sources import switch
from allchat.sources.adding import REVIEWS, read_file
from allchat.sources.anchors import Anchor, why
from allchat.sources.annotations import read_examples
from allchat.sources.archive import ARCHIVE
from allchat.sources.changes import marked
from allchat.sources.update import LEAST_ALIKE, Update, apply, files_after, planned

if TYPE_CHECKING:
    from allchat.evaluation.revised import Answers, Said

SUITES = Path("tests/suites")
SHOWN = 400
"""Letters of a sentence that the report shows."""


@source_group.command("update")
@click.argument("key", metavar="ID")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--apply", "applies", is_flag=True, help="Put it in force; without it nothing is changed.")
@click.option(
    "--least",
    type=click.FloatRange(0, 1),
    default=LEAST_ALIKE,
    show_default=True,
    help="Likeness from which a question goes along to reworded text.",
)
@click.option("--revised", help="Last revised (YYYY-MM-DD, or unknown); by default as the file states.")
@click.option("--title", help="Another title.")
@click.option("--url", help="Another address.")
@click.option("--suites", type=click.Path(path_type=Path), default=SUITES, show_default=True, help="Suites to ask.")
@click.option("--no-answers", is_flag=True, help="Leave out what becomes of our answers: no index is built.")
@settings_options
@guarded
def update_command(
    key: str, file: Path, *, applies: bool, least: float, suites: Path, no_answers: bool, **options: Any
) -> None:
    """Replace the text of source ID by FILE: a report of all that changes, and with --apply the change itself.

    Questions whose place holds, or is reworded and like enough, go along; where a number, a dose, a medicine or a
    negation changed, and where nothing stands for the place, they are parked in CORPUS/parked/ID.toml. The old text
    stays under its hash, so that saved links and answers lead to it. Take it back with: allchat source undo
    """
    settings = load_settings(options["settings_file"], index=options["index"], corpus=options["corpus"])
    given = {name: options[name] for name in ("revised", "title", "url") if options[name]}
    update = planned(settings.corpus, key, content=read_file(file), name=file.name, given=given, least=least)
    for line in report(update):
        click.echo(line)
    if not no_answers:
        click.echo("Both texts are built aside and asked our questions; this takes minutes.", err=True)
        for line in answers_report(update, settings, suites=suites):
            click.echo(line)
    if not applies:
        click.echo("Nothing was changed. To put it in force: the same command with --apply")
        return
    name = apply(update)
    click.echo(f"{key}: in force as update {name}. Now run: allchat build. To take it back: allchat source undo")


@source_group.command("undo")
@click.option("--discard-edits", is_flag=True, help="Give up edits of its files that were made after it.")
@settings_options
@guarded
def undo_command(*, discard_edits: bool, index: Path | None, corpus: Path | None, settings_file: Path | None) -> None:
    """Take the last update back: every file is again what it was. Then run: allchat build."""
    settings = load_settings(settings_file, index=index, corpus=corpus)
    click.echo(f"taken back: {switch.undo(settings.corpus, discard=discard_edits)}. Now run: allchat build")


@source_group.command("resume")
@settings_options
@guarded
def resume_command(*, index: Path | None, corpus: Path | None, settings_file: Path | None) -> None:
    """Carry on an update that was interrupted while its files were put into their places."""
    settings = load_settings(settings_file, index=index, corpus=corpus)
    switch.resume(settings.corpus)
    click.echo("no update is half done")


def report(update: Update) -> Iterator[str]:
    """What an update would change, line by line: the text, its rules, our questions."""
    old, new, changes = update.old, update.new, update.changes
    yield f"{old.key}: {old.title}"
    yield f"  now   {old.sha256[:16]}, revised {old.revised or 'unknown'}, {len(changes.old)} sentences"
    yield f"  next  {new.sha256[:16]}, revised {new.revised or 'unknown'}, {len(changes.new)} sentences"
    standing = len(changes.old) - len(changes.gone) - len(changes.reworded)
    yield f"  {standing} sentences stand word for word, {len(changes.reworded)} are reworded, "
    yield f"  {len(changes.gone)} are gone, {len(changes.added)} are new"
    yield from _critical(update)
    sections = update.sections
    for label, found in (("added", sections.added), ("gone", sections.gone), ("moved", sections.moved)):
        yield f"\nSections {label}: {len(found)}"
        yield from (f"  {heading}" for heading in found)
    yield f"\nSections reworded: {len(sections.reworded)}"
    yield from (f"  {before} -> {now}" for before, now in sections.reworded)
    yield from _rules(update)
    yield from _anchors(update)
    yield f"\nSentences reworded: {len(changes.reworded)}"
    yield from (f"  {likeness:.2f}  {_marked(was.words, now.words)}" for was, now, likeness in changes.reworded)
    yield f"\nSentences gone: {len(changes.gone)}"
    yield from (f"  {unit.words[:SHOWN]}" for unit in changes.gone)
    yield f"\nSentences new: {len(changes.added)}"
    yield from (f"  {unit.words[:SHOWN]}" for unit in changes.added)


def _critical(update: Update) -> Iterator[str]:
    yield f"\nNumbers, doses, medicines, negations changed: {len(update.critical)} sentences"
    for was, now, found in update.critical:
        yield f"  {'; '.join(map(str, found))}"
        yield f"    {_marked(was, now)}"


def _rules(update: Update) -> Iterator[str]:
    counted = Counter((rule.kind, rule.fate) for rule in update.revision.rules)
    yield "\nRules of corpus.toml: " + (
        ", ".join(f"{kind} {fate} {count}" for (kind, fate), count in sorted(counted.items())) or "none"
    )
    for rule in update.revision.rules:
        if rule.fate != "fits":
            yield f"  {rule.kind} {rule.fate}: {rule.said}{f' -> {rule.now} ({rule.likeness:.2f})' if rule.now else ''}"
    if any(rule.fate == "lost" and rule.kind == "applies" for rule in update.revision.rules):
        yield "  look at: what has lost its tag is shown to everyone. Write the rule anew in corpus.toml."


def _anchors(update: Update) -> Iterator[str]:
    yield "\nPlaces of our questions:"
    for language in dict.fromkeys(anchor.language for anchor in update.anchors):
        own = [anchor for anchor in update.anchors if anchor.language == language]
        counted = Counter(anchor.fate for anchor in own)
        taken = sum(anchor.is_taken(update.least) for anchor in own)
        yield (
            f"  {language}: {len(own)} places: {counted['holds']} hold, {counted['proposal']} have a proposal, "
            f"{counted['critical']} changed in a number, dose, medicine or negation, {counted['lost']} are lost; "
            f"{taken} go along, {len(own) - taken} are parked with {_questions(own, update.least)} questions"
        )
    for anchor in sorted(update.anchors, key=lambda anchor: (anchor.is_taken(update.least), -anchor.likeness)):
        if anchor.fate != "holds":
            state = "goes along" if anchor.is_taken(update.least) else f"parked ({why(anchor)})"
            yield f"  {anchor.language} {anchor.likeness:.2f} {state}: {anchor.begins}"
            if anchor.now:
                yield f"    {_marked(anchor.words, anchor.now)}"


def _questions(anchors: list[Anchor], least: float) -> int:
    return sum(len(anchor.questions) for anchor in anchors if not anchor.is_taken(least))


def _marked(was: str, now: str) -> str:
    return marked(was, now)[: 2 * SHOWN]


def answers_report(update: Update, settings: Settings, *, suites: Path) -> Iterator[str]:
    """What becomes of our answers: both texts are built aside and asked at once, each in a process of its own; the
    vectors of the present index are used.
    """
    # Imported here: only these commands measure.
    from allchat.evaluation.revised import compared
    from allchat.evaluation.suites import read_suites

    asked = read_suites(suites) if suites.is_dir() else ()
    with tempfile.TemporaryDirectory(prefix="allchat-update-") as aside:
        corpora = [settings.corpus, _next_corpus(update, Path(aside, "corpus"))]
        saying = partial(_said, settings, suites if asked else None)
        with ProcessPoolExecutor(2, get_context("spawn")) as pool:
            before, after = pool.map(saying, corpora, (Path(aside, "before"), Path(aside, "after")))
        found = compared(before, after, asked)
    yield "\nOur questions, before and after: the share with a gold span in the quotes"
    for label, gold in (("all questions", None), ("all gold stands", "all"), ("some", "some"), ("none", "none")):
        count, was, now = found.rates(gold)
        yield f"  {label}: {count}, {was:.3f} before, {now:.3f} after"
    yield from _answers(found)


def _answers(found: Answers) -> Iterator[str]:
    differing = sorted((row for row in found.asked if row.was != row.is_now), key=lambda row: (row.gold, row.is_now))
    yield f"\nQuestions that win or lose their gold: {len(differing)}"
    for row in differing:
        yield f"  {'-' if row.was else '+'} {row.suite} {row.id} (of its gold {row.gold} stands): {row.question}"
        yield f"      before {row.before}"
        yield f"      after  {row.after}"
    lost = [f"{row.suite} {row.id}: {row.question}" for row in found.asked if row.gold == "none"]
    for label, rows in (
        ("Test questions whose place is lost", lost),
        ("Starters that are answered no more", found.starters),
        ("Calibration examples whose evidence suffices no more", found.examples),
    ):
        yield f"\n{label}: {len(rows)}"
        yield from (f"  {row}" for row in rows)


def _said(settings: Settings, suites: Path | None, corpus: Path, aside: Path) -> Said:
    """What a corpus answers, from an index that is built beside the one in force."""
    from allchat.evaluation.revised import said_by
    from allchat.evaluation.suites import read_suites

    if settings.index.is_dir():
        shutil.copytree(settings.index, aside)
    build(corpus, index=aside, model=settings.model, passage_tokens=settings.passage_tokens)
    chat = Chat.open(
        aside, corpus=corpus, model=settings.model, passage_tokens=settings.passage_tokens, contact=contact(settings)
    )
    examples = read_examples(corpus).answerable
    return said_by(chat, read_suites(suites) if suites is not None else (), examples=examples)


def _next_corpus(update: Update, folder: Path) -> Path:
    """The corpus as it would be, apart from the one in force."""
    shutil.copytree(update.corpus, folder, ignore=shutil.ignore_patterns(ARCHIVE, switch.UPDATES, REVIEWS))
    for place, data in files_after(update).items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        if data is None:
            (folder / place).unlink(missing_ok=True)
        else:
            (folder / place).write_bytes(data)
    return folder
