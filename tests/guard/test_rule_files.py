"""Rule files are written a phrase a line, and a language adds phrases to the rules of English."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_languages import copied_english, english_of, rule_file
from rule_format import formatted, rule_files

from allchat.errors import SettingsError
from allchat.guard.guard import Guard
from allchat.languages.folders import Language, Languages, packaged_languages


@pytest.mark.parametrize("path", rule_files(), ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_a_rule_file_has_a_phrase_a_line(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert formatted(text) == text, "Run: python tests/rule_format.py"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a = ["x"]\n', 'a = ["x"]\n'),
        ('a = ["x", "y, [z]"] # why\n', 'a = [\n    "x",\n    "y, [z]",\n] # why\n'),
        ('a = [["x"], ["y",\n "z"]]\n', 'a = [\n    ["x"],\n    [\n        "y",\n        "z",\n    ],\n]\n'),
        ('a = [\n  # first\n "x",\n]\n', 'a = [\n    # first\n    "x",\n]\n'),
        ("a = []\nb = 1\n", "a = []\nb = 1\n"),
    ],
)
def test_an_array_becomes_a_phrase_a_line_and_nothing_else_changes(text: str, expected: str) -> None:
    assert formatted(text) == expected


def other(folder: Path, rules: str) -> Languages:
    """English with another language of these emergency rules."""
    (folder / "qab" / "rules").mkdir(parents=True)
    (folder / "qab" / "rules" / "urgent.toml").write_text(rules, encoding="utf-8")
    return Languages((packaged_languages().english, Language("qab", folder / "qab")))


def test_phrases_of_another_language_are_added_group_by_group(tmp_path: Path) -> None:
    added = '[[rule]]\nid = "head-pain"\nall = [[], ["zzterribla"]]\n'
    guard, english = Guard.load(other(tmp_path, added)), Guard.load(english_of(packaged_languages().english.folder))
    assert guard.screen("my son has a headache, zzterribla").reason == "headache"
    assert english.screen("my son has a headache, zzterribla").reason != "headache"


def test_a_rule_of_another_language_stands_behind_those_of_english(tmp_path: Path) -> None:
    own = '[[rule]]\nid = "zz"\nreason = "fever"\nwhy = "A test."\nall = [["zzfebra"]]\npersonal = false\n'
    assert Guard.load(other(tmp_path, own)).screen("zzfebra").rule == "zz"


@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        ('[[rule]]\nid = "fever"\nreason = "other"\nall = [["zz"]]\n', "rule fever: adds phrases .* reason"),
        ('kind = "chat"\n', "each file has one"),
        ('[[rule]]\nid = "zz"\nall = [["zz"]]\n', "rule zz: needs id, reason, why, all"),
    ],
)
def test_another_language_changes_no_rule_of_english(rules: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=complaint):
        Guard.load(other(tmp_path, rules))


def test_english_must_have_every_rule_file(tmp_path: Path) -> None:
    english = copied_english(tmp_path)
    rule_file(english, "scope.toml").unlink()
    with pytest.raises(SettingsError, match=r"scope\.toml"):
        Guard.load(english_of(english))
