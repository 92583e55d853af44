"""An answer's quotes as cards: the quote first, where it is from below it, and no word lost."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from small_chat import SmallChat

from allchat.answering.compose import shown
from allchat.answering.cuts import Sources
from allchat.records import Answer
from allchat.web.page.cards import arranged, short_name, when, with_places
from allchat.web.page.messages import message, page_words
from allchat.web.page.offered import next_questions
from allchat.wording import load_wording

CHAT = SmallChat()
DOCUMENTS = {key: replace(source, attribution=f"The {key} states:") for key, source in CHAT.documents.items()}
WORDS = page_words()


def answer(*, language: str = "en", lead: str = "answer.lead") -> Answer:
    """An answer as the program composes it, in that language."""
    given, wording = CHAT.ask("signs"), load_wording(language)
    quotes = shown(given.citations, sources=Sources(DOCUMENTS, CHAT.outline), wording=wording)
    return replace(given, text=f"{wording.text(lead)}\n\n{quotes}")


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_quote_comes_first_and_the_line_on_how_answers_are_made_after_it(language: str) -> None:
    given = answer(language=language)
    said = arranged(given.text, given, documents=DOCUMENTS, words=WORDS)
    assert said.startswith('<figure class="quote"><p class="attribution">The leaflet states&#58;</p>\n\n> ')
    assert said.endswith(f'<p class="hint">{load_wording(language).text("answer.lead")}</p>')
    assert "**" not in said
    assert "hint" not in arranged(given.text, given, documents=DOCUMENTS, words=WORDS, lead=False)


def test_no_line_of_a_quote_is_changed_or_lost() -> None:
    given = answer()
    said = arranged(given.text, given, documents=DOCUMENTS, words=WORDS)
    quoted = [line for line in given.text.split("\n") if line.startswith(">")]
    assert [line for line in said.split("\n") if line.startswith(">")] == quoted


def test_each_source_is_introduced_once_before_its_first_quote_and_named_below() -> None:
    given = answer()
    said = arranged(given.text, given, documents=DOCUMENTS, words=WORDS)
    assert re.findall(r'"attribution">The (\w+) states', said) == ["leaflet", "notes"]
    labels = re.findall("<figcaption>(.*?)</figcaption>", said)
    assert [label.partition(" <")[0] for label in labels] == [
        "A publisher &#38; friends&#44; revised September 2022",
        "A publisher &#38; friends&#44; date not stated",
    ]
    assert all('<span class="at">Signs of leukemia</span>' in label for label in labels)


def test_a_quote_from_above_the_first_heading_has_a_card_without_one() -> None:
    given = answer()
    bare = replace(given, citations=tuple(replace(citation, heading=()) for citation in given.citations))
    said = arranged(given.text, bare, documents=DOCUMENTS, words=WORDS)
    assert said.count("<figcaption>") == 2
    assert 'class="at"' not in said


def test_what_stands_before_a_nearest_quote_stays_before_it() -> None:
    given = answer(lead="answer.closest")
    said = arranged(given.text, given, documents=DOCUMENTS, words=WORDS)
    assert said.startswith(load_wording().text("answer.closest"))


def test_how_old_a_source_is_is_said_once_in_a_conversation_and_its_badge_stays() -> None:
    title = DOCUMENTS["leaflet"].title
    given = replace(answer(), notices=(load_wording().text("notice.old", title=title, date="2022-09-02"),))
    first = message(given, turn=1, words=WORDS, documents=DOCUMENTS)
    later = message(given, turn=2, words=WORDS, documents=DOCUMENTS, known=["leaflet"])
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
    text = "Nearest:\n\n- Treatment\n- The notes \\<title\\>\n- Nowhere"
    outlines = {key: CHAT.outline(key) for key in DOCUMENTS}
    said = with_places(text, outlines, DOCUMENTS, suffix="?lang=es")
    assert re.search(r"- \[Treatment\]\(/source/leaflet\?lang=es#c\d+-\d+\)", said)
    assert "- [The notes \\<title\\>](/source/notes?lang=es)" in said
    assert said.endswith("- Nowhere")


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
