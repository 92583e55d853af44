"""Links: none is made of a source's words, and those to sources lead to the marked words."""

from __future__ import annotations

from typing import Any

import pytest
from serving import serving
from small_chat import ScriptChat, SmallChat

pytestmark = pytest.mark.browser

BARE = [
    "See javascript:alert(1) and vbscript:x now.",
    "Go to www.example.org, WWW.example.org or http://example.org/a_b today.",
    "ftp://files.example.org/x_y and HTTPS://EXAMPLE.ORG are here.",
    "Write to some.one@example.org, mailto:a@b.org or xmpp:a@b.org.",
    "<javascript:alert(1)> and <https://example.org>",
    "[x](javascript:alert(1)) and ![y](https://example.org/p.png)",
    "[r]: javascript:alert(1)",
]


def test_no_address_in_a_sources_words_becomes_a_link_and_none_loses_a_letter(chromium: str, visit: Any) -> None:
    for address in serving(ScriptChat(BARE)):
        here = visit(address)
        here.ask("signs https://example.org www.example.org a@b.org javascript:alert(1)")
        shown = here.page.locator("#chat").inner_text()
        assert [words for words in BARE if words not in shown] == []
        targets = here.page.eval_on_selector_all("#chat a", "(links) => links.map((one) => one.getAttribute('href'))")
        assert sorted(targets) == [f"#t1q{number}" for number in range(1, len(BARE) + 1)]


HURTING = {
    "care_team": "[the ward](javascript:alert(1)) <b>4</b> https://example.org/a_b",
    "emergency_number": "0800 123 456",
}


def test_what_an_operator_set_is_shown_as_it_is_and_only_its_numbers_are_links(chromium: str, visit: Any) -> None:
    for address in serving(SmallChat(), contact=HURTING):
        here = visit(address)
        here.ask("crash")
        said = here.page.locator("#chat .said")
        assert HURTING["care_team"] in said.inner_text()
        assert HURTING["care_team"] in here.page.locator(".bar").first.inner_text()
        assert said.locator("a").count() == 0
        assert here.page.locator(".bar a").first.get_attribute("href") == "tel:0800123456"


def test_a_permanent_link_opens_the_source_at_the_marked_words(small: str, visit: Any) -> None:
    text = SmallChat().documents["leaflet"].text
    start = text.index("At the end of the section")
    here = visit(f"{small}/source/leaflet#c{start}-{start + 52}")
    here.page.locator("#marked").wait_for()
    assert here.page.locator("mark").inner_text() == "At the end of the section the last words are quoted."
    assert here.page.evaluate("document.querySelector('#marked').getBoundingClientRect().top < innerHeight")
    here.keep("source")


def test_a_source_reads_without_any_script(small: str, visit: Any) -> None:
    here = visit(f"{small}/source/leaflet", java_script_enabled=False)
    assert here.page.locator("article li").count() == 5


def test_a_quote_opens_in_the_whole_source_in_a_new_tab(small: str, visit: Any) -> None:
    here = visit(small)
    here.ask("signs")
    with here.page.context.expect_page() as opened:
        here.page.locator("#src .links a").first.click()
    opened.value.locator("#marked").wait_for()
    assert here.page.locator("#chat .said").is_visible()
