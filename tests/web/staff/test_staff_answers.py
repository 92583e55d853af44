"""Saved answers checked against the sources, and why an answer came out as it did."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from staff_forms import SECRET, saved, send

from allchat.answering.quotes import Sources, choose, sift
from allchat.audit import bundle
from allchat.chat import Chat
from allchat.web.staff import saved as saved_answers

# An answer


def test_a_saved_answer_holds(nurse: TestClient, small_chat: Chat) -> None:
    page = send(nurse, "/staff/answer", text=json.dumps(saved(small_chat))).text
    assert "Every citation holds." in page
    assert "none of its citations holds" not in page


def test_each_citation_is_told_to_hold_to_be_altered_or_gone(nurse: TestClient, small_chat: Chat) -> None:
    record = saved(small_chat)
    first = record["citations"][0]
    record["citations"] += [
        first | {"number": 91, "start": first["start"] + 7, "end": first["end"] + 7},
        first | {"number": 92, "quote": f"{first['quote']} {SECRET}"},
        first | {"number": 93, "document": "unheard-of"},
    ]
    lines = "\n".join(json.dumps(row) for row in (saved(small_chat), record))
    page = send(nurse, "/staff/answer", lines.encode(), text="").text
    for state in ("holds", "record altered", "gone"):
        assert f'class="state {state}"' in page
    assert "Not every citation holds as saved." in page
    assert f'<del><span class="vh">only saved: </span>{SECRET}' in page


def test_an_altered_line_of_an_answer_is_told(nurse: TestClient, small_chat: Chat) -> None:
    record = saved(small_chat)
    record["text"] += f"\n\n> {SECRET} is good."
    page = send(nurse, "/staff/answer", text=json.dumps(record)).text
    assert "none of its citations holds" in page
    assert f"<li>{SECRET} is good.</li>" in page
    assert 'class="say wrong" role="status"' in page


def test_an_audit_bundle_is_read_and_told_to_be_whole_or_altered(nurse: TestClient, small_chat: Chat) -> None:
    content = bundle(small_chat, "how often is the fever thermometer read")[1]
    assert "as it was written" in send(nurse, "/staff/answer", text=json.dumps(content)).text
    content["answer"]["question"] = "another"
    assert "was altered after it was written" in send(nurse, "/staff/answer", text=json.dumps(content)).text


def test_an_answer_without_citations_says_so(nurse: TestClient, small_chat: Chat) -> None:
    page = send(nurse, "/staff/answer", text=json.dumps(small_chat.ask("hello").to_dict())).text
    assert "nothing to check" in page


def test_of_very_many_answers_the_first_are_checked_and_the_page_says_so(
    nurse: TestClient, small_chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_answers, "RECORDS", 3)
    record = saved(small_chat)
    lines = "\n".join(json.dumps(record | {"id": f"q-{n}"}) for n in range(9))
    page = send(nurse, "/staff/answer", lines.encode(), text="").text
    shown = page.count("<h3>q-")
    assert shown == 3
    assert f"Only the first {shown} answers were checked." in page
    assert 'class="say right" role="status"' not in page


@pytest.mark.parametrize("content", [b"[1]", b'{"id": 1}', b"{\xff\xfe", b"[" * 50_000])
def test_a_file_that_holds_no_saved_answer_gets_a_clear_error(nurse: TestClient, content: bytes) -> None:
    answer = send(nurse, "/staff/answer", content, text="")
    assert answer.status_code == 422
    assert "Save it with ask --json or batch." in answer.text


SHEET = """<!doctype html>
<html lang="en"><head><title>Questions for our care team</title></head><body><h2>Questions</h2><p>Not quoted here.</p>
<section class="taken"><blockquote lang="en"><p>It makes blood cells all day long. [1]</p>
<ul><li>It is read twice a day. [2]</li></ul></blockquote><blockquote><p>Marrow &amp; bone are one.</p></blockquote>
</section></body></html>"""


def test_a_saved_sheet_is_checked_quote_by_quote_with_a_link_to_each_place(nurse: TestClient) -> None:
    page = send(nurse, "/staff/answer", SHEET.encode(), text="").text
    assert "2 of 3 pieces stand word for word." in page
    assert "Marrow &amp; bone are one." in page
    assert "Not quoted here" not in page
    assert "<h1>Check an answer</h1>" in page
    assert page.count("Open in the source") >= 2


def test_an_answer_that_is_pasted_as_text_is_checked_sentence_by_sentence(nurse: TestClient) -> None:
    page = send(
        nurse, "/staff/answer", text="It makes blood cells all day long. [1]\n\nIt is read thrice a day. [2]"
    ).text
    assert "1 of 2 pieces stand word for word." in page
    assert "<del>" in page


@pytest.mark.parametrize("text", ["<html>", "<html>" + "<" * 9000, "<html><blockquote", "x" * 5001])
def test_a_broken_sheet_or_a_text_too_long_is_told_so(nurse: TestClient, text: str) -> None:
    assert send(nurse, "/staff/answer", text=text).status_code == 422


def test_each_row_of_a_check_leads_to_a_source(nurse: TestClient, small_chat: Chat) -> None:
    record = saved(small_chat)
    held = record["citations"][0] | {"lead": None}
    altered = held | {"number": 2, "quote": f"{SECRET} {held['quote']}"}
    older = altered | {"number": 3, "source_sha256": "0" * 64, "quote": f"{SECRET} is not like anything"}
    page = send(
        nurse, "/staff/answer", text=json.dumps(record | {"citations": [held, altered, older], "further": []})
    ).text
    rows = page.split("<tbody")[1].split("</tbody>")[0].split('<tr role="row">')[1:]
    assert [row.count("<a href=") >= 1 for row in rows] == [True, True, True]
    was = f"/source/{held['document']}@{held['source_sha256'][:16]}?start={held['start']}&amp;end={held['end']}#marked"
    assert was not in rows[0]
    assert was in rows[1]
    assert f'href="/staff/sources/{held["document"]}"' in rows[2]
    assert nurse.get(was.replace("&amp;", "&").split("#")[0]).status_code == 200


def test_what_was_saved_of_a_source_that_is_gone_leads_nowhere(nurse: TestClient, small_chat: Chat) -> None:
    record = saved(small_chat)
    gone = record["citations"][0] | {"document": "../a-leaflet", "source_sha256": "0" * 64}
    page = send(nurse, "/staff/answer", text=json.dumps(record | {"citations": [gone]})).text
    assert "../a-leaflet" in page
    assert "a-leaflet" not in " ".join(re.findall(r'href="([^"]*)"', page))


def test_a_check_says_when_it_was_made_and_against_what(nurse: TestClient, small_chat: Chat) -> None:
    page = send(nurse, "/staff/answer", text=json.dumps(saved(small_chat))).text
    assert f"(UTC) against the sources of index {small_chat.versions()['index']}, by allchat " in page
    assert '<p class="signed">Checked by: ' in page
    assert "against the sources of index" in send(nurse, "/staff/quote", text="Marrow is bone.").text


# Why


def test_a_rule_that_decided_is_shown_with_its_reason_and_examples(nurse: TestClient, small_chat: Chat) -> None:
    rule = next(rule for rule in small_chat.guard.rules if rule.kind == "urgent")
    page = send(nurse, "/staff/why", question=rule.match[0]).text
    met = small_chat.guard.screen(rule.match[0]).rule
    shown = next(rule for rule in small_chat.guard.rules if rule.id == met)
    assert f"<code>{shown.id}</code>" in page
    assert "Urgent: whom to call comes first" in page
    assert shown.why.replace("'", "&#39;").replace('"', "&#34;") in page
    assert "The screen decided before anything was searched." in page


def test_every_step_to_an_answer_is_shown(nurse: TestClient, small_chat: Chat) -> None:
    question = "what about aspirin for a headache"
    answer, trace = small_chat.explain(question)
    assert answer.kind == "answer"
    page = send(nurse, "/staff/why", question=question).text
    assert f"{trace.margin:+.3f}" in page
    assert f"{trace.verdict.score:.2f}" in page
    for hit in trace.hits:
        assert f"<strong>{hit.score:.3f}</strong>" in page
    for citation in answer.citations:
        assert f"?start={citation.start}&amp;end={citation.end}#marked" in page
    assert page.count("quoted as") + page.count("left out: ") == len(trace.hits)


def test_a_follow_up_is_shown_as_understood(nurse: TestClient) -> None:
    page = send(nurse, "/staff/why", question="and why?", history="What is bone marrow made of?\r\n").text
    assert "a question about" in page


def test_private_details_are_masked(nurse: TestClient) -> None:
    page = send(nurse, "/staff/why", question="My son is called Zebedee Fish. What is bone marrow?").text
    explained = page.split('id="result"')[1]
    assert "Zebedee" not in explained
    assert "[private]" in explained


def test_a_fault_is_shown_as_a_fault_and_repeats_nothing(
    nurse: TestClient, small_chat: Chat, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(small_chat, "explain", broken)
    page = send(nurse, "/staff/why", question="what is marrow")
    assert page.status_code == 500
    assert "Something is broken" in page.text
    assert SECRET not in page.text + caplog.text


# What was left out


def test_each_hit_is_quoted_or_left_out_with_a_reason_and_the_quotes_are_the_answers(word_chat: Chat) -> None:
    sources = Sources(word_chat.documents, word_chat.outline)
    reasons = set()
    for question in ("what is a lumbar puncture", "what are the side effects", "what is remission", "chemotherapy"):
        hits = word_chat.explain(question)[1].hits
        sifted = sift(hits, sources=sources)
        assert [taken.hit for taken in sifted] == list(hits)
        assert all(bool(taken.quotes) != bool(taken.left) for taken in sifted)
        quoted = {(q.document, place) for taken in sifted for q in taken.quotes for place in range(q.start, q.end)}
        chosen = {(q.document, place) for q in choose(hits, sources=sources) for place in range(q.start, q.end)}
        assert quoted <= chosen
        reasons |= {taken.left for taken in sifted}
    assert {"weak", "enough", "item"} <= reasons
