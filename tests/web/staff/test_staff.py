"""The staff's pages: closed unless a password is set, word for word where a quote is checked, and nothing is kept."""

from __future__ import annotations

import json
import logging
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from itsdangerous import TimestampSigner
from places import SMALL
from serving import serving
from word_hash import WordHash

from allchat.answering.quotes import Sources, choose, sift
from allchat.audit import bundle
from allchat.chat import Chat
from allchat.errors import SettingsError
from allchat.sources.text import clean
from allchat.web.app import create_app
from allchat.web.middleware.routes import STAFF_BODY
from allchat.web.staff import forms, login, pages
from allchat.web.staff.login import ATTEMPTS, COOKIE, STRETCHED_AT_ONCE, Login
from allchat.web.staff.pages import staff_router
from allchat.web.staff.quote_check import QuoteCheck, QuoteFinding
from allchat.web.staff.views import SourceView
from allchat.wording import load_wording

PASSWORD = "a long password"  # noqa: S105 - of the tests' own server
SECRET = "zebrafish"  # noqa: S105 - a word to look for
PAGES = ["/staff", "/staff/sources/lists", "/staff/quote", "/staff/answer", "/staff/why"]
FORMS = {"/staff/quote": "text", "/staff/answer": "text", "/staff/why": "question"}


def send(client: TestClient, path: str, file: bytes | None = None, **fields: str) -> Any:
    """Send a form as a browser does."""
    parts: dict[str, Any] = {name: (None, text.encode()) for name, text in fields.items()}
    return client.post(path, files=parts | ({} if file is None else {"file": ("saved.jsonl", file)}))


@pytest.fixture
def stranger(small_chat: Chat) -> Iterator[TestClient]:
    """Someone who has not signed in."""
    app = create_app(small_chat, page=False, staff=staff_router(small_chat, password=PASSWORD))
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def nurse(stranger: TestClient) -> TestClient:
    """Someone who has."""
    assert send(stranger, "/staff/sign-in", password=PASSWORD).headers["location"] == "/staff"
    return stranger


# The login


@pytest.mark.parametrize("path", [*PAGES, "/staff/sign-in", "/staff/sign-out", "/staff/", "/staff/x"])
def test_without_a_password_there_are_no_staff_pages(small_chat: Chat, path: str) -> None:
    with TestClient(create_app(small_chat, page=False)) as client:
        assert client.get(path).status_code == client.post(path).status_code == 404


@pytest.mark.parametrize("path", ["/staff/", "/staff/x", "/staffx", "/staff/sources/A/b"])
def test_with_a_password_there_is_nothing_beside_them(nurse: TestClient, path: str) -> None:
    assert nurse.get(path).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_who_has_not_signed_in_is_led_to_the_sign_in(stranger: TestClient, path: str) -> None:
    answer = stranger.get(path)
    assert (answer.status_code, answer.headers["location"], answer.text) == (303, "/staff/sign-in", "")


@pytest.mark.parametrize("path", FORMS)
def test_a_form_sent_after_the_end_of_the_sign_in_is_not_read(stranger: TestClient, path: str) -> None:
    answer = send(stranger, path, text=SECRET)
    assert answer.status_code == 403
    assert "The sign-in has ended" in answer.text
    assert SECRET not in answer.text


def test_the_right_password_opens_every_page(nurse: TestClient) -> None:
    for path in PAGES:
        page = nurse.get(path)
        assert page.status_code == 200, path
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert "<script" not in page.text


@pytest.mark.parametrize("password", ["", "A long password", PASSWORD + " ", PASSWORD[:-1], "x" * 5000, "\ud800"])
def test_a_wrong_password_opens_nothing(stranger: TestClient, password: str) -> None:
    answer = stranger.post("/staff/sign-in", files={"password": (None, password.encode(errors="surrogatepass"))})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "This is not the password." in answer.text


def test_the_cookie_can_be_read_by_nobody_and_says_nothing(stranger: TestClient) -> None:
    cookie = send(stranger, "/staff/sign-in", password=PASSWORD).headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/staff", f"Max-Age={login.SESSION_SECONDS}"} <= set(cookie.split("; "))
    assert cookie.startswith(f"{COOKIE}=staff.")
    assert PASSWORD not in cookie


