"""allchat source draft, accept and reach; and what doctor says of each source."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import run
from word_hash import WordHash

from allchat.answering.reach import near_misses, reached
from allchat.build import build
from allchat.chat import Chat
from allchat.cli.doctor import _reach
from allchat.search.folder import open_index
from allchat.sources.drafts import drafted

GIVEN = ("--publisher=Ward", "--url=https://example.org/v", "--rights=may be quoted", "--revised=unknown")
LEAFLET = "# Visiting hours\n\nYou may visit from two to four.\n\n# Parking\n\nPark behind the house.\n\nA zoo.\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    assert run("init", tmp_path / "own").exit_code == 0
    monkeypatch.chdir(tmp_path / "own")
    (tmp_path / "own" / "w.md").write_text(LEAFLET, encoding="utf-8")
    assert run("source", "add", "w.md", "--yes", "--id=w", "--language=en", *GIVEN).exit_code == 0
    return tmp_path / "own"


def test_drafts_are_written_and_accepted_by_command(home: Path) -> None:
    result = run("source", "draft", "w")
    assert "2 questions for 2 blocks" in result.output, result.output
    path = home / "corpus" / "questions" / "drafts" / "w.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("accept = false", "accept = true", 1), encoding="utf-8")
    assert "w: 1 questions accepted, 1 drafts left" in run("source", "accept", "w").output
    assert (home / "corpus" / "questions" / "w.toml").exists()
    assert run("source", "draft", "nothing").exit_code != 0


def test_a_block_that_nothing_leads_to_is_named(home: Path) -> None:
    chat = Chat.open(build(home / "corpus", index=home / "index", embedder=WordHash()), embedder=WordHash())
    drafts = drafted(chat.documents["w"], chat.outline("w"))
    by = {row.block.start: row.by for row in reached(chat, "w", drafts=drafts[:1])}
    assert "nothing" in by.values()
    assert by[LEAFLET.replace("# ", "").index("You may")] == "own words"
    assert {row.by for row in reached(chat, "w", drafts=())} == {"nothing"}


def test_near_misses_are_told_by_the_source_that_answers_them(home: Path) -> None:
    chat = Chat.open(build(home / "corpus", index=home / "index", embedder=WordHash()), embedder=WordHash())
    found = near_misses(chat, ["Where may I park?"])
    assert found == {"w": ["Where may I park?"]}


def test_doctor_says_of_each_source_whether_it_is_reached(home: Path) -> None:
    def states() -> list[tuple[str, str]]:
        opened = open_index(build(home / "corpus", index=home / "index", embedder=WordHash()))
        found = [(finding.state, finding.what) for finding in _reach(opened)]
        opened.close()
        return found

    assert states() == [("good", "w: 5 blocks, 0 with questions of ours: found by its own words")]
    folder = home / "corpus" / "questions"
    folder.mkdir()
    (folder / "w.toml").write_text('[[block]]\nbegins = "You may"\nquestions = ["when to come"]\n', encoding="utf-8")
    state, said = states()[0]
    assert state == "note"
    assert "1 with questions of ours: the others are hardly reached" in said
