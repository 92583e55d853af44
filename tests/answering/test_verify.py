"""Verify: a quote that is not what its source says never leaves, and saved answers are held against today's corpus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import SMALL
from word_hash import WordHash

from allchat.answering.verify import quoted_lines, recheck, verify_quotes
from allchat.chat import Chat
from allchat.errors import VerificationError
from allchat.parts import Line, Quoted
from allchat.records import Answer, Document
from allchat.sources.changes import differences, places_near
from allchat.sources.corpus import read_corpus
from allchat.sources.outline import outline_document
from allchat.sources.text import clean

FAST = settings(max_examples=100, deadline=None, derandomize=True, database=None)
DOCUMENTS = {document.key: document for document in read_corpus(SMALL)}


@pytest.fixture(scope="module")
def answer(small_chat: Chat) -> Answer:
    return small_chat.ask("which medicines are forbidden at home")


def frames(answer: Answer) -> list[Quoted]:
    return [part for part in answer.parts.said if isinstance(part, Quoted)]


def read(key: str) -> str:
    return DOCUMENTS[key].text


def edited(old: str, new: str) -> dict[str, Document]:
    text = DOCUMENTS["lists"].text
    assert old in text
    return {**DOCUMENTS, "lists": replace(DOCUMENTS["lists"], text=text.replace(old, new, 1), sha256="0" * 64)}


def saved(answer: Answer) -> dict[str, Any]:
    return answer.to_dict()["citations"][0]


def test_an_answer_from_the_sources_is_let_through(answer: Answer) -> None:
    assert answer.citations
    verify_quotes(frames(answer), answer.citations, read=read)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda c: replace(c, quote=c.quote.replace("Do not give", "Give")),
        lambda c: replace(c, start=c.start + 7),
        lambda c: replace(c, end=c.end - 1),
        lambda c: replace(c, quote="", start=c.end, end=c.end),
        lambda c: replace(c, quote="", start=c.end, end=c.start),
        lambda c: replace(c, start=-5, end=-1),
        lambda c: replace(c, end=10**9),
        lambda c: replace(c, document="bom"),
    ],
)
def test_a_tampered_quote_is_withheld(tamper: Callable[[Any], Any], answer: Answer) -> None:
    with pytest.raises(VerificationError, match="The answer is withheld"):
        verify_quotes(frames(answer), [tamper(answer.citations[0])], read=read)


@pytest.mark.parametrize("line", [Line("Give aspirin.", None, 1), Line("Aspirin helps.", 0, 1, ends=True)])
@pytest.mark.parametrize("where", ["lead", "lines"])
def test_a_quoted_line_that_does_not_stand_in_its_citation_is_withheld(line: Line, where: str, answer: Answer) -> None:
    (frame,) = frames(answer)
    with pytest.raises(VerificationError, match="does not stand in its citation"):
        verify_quotes([replace(frame, **{where: (line,)})], answer.citations, read=read)
    with pytest.raises(VerificationError, match="does not stand in its citation"):
        verify_quotes([frame], (), read=read)


def test_quotes_of_one_number_are_withheld(answer: Answer) -> None:
    with pytest.raises(VerificationError, match="not numbered in their order"):
        verify_quotes(frames(answer), [*answer.citations, answer.citations[0]], read=read)


def test_quoted_lines_are_the_words_without_marks_and_numbers() -> None:
    text = "Fixed.\n\n> A \\<b\\> line\n>\n> - an item\n>   - a nested one [12]\n\nFixed again."
    assert list(quoted_lines(text)) == ["A <b> line", "an item", "a nested one"]


def test_a_saved_citation_holds_where_nothing_changed(answer: Answer) -> None:
    citation = saved(answer)
    check = recheck(citation, documents=DOCUMENTS)
    assert (check.state, check.start, check.end) == ("holds", citation["start"], citation["end"])


@pytest.mark.parametrize("before", ["A new first line.\n\n", "\ufeff", "\r\n\r\n• one\n\n"])
def test_a_saved_citation_has_moved_where_the_same_words_stand_elsewhere(before: str, answer: Answer) -> None:
    documents = edited("Medicines at home", f"{before}Medicines at home")
    check = recheck(saved(answer), documents=documents)
    assert check.state == "moved"
    assert check.start == saved(answer)["start"] + len(before)
    assert clean(documents["lists"].text[check.start : check.end]) == saved(answer)["quote"]


def test_a_saved_citation_has_changed_where_its_words_are_gone_and_the_nearest_are_shown(answer: Answer) -> None:
    check = recheck(saved(answer), documents=edited("Herbal teas", "Strong teas"))
    assert check.state == "changed"
    assert "Strong tea" in check.found
    assert (check.start, check.end) != (None, None)
    assert not check.proven


def test_a_saved_citation_is_gone_where_its_source_is(answer: Answer) -> None:
    check = recheck(saved(answer), documents={})
    assert (check.state, check.found, check.start) == ("gone", "", None)


@pytest.mark.parametrize("change", [{"start": -3}, {"start": 9, "end": 3}, {"start": 10**9, "end": 10**9 + 1}])
def test_offsets_that_are_none_do_not_hold(change: dict[str, int], answer: Answer) -> None:
    assert recheck({**saved(answer), **change}, documents=DOCUMENTS).state == "record altered"


def test_an_empty_saved_quote_never_holds(answer: Answer) -> None:
    assert (
        recheck({**saved(answer), "quote": "", "end": saved(answer)["start"]}, documents=DOCUMENTS).state
        == "record altered"
    )


def test_differences_lead_word_by_word_from_the_quote_to_the_words_of_today() -> None:
    found = differences("Give two of the red pills daily.", "Give three of the pills daily, early.")
    assert found == (
        ("same", "Give"), ("removed", "two"), ("added", "three"), ("same", "of the"), ("removed", "red"),
        ("same", "pills"), ("removed", "daily."), ("added", "daily, early."),
    )  # fmt: skip
    assert differences("the same", "the same") == (("same", "the same"),)
    assert differences("gone", "") == (("removed", "gone"),)


def test_a_changed_citation_says_what_differs(answer: Answer) -> None:
    check = recheck(saved(answer), documents=edited("Herbal teas", "Strong teas"))
    assert ("removed", "Herbal") in check.differences
    assert ("added", "Strong") in check.differences
    assert " ".join(words for change, words in check.differences if change != "added") == saved(answer)["quote"]
    assert " ".join(words for change, words in check.differences if change != "removed") == check.found


def find_words(text: str, quote: str, *, near: int = 0) -> tuple[int, int] | None:
    return next(iter(places_near(text, quote, near=near)), None)


def test_words_that_stand_twice_have_moved_to_the_nearer_place() -> None:
    text = "Ask. Wait. " * 3
    assert find_words(text, "Wait.", near=14) == (16, 21)
    assert find_words(text, "Wait.") == (5, 10)


def test_a_cut_that_would_read_otherwise_is_passed_over() -> None:
    assert find_words("a \u2022 b", "\u2022 b") is None, "at the start of a cut the bullet is one of a list, and goes"
    assert find_words("a \u2022 b", "a \u2022 b") == (0, 5)


def slow_find(text: str, quote: str) -> tuple[int, int] | None:
    """Every cut that begins and ends with no white space, the leftmost first, the shortest of these first."""
    for start in range(len(text)):
        for end in range(start + 1, len(text) + 1):
            if not text[start].isspace() and not text[end - 1].isspace() and clean(text[start:end]) == quote:
                return start, end
    return None


@FAST
@given(st.text(st.sampled_from("abﬁ \n•[]12.e\u0301"), max_size=25), st.integers(0, 24), st.integers(1, 12))
def test_words_that_stand_in_a_text_are_found(text: str, start: int, length: int) -> None:
    quote = clean(text[start : start + length])
    found = find_words(text, quote)
    if found is not None:
        assert clean(text[found[0] : found[1]]) == quote != ""
    if quote and quote in clean(text) and "[" not in text and "•" not in text:
        assert found is not None or "ﬁ" in text
    assert (found is None) or slow_find(text, quote) is not None


def test_every_sentence_of_every_source_is_found_again() -> None:
    for document in DOCUMENTS.values():
        if document.key != "huge":
            for block in outline_document(document).blocks:
                for span in block.sentences:
                    quote = clean(document.text[span.start : span.end])
                    found = find_words(f"New words.\n{document.text}", quote)
                    assert found is not None, quote


def test_the_sources_are_read_anew_for_every_answer(small_chat: Chat) -> None:
    assert small_chat.read_source("lists") == DOCUMENTS["lists"].text
    assert WordHash().name == small_chat.versions()["model"]
