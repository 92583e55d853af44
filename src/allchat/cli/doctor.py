"""Doctor: what is installed, what state index, model, corpus and disk are in, and what to do. Changes nothing.

Nothing heavy is loaded: the model's files are hashed, not run.
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement

from allchat.build import build_inputs
from allchat.errors import AllchatError, StoreError
from allchat.program import TO_BUILD, missing_to_build
from allchat.search.folder import Folder
from allchat.search.manifest import MANIFEST
from allchat.search.model_files import (
    PACKAGE,
    PACKAGED_MODEL,
    PACKAGED_SHA256,
    check_files,
    fingerprint,
    folder_name,
    packaged_folder,
)
from allchat.search.onnx import ENCODER
from allchat.search.shelf import shelf_at
from allchat.search.store import Store
from allchat.sources.corpus import read_corpus
from allchat.web.counts import Counts
from allchat.web.page.votes import Votes
from allchat.web.staff.login import Login
from allchat.web.staff.wordings import Wordings

PINS = Path(__file__).parents[3] / "constraints.txt"
"""The measured environment, where allchat runs from its own folder."""

LEAST_FREE = 500 * 1000**2
"""Bytes for a build beside no index; beside one, twice its size if that is more."""

FindingState = Literal["good", "note", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact. ``what`` of a problem says where, what is so and what to do; a warning is of what works and is
    unsafe; a note needs nothing done.
    """

    about: str
    state: FindingState
    what: str


def examine(
    *,
    index: Path,
    corpus: Path,
    model: str,
    passage_tokens: int,
    store: str = "",
    staff_password: str = "",
    votes: Path | None = None,
    counts: Path | None = None,
    reports: Path | None = None,
    pins: Path = PINS,
) -> Iterator[Finding]:
    """Every finding, in the order in which a problem is best mended."""
    yield Finding("allchat", "good", f"{version('allchat')}, Python {sys.version.split()[0]}")
    yield from packages(pins=pins)
    yield from _model_findings(model)
    yield _tried("corpus", lambda: _corpus(corpus))
    yield from index_findings(index, corpus=corpus, model=model, passage_tokens=passage_tokens, store=store)
    yield disk(index)
    if staff_password:
        yield _tried("staff", lambda: _staff(staff_password))
    if votes is not None:
        yield _tried("votes", lambda: f"{votes}: can be written, {Votes(votes).check() / 1000**2:.1f} MB so far")
    if counts is not None:
        yield _tried("counts", lambda: f"{counts}: can be written, {Counts(counts).check()} files so far")
    if reports is not None:
        yield _tried("reports", lambda: f"{reports}: can be written, {Wordings(reports).check()} bytes so far")


def packages(*, pins: Path = PINS) -> Iterator[Finding]:
    """What allchat needs, against what is installed; then, where the pins are at hand, what differs from them."""
    for requirement in sorted(_wanted(), key=lambda one: one.name.lower()):
        found = _installed(requirement.name)
        if found is None:
            yield Finding("package", "problem", f"{requirement.name} is not installed. Install it: make setup.")
        elif not requirement.specifier.contains(found, prereleases=True):
            needed = f"allchat needs {requirement.name}{requirement.specifier}, {found} is installed."
            yield Finding("package", "problem", f"{needed} Install it again: make setup.")
        else:
            yield Finding("package", "good", f"{requirement.name} {found}")
    pinned = dict(line.split("==") for line in _lines(pins))
    installed = {name: _installed(name) for name in pinned}
    differing = [
        f"{name} {here} for {pinned[name]}" for name, here in installed.items() if here and here != pinned[name]
    ]
    if differing:
        yield Finding("pins", "note", f"other versions than those measured: {', '.join(differing)}")


def _wanted() -> Iterator[Requirement]:
    """What serving needs, and what building needs of it that is there."""
    for requirement in map(Requirement, requires("allchat") or ()):
        marker = requirement.marker
        builds = marker is not None and marker.evaluate({"extra": "build"}) and _installed(requirement.name)
        if builds or marker is None or marker.evaluate({"extra": ""}):
            yield requirement


def _lines(pins: Path) -> list[str]:
    if not pins.is_file():
        return []
    return [line for line in pins.read_text(encoding="utf-8").splitlines() if "==" in line and line[0] != "#"]


def _installed(name: str) -> str | None:
    try:
        return version(name).partition("+")[0]  # torch adds where it was built
    except PackageNotFoundError:
        return None


