"""What the page shows: our words, a source's words, and a question repeated as plain words."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_chat import SmallChat

from allchat.answering.cuts import Sources
from allchat.markdown import literal, plain
from allchat.web.page.messages import callable_numbers, folded, message, page_words, starters, status, trouble
from allchat.web.page.sources_panel import panel
from allchat.web.page.trail import MAX_TURNS, Trail, TrailQuote, extended, read_trail
from allchat.web.source_page import long_date, source_page

CHAT = SmallChat()
WORDS = page_words()


@given(st.text())
def test_a_question_comes_back_as_it_was_typed(text: str) -> None:
    kept = "".join(" " if ord(c) < 32 or 0x7F <= ord(c) < 0xA0 else c for c in text)
    assert plain(literal(text)) == " ".join(kept.split())


@given(st.text(alphabet="<>&#*_[]()`!\\\n \"'$~|{}-+.:/=@x1"))
def test_a_repeated_question_holds_no_sign_that_markdown_or_html_reads(text: str) -> None:
    assert not set(literal(text)) & set("<>*_[]()`!\\\n\"'$~|{}-+.:/=@")


def test_a_lone_surrogate_does_not_reach_the_page() -> None:
    assert literal("a\ud800b") == "a b"


def test_every_number_becomes_a_link_to_its_mark_of_that_turn() -> None:
    said = message(CHAT.ask("signs"), turn=3, words=WORDS)
    assert [f"](#t3q{n})" in said for n in (1, 2, 3)] == [True] * 3
    assert '[1<span class="vh"> source: The leaflet &#60;title&#62;</span>](#t3q1)' in said


def test_quotes_on_request_stand_folded_below_the_answer_and_lead_to_their_marks() -> None:
    answer = CHAT.ask("signs")
    first, *rest = answer.citations
    answer = replace(answer, citations=(first,), further=tuple(rest))
    more = folded(answer, sources=Sources(CHAT.documents, CHAT.outline), words=WORDS)
    said = message(answer, turn=3, words=WORDS, more=more)
    head, _, fold = said.partition('<details class="further"><summary>More from the sources</summary>')
    assert all(f"](#t3q{cite.number})" in fold for cite in rest)
    assert f"](#t3q{first.number})" in head
    assert len(extended(Trail(), answer).quotes) == 1 + len(rest)
    nothing = replace(answer, further=())
    assert folded(nothing, sources=Sources(CHAT.documents, CHAT.outline), words=WORDS) == ""


def test_a_number_without_a_citation_and_an_escaped_one_stay_text() -> None:
    answer = CHAT.answer(
        "q", "x", kind="answer", text=r"footnote \[1\] and [7]", quotes=[("notes", "Hair may be lost [9].")]
    )
    assert message(answer, turn=1, words=WORDS).startswith(r"footnote \[1\] and [7]")


def test_what_was_understood_is_shown_only_when_it_differs() -> None:
    differs = CHAT.ask("do they go away", history=["signs"])
    assert '<p class="understood">Understood as: What are the signs of leukemia&#63;</p>' in message(
        differs, turn=1, words=WORDS
    )
    assert "understood" not in message(differs, turn=1, words=WORDS, again=True)
    assert "understood" not in message(CHAT.ask("signs"), turn=1, words=WORDS)


def test_an_urgent_answer_stands_in_its_frame_and_brings_no_sources() -> None:
    urgent = CHAT.ask("emergency")
    assert message(urgent, turn=1, words=WORDS).startswith('<div class="urgent">\n\n**Call [911](tel:911)')
    assert extended(Trail(), urgent) == Trail(1, alarms=("fever",))
    assert panel(Trail(1), CHAT, words=WORDS) == ""


def test_trouble_is_never_worded_like_an_answer_or_like_silence() -> None:
    assert "does not mean that the sources say nothing" in trouble(WORDS)


def test_the_status_counts_quotes_and_sources() -> None:
    assert status(CHAT.ask("signs"), turn=2, words=WORDS) == "Answer 2 is ready, with 3 quotes from 2 sources."
    one = CHAT.answer("q", "x", kind="answer", text="", quotes=[("notes", "It grows back.")])
    assert status(one, turn=1, words=WORDS) == "Answer 1 is ready, with one quote."
    two = CHAT.answer("q", "x", kind="answer", text="", quotes=[("notes", "It grows back."), ("notes", "Hair may")])
    assert status(two, turn=1, words=WORDS) == "Answer 1 is ready, with 2 quotes from one source."
    assert status(CHAT.ask("football"), turn=1, words=WORDS) == "Answer 1 is ready."
    assert status(CHAT.ask("emergency"), turn=1, words=WORDS) == WORDS["ready_urgent"].format(turn=1)


def test_the_panel_marks_each_quote_once_under_the_name_its_link_uses() -> None:
    trail = extended(Trail(), CHAT.ask("signs"))
    shown = panel(trail, CHAT, words=WORDS)
    assert [shown.count(f'id="t1q{n}"') for n in (1, 2, 3)] == [1, 1, 1]
    assert "Last revised September 2, 2022" in shown
    assert "Date not stated in this copy" in shown
    assert "Quote as you like." in shown
    assert "The leaflet &lt;title&gt;" in shown
    assert "\n" not in shown


def test_a_footnote_number_and_a_ligature_are_shown_as_the_quote_shows_them() -> None:
    shown = panel(extended(Trail(), CHAT.ask("signs")), CHAT, words=WORDS)
    assert "Hair may be lost." in shown
    assert "[9]" not in shown
    assert "Side effects" in shown


def test_the_sources_of_an_answer_are_its_own_alone() -> None:
    first = extended(Trail(), CHAT.ask("signs"))
    shown = panel(extended(first, CHAT.ask("signs")), CHAT, words=WORDS)
    assert ('id="t2q1"' in shown, 'id="t1q1"' in shown) == (True, False)
    assert panel(extended(first, CHAT.ask("football")), CHAT, words=WORDS) == ""


def test_a_quote_that_cannot_be_placed_is_said_and_not_marked() -> None:
    shown = panel(Trail(1, (TrailQuote(1, 1, "leaflet", 0, 12, CHAT.documents["leaflet"].sha256),)), CHAT, words=WORDS)
    assert WORDS["source_not_placed"] in shown
    assert "<mark" not in shown


def test_a_quote_of_a_source_that_has_changed_is_not_marked_and_its_link_says_so() -> None:
    trail = extended(Trail(), CHAT.ask("signs"))
    old = Trail(1, tuple(replace(quote, sha256="0" * 64) for quote in trail.quotes))
    shown = panel(read_trail(old.to_json(), documents=CHAT.documents), CHAT, words=WORDS)
    assert "<mark" in panel(trail, CHAT, words=WORDS)
    assert "<mark" not in shown
    assert WORDS["source_not_placed"] in shown
    assert "@" + "0" * 16 in shown


def test_a_quote_of_a_source_that_is_gone_is_left_out_of_the_panel() -> None:
    assert panel(Trail(1, (TrailQuote(1, 1, "nowhere", 0, 12, "0" * 64),)), CHAT, words=WORDS) == ""


def test_the_trail_survives_the_way_to_the_browser_and_back() -> None:
    trail = extended(Trail(4), CHAT.ask("signs"))
    assert read_trail(trail.to_json(), documents=CHAT.documents) == trail


def test_the_trail_forgets_the_oldest_turns_and_holds_no_word_of_a_question() -> None:
    trail = Trail()
    for _ in range(MAX_TURNS + 5):
        trail = extended(trail, CHAT.ask("signs of secret"))
    assert min(quote.turn for quote in trail.quotes) == 6
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
    json.dumps({"turn": 1, "quotes": "x"}),
    json.dumps({"turn": 1, "quotes": [[1, 1, "leaflet"], [1, 1, "leaflet", 0, 5], "x"]}),
    *(
        json.dumps({"turn": 1, "quotes": [row]})
        for row in (
            [1, 1, "nowhere", 0, 5, "0" * 64],
            [1, 1, ["leaflet"], 0, 5, "0" * 64],
            [1, 1, "leaflet", 0, 10**12, "0" * 64],
            [1, 1, "leaflet", 0.5, 5, "0" * 64],
            [1, "1", "leaflet", 0, 5, "0" * 64],
            [1, 1, "leaflet", 0, 5, "0" * 63],
            [1, 1, "leaflet", 0, 5, '"' + "0" * 63],
            [1, 1, "leaflet", 0, 5, 0],
            [2, 1, "leaflet", 0, 5, "0" * 64],  # of a turn still to come: it would be shown beside the next answer
        )
    ),
]


@pytest.mark.parametrize("value", FORGED)
def test_a_forged_trail_brings_no_quotes(value: object) -> None:
    assert read_trail(value, documents=CHAT.documents).quotes == ()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), st.lists))
def test_no_trail_can_break_the_panel(rows: object) -> None:
    trail = read_trail(json.dumps({"turn": 1, "quotes": rows}), documents=CHAT.documents)
    assert isinstance(panel(trail, CHAT, words=WORDS), str)


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
    assert "ward <4>" in plain(words["worried"])
    assert "<4>" not in words["worried"]
    assert not any("911" in text for text in words.values() if isinstance(text, str))


def test_only_whole_numbers_become_calls() -> None:
    assert callable_numbers("911, 9111, 1-911, 988.", words=WORDS) == "[911](tel:911), 9111, 1-911, [988](tel:988)."


def test_a_number_written_with_blanks_is_a_call_too() -> None:
    words = page_words(contact={"emergency_number": "0800 123 456", "crisis_number": "+49 (30) 11-2"})
    said = callable_numbers("Call 0800 123 456 or +49 (30) 11-2.", words=words)
    assert said == "Call [0800 123 456](tel:0800123456) or [+49 (30) 11-2](tel:+4930112)."


def test_a_care_team_is_named_in_words_and_never_in_links_or_markup() -> None:
    named = "[the ward](javascript:alert(1)) <b>4</b> https://example.org/a_b {turn}"
    said = page_words(contact={"care_team": named})["worried"]
    assert named in plain(said)
    assert not set("[]()<>{}_:/") & set(said)


RUNNING = ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "//a.org", "/staff", "", "www.a.org"]
TARGETS = re.compile(r"/source/|\.\./$|\.\./es/$|[?#]|https://example\.org/notes\?|data:,$")


@pytest.mark.parametrize("url", RUNNING)
def test_a_source_whose_address_is_no_web_address_is_shown_without_a_link_to_it(url: str) -> None:
    chat = SmallChat()
    source = chat.documents["leaflet"] = replace(chat.documents["leaflet"], url=url)
    pages = (
        panel(extended(Trail(), chat.ask("signs")), chat, words=WORDS),
        source_page(source, chat.outline("leaflet"), words=WORDS),
    )
    for page in pages:
        assert "The leaflet" in page
        targets = re.findall(r'href="([^"]*)"', page)
        assert [target for target in targets if not TARGETS.match(target)] == []


def test_notices_stand_outside_the_frame_of_an_emergency() -> None:
    urgent = replace(CHAT.ask("emergency"), notices=("Our sources are in English.",))
    assert message(urgent, turn=1, words=WORDS).endswith(
        '</div>\n\n<p class="note">Our sources are in English&#46;</p>'
    )


def test_starting_questions_stand_in_groups_and_the_first_is_open() -> None:
    shown = starters(WORDS)
    assert shown.count("<details") == len(WORDS["starters"])
    assert shown.startswith('<div class="starters"><details open><summary>First days</summary>')
    assert shown.count('class="start"') == sum(len(group["questions"]) for group in WORDS["starters"])


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
    old = replace(CHAT.ask("signs"), notices=("It was revised on 2022-09-02, not on 2022-99-02.",))
    assert "on September 2&#44; 2022&#44; not on 2022&#45;99&#45;02&#46;" in message(old, turn=1, words=WORDS)
