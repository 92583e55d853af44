"""Two sources that say nearly the same with another number: staff are told, families see the newer first."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from places import SMALL
from sources.made_changes import bare, with_text
from word_hash import WordHash

from allchat.build import build
from allchat.chat import Chat
from allchat.sources.contradictions import MOST_LISTED, Contradiction, contradictions, report
from allchat.sources.outline import outline_document

OLDER = "Visiting hours on the ward\n\nParents may visit the ward from 2 to 4 in the afternoon every day.\n"
NEWER = "Visiting hours on the ward\n\nParents may visit the ward from 2 to 6 in the afternoon every day.\n"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Two leaflets on one question, the older one first by its name."""
    tables = []
    for key, text, revised in (("a-older", OLDER, "2020-01-01"), ("b-newer", NEWER, "2025-01-01")):
        (tmp_path / f"{key}.txt").write_text(text, encoding="utf-8")
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        tables.append(
            f'[[source]]\nid = "{key}"\nfile = "{key}.txt"\nsha256 = "{sha256}"\ntitle = "{key}"\npublisher = "P"\n'
            f'copy = "c"\nurl = "https://example.org/{key}"\nrevised = "{revised}"\naudience = "a"\nlanguage = "en"\n'
            f'rights = "r"\nattribution = "P states:"\n'
        )
    (tmp_path / "corpus.toml").write_text("\n".join(tables), encoding="utf-8")
    return tmp_path


def made(*texts: str) -> tuple[Contradiction, ...] | None:
    """What is found in sources of these texts."""
    one = bare(SMALL)[0]
    documents = [replace(with_text(one, text), key=f"d{number}") for number, text in enumerate(texts)]
    return contradictions(documents, [outline_document(document) for document in documents])


def test_another_number_is_listed_with_both_places_and_dates_and_the_same_words_are_not() -> None:
    found = made(OLDER, NEWER)
    assert found is not None
    assert [str(critical) for pair in found for critical in pair.found] == ["number: [-4-] {+6+}"]
    said = report(found)
    assert "from 2 to 4 in the afternoon" in said
    assert "from 2 to 6 in the afternoon" in said
    assert made(OLDER, OLDER) == ()
    assert made(OLDER, OLDER.replace("Parents", "Families")) == ()


def test_another_negation_is_listed() -> None:
    found = made("Give the syrup with food at noon.\n", "Do not give the syrup with food at noon.\n")
    assert found
    assert found[0].found[0].kind == "negation"


def test_a_sentence_is_held_against_the_likest_one_of_each_other_source() -> None:
    """What stands there in the same words is no contradiction of what stands beside it."""
    both = f"{OLDER}\nParents may visit the ward from 2 to 6 in the afternoon every Sunday.\n"
    assert made(OLDER, both) == ()
    found = made(NEWER, both, OLDER)
    assert found is not None
    assert [(pair.one.key, pair.other.key, pair.also.words[-10:]) for pair in found] == [
        ("d0", "d1", "every day."), ("d0", "d2", "every day."),
    ]  # fmt: skip


def test_of_leaflets_made_by_one_pattern_no_endless_list_is_made() -> None:
    pattern = "Ring the bell of door {number} before you enter the room.\n"
    found = made(*(pattern.format(number=number) for number in range(60)))
    assert found is not None
    assert len(found) == MOST_LISTED


def test_the_build_writes_the_list_beside_the_index_and_says_so_in_a_line(house: Path) -> None:
    said: list[str] = []
    build(house, index=house / "index", embedder=WordHash(), say=said.append)
    assert "2 to 6" in (house / "index" / "contradictions.md").read_text(encoding="utf-8")
    assert sum("differ" in line for line in said) == 1


def test_where_the_sources_are_too_many_no_list_of_an_earlier_build_is_left(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(house, index=house / "index", embedder=WordHash())
    monkeypatch.setattr("allchat.sources.contradictions.MOST_SENTENCES", 1)
    said: list[str] = []
    build(house, index=house / "index", embedder=WordHash(), force=True, say=said.append)
    assert not (house / "index" / "contradictions.md").exists()
    assert any("too many to compare" in line for line in said)


def test_families_see_the_newer_text_first_and_both_dates(house: Path) -> None:
    chat = Chat.open(build(house, index=house / "index", embedder=WordHash()), corpus=house, embedder=WordHash())
    answer = chat.ask("When may parents visit the ward in the afternoon?")
    cited = (*answer.citations, *answer.further)
    assert [citation.revised for citation in cited] == ["2025-01-01", "2020-01-01"]
    if len(answer.citations) == 2:
        assert any("2025-01-01" in notice and "2020-01-01" in notice for notice in answer.notices)
