"""What may become a link: http, https and telephone numbers, and nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allchat.addresses import PHONE, phone_address, web_address
from allchat.markdown import escape_markdown, unescape_markdown

GOOD = [
    "https://www.cancer.gov/types/leukemia/patient/child-all-treatment-pdq#section/all",
    "http://example.org",
    "HTTPS://Example.org:8443/a(b)?c='d'&e=%20",
    "https://kinderkrebs-münchen.example/x",
]
BAD = [
    "",
    "javascript:alert(1)",
    " https://example.org",
    "https://example.org ",
    "https://example.org/a b",
    "https://example.org\n",
    "https:example.org",
    "https:/example.org",
    "https://",
    "https:///x",
    "//example.org",
    "example.org",
    "java\nscript:alert(1)",
    "javascript://example.org/%0aalert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "ftp://example.org",
    "mailto:a@example.org",
    "blob:https://example.org/x",
    "https://www.cancer.gov@example.org/",
    "https:\\\\example.org",
    'https://example.org/"onclick="x',
    "https://example.org/<script>",
]


@pytest.mark.parametrize("address", GOOD)
def test_a_whole_web_address_may_be_a_link(address: str) -> None:
    assert web_address(address) == address


@pytest.mark.parametrize("address", BAD)
def test_every_other_scheme_and_everything_that_is_no_whole_address_stays_text(address: str) -> None:
    assert web_address(address) is None


@given(st.text("htpsjavcrip:/\\@.#?&x \n\t%0", max_size=30))
def test_what_may_be_a_link_begins_with_http_and_a_host(text: str) -> None:
    if web_address(text) is not None:
        assert re.match(r"https?://[^/?#@\\\s]+", text, re.IGNORECASE)
        assert not re.search(r"\s", text)


@pytest.mark.parametrize(("number", "address"), [("911", "tel:911"), ("+49 (30) 11-2", "tel:+4930112")])
def test_a_number_is_called_by_its_digits_however_it_is_written(number: str, address: str) -> None:
    assert re.match(PHONE, number)
    assert phone_address(number) == address


@pytest.mark.parametrize("number", ["", " ", "call us", "911) [x](javascript:alert(1)", "1-800-HELP", "*112*", "x 911"])
def test_what_a_phone_cannot_call_is_no_number(number: str) -> None:
    assert not re.match(PHONE, number)


def test_no_bare_address_of_a_source_is_left_for_a_reader_of_markdown_to_link() -> None:
    """What the page makes of it is asked of a browser, in tests/browser/test_source_links.py."""
    words = "www.example.org WWW.a.org http://a.org/b_c ftp://a.org some.one@example.org mailto:a@b.org awww.no 3:1"
    escaped = escape_markdown(words)
    assert not re.search(r"(?i)www\.|(?<!\\)(?:://|@)", escaped)
    assert unescape_markdown(escaped) == words
    assert "3:1" in escaped


def test_a_name_without_a_scheme_is_no_link_in_programs_that_guess() -> None:
    words = "See cancer.gov, example.org/a, e.g. 3.5 mg. Then 10.1.2.3 and a.b. End.Begin"
    escaped = escape_markdown(words)
    assert unescape_markdown(escaped) == words
    assert not re.search(r"\w(?<!\\)\.[a-z]{2}", escaped)
    assert "e.g. 3.5 mg." in escaped
