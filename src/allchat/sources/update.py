"""Update: a source's next text, all that it would change, and the one step that puts it in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from allchat.errors import CorpusError
from allchat.records import Document
from allchat.sources import archive
from allchat.sources.anchors import PARKED, Anchor, anchors_of, carried, parked
from allchat.sources.changes import Changes, changes_between, outlined
from allchat.sources.corpus import CORPUS_FILE, declared_sources, read_corpus
from allchat.sources.critical import Critical, critical_changes
from allchat.sources.revision import Revision, revised_source
from allchat.sources.switch import resume, switch

LEAST_ALIKE: Final = 0.8
"""Likeness (0 to 1) from which a proposal is taken, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Sections:
    """The headings that a newer text brings, has no longer, has elsewhere among the others, and words otherwise."""

    added: tuple[str, ...]
    gone: tuple[str, ...]
    moved: tuple[str, ...]
    reworded: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Update:
    """What an update of a source would do: nothing is written yet."""

    corpus: Path
    old: Document
    revision: Revision
    changes: Changes
    sections: Sections
    critical: tuple[tuple[str, str, tuple[Critical, ...]], ...]
    anchors: tuple[Anchor, ...]
    least: float

    @property
    def new(self) -> Document:
        """The source's next text."""
        return self.revision.document

    @property
    def waiting(self) -> tuple[Anchor, ...]:
        """The anchors that would be parked."""
        return tuple(anchor for anchor in self.anchors if not anchor.is_taken(self.least))


def planned(
    corpus: Path, key: str, *, content: bytes, name: str, given: Mapping[str, str], least: float = LEAST_ALIKE
) -> Update:
    """What an update of a source to the text of a file would do.

    Raises:
        CorpusError: there is no such source in use, its files are not as declared, or the file is refused.
    """
    resume(corpus)
    old = next((document for document in read_corpus(corpus) if document.key == key), None)
    source = next((source for source in declared_sources(corpus) if source.id == key), None)
    if old is None or source is None:
        raise CorpusError(f"{corpus / CORPUS_FILE}: no source {key!r} is in use. See: allchat source list")
    table = archive.tables((corpus / CORPUS_FILE).read_bytes().decode())[1][key]
    revision = revised_source(old, source, table=table, content=content, name=name, given=given, least=least)
    changes = changes_between(old, revision.document)
    return Update(
        corpus=corpus,
        old=old,
        revision=revision,
        changes=changes,
        sections=_sections(old, revision.document, changes),
        critical=_critical(changes),
        anchors=anchors_of(corpus, old=old, new=revision.document),
        least=least,
    )


def _sections(old: Document, new: Document, changes: Changes) -> Sections:
    before, after = _headings(old), _headings(new)
    gone = [heading for heading in before if heading not in after]
    added = [heading for heading in after if heading not in before]
    worded = {now.words: was.words for was, now, _ in changes.reworded if was.words in gone and now.words in added}
    shared_before = [heading for heading in before if heading in after]
    shared_after = [heading for heading in after if heading in before]
    kept = _longest_in_order(shared_before, shared_after)
    return Sections(
        tuple(heading for heading in added if heading not in worded),
        tuple(heading for heading in gone if heading not in worded.values()),
        tuple(heading for heading in shared_before if heading not in kept),
        tuple((worded[now], now) for now in added if now in worded),
    )


def _headings(document: Document) -> list[str]:
    found = (section.heading[-1] for section in outlined(document).sections if section.heading)
    return list(dict.fromkeys(found))


def _longest_in_order(one: Sequence[str], other: Sequence[str]) -> set[str]:
    """The headings of the longest run of ``one`` that stand in the same order in ``other``."""
    place = {heading: number for number, heading in enumerate(other)}
    runs: list[list[str]] = []
    for heading in one:
        before = [run for run in runs if place[run[-1]] < place[heading]]
        longest: list[str] = max(before, key=len) if before else []
        runs.append([*longest, heading])
    found: list[str] = max(runs, key=len) if runs else []
    return set(found)


def _critical(changes: Changes) -> tuple[tuple[str, str, tuple[Critical, ...]], ...]:
    """The sentences whose numbers, doses, medicines or negations changed, with what of them did."""
    pairs = ((old.words, new.words, critical_changes(old.words, new.words)) for old, new, _ in changes.reworded)
    return tuple((old, new, found) for old, new, found in pairs if found)


def files_after(update: Update) -> dict[str, bytes | None]:
    """The files of the corpus folder that an update writes, by their places; None takes one away."""
    corpus, source = update.corpus, update.revision.source
    before = next(found for found in declared_sources(corpus) if found.id == source.id)
    text = (corpus / CORPUS_FILE).read_bytes().decode()
    head, tables = archive.tables(text)
    blank = tables[source.id][len(tables[source.id].rstrip()) :]
    tables[source.id] = f"{update.revision.table.rstrip()}{blank}"
    files: dict[str, bytes | None] = dict.fromkeys(archive.own_files(corpus, before))
    files |= dict(update.revision.files)
    files |= carried(corpus, source.id, update.anchors, least=update.least)
    place = f"{PARKED}/{source.id}.toml"
    waited = (corpus / place).read_bytes() if (corpus / place).exists() else b""
    waiting = parked(update.anchors, least=update.least, text=source.sha256, before=waited)
    files |= {place: waiting} if waiting else {}
    return files | {CORPUS_FILE: (head + "".join(tables.values())).encode()}


def apply(update: Update) -> str:
    """Puts an update in force: both texts are kept in the archive, all files change in one step. Gives its name.

    Raises:
        CorpusError: nothing was changed, as the folder cannot be written, or was edited since the update was planned.
    """
    source, corpus = update.revision.source, update.corpus
    old = next((document for document in read_corpus(corpus) if document.key == source.id), None)
    if old != update.old or anchors_of(corpus, old=old, new=update.new) != update.anchors:
        raise CorpusError(f"{corpus}: was edited since this report was begun. Nothing was changed; run it again.")
    archive.keep(corpus, source.id)
    files = files_after(update)
    own = {place: data for place, data in files.items() if data is not None}
    archive.put(corpus, archive.entry(source, table=update.revision.table, files=own))
    said = f"{source.id}: {update.old.sha256[:16]} (revised {update.old.revised}) to {source.sha256[:16]}"
    return switch(corpus, files, said=f"{said} (revised {source.revised})")
