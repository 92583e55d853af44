"""Starts a deployment of one's own: an empty corpus, settings, a short README, apart from the program."""

from __future__ import annotations

from pathlib import Path

from allchat.errors import CorpusError
from allchat.sources.adding import HEADER
from allchat.sources.corpus import CORPUS_FILE

_SETTINGS = """# Settings of this deployment. The program's README lists them all.
corpus = "corpus"
index = "index"
"""

_README = """# Our sources for families
What families can be told from here is in `corpus/`, and nothing else.

    allchat source add LEAFLET.pdf     look at its review page, answer the questions
    allchat build                      after every change
    allchat ask "When can we visit?"   read a few answers aloud
    allchat serve                      the page for families

`allchat source list`, `check` and `remove ID` do what they say. Keep this folder under version control or backed up:
originals and texts are kept byte for byte, and saved answers are checked against them.
"""


def start_folder(folder: Path) -> tuple[Path, ...]:
    """Writes the files of an empty deployment and gives their paths.

    Raises:
        CorpusError: the folder is in use already or cannot be written.
    """
    files = {
        folder / "corpus" / CORPUS_FILE: HEADER,
        folder / "allchat.toml": _SETTINGS,
        folder / "README.md": _README,
    }
    there = [path for path in files if path.exists()]
    if there:
        raise CorpusError(f"{there[0]}: is there already. Name a new folder.")
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CorpusError(f"{folder}: cannot be written ({error.strerror}). Name another folder.") from error
    return tuple(files)
