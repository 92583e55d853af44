"""An update of a source: what it reports, what goes along, what waits, and that it can be taken back to the byte."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from allchat.errors import CorpusError
from allchat.sources import archive, switch
from allchat.sources.annotations import read_questions
from allchat.sources.corpus import declared_sources, read_corpus
from allchat.sources.critical import critical_changes
from allchat.sources.outline import outline_document
from allchat.sources.update import Update, apply, planned

TEXT = """Chemotherapy

Chemotherapy is the use of drugs to stop the growth of cancer cells in the body.

Vincristine is given once a week for 4 weeks.

Do not give aspirin to a child with a low platelet count.

Hair grows back after the treatment ends.

Staying in hospital

Families may stay overnight in the family room beside the ward.

Visitors wash their hands before they come in.
"""
ANCHORS = (
    "Chemotherapy is the use", "Vincristine is given", "Do not give aspirin", "Hair grows back", "Families may stay",
    "Visitors wash",
)  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A corpus of one source with a question for each sentence, in English and in Spanish."""
    corpus = tmp_path / "corpus"
    write(corpus / "it.txt", TEXT)
    sha256 = hashlib.sha256(TEXT.encode()).hexdigest()
    facts = 'title = "T"\npublisher = "P"\ncopy = "c"\nurl = "https://example.org"\nrevised = "2022-01-01"\n'
    facts += 'audience = "a"\nlanguage = "en"\nrights = "r"\nattribution = "P states:"\n'
    rule = '\n[[source.applies]]\nbegins = "Vincristine is given"\nphase = ["first_treatment"]\n'
    write(
        corpus / "corpus.toml", f'# Ours.\n\n[[source]]\nid = "it"\nfile = "it.txt"\nsha256 = "{sha256}"\n{facts}{rule}'
    )
    blocks = [f'[[block]]\nbegins = "{begins}"\nquestions = [\n  "q{n}",\n]\n' for n, begins in enumerate(ANCHORS)]
    for place in ("questions/it.toml", "es/questions/it.toml"):
        write(corpus / place, "# Our questions.\n\n" + "\n# ---- a part\n\n".join(blocks))
    return corpus


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def plan(corpus: Path, text: str, *, name: str = "new.txt", least: float = 0.8, **given: str) -> Update:
    return planned(
        corpus, "it", content=text.encode(), name=name, given={"revised": "2025-01-01", **given}, least=least
    )


def fates(update: Update) -> dict[str, str]:
    return {anchor.begins: anchor.fate for anchor in update.anchors if anchor.language == "en"}


def tree(corpus: Path, *, leaving: tuple[str, ...] = ()) -> Mapping[str, bytes]:
    files = ((path.relative_to(corpus).as_posix(), path) for path in sorted(corpus.rglob("*")) if path.is_file())
    return {place: path.read_bytes() for place, path in files if not place.startswith(leaving or ("\0",))}


NEXT = (
    TEXT.replace("4 weeks", "6 weeks")
    .replace("Do not give aspirin", "Give aspirin")
    .replace("Hair grows back after the treatment ends.", "Hair usually grows back after the treatment ends.")
    .replace("Visitors wash their hands before they come in.\n", "")
    .replace("beside the ward", "beside the ward, with a key from the desk")
)


def test_each_place_of_a_question_holds_has_a_proposal_changed_critically_or_is_lost(house: Path) -> None:
    found = fates(plan(house, NEXT))
    assert found == {
        "Chemotherapy is the use": "holds", "Vincristine is given": "critical", "Do not give aspirin": "critical",
        "Hair grows back": "proposal", "Families may stay": "proposal", "Visitors wash": "lost",
    }  # fmt: skip


def test_a_source_without_rules_and_without_questions_can_be_updated(house: Path) -> None:
    table = house / "corpus.toml"
    write(table, table.read_text(encoding="utf-8").partition("\n[[source.applies]]")[0])
    for place in ("questions/it.toml", "es/questions/it.toml"):
        write(house / place, "# No question yet.\n")
    apply(plan(house, NEXT))
    assert read_corpus(house)[0].text == NEXT
    assert (house / "questions" / "it.toml").read_text(encoding="utf-8") == "# No question yet.\n"