def test_over_https_the_cookie_travels_over_https_only(small_chat: Chat) -> None:
    app = create_app(small_chat, page=False, staff=staff_router(small_chat, password=PASSWORD))
    with TestClient(app, base_url="https://ward.example", follow_redirects=False) as client:
        assert "Secure" in send(client, "/staff/sign-in", password=PASSWORD).headers["set-cookie"]


def test_a_ticket_of_our_own_is_known_in_every_process_and_a_forged_one_in_none() -> None:
    one, other, stranger = Login(PASSWORD), Login(PASSWORD), Login("another password")
    assert other.knows(one.ticket())
    assert not other.knows(stranger.ticket())
    for forged in ("", "staff", one.ticket() + "x", TimestampSigner(PASSWORD).sign("staff").decode(), "ﬀ.ﬀ.ﬀ"):
        assert not one.knows(forged)


def test_a_ticket_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    login = Login(PASSWORD)
    ticket = login.ticket()
    monkeypatch.setattr(login, "SESSION_SECONDS", -1)
    assert not login.knows(ticket)


def test_who_guesses_has_to_wait_and_others_have_not() -> None:
    login = Login(PASSWORD)
    assert [login.may_try("127.0.0.1") for _ in range(ATTEMPTS + 1)] == [True] * ATTEMPTS + [False]
    assert login.may_try("203.0.113.9")
    assert login.accepts(PASSWORD, address="127.0.0.1")
    assert login.may_try("127.0.0.1")


def test_the_addresses_of_one_household_share_their_attempts() -> None:
    login = Login(PASSWORD)
    tried = [login.may_try(f"2001:db8:1:2::{number:x}") for number in range(1, 1001)]
    assert tried.count(True) == ATTEMPTS
    assert login.may_try("2001:db8:1:3::1")
    assert login.accepts(PASSWORD, address="2001:db8:1:2:ffff::1")
    assert login.may_try("2001:db8:1:2::1")


