"""What the page shows: our words, a source's words, and a question repeated as plain words."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_parts import message, panel
from small_chat import SmallChat

from allchat.contact import Contact
from allchat.markdown import one_line
from allchat.parts import Fixed, Line, Parts, Quoted
from allchat.records import Answer
from allchat.web.page.cards import Shown
from allchat.web.page.messages import ours, page_words, status, turn_post
from allchat.web.page.trail import MAX_QUOTED, Trail, extended, read_trail
from allchat.web.source_page import long_date, source_page
from allchat.wording import load_wording

CHAT = SmallChat()
WORDS = page_words()


@given(st.text())
def test_a_question_comes_back_as_it_was_typed(text: str) -> None:
    kept = "".join(" " if ord(c) < 32 or 0x7F <= ord(c) < 0xA0 else c for c in text)
    assert one_line(text) == " ".join(kept.split())


def test_a_lone_surrogate_does_not_reach_the_page() -> None:
    assert one_line("a\ud800b") == "a b"


@given(st.text(alphabet="<>&#*_[]()`!\\\n \"'$~|{}-+.:/=@x1"))
def test_a_repeated_question_is_no_markup(text: str) -> None:
    shown = turn_post(text, words=WORDS)
    assert html.unescape(re.sub("<[^>]+>", "", shown.partition("</h3>")[0])) == one_line(text)
    assert "x" in text or shown.count("<") == turn_post("", words=WORDS).count("<")


def test_every_number_becomes_a_link_to_its_mark_of_that_turn() -> None:
    said = message(CHAT.ask("signs"), CHAT, turn=3, words=WORDS)
    assert [f'<a href="#t3q{n}">' in said for n in (1, 2, 3)] == [True] * 3
    assert '<a href="#t3q1">1<span class="vh"> source: The leaflet &lt;title&gt;</span></a>' in said


def test_quotes_on_request_stand_folded_below_the_answer_and_lead_to_their_marks() -> None:
    answer = CHAT.ask("signs")
    first, *rest = answer.citations
    mine, *more = (part for part in answer.parts.said if isinstance(part, Quoted))
    answer = replace(answer, citations=(first,), further=tuple(rest), parts=Parts((mine,), tuple(more)))
    said = message(answer, CHAT, turn=3, words=WORDS)
    head, _, fold = said.partition('<details class="further"><summary>More from the sources</summary>')
    assert all(f'"#t3q{cite.number}"' in fold for cite in rest)
    assert f'"#t3q{first.number}"' in head
    assert extended(Trail(), answer).quoted == ("leaflet", "notes")
    assert "details" not in message(CHAT.ask("signs"), CHAT, turn=3, words=WORDS)


def test_brackets_in_a_quote_stay_text() -> None:
    answer = CHAT.answer("q", "x", kind="answer", text="", quotes=[("notes", "It grows back.")])
    lines = (Line("see [7] and [x](y)", None, 1, ends=True),)
    shown = message(replace(answer, parts=Parts((Quoted((), lines),))), CHAT, turn=1, words=WORDS)
    assert "<p>see [7] and [x](y) <a href" in shown


def test_what_was_understood_is_shown_only_when_it_differs() -> None:
    differs = CHAT.ask("do they go away", history=["signs"])
    assert '<p class="understood">Understood as: What are the signs of leukemia?</p>' in message(
        differs, CHAT, turn=1, words=WORDS
    )
    assert "understood" not in message(differs, CHAT, turn=1, words=WORDS, again=True)
    assert "understood" not in message(CHAT.ask("signs"), CHAT, turn=1, words=WORDS)


def test_an_urgent_answer_stands_in_its_frame_and_brings_no_sources() -> None:
    urgent = CHAT.ask("emergency")
    assert message(urgent, CHAT, turn=1, words=WORDS).startswith(
        '<div class="urgent"><p><strong>Call <a href="tel:911">911</a>'
    )
    assert extended(Trail(), urgent) == Trail(1, alarms=("fever",))
    assert panel(urgent, CHAT, turn=1, words=WORDS) == ""


def test_trouble_is_never_worded_like_an_answer_or_like_silence() -> None:
    shown = turn_post("signs", words=WORDS)
    assert "does not mean that the sources say nothing" in shown


def test_the_status_counts_quotes_and_sources() -> None:
    def told(answer: Answer, turn: int = 1) -> str:
        return status(Shown(answer, CHAT, turn, WORDS))

    assert told(CHAT.ask("signs"), 2) == "Answer 2 is ready, with 3 quotes from 2 sources."
    one = CHAT.answer("q", "x", kind="answer", text="", quotes=[("notes", "It grows back.")])
    assert told(one) == "Answer 1 is ready, with one quote."
    two = CHAT.answer("q", "x", kind="answer", text="", quotes=[("notes", "It grows back."), ("notes", "Hair may")])
    assert told(two) == "Answer 1 is ready, with 2 quotes from one source."
    assert told(CHAT.ask("football")) == "Answer 1 is ready."
    assert told(CHAT.ask("emergency")) == WORDS["ready_urgent"].format(turn=1)


def test_the_panel_marks_each_quote_once_under_the_name_its_link_uses() -> None:
    shown = panel(CHAT.ask("signs"), CHAT, turn=1, words=WORDS)
    assert [shown.count(f'id="t1q{n}"') for n in (1, 2, 3)] == [1, 1, 1]
    assert "Last revised September 2, 2022" in shown
    assert "Date not stated in this copy" in shown
    assert "Quote as you like." in shown
    assert "The leaflet &lt;title&gt;" in shown


def test_a_footnote_number_and_a_ligature_are_shown_as_the_quote_shows_them() -> None:
    shown = panel(CHAT.ask("signs"), CHAT, turn=1, words=WORDS)
    assert "Hair may be lost." in shown
    assert "[9]" not in shown
    assert "Side effects" in shown


def test_a_quote_that_cannot_be_placed_is_said_and_not_marked() -> None:
    answer = CHAT.ask("signs")
    furniture = replace(answer.citations[0], start=0, end=12)
    shown = panel(replace(answer, citations=(furniture,)), CHAT, turn=1, words=WORDS)
    assert WORDS["source_not_placed"] in shown
    assert "<mark" not in shown


def test_a_quote_of_a_source_that_has_changed_is_not_marked_and_its_link_says_so() -> None:
    answer = CHAT.ask("signs")
    old = replace(answer, citations=tuple(replace(cite, source_sha256="0" * 64) for cite in answer.citations))
    shown = panel(old, CHAT, turn=1, words=WORDS)
    assert "<mark" in panel(answer, CHAT, turn=1, words=WORDS)
    assert "<mark" not in shown
    assert WORDS["source_not_placed"] in shown
    assert "@" + "0" * 16 in shown


def test_a_quote_of_a_source_that_is_gone_is_left_out_of_the_panel() -> None:
    answer = CHAT.ask("signs")
    gone = replace(answer, citations=(replace(answer.citations[0], document="nowhere"),))
    assert panel(gone, CHAT, turn=1, words=WORDS) == ""


def test_the_trail_survives_the_way_to_the_browser_and_back() -> None:
    trail = extended(extended(Trail(4), CHAT.ask("signs")), CHAT.ask("emergency"))
    assert trail == Trail(6, ("leaflet", "notes"), ("fever",))
    assert read_trail(trail.to_json(), documents=CHAT.documents) == trail


def test_the_trail_keeps_few_documents_and_holds_no_word_of_a_question() -> None:
    trail = Trail(1, tuple(f"d{n}" for n in range(MAX_QUOTED)))
    trail = extended(trail, CHAT.ask("signs of secret"))
    assert len(trail.quoted) == MAX_QUOTED
    assert trail.quoted[-2:] == ("leaflet", "notes")
    assert "secret" not in trail.to_json()


FORGED = [
    None,
    7,
    "",
    "{",
    "[" * 100_000,
    "[]",
    '{"turn": "1"}',
    '{"turn": true}',
    '{"turn": -1}',
    json.dumps({"turn": 10**9, "quoted": ["leaflet"]}),
    json.dumps({"turn": 1, "quoted": "leaflet"}),
    json.dumps({"turn": 1, "quoted": ["nowhere", 7, ["leaflet"], {"leaflet": 1}]}),
]


@pytest.mark.parametrize("value", FORGED)
def test_of_a_forged_trail_nothing_is_kept(value: object) -> None:
    assert read_trail(value, documents=CHAT.documents).quoted == ()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), st.lists))
def test_no_trail_can_break_the_next_answer(rows: object) -> None:
    trail = read_trail(json.dumps({"turn": 1, "quoted": rows, "alarms": rows}), documents=CHAT.documents)
    shown = message(CHAT.ask("signs"), CHAT, turn=2, words=WORDS, alarms=trail.alarms, known=trail.quoted)
    assert "Hair may be lost." in shown


def test_a_date_is_written_out_and_what_is_no_date_is_left() -> None:
    assert long_date("2022-09-02", words=WORDS) == "September 2, 2022"
    assert long_date("<2022>", words=WORDS) == "&lt;2022&gt;"


def test_the_source_page_shows_the_whole_source_and_marks_the_span() -> None:
    document, outline = CHAT.documents["leaflet"], CHAT.outline("leaflet")
    start = document.text.index("Treatment has")
    page = source_page(document, outline, words=WORDS, span=(start, start + 27))
    assert '<mark class="marked" id="marked" tabindex="-1">Treatment has three phases.</mark>' in page
    assert WORDS["source_marked"] in page
    assert "Skip to menu" not in page
    assert "<title>The leaflet &lt;title&gt;</title>" in page


def test_the_source_page_says_when_it_cannot_mark_and_then_marks_nothing() -> None:
    document, outline = CHAT.documents["leaflet"], CHAT.outline("leaflet")
    for values in ({"span": (0, 5)}, {"span": (-1, -1)}, {"span": (40, 50), "changed": True}):
        page = source_page(document, outline, words=WORDS, **values)  # type: ignore[arg-type]
        assert "<mark" not in page
        assert 'class="say broken"' in page


def test_an_operators_numbers_stand_in_every_word_of_the_page() -> None:
    words = page_words(contact={"emergency_number": "112", "care_team": "ward <4>"})
    assert "112" in words["broken_more"]
    assert words["worried"] == "Worried? Call ward <4>."
    assert not any("911" in text for text in words.values() if isinstance(text, str))


def test_a_number_written_with_blanks_is_a_call_too() -> None:
    said = load_wording().said("urgent.unsure.text", Contact("0800 123 456", "+49 (30) 11-2").values())
    assert '<a href="tel:0800123456">0800 123 456</a>' in ours(said)
    assert '<a href="tel:+4930112">+49 (30) 11-2</a>' in ours(said)


def test_a_care_team_is_named_in_words_and_never_in_links_or_markup() -> None:
    named = "[the ward](javascript:alert(1)) <b>4</b> https://example.org/a_b {turn}"
    shown = ours(load_wording().said("urgent.fever.text", Contact(care_team=named).values()))
    assert html.escape(named) in shown
    assert set(re.findall(r"<(\w+)", shown)) == {"p", "strong", "a"}
    assert re.findall('href="([^"]*)"', shown) == ["tel:911"]


RUNNING = ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "//a.org", "/staff", "", "www.a.org"]
TARGETS = re.compile(r"/source/|\.\./$|\.\./es/$|[?#]|https://example\.org/notes\?|data:,$")


@pytest.mark.parametrize("url", RUNNING)
def test_a_source_whose_address_is_no_web_address_is_shown_without_a_link_to_it(url: str) -> None:
    chat = SmallChat()
    source = chat.documents["leaflet"] = replace(chat.documents["leaflet"], url=url)
    pages = (
        panel(chat.ask("signs"), chat, turn=1, words=WORDS),
        source_page(source, chat.outline("leaflet"), words=WORDS),
    )
    for page in pages:
        assert "The leaflet" in page
        targets = re.findall(r'href="([^"]*)"', page)
        assert [target for target in targets if not TARGETS.match(target)] == []


def test_notices_stand_outside_the_frame_of_an_emergency() -> None:
    urgent = CHAT.ask("emergency")
    urgent = replace(urgent, parts=replace(urgent.parts, notes=(load_wording("es").said("language.note"),)))
    shown = message(urgent, CHAT, turn=1, words=WORDS)
    assert re.search(r'</div>\s*</div>\s*<p class="note" lang="es">[^<]+</p>\s*$', shown)


def test_the_source_page_speaks_spanish_and_leads_to_the_same_place_in_english() -> None:
    document, outline = CHAT.documents["leaflet"], CHAT.outline("leaflet")
    page = source_page(document, outline, words=page_words("es"), span=(-1, -1))
    assert '<html lang="es">' in page
    assert '<a href="../es/">' in page
    assert "no se marca nada" in page
    assert f'sha256={document.sha256}&amp;lang=en#marked" lang="en"' in page


def test_a_spanish_page_names_whom_to_call_in_spanish_unless_an_operator_did() -> None:
    assert "su equipo médico" in page_words("es")["worried"]
    assert "ward 4" in page_words("es", contact={"care_team": "ward 4"})["worried"]


def test_a_notice_tells_its_date_as_a_family_reads_it() -> None:
    told = Fixed("x", "en", "It was revised on 2022-09-02, not on 2022-99-02.")
    old = replace(CHAT.ask("signs"), parts=Parts(notes=(told,)))
    assert "on September 2, 2022, not on 2022-99-02." in message(old, CHAT, turn=1, words=WORDS)