def test_a_plan_changes_nothing(house: Path) -> None:
    before = tree(house)
    plan(house, NEXT)
    assert tree(house) == before


def test_a_number_or_a_negation_that_changed_is_never_taken_whatever_is_asked_for(house: Path) -> None:
    apply(plan(house, NEXT, least=0.0))
    questions = (house / "questions" / "it.toml").read_text(encoding="utf-8")
    waiting = (house / "parked" / "it.toml").read_text(encoding="utf-8")
    for begins in ("Vincristine is given", "Do not give aspirin", "Visitors wash"):
        assert begins not in questions
        assert waiting.count(f'begins = "{begins}') == 2, "English and Spanish"
    assert "number: [-4-] {+6+}" in waiting
    assert "negation: [-not-]" in waiting
    assert '"q1"' in waiting
    assert '"q1"' not in questions


def test_after_an_update_every_question_that_went_along_leads_to_a_place_of_the_new_text(house: Path) -> None:
    apply(plan(house, NEXT))
    documents = read_corpus(house)
    outlines = [outline_document(document) for document in documents]
    for language in ("en", "es"):
        asked = read_questions(house, documents=documents, outlines=outlines, language=language)
        assert [question.text for question in asked] == ["q0", "q3", "q4"]
    assert "# ---- a part" in (house / "questions" / "it.toml").read_text(encoding="utf-8")
    assert documents[0].revised == "2025-01-01"
    assert documents[0].layout.applies, "its tag goes along"


def test_a_sentence_that_is_new_beside_one_that_stands_takes_no_question_away(house: Path) -> None:
    text = TEXT.replace(
        "cells in the body.", "cells in the body. About 25% of it is given on 3 days, and not at night."
    )
    assert fates(plan(house, text))["Chemotherapy is the use"] == "proposal"
    apply(plan(house, text))
    assert "q0" in (house / "questions" / "it.toml").read_text(encoding="utf-8")
    assert fates(plan(house, TEXT))["Chemotherapy is the use"] == "critical", "and what is taken out takes it away"


@pytest.mark.parametrize("place", ["corpus.toml", "es/questions/it.toml"])
def test_what_was_edited_while_the_report_was_made_is_not_written_over(house: Path, place: str) -> None:
    update = plan(house, NEXT)
    edited = (house / place).read_text(encoding="utf-8")
    write(house / place, edited.replace("Vincristine is given", "Hair grows back"))
    before = tree(house)
    with pytest.raises(CorpusError, match="was edited since"):
        apply(update)
    assert tree(house) == before


def test_a_proposal_less_like_than_asked_for_is_parked(house: Path) -> None:
    apply(plan(house, NEXT, least=0.99))
    assert "q3" not in (house / "questions" / "it.toml").read_text(encoding="utf-8")
    assert "likeness 0." in (house / "parked" / "it.toml").read_text(encoding="utf-8")


def test_the_old_text_and_the_new_one_are_kept_with_their_dates(house: Path) -> None:
    update = plan(house, NEXT)
    apply(update)
    kept = archive.kept_texts(house, "it")
    assert {sha256: text.revised for sha256, text in kept.items()} == {
        update.old.sha256: "2022-01-01", update.new.sha256: "2025-01-01",
    }  # fmt: skip
    assert kept[update.old.sha256] == update.old


def test_ten_revisions_in_a_row_undone_and_redone_give_the_same_bytes(house: Path) -> None:
    chance = random.Random(19)  # noqa: S311 - the same revisions on every run
    texts = [TEXT]
    for number in range(10):
        lines = texts[-1].split("\n\n")
        lines.insert(chance.randrange(1, len(lines)), f"A new line of the revision {number} stands here.")
        at = chance.randrange(1, len(lines))
        lines[at] = lines[at].replace(" the ", chance.choice([" a ", " the very ", " this "]), 1)
        texts.append("\n\n".join(lines))
    start, states = tree(house), []
    for text in texts[1:]:
        apply(plan(house, text))
        states.append(tree(house, leaving=("archive", "updates")))
    done = tree(house)
    for state in reversed([start, *states[:-1]]):
        switch.undo(house)
        assert tree(house, leaving=("archive", "updates")) == state
    assert not switch.steps(house)
    for text in texts[1:]:
        apply(plan(house, text))
    assert tree(house) == done
    for text in texts:
        kept = archive.earlier(house, "it", hashlib.sha256(text.encode()).hexdigest())
        assert kept is not None
        assert kept.text == text


