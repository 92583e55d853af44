"""The audit bundle: everything that made an answer, checked years later without model, index or network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from places import SMALL

from allchat.audit import BUNDLE, audit, bundle, saved_records
from allchat.chat import Chat
from allchat.errors import QuestionError
from allchat.records import Document
from allchat.sources.corpus import read_corpus
from allchat.sources.text import clean

ASKED = "which medicines are forbidden at home"
DOCUMENTS = {document.key: document for document in read_corpus(SMALL)}


@pytest.fixture(scope="module")
def content(small_chat: Chat) -> dict[str, Any]:
    """A bundle as it is read back from its file."""
    written = json.dumps(bundle(small_chat, ASKED, history=["What is a wig?"])[1], ensure_ascii=False)
    return next(iter(saved_records(written.encode())))  # type: ignore[return-value]


def later(**changes: str) -> dict[str, Document]:
    """The corpus of another day: ``lists`` with other words, and so another hash."""
    text = DOCUMENTS["lists"].text
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return {**DOCUMENTS, "lists": replace(DOCUMENTS["lists"], text=text, sha256="0" * 64)}


def states(content: Mapping[str, Any], documents: Mapping[str, Document]) -> list[str]:
    return [check.state for check in audit(content, documents=documents).checks]


def test_a_bundle_holds_all_that_made_the_answer(content: dict[str, Any], small_chat: Chat) -> None:
    assert content["format"] == BUNDLE
    assert content["answer"]["question"] == ASKED
    assert content["history"] == ["What is a wig?"]
    assert content["searched"][0] == ASKED
    assert content["verdict"]["kind"] is None
    assert content["evidence"]["decision"] == "answer"
    assert content["answer"]["versions"].items() <= content["versions"].items()
    assert {source["key"]: source["sha256"] for source in content["sources"]} == {
        key: document.sha256 for key, document in DOCUMENTS.items()
    }
    assert content["inputs"] == small_chat.index.manifest["inputs"]


def test_every_candidate_stands_with_its_scores_and_its_own_words(content: dict[str, Any]) -> None:
    candidates = content["candidates"]
    assert [candidate["rank"] for candidate in candidates] == list(range(1, len(candidates) + 1))
    assert [c["score"] for c in candidates] == sorted((c["score"] for c in candidates), reverse=True)
    for candidate in candidates:
        text = DOCUMENTS[candidate["document"]].text
        assert candidate["words"] == clean(text[candidate["start"] : candidate["end"]])
        assert set(candidate["parts"]) >= {"words", "question"}


def test_a_bundle_of_what_the_guard_answers_has_a_verdict_and_no_candidates(small_chat: Chat) -> None:
    _, content = bundle(small_chat, "my son has a fever of 101")
    assert (content["verdict"]["kind"], content["verdict"]["rule"]) == ("urgent", "fever")
    assert (content["candidates"], content["evidence"]["margin"]) == ([], None)


def test_private_details_are_in_no_part_of_a_bundle(small_chat: Chat) -> None:
    _, content = bundle(
        small_chat,
        "my name is Zebulon Quackenbush, which medicines are forbidden at home?",
        history=["my name is Zebulon Quackenbush"],
    )
    assert "Quackenbush" not in json.dumps(content)


def test_years_later_each_citation_holds_has_moved_has_changed_or_is_gone(content: dict[str, Any]) -> None:
    assert set(states(content, DOCUMENTS)) == {"holds"}
    assert set(states(content, later(Medicines="A new line.\n\nMedicines"))) == {"moved"}
    assert "changed" in states(content, later(**{"Herbal teas": "Strong teas"}))
    assert set(states(content, {})) == {"gone"}


def test_a_lead_and_the_quotes_on_request_are_checked_too(small_chat: Chat) -> None:
    record = small_chat.ask(ASKED).to_dict()
    (first, *_) = record["citations"]
    text = DOCUMENTS[first["document"]].text
    heading = first["heading"][-1]
    lead = {"quote": heading, "start": text.index(heading), "end": text.index(heading) + len(heading)}
    record["further"] = [{**first, "number": 9, "lead": lead}]
    saved = next(saved_records(json.dumps(record).encode()))
    checks = audit(saved, documents=DOCUMENTS).checks
    assert [(check.number, check.state) for check in checks[-2:]] == [(9, "holds"), (9, "holds")]
    record["further"][0]["lead"]["quote"] = "Other words."
    assert "record altered" in states(next(saved_records(json.dumps(record).encode())), DOCUMENTS)


@pytest.mark.parametrize("lead", [[], "line", {"quote": "words", "start": "1", "end": 2}, 0])
def test_a_record_with_a_lead_that_is_none_is_no_answer_record(lead: object, small_chat: Chat) -> None:
    record = small_chat.ask(ASKED).to_dict()
    record["citations"][0]["lead"] = lead
    with pytest.raises(QuestionError, match="not an answer record"):
        list(saved_records(json.dumps(record).encode()))


def test_each_source_is_the_same_has_changed_or_is_gone(content: dict[str, Any]) -> None:
    same = audit(content, documents=DOCUMENTS)
    assert same.holds
    assert set(same.sources.values()) == {"same"}
    assert audit(content, documents=later(Medicines="Drugs")).sources["lists"] == "changed"
    assert set(audit(content, documents={}).sources.values()) == {"gone"}


@pytest.mark.parametrize("path", [("answer", "text"), ("evidence", "margin"), ("verdict", "rule"), ("answered_at",)])
def test_an_altered_bundle_is_not_whole_although_its_citations_hold(content: dict[str, Any], path: Any) -> None:
    altered = json.loads(json.dumps(content))
    place = altered
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = "something else"
    found = audit(altered, documents=DOCUMENTS)
    assert {check.state for check in found.checks} == {"holds"}
    assert not found.whole
    assert not found.holds


def test_a_bundle_of_a_later_program_is_refused_with_the_reason(content: dict[str, Any]) -> None:
    with pytest.raises(QuestionError, match="is an audit bundle of schema 99, this program reads 1"):
        list(saved_records(json.dumps({**content, "schema": 99}).encode()))
