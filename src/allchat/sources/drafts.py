"""Drafts of questions for a source, from its headings, definitions and leads, for staff to accept, edit or strike.

They lie in ``questions/drafts``, which no build reads. What staff accept goes to the source's question file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allchat.errors import CorpusError
from allchat.languages.folders import ENGLISH
from allchat.records import Block, Document, Outline
from allchat.sources.adding import DRAFTS
from allchat.sources.annotations import QUESTIONS_FOLDER, folder_of
from allchat.sources.corpus import read_toml
from allchat.sources.text import clean
from allchat.sources.toml_text import quoted

MOST_WORDS = 14
"""Words of a heading or a lead that a question is drafted from."""

BEGIN_WORDS = 8
_LEAD = re.compile(
    r"^(?P<what>.{3,90}?)\s+(?:may\s+)?(?:includes?|are|is)(?:\s+(?:the following|as follows))?:$", re.IGNORECASE
)
_TOP = """# Drafts of questions for {id}. Nothing here is in force. Edit a question into a family's words, strike
# what is none (delete it, or its table), write accept = true above what is right, then run: allchat source accept {id}
# From its first question on, a source is searched by its questions: accept some for most of its blocks, or none.
"""
_HEAD = """# Questions a family might ask, and the place in {id} that answers each: accepted by staff. Search uses them
# to lead a family's words to the source's words. Nothing here is ever shown as an answer.
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """Questions for the block that ``begins`` so, below the heading ``under``; its words are unlike all others'."""

    begins: str
    under: str
    questions: tuple[str, ...]
    accept: bool = False


class _Draft(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    begins: Annotated[str, Field(pattern=r"\S")]
    under: str = ""
    questions: list[str]
    accept: bool = False


class _Drafts(BaseModel):
    model_config = ConfigDict(extra="forbid")

    block: list[_Draft] = []


def drafted(document: Document, outline: Outline) -> tuple[Draft, ...]:
    """The drafts for a source, in reading order; none for what nothing can be drafted from. We have words to ask in
    English: of a source in another language only headings that ask are taken.
    """
    return tuple(_drafted(document, outline))


def _drafted(document: Document, outline: Outline) -> Iterator[Draft]:
    headed: set[int] = set()
    for block in outline.blocks:
        if block.kind == "heading":
            continue
        english = document.language == ENGLISH
        questions = list(_own(block, document)) if english else []
        heading = outline.sections[block.section].heading[-1:] if block.section < len(outline.sections) else ()
        if heading and block.section not in headed:
            headed.add(block.section)
            questions = [*_of_heading(heading[0], english=english), *questions]
        begins = _begins(block, document, outline, under=heading)
        if questions and begins:
            yield Draft(begins, heading[0] if heading else "", tuple(dict.fromkeys(questions)))


def _of_heading(heading: str, *, english: bool) -> Iterator[str]:
    text = heading.strip().rstrip(".:")
    if text.endswith("?"):
        yield text
    elif english and len(text.split()) <= MOST_WORDS:
        yield f"What should I know about {_lower(text)}?"


def _own(block: Block, document: Document) -> Iterator[str]:
    """What the block itself names: a term that it defines, or what its lead says that it lists."""
    if block.term:
        yield f"What is {_lower(block.term)}?"
    first = block.sentences[0] if block.sentences else None
    line = clean(document.text[block.start : block.end]).partition("\n")[0]
    said = clean(document.text[first.start : first.end]) if first else line
    found = _LEAD.match(said)
    if found and len(found["what"].split()) <= MOST_WORDS:
        yield f"What are {_lower(found['what'])}?"


def _lower(text: str) -> str:
    """The text within a sentence: its first letter small, unless the word is a name or an abbreviation."""
    first = text.split(maxsplit=1)[0] if text.split() else ""
    return text if first[1:] != first[1:].lower() or len(first) == 1 else text[0].lower() + text[1:]


def _begins(block: Block, document: Document, outline: Outline, *, under: Sequence[str]) -> str | None:
    """The first words of a block that begin no other one below a heading of these words."""
    own = clean(document.text[block.start : block.end])
    mates = [
        clean(document.text[other.start : other.end])
        for other in outline.blocks
        if other is not block and (not under or outline.sections[other.section].heading[-1:] == tuple(under))
    ]
    words = own.split(" ")
    for count in range(min(BEGIN_WORDS, len(words)), len(words) + 1):
        begins = " ".join(words[:count])
        if begins and not any(mate.startswith(begins) for mate in mates):
            return begins
    return None


def drafts_path(corpus: Path, key: str) -> Path:
    """Where the drafts for a source lie."""
    return corpus / QUESTIONS_FOLDER / DRAFTS / f"{key}.toml"


def write_drafts(drafts: Sequence[Draft], *, key: str, corpus: Path) -> Path:
    """Writes the drafts for staff.

    Raises:
        CorpusError: there are drafts already.
    """
    path = drafts_path(corpus, key)
    if path.exists():
        raise CorpusError(f"{path}: is there already. Accept or delete it first.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_TOP.format(id=key) + "".join(f"\n{_table(draft, open_=True)}" for draft in drafts), "utf-8")
    return path


def accept_drafts(*, key: str, corpus: Path, language: str = ENGLISH) -> tuple[int, int]:
    """Moves what is marked with ``accept = true`` to the question file of a source in a language. Gives how many
    questions were accepted, and how many drafts are left.

    Raises:
        CorpusError: there are no drafts, or they are not as the top of their file says.
    """
    path = drafts_path(corpus, key)
    drafts = _read(path)
    taken = [draft for draft in drafts if draft.accept and draft.questions]
    left = [draft for draft in drafts if not draft.accept]
    if taken:
        own = folder_of(corpus, language) / QUESTIONS_FOLDER / f"{key}.toml"
        own.parent.mkdir(parents=True, exist_ok=True)
        before = own.read_text("utf-8") if own.exists() else _HEAD.format(id=key)
        tables = "".join(f"\n{_table(draft, open_=False)}" for draft in taken)
        own.write_text(f"{before.rstrip()}\n{tables}", "utf-8")
        if left:
            path.write_text(_TOP.format(id=key) + "".join(f"\n{_table(d, open_=True)}" for d in left), "utf-8")
        else:
            path.unlink()
    return sum(len(draft.questions) for draft in taken), len(left)


def _read(path: Path) -> list[Draft]:
    if not path.exists():
        raise CorpusError(f"{path}: there is no such file. Run: allchat source draft {path.stem}")
    try:
        found = _Drafts.model_validate(read_toml(path)).block
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CorpusError(f"{path}: {where}: {first['msg']}. The top of the file says what it may hold.") from error
    return [Draft(draft.begins, draft.under, tuple(draft.questions), draft.accept) for draft in found]


def _table(draft: Draft, *, open_: bool) -> str:
    lines = [*(["accept = false"] if open_ else []), f"begins = {quoted(draft.begins)}"]
    lines += [f"under = {quoted(draft.under)}"] if draft.under else []
    lines += [f"questions = [{', '.join(map(quoted, draft.questions))}]"]
    return "[[block]]\n" + "\n".join(lines) + "\n"
