"""Lexicon: word files are read as they say at their top; what leads nowhere or to two places is an error."""

from __future__ import annotations

from pathlib import Path

import pytest
from places import ROOT, SMALL

from allchat.errors import CorpusError
from allchat.records import Examples, LayTerm, Question
from allchat.sources.annotations import read_examples, read_lay_terms, read_questions, word_files
from allchat.sources.corpus import read_corpus
from allchat.sources.outline import outline_document
from allchat.sources.text import clean


def questions_of(corpus: Path) -> tuple[Question, ...]:
    documents = read_corpus(corpus)
    return read_questions(corpus, documents=documents, outlines=[outline_document(document) for document in documents])


def write(corpus: Path, text: str) -> Path:
    path = corpus / "questions" / "lists.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_lay_words_are_read_in_the_order_of_the_file() -> None:
    assert read_lay_terms(SMALL) == (LayTerm(("platelets",), ("clotting cells",)),)
    terms = read_lay_terms(ROOT / "corpus")
    assert len(terms) > 50
    assert all(term.source and term.lay for term in terms)


def test_without_word_files_there_are_no_words(tmp_path: Path, corpus: Path) -> None:
    for path in (corpus / "lay_terms.toml", *(corpus / "questions").iterdir()):
        path.unlink()
    assert read_lay_terms(corpus) == ()
    assert questions_of(corpus) == ()
    assert read_examples(corpus) == Examples()
    assert list(word_files(corpus, documents=read_corpus(corpus))) == []


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ('[[term]]\nsource = ["a"]\nlay = ["b"]\nsee = 1\n', "unknown key"),
        ('[[term]]\nsource = []\nlay = ["b"]\n', "term.0.source"),
        ('[[term]]\nsource = [" "]\nlay = ["b"]\n', "term.0.source.0"),
        ('[[term]]\nsource = ["a"]\nlay = [""]\n', "term.0.lay.0"),
        ('[[term]]\nsource = "a"\nlay = ["b"]\n', "list"),
        ('[[terms]]\nsource = ["a"]\nlay = ["b"]\n', "terms"),
        ('[[term]]\nsource = ["a"]\nlay = ["kid", "KID"]\n', "'kid' stands twice"),
        ("term =", "not valid TOML"),
    ],
)
def test_a_lay_word_file_that_is_not_as_described_is_an_error(text: str, fact: str, corpus: Path) -> None:
    (corpus / "lay_terms.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match=r"lay_terms\.toml") as raised:
        read_lay_terms(corpus)
    assert fact in str(raised.value)


def test_a_question_leads_to_the_block_or_the_sentence_that_begins_so() -> None:
    documents = {document.key: document for document in read_corpus(SMALL)}
    found = {question.text: question for question in questions_of(SMALL)}
    whole = found["which medicines are forbidden at home"]
    assert whole.sentence is None
    assert whole.block.kind == "list"
    sentence = found["how often is the fever thermometer read"]
    span = sentence.block.sentences[sentence.sentence or 0]
    assert clean(documents["lists"].text[span.start : span.end]) == "It is read twice a day."


def test_every_question_of_the_real_corpus_leads_to_one_place() -> None:
    assert len(questions_of(ROOT / "corpus")) > 300


ANCHOR = '[[block]]\nbegins = "{}"\nquestions = ["what is it"]\n'


@pytest.mark.parametrize(
    ("text", "fact", "remedy"),
    [
        (ANCHOR.format("Nobody wrote this"), "stands at the beginning of no block", "Copy it anew"),
        (ANCHOR.format("The"), "begins ", "Make it longer, or add the heading"),
        (ANCHOR.format("Herbal teas.") + 'under = "Tests at home"\n', "of no block or sentence", "Copy it anew"),
        (ANCHOR.format(""), "begins", "top of the file"),
        (ANCHOR.format("Herbal teas.") + "sure = true\n", "unknown key", "top of the file"),
        ('[[block]]\nbegins = "Herbal teas."\nquestions = [""]\n', "block.0.questions.0", "top of the file"),
    ],
)
def test_a_beginning_that_leads_nowhere_or_to_several_places_is_an_error(
    text: str, fact: str, remedy: str, corpus: Path
) -> None:
    write(corpus, text)
    with pytest.raises(CorpusError, match=r"questions/lists\.toml") as raised:
        questions_of(corpus)
    assert fact in str(raised.value)
    assert remedy in str(raised.value)


def test_the_heading_tells_equal_beginnings_apart(corpus: Path) -> None:
    write(corpus, ANCHOR.format("Herbal teas.") + 'under = "Medicines at home"\n')
    (corpus / "questions" / "furniture.toml").unlink()
    (question,) = questions_of(corpus)
    assert question.block.kind == "list"


def test_questions_for_a_source_that_is_not_declared_are_an_error(corpus: Path) -> None:
    (corpus / "questions" / "lost.toml").write_text("")
    with pytest.raises(
        CorpusError, match=r"lost\.toml: corpus\.toml declares no such source\. Name the file after an id"
    ):
        questions_of(corpus)


def test_questions_for_a_source_that_is_not_in_use_are_left_out(corpus: Path) -> None:
    (corpus / "questions" / "empty.toml").write_text(ANCHOR.format("Nothing"))
    assert questions_of(corpus) == questions_of(SMALL)
    assert "empty.toml" not in [path.name for path in word_files(corpus, documents=read_corpus(corpus))]


def test_calibration_examples_are_read_and_blank_ones_refused(corpus: Path) -> None:
    path = corpus / "calibration.toml"
    path.write_text('answerable = ["a"]\nnear = ["b", "c"]\nfar = []\n')
    assert read_examples(corpus) == Examples(("a",), ("b", "c"), ())
    path.write_text('answerable = [" "]\n')
    with pytest.raises(CorpusError, match=r"calibration\.toml: answerable\.0"):
        read_examples(corpus)