def test_a_crowd_at_the_sign_in_has_two_passwords_stretched_at_a_time(
    small_chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    stretched, lock, now, most = login._stretched, threading.Lock(), [0], [0]
    router = staff_router(small_chat, password=PASSWORD)

    def stretched_and_counted(password: str) -> bytes:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        key = stretched(password)
        time.sleep(0.05)  # long enough that all would meet here
        with lock:
            now[0] -= 1
        return key

    monkeypatch.setattr(login, "_stretched", stretched_and_counted)
    for address in serving(small_chat, page=False, staff=router):

        def sign_in(number: int, address: str = address) -> int:
            transport = httpx.HTTPTransport(local_address=f"127.0.0.{number}")
            with httpx.Client(base_url=address, transport=transport, timeout=60) as client:
                return client.post("/staff/sign-in", files={"password": (None, SECRET.encode())}).status_code

        with ThreadPoolExecutor(12) as pool:
            assert list(pool.map(sign_in, range(2, 14))) == [403] * 12
    assert most[0] == STRETCHED_AT_ONCE


def test_after_too_many_wrong_passwords_not_even_the_right_one_is_looked_at(stranger: TestClient) -> None:
    tried = [send(stranger, "/staff/sign-in", password=SECRET).status_code for _ in range(ATTEMPTS)]
    last = send(stranger, "/staff/sign-in", password=PASSWORD)
    assert tried == [403] * ATTEMPTS
    assert last.status_code == 429
    assert last.headers["retry-after"] == "30"
    assert "set-cookie" not in last.headers


def test_signing_out_takes_the_cookie_away(nurse: TestClient) -> None:
    assert nurse.post("/staff/sign-out").headers["location"] == "/staff/sign-in"
    assert nurse.get("/staff").headers["location"] == "/staff/sign-in"


@pytest.mark.parametrize("path", [*FORMS, "/staff/sign-in", "/staff/sign-out"])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_web_page_is_not_read(nurse: TestClient, path: str, site: str) -> None:
    parts = {"text": (None, "words"), "question": (None, "words"), "password": (None, PASSWORD)}
    answer = nurse.post(path, files=parts, headers={"sec-fetch-site": site})
    assert answer.status_code == 403
    assert "did not come from the staff pages" in answer.text
    assert "set-cookie" not in answer.headers


def test_a_password_may_be_as_long_as_one_likes() -> None:
    assert Login("x" * 999).accepts("x" * 999, address="")
    assert not Login("x" * 999).accepts("x" * 998, address="")


def test_a_short_password_is_refused_before_anything_is_served(small_chat: Chat) -> None:
    with pytest.raises(SettingsError, match=r"ALLCHAT_STAFF_PASSWORD .* shorter than 12 characters") as raised:
        staff_router(small_chat, password=SECRET)
    assert SECRET not in str(raised.value)


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


# Sources


def views(chat: Chat) -> dict[str, SourceView]:
    return pages.Staff(chat, Login(PASSWORD))._views


def test_all_sources_are_listed_with_how_far_our_questions_reach(nurse: TestClient, small_chat: Chat) -> None:
    page = nurse.get("/staff").text
    for document in small_chat.documents.values():
        assert f'href="/staff/sources/{document.key}"' in page
    blocks = [block for block in small_chat.outline("lists").blocks if block.kind != "heading"]
    reached = sum(bool(small_chat.index.questions_of(block)) for block in blocks)
    assert 0 < reached < len(blocks)
    assert f">{reached} of {len(blocks)}<" in page


def test_an_address_that_would_run_is_shown_and_is_no_link(small_index: Path) -> None:
    chat = Chat.open(small_index, corpus=SMALL, embedder=WordHash())
    chat.documents = {key: replace(found, url="javascript:alert(1)") for key, found in chat.documents.items()}
    with TestClient(create_app(chat, page=False, staff=staff_router(chat, password=PASSWORD))) as client:
        send(client, "/staff/sign-in", password=PASSWORD)
        page = client.get("/staff/sources/lists").text
    assert "<dd>javascript:alert(1)</dd>" in page


def test_a_source_is_shown_whole_with_all_that_is_known_of_it(nurse: TestClient, small_chat: Chat) -> None:
    document = small_chat.documents["lists"]
    page = nurse.get("/staff/sources/lists").text
    for fact in (document.title, document.publisher, document.url, document.rights, document.sha256, document.copy):
        assert fact.replace("'", "&#39;") in page
    for words in (
        "which medicines are forbidden at home",
        "answered by: It is read twice a day.",
        "clotting cells",
        "platelets",
        "No question reaches this block.",
        "The file is the one that was declared.",
    ):
        assert words in page


def test_only_what_no_question_reaches_can_be_shown(nurse: TestClient) -> None:
    page = nurse.get("/staff/sources/lists?only=uncovered").text
    assert "No question reaches this block." in page
    assert "which medicines are forbidden at home" not in page


def test_blocks_and_furniture_together_are_the_whole_text(small_chat: Chat) -> None:
    for key, view in views(small_chat).items():
        text = small_chat.documents[key].text
        kept = [False] * len(text)
        for part in view.parts:
            kept[part.start : part.end] = [True] * (part.end - part.start)
            assert part.words == clean(text[part.start : part.end])
        assert not [
            sign for sign, is_kept in zip(text, kept, strict=True) if not is_kept and sign.strip("\ufeff").strip()
        ]


def test_coverage_counts_every_block_but_the_titles(small_chat: Chat) -> None:
    view = views(small_chat)["lists"]
    asked = {block for block, _, _ in small_chat.index.questions()}
    reached = [b for b in small_chat.index.blocks(sorted(asked)) if b.document == "lists" and b.kind != "heading"]
    assert view.coverable - view.uncovered == len(reached) > 0
    assert view.uncovered > 0


def test_furniture_is_shown_as_what_it_is(nurse: TestClient) -> None:
    page = nurse.get("/staff/sources/furniture").text
    assert 'class="part furniture"' in page
    assert "Skip to main content" in page
    assert "Page furniture, never quoted: menu" in page


def test_a_source_whose_file_was_changed_says_so(corpus: Path, tmp_path: Path) -> None:
    from word_hash import WordHash

    from allchat.build import build

    chat = Chat.open(build(corpus, index=tmp_path / "index", embedder=WordHash()), corpus=corpus, embedder=WordHash())
    app = create_app(chat, page=False, staff=staff_router(chat, password=PASSWORD))
    with TestClient(app) as client:
        send(client, "/staff/sign-in", password=PASSWORD)
        (corpus / "lists.txt").write_text("altered", encoding="utf-8")
        assert "The file is not the one that was declared" in client.get("/staff/sources/lists").text


def test_an_unknown_source_is_not_found(nurse: TestClient) -> None:
    assert nurse.get("/staff/sources/nothing").status_code == 404


# A quote


@pytest.fixture(scope="module")
def checker(small_chat: Chat) -> QuoteCheck:
    return QuoteCheck(small_chat.documents, small_chat.outline)


@pytest.fixture
def one(checker: QuoteCheck) -> Callable[[str], QuoteFinding]:
    def finding(pasted: str) -> QuoteFinding:
        (found,) = checker.check(pasted)
        return found

    return finding


def test_every_sentence_of_every_source_stands_at_its_place(checker: QuoteCheck, small_chat: Chat) -> None:
    for key, document in small_chat.documents.items():
        for block in small_chat.outline(key).blocks:
            for span in block.sentences:
                (found,) = checker.check(document.text[span.start : span.end])
                assert found.count >= 1, document.text[span.start : span.end]
                for place in found.places:
                    assert clean(place.document.text[place.start : place.end]) == found.words == place.words


def test_a_quote_stands_with_its_place_heading_and_link(one: Any, small_chat: Chat) -> None:
    (place,) = one("It makes blood\n cells all day long.").places
    start = small_chat.documents["furniture"].text.index("It makes")
    assert (place.document.key, place.start, place.heading) == ("furniture", start, ("Bones and marrow",))
    assert place.link == f"/source/furniture#c{start}-{place.end}"
    assert (place.before, place.after, place.furniture) == ("", "", "")


def test_words_cut_out_of_a_sentence_are_shown_with_the_rest_of_it(one: Any) -> None:
    (place,) = one("give any of these without asking").places
    assert (place.before, place.words) == ("Do not", "give any of these without asking")


def test_an_item_is_shown_with_every_line_that_introduces_it(one: Any) -> None:
    (place,) = one("not before a lumbar puncture,").places
    assert place.leads == ("Do not give any of these without asking:", "Ibuprofen, unless the ward agreed:")
    (place,) = one("It is read twice a day.").places
    assert place.leads == ("The following checks are made at home:",)


def test_letters_cut_out_of_a_word_do_not_stand(one: Any) -> None:
    assert one("arrow is the soft part").count == 0
    assert one("marrow is the soft part").count == 1


def test_words_that_stand_in_several_sources_are_found_in_each(one: Any, small_chat: Chat) -> None:
    twins = {small_chat.documents[key].text for key in ("twins-a", "twins-b")}
    shared = max(set.intersection(*(set(text.splitlines()) for text in twins)), key=len)
    assert {place.document.key for place in one(shared).places} == {"twins-a", "twins-b"}


def test_a_changed_word_is_marked_in_the_nearest_sentence(one: Any) -> None:
    found = one("Bone marrow is the hard part inside the bones.")
    assert found.count == 0
    assert found.nearest.parts == (
        ("same", "Bone marrow is the"),
        ("removed", "hard"),
        ("added", "soft"),
        ("same", "part inside the bones."),
    )
    assert not found.nearest.marks_only
    assert found.nearest.place.document.key == "furniture"


def test_a_negation_that_was_dropped_is_marked(one: Any) -> None:
    found = one("Do give any of these without asking:")
    assert ("added", "not") in found.nearest.parts


def test_what_stands_around_a_changed_piece_is_no_difference(one: Any) -> None:
    found = one("marrow is the hard part inside")
    assert (found.nearest.place.before, found.nearest.place.after) == ("Bone", "the bones.")
    assert [words for change, words in found.nearest.parts if change != "same"] == ["hard", "soft"]


def test_signs_and_capitals_count_and_are_told_apart_from_words(one: Any) -> None:
    found = one("bone marrow is the soft part inside the bones")
    assert found.count == 0
    assert found.nearest.marks_only


def test_nothing_near_is_said_as_such(one: Any) -> None:
    found = one("Quarterly revenue exceeded expectations by 12 %")
    assert (found.count, found.nearest) == (0, None)


def test_page_furniture_is_found_and_named(one: Any) -> None:
    (place,) = one("Copyright of the insurer").places
    assert place.furniture == "footer"


def test_a_text_of_several_sentences_is_checked_one_by_one(checker: QuoteCheck) -> None:
    found = checker.check(
        "It makes blood cells all day long. Marrow is made anew each night.\n\nIt is read twice a day."
    )
    assert [finding.count for finding in found] == [1, 0, 1]


def test_lines_of_a_pasted_list_are_checked_one_by_one(checker: QuoteCheck) -> None:
    found = checker.check("• Red marrow.\r\n• Blue marrow.\r\n• Yellow marrow.")
    assert [finding.count for finding in found] == [1, 0, 1]


@pytest.mark.parametrize("pasted", ["", " \n", "…!?", "[9]", "•"])
def test_a_text_without_words_has_no_findings(checker: QuoteCheck, pasted: str) -> None:
    assert checker.check(pasted) == ()


def test_the_page_says_clearly_what_stands_and_what_does_not(nurse: TestClient) -> None:
    right = send(nurse, "/staff/quote", text="It makes blood cells all day long.").text
    wrong = send(nurse, "/staff/quote", text="It makes blood cells all night long.").text
    cut = send(nurse, "/staff/quote", text="give any of these").text
    assert "Every word stands in the sources." in right
    assert "Does not stand word for word" not in right
    assert "It does not stand in the sources word for word." in wrong
    assert "night</span>" not in wrong
    assert "<del>" in wrong
    assert "<ins>" in wrong
    assert "Cut out of a longer sentence" in cut


# An answer


def saved(chat: Chat) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(json.dumps(chat.ask("how often is the fever thermometer read").to_dict()))
    assert record["citations"]
    return record


def test_a_saved_answer_holds(nurse: TestClient, small_chat: Chat) -> None:
    page = send(nurse, "/staff/answer", text=json.dumps(saved(small_chat))).text
    assert "Every citation holds." in page
    assert "none of its citations holds" not in page


def test_each_citation_is_told_to_hold_to_have_moved_changed_or_gone(nurse: TestClient, small_chat: Chat) -> None:
    record = saved(small_chat)
    first = record["citations"][0]
    record["citations"] += [
        first | {"number": 91, "start": first["start"] + 7, "end": first["end"] + 7},
        first | {"number": 92, "quote": f"{first['quote']} {SECRET}"},
        first | {"number": 93, "document": "unheard-of"},
    ]
    lines = "\n".join(json.dumps(row) for row in (saved(small_chat), record))
    page = send(nurse, "/staff/answer", lines.encode(), text="").text
    for state in ("holds", "moved", "changed", "gone"):
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
    monkeypatch.setattr(pages, "CITATIONS", 3)
    record = saved(small_chat)
    lines = "\n".join(json.dumps(record | {"id": f"q-{n}"}) for n in range(9))
    page = send(nurse, "/staff/answer", lines.encode(), text="").text
    shown = page.count("<h3>q-")
    assert 1 <= shown <= 3
    assert f"Only the first {shown} answers were checked." in page
    assert 'class="say right" role="status"' not in page


@pytest.mark.parametrize("content", [b"zebrafish", b"[1]", b"\xff\xfe", b'{"id": 1}', b"[" * 50_000])
def test_a_file_that_holds_no_saved_answer_gets_a_clear_error(nurse: TestClient, content: bytes) -> None:
    answer = send(nurse, "/staff/answer", content, text="")
    assert answer.status_code == 422
    assert "Save it with ask --json or batch." in answer.text


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
        assert f"#c{citation.start}-{citation.end}" in page
    assert page.count("quoted as") + page.count("left out: ") == len(trace.hits)


def test_a_follow_up_is_shown_as_understood(nurse: TestClient) -> None:
    page = send(nurse, "/staff/why", question="and why?", history="What is bone marrow made of?\r\n").text
    assert "(about:" in page


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
    assert {"weak", "long"} <= reasons | {"enough"}


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
