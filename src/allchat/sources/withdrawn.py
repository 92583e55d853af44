"""Sources that were withdrawn: a notice stands at their links, and none of their words are kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allchat.errors import CorpusError
from allchat.sources.corpus import CORPUS_FILE, read_toml
from allchat.sources.toml_text import lines_of

WITHDRAWN = "withdrawn"


class Withdrawn(BaseModel):
    """A ``[[withdrawn]]`` table of corpus.toml: what a link to the source still tells. ``on`` is an ISO date."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    publisher: str
    url: str
    on: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")


def read_withdrawn(folder: Path) -> Mapping[str, Withdrawn]:
    """The withdrawn sources of a corpus folder by their ids; none where it has no corpus.toml.

    Raises:
        CorpusError: a table is not as corpus/README.md says.
    """
    path = folder / CORPUS_FILE
    tables = read_toml(path).get(WITHDRAWN, []) if path.exists() else []
    try:
        found = [Withdrawn.model_validate(table) for table in tables]
    except (ValidationError, TypeError) as error:
        raise CorpusError(f"{path}: a [[withdrawn]] table is not as it was written. Restore it.") from error
    return {source.id: source for source in found}


def withdrawn_table(source: Withdrawn) -> str:
    """The table as it is written into corpus.toml."""
    return f"[[{WITHDRAWN}]]\n{lines_of(source.model_dump())}\n"