def _tried(about: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(about, "good", look())
    except AllchatError as error:
        return Finding(about, "problem", str(error))


def _model_findings(model: str) -> Iterator[Finding]:
    if missing := missing_to_build():
        fact = f"this environment serves and cannot build an index or measure: without {', '.join(missing)}. {TO_BUILD}"
        yield Finding("building", "note", fact)
    if model == PACKAGED_MODEL and PACKAGE in missing:
        yield Finding("model", "note", f"{model}: {PACKAGE} is not installed; its export in the index is served")
    else:
        yield _tried("model", lambda: _model(model))


def _model(model: str) -> str:
    if model == PACKAGED_MODEL:
        check_files(packaged_folder(), expected=PACKAGED_SHA256)
        return f"{model}: sha256 {fingerprint(model)}, every file is the published one"
    return f"{model}: sha256 {fingerprint(model)}, a model of your own: there is nothing to hold it against"


def _staff(password: str) -> str:
    Login(password)  # as the server does, with its own limits
    return "the pages at /staff are on, and the password is long enough"


def _corpus(corpus: Path) -> str:
    documents = read_corpus(corpus)
    return f"{corpus}: {len(documents)} sources, each as declared: {', '.join(one.key for one in documents)}"


def index_findings(index: Path, *, corpus: Path, model: str, passage_tokens: int, store: str = "") -> Iterator[Finding]:
    """Whether the index is missing, damaged, stale (and why) or current; of which version and since when it is there.

    It is the one that serves: with a ``store`` the one in force there, while the folder of a machine that only serves
    has none; whether the folder holds another is told, too.
    """
    built = Folder(index).current()
    if not store and built is None:
        yield Finding("index", "problem", f"missing. {index}: holds no index that can be read. Run: allchat build")
        return
    try:
        shelf = shelf_at(index, store=store)
        in_force = shelf.current()
        if store and in_force is None:
            raise StoreError(f"{shelf.name}: holds no index. Run: allchat build")
        opened = shelf.open(in_force if store else None)
    except AllchatError as error:
        yield Finding("store", "problem", str(error)) if store else Finding("index", "problem", f"damaged. {error}")
        return
    if store:
        yield _store(opened, shelf.name, built=built)
    reach = list(_reach(opened))
    opened.close()
    since = datetime.fromtimestamp((opened.folder / MANIFEST).stat().st_mtime, UTC)
    about = (
        f"{shelf.name}: version {opened.version[:16]}, {'here since' if store else 'built'} {since:%Y-%m-%d %H:%M} UTC"
    )
    if not (opened.folder / ENCODER).is_file():
        yield Finding("index", "note", "holds no exported model: questions are served by sentence-transformers, slower")
    try:
        now = build_inputs(
            corpus,
            documents=read_corpus(corpus),
            model={"name": folder_name(model), "sha256": fingerprint(model)},
            passage_tokens=passage_tokens,
        )
    except AllchatError:
        yield Finding(
            "index", "problem", f"{about}; whole, but nothing to hold it against. Mend corpus and model first."
        )
        return
    differing = [name for name in now if opened.manifest["inputs"].get(name) != now[name]]
    if differing:
        yield Finding("index", "problem", f"stale. {about}, from other {' and '.join(differing)}. Run: allchat build")
    else:
        yield Finding("index", "good", f"current. {about}")
        yield from reach


def _store(opened: Store, name: str, *, built: str | None) -> Finding:
    in_force = opened.folder.name
    if built not in (None, in_force):
        what = f"{name}: has {in_force} in force, the folder {built}. Run: allchat build"
        return Finding("store", "problem", what)
    return Finding("store", "good", f"{name}: can be reached, {in_force} is in force, {opened.block_count} blocks")


MOSTLY = 0.5
"""A source with questions for fewer of its blocks than this is worse off than one with none."""


def _reach(opened: Store) -> Iterator[Finding]:
    """Of each source whether it can be reached: by questions of ours, by its own words, or not."""
    documents, asked = opened.documents_of_blocks(), {block for block, _, _ in opened.questions()}
    blocks, with_questions = Counter(documents), Counter(documents[number] for number in asked)
    passages = opened.passage_counts()
    for key in opened.told("title"):
        reached = with_questions[key]
        told = f"{key}: {blocks[key]} blocks, {reached} with questions of ours"
        if not passages.get(key):
            fact = f"{key}: nothing in it can be found. See its review page; bring a better copy, or set use = false."
            yield Finding("source", "note", fact)
        elif 0 < reached < MOSTLY * blocks[key]:
            yield Finding("source", "note", f"{told}: the others are hardly reached. See: allchat source reach {key}")
        else:
            yield Finding("source", "good", told if reached else f"{told}: found by its own words")


def disk(index: Path) -> Finding:
    """Whether there is room for a build beside the index that is there."""
    folder = next(folder for folder in (index.absolute(), *index.absolute().parents) if folder.is_dir())
    try:
        size = sum(path.stat().st_size for path in index.rglob("*") if path.is_file())
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding("disk", "problem", f"{folder}: cannot be read ({error.strerror}). Mend its permissions.")
    needed = max(LEAST_FREE, 2 * size)
    facts = f"{folder}: {free / 1000**3:.1f} GB free, the index takes {size / 1000**3:.2f} GB"
    if free < needed:
        return Finding("disk", "problem", f"{facts}, a build wants {needed / 1000**3:.1f} GB. Free the disk.")
    return Finding("disk", "good", facts)


def findings_report(findings: list[Finding], *, settings: Mapping[str, tuple[str, str]]) -> str:
    """The findings as lines, problems marked, packages that are as they should be on one; then each setting."""
    fine = [finding.what for finding in findings if finding.about == "package" and finding.state == "good"]
    marks = {"good": "  ok    ", "note": "  note  ", "warning": "WARNING ", "problem": "PROBLEM "}
    lines = [
        f"{marks[finding.state]}{finding.about}: {finding.what}"
        for finding in findings
        if not (finding.about == "package" and finding.state == "good")
    ]
    lines.insert(1, f"{marks['good']}packages: {', '.join(fine)}")
    lines += ["", "settings in force:"]
    lines += [f"  {name} = {value} ({origin})" for name, (value, origin) in settings.items()]
    problems = sum(finding.state == "problem" for finding in findings)
    told = "1 problem." if problems == 1 else f"{problems} problems."
    warnings = sum(finding.state == "warning" for finding in findings)
    warned = "" if not warnings else " 1 warning." if warnings == 1 else f" {warnings} warnings."
    return "\n".join([*lines, "", (told if problems else "No problem found.") + warned])
