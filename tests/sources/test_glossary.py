"""The glossary: what the sources themselves say of their hard words, and nothing that is not plainly said."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest
from places import ROOT
from small_chat import document

from allchat.records import Outline
from allchat.sources.corpus import read_corpus
from allchat.sources.glossary import Definition, Glossary, definitions
from allchat.sources.outline import outline_document
from allchat.sources.text import clean

DOCUMENTS = {document.key: document for document in read_corpus(ROOT / "corpus")}
OUTLINES: dict[str, Outline] = {key: outline_document(document) for key, document in DOCUMENTS.items()}
GLOSSARY = Glossary.of(DOCUMENTS, OUTLINES)
LISTED = tomllib.loads((ROOT / "tests" / "glossary.toml").read_text(encoding="utf-8"))["word"]


def said(definition: Definition) -> str:
    return clean(DOCUMENTS[definition.document].text[definition.start : definition.end])


def rows() -> list[dict[str, object]]:
    return [
        {"words": list(entry.forms), "document": entry.document, "says": said(entry)} for entry in GLOSSARY.definitions
    ]


def test_every_definition_stands_in_the_list_that_people_have_read() -> None:
    """A new source, or a new way of finding, brings new definitions: read them, then list them."""
    assert rows() == LISTED


@pytest.mark.parametrize("entry", GLOSSARY.definitions, ids=lambda entry: f"{entry.document}-{entry.name}")
def test_a_definition_is_whole_sentences_of_its_source_that_hold_the_word(entry: Definition) -> None:
    outline = OUTLINES[entry.document]
    spans = [span for block in outline.blocks for span in block.sentences]
    starts, ends = {span.start for span in spans}, {span.end for span in spans}
    assert entry.start in starts | {block.start for block in outline.blocks}
    assert entry.end in ends | {block.end for block in outline.blocks}
    assert entry.forms[0].lower().split()[0] in said(entry).lower()
    assert entry.heading in {section.heading for section in outline.sections}


@pytest.mark.parametrize("entry", GLOSSARY.definitions, ids=lambda entry: f"{entry.document}-{entry.name}")
def test_a_definition_from_a_list_comes_with_the_line_that_introduces_it(entry: Definition) -> None:
    outline = OUTLINES[entry.document]
    block = next(block for block in outline.blocks if block.start <= entry.start < block.end)
    assert entry.leads[: len(block.leads)] == block.leads
    items = [item for item in block.items if item.start <= entry.start < item.end and item.start > block.start]
    assert not items or len(entry.leads) > len(block.leads)


def of(text: str) -> dict[str, str]:
    source = document("notes", text, revised=None)
    return {entry.term: clean(text[entry.start : entry.end]) for entry in definitions(source, outline_document(source))}


def test_a_sentence_that_points_back_comes_with_the_one_before() -> None:
    text = "Words\n\nMany doctors work together. This is called a team plan. They meet on Monday.\n"
    assert of(text) == {"team plan": "Many doctors work together. This is called a team plan."}


@pytest.mark.parametrize(
    "text",
    [
        "This is a good day for the family.",
        "It is a service of the hospital.",
        "Fever (see Diagnosis) is treated at once.",
        "The drawing (not shown) is in the book.",
        "Ask the nurse (or the doctor) before you go home.",
        "Chemotherapy is given by mouth.",
    ],
)
def test_what_is_no_definition_is_left_out(text: str) -> None:
    assert of(f"Words\n\n{text}\n") == {}


def test_an_abbreviation_leads_to_where_it_is_spelt_out() -> None:
    text = "Words\n\nA sample of cerebrospinal fluid (CSF) is taken with a needle, and then sent away.\n"
    assert of(text) == {"cerebrospinal fluid": text.split("\n\n")[1].strip()}


def found(words: str) -> Iterator[str]:
    return (match[0] for match in GLOSSARY.find(words))


def test_words_are_found_whole_and_the_longest_first() -> None:
    assert list(found("Remission induction is not remission; intrathecally is no word of ours.")) == [
        "Remission induction",
        "remission",
    ]
    assert list(found("standard-risk, all of ALL, T-cells, T cells")) == ["T cells"]


def test_a_word_is_explained_by_its_own_source_where_that_does() -> None:
    assert GLOSSARY.define("chemotherapy", document="nci-pdq-childhood-all").document == "nci-pdq-childhood-all"
    assert GLOSSARY.define("Chemotherapy", document="cancernet-all-treatment").document == "cancernet-all-treatment"
    assert GLOSSARY.define("petechiae", document="cancernet-all-treatment").document == "nci-pdq-childhood-all"


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("petechiae", "Petechiae (flat, pinpoint, dark-red spots under the skin caused by bleeding)."),
        ("remission", "A remission is when ALL cannot be detected in the body and there are no symptoms."),
        ("prognosis", "Certain factors affect prognosis (chance of recovery) and treatment options."),
        ("lymphoblast", "A lymphoid stem cell becomes a lymphoblast cell and then one of three types of lymphocytes"),
        ("intrathecal", "When chemotherapy is placed directly into the cerebrospinal fluid (intrathecal)"),
    ],
)
def test_the_words_that_families_stumble_over_are_there(word: str, says: str) -> None:
    assert said(GLOSSARY.define(word, document="nci-pdq-childhood-all")).startswith(says)


def test_a_glossary_of_nothing_finds_nothing() -> None:
    assert list(Glossary(()).find("remission")) == []


def test_the_names_of_words_are_ids_without_spaces() -> None:
    assert all(entry.name.removeprefix("w-").replace("-", "").isalnum() for entry in GLOSSARY.definitions)
