"""What the forms cost at the worst: counted in calls, not in seconds, which belong to the machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from fastapi.testclient import TestClient
from places import ROOT
from staff_forms import saved, send

from allchat.audit import saved_records
from allchat.benchmark.hostile import hostile_records, hostile_texts
from allchat.chat import Chat
from allchat.records import Document
from allchat.sources.corpus import read_corpus
from allchat.sources.outline import outline_document
from allchat.web.staff.fixed_words import fixed_words
from allchat.web.staff.forms import TEXT_LIMIT
from allchat.web.staff.quote_check import LONGEST_PIECE, PIECES, QuoteCheck, at_once
from allchat.web.staff.saved import NOT_HOLDING, RECORDS, checked
from allchat.web.staff.views import views

CALLS = 400_000
"""Calls that a form may take: a third of a second or so. A text without hostility takes a fiftieth."""


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    return {document.key: document for document in read_corpus(ROOT / "corpus")}


@pytest.fixture(scope="module")
def checker(documents: dict[str, Document], small_chat: Chat) -> QuoteCheck:
    outlines = {key: outline_document(document) for key, document in documents.items()}
    return QuoteCheck(documents, outlines.__getitem__, own=fixed_words(small_chat, views(small_chat)).hold)


def calls(work: Callable[[], object]) -> int:
    """How many functions the work calls, those written in C among them."""
    count = 0

    def see(_frame: Any, event: str, _what: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(see)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def texts(documents: dict[str, Document]) -> Iterator[tuple[str, str]]:
    yield from hostile_texts(next(iter(documents.values())).text[3000:12000], most=TEXT_LIMIT)


@pytest.mark.slow
def test_no_pasted_text_costs_more_than_a_bound(checker: QuoteCheck, documents: dict[str, Document]) -> None:
    checker.check("Nothing of this is known yet.")
    counted = {name: calls(partial(checker.check, text)) for name, text in texts(documents)}
    assert len(counted) > 100
    assert {name: count for name, count in counted.items() if count > CALLS} == {}


@pytest.mark.slow
def test_a_text_is_looked_up_in_at_most_so_many_pieces_of_at_most_such_a_length(
    checker: QuoteCheck, documents: dict[str, Document]
) -> None:
    left = 0
    for name, text in texts(documents):
        found = checker.check(text)
        pieces = [finding.words for finding in found.findings if not finding.count]
        assert len(found.findings) <= PIECES, name
        assert max(map(len, pieces), default=0) <= LONGEST_PIECE, name
        left += found.left
    assert left > 10


def test_the_pieces_of_a_text_leave_nothing_out(checker: QuoteCheck) -> None:
    words = " ".join(f"unheard{number}" for number in range(300))
    found = checker.check(words)
    assert not found.left
    assert " ".join(finding.words for finding in found.findings) == words


def test_a_text_of_too_many_sentences_is_said_to_be_checked_in_part(nurse: TestClient) -> None:
    page = send(nurse, "/staff/quote", text="It makes blood cells all day long.\n\n" * 100).text
    assert f"Only the first {PIECES} pieces were looked up." in page
    assert "Every word stands in the sources." not in page


@pytest.mark.slow
def test_no_file_of_saved_answers_costs_more_than_a_bound(documents: dict[str, Document], small_chat: Chat) -> None:
    citation = saved(small_chat)["citations"][0] | {"document": next(iter(documents))}

    def check(content: bytes) -> object:
        try:
            return checked(saved_records(content), documents=documents, pace=at_once)
        except ValueError:
            return None
        except Exception as error:  # noqa: BLE001 - counted all the same
            return error

    check(b"{}")
    shapes = dict(hostile_records(citation, most=400_000))
    counted = {name: calls(partial(check, content)) for name, content in shapes.items()}
    assert {name: count for name, count in counted.items() if count > 2 * CALLS} == {}


def test_of_answers_that_do_not_hold_no_more_are_checked_than_a_page_can(small_chat: Chat) -> None:
    record = saved(small_chat)
    record["citations"] = [record["citations"][0] | {"quote": "zebrafish"}]
    lines = (json.dumps(record) + "\n").encode() * 1000
    reports = checked(saved_records(lines), documents=small_chat.documents, pace=at_once)
    assert reports.left
    assert not reports.hold
    assert len(reports.all) == NOT_HOLDING
    whole = checked(saved_records(lines.replace(b"zebrafish", b"")), documents=small_chat.documents, pace=at_once)
    assert len(whole.all) <= RECORDS


def test_an_answer_with_more_citations_than_any_of_ours_is_told_so(nurse: TestClient, small_chat: Chat) -> None:
    record = saved(small_chat)
    record["citations"] *= 50
    page = send(nurse, "/staff/answer", text=json.dumps(record)).text
    assert "It has more citations than any answer of allchat" in page
    assert "Every citation holds." not in page


def test_families_may_go_first_between_any_two_pieces(checker: QuoteCheck) -> None:
    asked: list[int] = []
    found = checker.check("One unheard thing. Another unheard thing. A third.", pace=lambda: asked.append(1))
    assert len(asked) == len(found.findings) == 3
