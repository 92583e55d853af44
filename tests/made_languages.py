"""Languages of a test's own: English alone with rules that the test writes, and a folder for a third language."""

from __future__ import annotations

import shutil
from pathlib import Path

import allchat.languages
from allchat.languages.folders import WORDS_FILE, Language, Languages, read_languages

PACKAGED = Path(allchat.languages.__path__[0])
THIRD = Path(__file__).parent / "languages" / "third"


def english_of(folder: Path) -> Languages:
    """English alone, of a folder with rules and known words, whatever it may lack to be offered."""
    return Languages((Language("en", folder),))


def copied_english(folder: Path) -> Path:
    """A copy of English to change."""
    return Path(shutil.copytree(PACKAGED / "en", folder / "en"))


def with_third() -> Languages:
    """The languages that come with allchat and one more."""
    return read_languages(PACKAGED, THIRD)


def rule_file(folder: Path, name: str) -> Path:
    """A file of a language by its name alone: known words stand beside the rules."""
    return folder / name if name == WORDS_FILE else folder / "rules" / name
