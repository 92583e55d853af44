"""The staff's forms and words."""

from __future__ import annotations

import json
import logging
import tempfile

import pytest
from fastapi.testclient import TestClient
from staff_forms import FORMS, SECRET, saved, send

from allchat.chat import Chat
from allchat.web.middleware.routes import STAFF_BODY
from allchat.web.staff import forms
from allchat.wording import load_wording

# Forms


@pytest.mark.parametrize("path", FORMS)
def test_what_is_no_form_gets_a_clear_error(nurse: TestClient, path: str) -> None:
    for content, kind in [(b"text=x", "application/x-www-form-urlencoded"), (b"x", "multipart/form-data"), (b"{}", "")]:
        answer = nurse.post(path, content=content, headers={"content-type": kind})
        assert answer.status_code == 422
        assert "The form could not be read" in answer.text


@pytest.mark.parametrize("path", FORMS)
def test_an_empty_form_is_told_what_is_missing(nurse: TestClient, path: str) -> None:
    answer = send(nurse, path, **{FORMS[path]: " "})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("path", ["/staff/quote", "/staff/why"])
def test_a_text_that_is_too_long_is_not_lost_and_not_cut(nurse: TestClient, path: str) -> None:
    answer = send(nurse, path, **{FORMS[path]: SECRET * 2000})
    assert answer.status_code == 422
    assert SECRET * 2000 in answer.text


def test_a_file_that_is_too_large_is_turned_away_in_words_and_beyond_the_gate_at_all(nurse: TestClient) -> None:
    words = send(nurse, "/staff/answer", b"x" * (forms.UPLOAD_LIMIT + 1), text="")
    assert words.status_code == 422
    assert "The file is larger than" in words.text
    assert send(nurse, "/staff/answer", b"x" * (STAFF_BODY + 1)).status_code == 413
    assert send(nurse, "/staff/quote", text="x" * 100_000).status_code == 413


def test_nothing_that_is_sent_reaches_the_disk(nurse: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    assert "not an answer record" in send(nurse, "/staff/answer", b"[" + b" " * 3_000_000 + b"]", text="").text


def test_nothing_that_is_sent_reaches_a_log(
    nurse: TestClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        send(nurse, "/staff/sign-in", password=SECRET)
        for path, field in FORMS.items():
            send(nurse, path, **{field: SECRET})
        send(nurse, "/staff/answer", SECRET.encode(), text="")
    printed = capfd.readouterr()
    assert SECRET not in caplog.text + printed.out + printed.err


PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea><script>alert(1)</script>",
    "' onfocus=alert(1) autofocus='",
    "<svg/onload=alert(1)>",
    "{{ 7*7 }}{% include 'base.html' %}",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_markup_in_a_form_is_shown_as_words(nurse: TestClient, small_chat: Chat, payload: str) -> None:
    record = saved(small_chat)
    record |= {"id": payload, "question": payload, "kind": payload, "text": f"> {payload}"}
    record["citations"][0] |= {"quote": payload, "document": payload}
    pages = [
        send(nurse, "/staff/quote", text=f"Bone marrow is the soft part {payload}"),
        send(nurse, "/staff/why", question=payload + " what", history=payload),
        send(nurse, "/staff/answer", text=json.dumps(record)),
        send(nurse, "/staff/answer", text=payload),
    ]
    for page in pages:
        assert page.status_code in (200, 422)
        assert "7*7" in page.text or "7*7" not in payload
        for tag in ("<script", "<img", "<svg", "' onfocus", "</textarea><"):
            assert tag not in page.text


def test_markup_in_a_source_is_shown_as_words(nurse: TestClient) -> None:
    for key in ("markup", "injection"):
        page = nurse.get(f"/staff/sources/{key}").text
        assert "<script" not in page
        assert "<img" not in page


# Words


def test_every_reason_state_and_kind_has_its_words() -> None:
    from typing import get_args

    from allchat.answering.abstain import Decision
    from allchat.answering.quotes import Left
    from allchat.answering.verify import QuoteState
    from allchat.audit import SourceState
    from allchat.records import AnswerKind, BlockKind
    from allchat.search.retriever import PARTS

    words = load_wording().table("staff")
    for name, kinds in [
        ("left", get_args(Left)),
        ("state", get_args(QuoteState)),
        ("state_text", get_args(QuoteState)),
        ("source_state", get_args(SourceState)),
        ("kind", get_args(BlockKind)),
        ("kind_of_answer", get_args(AnswerKind)),
        ("decision", get_args(Decision)),
        ("part", PARTS),
    ]:
        assert set(words[name]) == set(kinds), name


def test_no_word_is_hidden_by_a_method_of_its_table() -> None:
    # A template reads "w.copy" as the method of that name, if the table of words has one.
    assert not [name for name in load_wording().table("staff") if hasattr(dict, name)]
