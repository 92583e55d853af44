"""An answer's quotes as cards: the quote first, where it is from below it, and no word lost."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from page_parts import message
from small_chat import SmallChat

from allchat.answering.compose import shown
from allchat.answering.cuts import Sources
from allchat.parts import Fixed, Line, Listed, Parts, Quoted, Title
from allchat.records import Answer
from allchat.web.page.cards import short_name, when
from allchat.web.page.messages import page_words
from allchat.web.page.offered import next_questions
from allchat.wording import load_wording

CHAT = SmallChat()
DOCUMENTS = {key: replace(source, attribution=f"The {key} states:") for key, source in CHAT.documents.items()}
ASKER = SimpleNamespace(documents=DOCUMENTS, outline=CHAT.outline)
WORDS = page_words()


def answer(*, language: str = "en", lead: Fixed | None = None) -> Answer:
    """An answer as the program composes it, in that language."""
    given, wording = CHAT.ask("signs"), load_wording(language)
    lead = lead or wording.said("answer.lead", role="lead")
    quotes = shown(given.citations, sources=Sources(DOCUMENTS, CHAT.outline), wording=wording)
    return replace(given, parts=replace(given.parts, said=(lead, *quotes)))


def said(given: Answer, **how: Any) -> str:
    return message(given, ASKER, turn=1, words=WORDS, **how)


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_quote_comes_first_and_the_line_on_how_answers_are_made_after_it(language: str) -> None:
    given, lead = answer(language=language), load_wording(language).text("answer.lead")
    assert said(given).startswith('<figure class="quote">\n<p class="attribution">The leaflet states:</p>\n<blockquote')
    assert said(given).index("</figure>") < said(given).index(f'<p class="hint">{lead}</p>')
    assert "<strong>" not in said(given)
    assert "hint" not in said(given, known=["notes"])


def test_no_word_of_a_quote_is_changed_or_lost_and_lists_are_nested_as_in_the_source() -> None:
    lines = (Line("A <b> & 'c':", None, 1), Line("one", 1, 1), Line("two", 0, 1), Line("in it", 1, 1), Line("x", 0, 1))
    frame = Quoted((Line("Led:", None, 1),), (*lines, Line("and *so* on.", None, 1, ends=True)))
    given = answer()
    shown_now = said(replace(given, parts=replace(given.parts, said=(frame,))))
    quoted = re.search("<blockquote[^>]*>(.*?)</blockquote>", shown_now)
    assert quoted is not None
    assert quoted[1].partition(" <a")[0] == (
        "<p>Led:</p><p>A &lt;b&gt; &amp; &#39;c&#39;:</p><ul><li>one</li><li>two<ul><li>in it</li></ul></li>"
        "<li>x</li></ul><p>and *so* on."
    )


def test_each_source_is_introduced_once_before_its_first_quote_and_named_below() -> None:
    shown_now = said(answer())
    assert re.findall(r'"attribution">The (\w+) states', shown_now) == ["leaflet", "notes"]
    labels = re.findall("<figcaption>(.*?)</figcaption>", shown_now, re.DOTALL)
    assert [label.partition(" <")[0].strip() for label in labels] == [
        "A publisher &amp; friends, revised September 2022",
        "A publisher &amp; friends, date not stated",
    ]
    assert re.findall('<span class="at">(.*?)</span>', shown_now) == ["Signs of leukemia", "Side effects"]


def test_a_quote_from_above_the_first_heading_has_a_card_without_one() -> None:
    given = answer()
    bare = replace(given, citations=tuple(replace(citation, heading=()) for citation in given.citations))
    assert said(bare).count("<figcaption>") == 2
    assert 'class="at"' not in said(bare)


def test_what_stands_before_a_nearest_quote_stays_before_it() -> None:
    closest = load_wording().said("answer.closest")
    assert said(answer(lead=closest)).startswith("<p><strong>The sources do not answer this directly.</strong>")


def test_a_quote_of_a_source_that_was_left_out_meanwhile_is_shown_without_its_attribution() -> None:
    gone = SimpleNamespace(documents={"notes": DOCUMENTS["notes"]}, outline=CHAT.outline)
    shown_now = message(answer(), gone, turn=1, words=WORDS)
    assert "At the end of the section the last words are quoted." in shown_now
    assert re.findall(r'"attribution">The (\w+) states', shown_now) == ["notes"]


def test_how_old_a_source_is_is_said_once_in_a_conversation_and_its_badge_stays() -> None:
    note = load_wording().said(
        "notice.old", {"title": DOCUMENTS["leaflet"].title, "date": "2022-09-02"}, about=("leaflet",)
    )
    given = answer()
    given = replace(given, parts=replace(given.parts, notes=(note,)))
    first, later = said(given), said(given, known=["leaflet"])
    assert ('class="note"' in first, 'class="note"' in later) == (True, False)
    assert first.count('class="old"') == later.count('class="old"') == 1


@pytest.mark.parametrize(
    ("publisher", "name"),
    [
        ("National Cancer Institute (NCI), PDQ Pediatric Treatment Editorial Board", "NCI"),
        ("Cancer.Net, American Society of Clinical Oncology (ASCO); identified from the wording", "Cancer.Net"),
        ("A publisher & friends", "A publisher & friends"),
        ("", ""),
    ],
)
def test_a_publisher_is_named_as_families_know_it(publisher: str, name: str) -> None:
    assert short_name(publisher) == name


@pytest.mark.parametrize(("revised", "said"), [("2022-09-02", "revised September 2022"), (None, "date not stated")])
def test_a_date_is_told_in_short_and_none_is_made_up(revised: str | None, said: str) -> None:
    assert when(replace(DOCUMENTS["leaflet"], revised=revised), words=WORDS) == said


def test_the_nearest_parts_and_the_titles_lead_to_their_sources() -> None:
    titles = (Title("Treatment", "leaflet", 1), Title("The notes <title>", "notes"))
    given = replace(CHAT.ask("football"), parts=Parts((Listed((*titles, Fixed("x", "en", "A question?"))),)))
    shown_now = message(given, CHAT, turn=1, words=page_words("es"))
    assert re.search(r'<a href="/source/leaflet\?lang=es#c\d+-\d+"[^>]*>Treatment<', shown_now)
    assert re.search(r'<a href="/source/notes\?lang=es"[^>]*>The notes &lt;title&gt;<', shown_now)
    assert "<li>A question?</li>" in shown_now


def test_what_has_no_questions_of_its_own_ends_with_three_that_have_an_answer() -> None:
    silent = CHAT.ask("football, and does hair fall out?")
    offered = next_questions(silent, asked=["What is remission?"], words=WORDS)
    ours = [question for group in WORDS["starters"] for question in group["questions"]]
    assert len(offered) == 3
    assert set(offered) <= set(ours) - {"What is remission?"}
    assert offered[0] == "Why does chemo make hair fall out?"


def test_help_is_followed_by_no_other_questions_and_an_answer_by_its_own() -> None:
    for asked in ("emergency", "a crisis", "gloomy"):
        assert next_questions(CHAT.ask(asked), asked=(), words=WORDS) == ()
    assert next_questions(CHAT.ask("signs"), asked=["How is it treated?"], words=WORDS) == (
        "Do they go away?",
        "What is next?",
    )
