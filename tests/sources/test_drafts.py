"""Drafted questions: what they are made of, and that none is in force before somebody accepted it."""

from __future__ import annotations

from pathlib import Path

import pytest

from allchat.errors import CorpusError
from allchat.sources.adding import Facts, add
from allchat.sources.annotations import read_questions
from allchat.sources.corpus import read_corpus
from allchat.sources.drafts import accept_drafts, drafted, drafts_path, write_drafts
from allchat.sources.outline import outline_document
from allchat.sources.readers.convert import convert

FACTS = Facts(
    "ward", "The ward", "City Hospital", "https://example.org", "may be quoted", "en", "unknown", "families", "It says:"
)
LEAFLET = b"""# How do I reach the ward?

Ring the bell at the door, please. A nurse will come and show you the way.

# Visiting hours

You may visit from two to four in the afternoon, and after six.

# IV lines

Signs of an infection include:

- Redness around the line.
- A fever of any height.

# Visiting hours

You may visit at night if the nurse says so.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    content = LEAFLET
    add(content, name="a.md", converted=convert(content, name="a.md"), facts=FACTS, corpus=tmp_path)
    return tmp_path


def test_questions_are_drafted_from_headings_and_leads(folder: Path) -> None:
    (document,) = read_corpus(folder)
    drafts = drafted(document, outline_document(document))
    assert [draft.questions for draft in drafts] == [
        ("How do I reach the ward?",),
        ("What should I know about visiting hours?",),
        ("What should I know about IV lines?", "What are signs of an infection?"),
        ("What should I know about visiting hours?",),
    ]


def test_a_draft_is_in_force_once_it_is_accepted_as_it_was_edited(folder: Path) -> None:
    (document,) = read_corpus(folder)
    outline = outline_document(document)

    def in_force() -> list[str]:
        return [question.text for question in read_questions(folder, documents=[document], outlines=[outline])]

    path = write_drafts(drafted(document, outline), key="ward", corpus=folder)
    assert in_force() == []
    assert accept_drafts(key="ward", corpus=folder) == (0, 4)
    with pytest.raises(CorpusError, match="is there already"):
        write_drafts((), key="ward", corpus=folder)
    tables = path.read_text("utf-8").split("[[block]]")
    edited = tables[1].replace("accept = false", "accept = true").replace('["How do I reach', '["how do I get into')
    struck = tables[3].replace("accept = false", "accept = true").replace('"What should I know about IV lines?", ', "")
    path.write_text("[[block]]".join([tables[0], edited, tables[2], struck]), "utf-8")
    assert accept_drafts(key="ward", corpus=folder) == (2, 1)
    assert in_force() == ["how do I get into the ward?", "What are signs of an infection?"]
    path.write_text(path.read_text("utf-8").replace("accept = false", "accept = true"), "utf-8")
    assert accept_drafts(key="ward", corpus=folder) == (1, 0)
    assert len(in_force()) == 3
    assert not drafts_path(folder, "ward").exists()


def test_a_draft_that_is_damaged_names_its_place(folder: Path) -> None:
    with pytest.raises(CorpusError, match="no such file"):
        accept_drafts(key="ward", corpus=folder)
    path = drafts_path(folder, "ward")
    path.parent.mkdir(parents=True)
    path.write_text('[[block]]\nbegins = "Ring"\nquestions = "why"\n', "utf-8")
    with pytest.raises(CorpusError, match=r"block\.0\.questions"):
        accept_drafts(key="ward", corpus=folder)
