"""The staff's login: who gets in, who has to wait, and what the cookie tells."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi.testclient import TestClient
from itsdangerous import TimestampSigner
from serving import serving
from staff_forms import FORMS, PASSWORD, SECRET, send

from allchat.chat import Chat
from allchat.errors import SettingsError
from allchat.web.app import create_app
from allchat.web.staff import login
from allchat.web.staff.login import ATTEMPTS, COOKIE, STRETCHED_AT_ONCE, Login
from allchat.web.staff.pages import staff_router

PAGES = ["/staff", "/staff/sources/lists", "/staff/quote", "/staff/answer", "/staff/why"]


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
        assert "default-src 'none'" in page.headers["content-security-policy"]
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
    monkeypatch.setattr("allchat.web.staff.login.SESSION_SECONDS", -1)
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


def test_a_copy_of_a_ticket_ends_with_the_sign_out_and_others_do_not(nurse: TestClient) -> None:
    copy = nurse.cookies[COOKIE]
    send(nurse, "/staff/sign-in", password=PASSWORD)
    nurse.post("/staff/sign-out")
    nurse.cookies.set(COOKIE, copy, path="/staff")
    assert nurse.get("/staff").status_code == 200
    nurse.post("/staff/sign-out")
    nurse.cookies.set(COOKIE, copy, path="/staff")
    assert nurse.get("/staff").headers["location"] == "/staff/sign-in"


def test_ended_sessions_are_kept_no_longer_than_they_would_have_lasted(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Login(PASSWORD)
    known.end("no ticket")
    assert known._ended == {}
    known.end(known.ticket())
    assert len(known._ended) == 1
    monkeypatch.setattr(login.time, "monotonic", lambda: 10.0**9)
    known.end(known.ticket())
    assert len(known._ended) == 1


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("ward.example", "https://ward.example", 200),
        ("ward.example", "https://ward.example:8443", 200),
        ("ward.example:8443", "https://ward.example:8443", 200),
        ("ward.example:8443", "https://ward.example:8444", 403),
        ("ward.example", "https://evil.example", 403),
        ("ward.example", "https://ward.example.evil.example", 403),
        ("ward.example", "null", 403),
        ("ward.example", "https://[", 403),
    ],
)
def test_a_form_counts_only_from_its_own_origin(nurse: TestClient, host: str, origin: str, status: int) -> None:
    parts = {"text": (None, "It makes blood cells all day long.")}
    headers = {"host": host, "origin": origin, "cookie": f"{COOKIE}={nurse.cookies[COOKIE]}"}
    assert nurse.post("/staff/quote", files=parts, headers=headers).status_code == status


def test_no_script_may_run_at_the_staffs_pages_nor_at_a_marked_source(nurse: TestClient) -> None:
    for path in (*PAGES, "/staff/sign-in", "/staff/x", "/source/lists?start=0&end=5"):
        page = nurse.get(path)
        assert "script-src 'none'" in page.headers["content-security-policy"], path
        assert "<script" not in page.text
    assert nurse.get("/staff").headers["referrer-policy"] == "same-origin"
    link = nurse.get("/source/lists")
    assert link.text.count("<script") == 1
    assert "script-src 'sha256-" in link.headers["content-security-policy"]


def test_a_password_may_be_as_long_as_one_likes() -> None:
    assert Login("x" * 999).accepts("x" * 999, address="")
    assert not Login("x" * 999).accepts("x" * 998, address="")


def test_a_short_password_is_refused_before_anything_is_served(small_chat: Chat) -> None:
    with pytest.raises(SettingsError, match=r"ALLCHAT_STAFF_PASSWORD .* shorter than 12 characters") as raised:
        staff_router(small_chat, password=SECRET)
    assert SECRET not in str(raised.value)