def test_a_file_of_another_kind_is_converted_and_undo_brings_the_text_by_hand_back(house: Path) -> None:
    before = tree(house)
    page = "# Chemotherapy\n\n" + "\n\n".join(NEXT.split("\n\n")[1:5]) + "\n"
    apply(plan(house, page, name="new.md"))
    (source,) = declared_sources(house)
    assert source.layout == "converted"
    assert not (house / "it.txt").exists()
    assert read_corpus(house)
    switch.undo(house)
    assert tree(house, leaving=("archive",)) == before


def test_undo_refuses_where_a_file_was_edited_since_unless_told_to_give_that_up(house: Path) -> None:
    before = tree(house)
    apply(plan(house, NEXT))
    questions = house / "questions" / "it.toml"
    questions.write_text(questions.read_text(encoding="utf-8") + "\n# an edit\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="was edited after the update"):
        switch.undo(house)
    switch.undo(house, discard=True)
    assert tree(house, leaving=("archive",)) == before


@pytest.mark.parametrize("stops_after", range(6))
def test_an_update_that_stops_half_way_leaves_no_corpus_that_can_be_read_and_is_carried_on(
    house: Path, stops_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tree_after(house, monkeypatch, stops_after)
    if (house / "updates" / "unfinished").is_dir():
        with pytest.raises(CorpusError, match="half done"):
            read_corpus(house)
    switch.resume(house)
    assert tree(house, leaving=("updates",)) == whole


def tree_after(house: Path, monkeypatch: pytest.MonkeyPatch, stops_after: int) -> Mapping[str, bytes]:
    """Runs an update that loses its power after so many files are in place, and gives what it should have been."""
    apply(plan(house, NEXT))
    whole = tree(house, leaving=("updates",))
    switch.undo(house)
    put, left = switch._put, [stops_after]

    def failing(path: Path, data: bytes | None) -> None:
        if "updates" not in path.parts:
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
        put(path, data)

    monkeypatch.setattr(switch, "_put", failing)
    with suppress(KeyboardInterrupt):
        apply(plan(house, NEXT))
    monkeypatch.undo()
    return whole


def test_the_text_that_is_there_already_is_no_update(house: Path) -> None:
    with pytest.raises(CorpusError, match="has already"):
        plan(house, TEXT)
    with pytest.raises(CorpusError, match="no source 'other' is in use"):
        planned(house, "other", content=b"x", name="x.txt", given={})


@pytest.mark.parametrize(
    ("was", "now", "kinds"),
    [
        ("Take 2 pills.", "Take 3 pills.", ["number", "dose"]),
        ("Give 5 mg of it.", "Give 5 ml of it.", ["dose"]),
        ("Give vincristine.", "Give methotrexate.", ["medicine"]),
        ("Do not come.", "Do come.", ["negation"]),
        ("It doesn’t hurt.", "It doesn't hurt.", []),
        ("About two of three.", "About three of two.", ["number"]),
        ("Call the ward.", "Call your ward.", []),
        ("Li-Fraumeni syndrome.", "Li-Fraumeni syndrome (TP53 gene)", []),
    ],
)
def test_the_critical_words_that_differ_are_told_by_their_kind(was: str, now: str, kinds: list[str]) -> None:
    assert [found.kind for found in critical_changes(was, now)] == kinds


def test_sections_are_told_by_what_became_of_them(house: Path) -> None:
    told = plan(
        house, NEXT.replace("Staying in hospital", "Staying in the hospital") + "\nGoing home\n\nPack your bag.\n"
    )
    assert told.sections.reworded == (("Staying in hospital", "Staying in the hospital"),)
    assert told.sections.added == ("Going home",)
