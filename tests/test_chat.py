"""Chat: what can be asked, what comes back, and what the door refuses."""

from __future__ import annotations

import json
import threading
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import SMALL
from word_hash import WordHash

from allchat.answering.query import QUESTION_CHARACTERS, check_question
from allchat.build import build
from allchat.chat import Chat
from allchat.contact import Contact
from allchat.errors import CorpusError, QuestionError, StoreError
from allchat.markdown import unescape_markdown
from allchat.program import program_hash
from allchat.search.folder import open_index
from allchat.wording import load_wording

FAST = settings(max_examples=80, deadline=None, derandomize=True, database=None)

REFUSED = {
    "empty": ("", "has no words"),
    "white space": (" \n\t ", "has no words"),
    "only emoji": ("🧸😊", "has no words"),
    "only marks": ("?!…", "has no words"),
    "control characters": ("\x00\x07\x1b", "has no words"),
    "20,000 characters": ("fever " * 3400, f"the most is {QUESTION_CHARACTERS}"),
    "a lone surrogate": ("what is \ud83d?", "half a character"),
    "a number": (7, "is not text"),
    "nothing": (None, "is not text"),
    "bytes": (b"fever", "is not text"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_question_is_refused_with_the_reason(name: str, small_chat: Chat) -> None:
    question, fact = REFUSED[name]
    with pytest.raises(QuestionError, match=fact):
        small_chat.ask(question)  # type: ignore[arg-type]


def test_control_characters_in_a_question_are_blanks() -> None:
    assert check_question("\x00what\x07is\nALL?\x7f") == "what is ALL?"


@FAST
@given(st.text(max_size=300))
def test_any_text_is_taken_or_refused_and_nothing_else_happens(text: str) -> None:
    try:
        kept = check_question(text)
    except QuestionError:
        return
    assert any(character.isalnum() for character in kept)


@FAST
@given(
    question=st.text(min_size=1, max_size=120),
    history=st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60), max_size=8),
)
def test_any_question_after_any_history_gives_a_record_or_is_refused(
    question: str, history: list[str], small_chat: Chat
) -> None:
    try:
        answer = small_chat.ask(question, history=history, id="x")
    except QuestionError:
        return
    assert answer.kind in ("answer", "refusal", "urgent", "not_found", "out_of_scope", "support", "chat")
    assert answer.id == "x"
    assert answer.text


def test_half_a_character_in_the_history_reaches_nothing_that_is_written(small_chat: Chat) -> None:
    answer = small_chat.ask("what about it?", history=["what is a \ud83d wig?\ud83d", "\udc00"])
    json.dumps(answer.to_dict(), ensure_ascii=False).encode()


def test_a_long_history_is_taken(small_chat: Chat) -> None:
    assert small_chat.ask("Which checks are made at home?", history=["what is leukemia? " * 200] * 40).kind == "answer"


def test_the_record_says_what_it_depends_on_and_how_long_it_took(small_chat: Chat) -> None:
    answer = small_chat.ask("Which checks are made at home?", id="q-17")
    record = answer.to_dict()
    assert record["id"] == "q-17"
    assert record["versions"] == {
        "allchat": "0.1.0",
        "program": program_hash(),
        "index": small_chat.index.version,
        "model": "word-hash",
    }
    assert {"screen", "embed", "retrieve", "compose", "verify", "total"} <= set(record["timings_ms"])
    assert all(value >= 0 for value in record["timings_ms"].values())


def test_an_emergency_is_answered_before_anything_is_searched(small_chat: Chat) -> None:
    answer = small_chat.ask("My daughter has a fever of 39 and is shivering")
    assert answer.kind == "urgent"
    assert answer.citations == ()
    assert "embed" not in answer.timings_ms


def test_the_numbers_to_call_are_the_operators(small_index: Path) -> None:
    contact = Contact(emergency_number="112", crisis_number="113", care_team="the ward (555-0100)")
    chat = Chat.open(small_index, corpus=SMALL, embedder=WordHash(), contact=contact)
    text = chat.ask("My daughter has a fever of 39 and is shivering").text
    assert "911" not in text
    assert "112" in text or "the ward (555-0100)" in text


def test_the_name_of_the_care_team_and_the_region_are_words_and_no_markdown(small_index: Path) -> None:
    contact = Contact(care_team="[a](javascript:alert(1)) & *b*", region="in <b>town</b>")
    text = Chat.open(small_index, corpus=SMALL, embedder=WordHash(), contact=contact).ask("Call 911, he is blue").text
    for words in (contact.care_team, contact.region):
        assert words not in text
        assert words in unescape_markdown(text)


@pytest.mark.parametrize(
    ("question", "today", "fact"),
    [
        ("which medicines are forbidden at home", date(2026, 1, 1), "was last revised on"),
        ("which medicines are forbidden at home", date(2023, 1, 1), None),
        ("what do visitors do at the door", date(2023, 1, 1), "has no date"),
    ],
)
def test_a_notice_says_how_old_a_source_is(question: str, today: date, fact: str | None, small_index: Path) -> None:
    chat = Chat.open(small_index, corpus=SMALL, embedder=WordHash(), today=today)
    answer = chat.ask(question)
    first = next(citation.document for citation in answer.citations)
    titles = [notice for notice in answer.notices if f"Test text {first}" in notice]
    assert [fact in notice for notice in titles] == ([True] if fact else [])


def test_a_question_that_leans_on_the_history_is_resolved_and_what_was_understood_is_said(small_chat: Chat) -> None:
    answer = small_chat.ask("and at home?", history=["Which checks of the temperature are made?"])
    assert answer.question == "and at home?"
    assert answer.understood_as == f"a question about “{answer.citations[0].heading[-1]}”"
    alone = small_chat.ask("Which checks are made at home?", history=["What is a wig?"])
    assert alone.understood_as == alone.question


def test_suggestions_are_questions_of_ours(small_chat: Chat) -> None:
    answer = small_chat.ask("Which checks are made at home?")
    ours = {text for _, _, text in small_chat.index.questions()}
    assert {text.lower().rstrip("?") for text in answer.suggestions} <= {text.lower().rstrip("?") for text in ours}


def test_the_corpus_is_found_beside_the_index_or_named(
    tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = build(corpus, index=tmp_path / "index", embedder=WordHash())
    monkeypatch.chdir("/")
    assert (
        Chat.open(index, embedder=WordHash()).documents.keys()
        == Chat.open(str(index), corpus=str(corpus), embedder=WordHash()).documents.keys()
    )
    with pytest.raises(CorpusError, match=r"corpus\.toml: there is no such file\. Name the corpus folder"):
        Chat.open(index, corpus=tmp_path / "nowhere", embedder=WordHash())


def test_without_an_index_nothing_opens(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"holds no index\. Run: allchat build"):
        Chat.open(tmp_path, corpus=SMALL, embedder=WordHash())


def test_passages_are_counted_by_document(small_chat: Chat) -> None:
    assert small_chat.passages("huge") > small_chat.passages("twins-a") == 1
    assert small_chat.passages("headings-only") == small_chat.passages("nothing") == 0


def test_private_details_are_not_repeated_and_the_family_is_told(small_chat: Chat) -> None:
    answer = small_chat.ask("Our phone number is 555-123-4567. Which checks are made at home?")
    record = json.dumps(answer.to_dict())
    assert "4567" not in record
    assert "[private]" in answer.question
    assert answer.notices


def test_a_question_about_something_else_gives_no_quote(small_chat: Chat) -> None:
    answer = small_chat.ask("quarks and gluons")
    assert answer.kind in ("not_found", "out_of_scope")
    assert (answer.citations, answer.suggestions) == ((), ())


def test_threads_that_ask_at_once_get_the_same_answers(small_chat: Chat) -> None:
    questions = ["Which checks are made at home?", "Hair usually grows back", "which medicines are forbidden at home"]
    expected = [small_chat.ask(question).text for question in questions]
    got: dict[int, list[str]] = {}

    def ask(number: int) -> None:
        got[number] = [small_chat.ask(question).text for question in questions for _ in range(5)]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == {number: [text for text in expected for _ in range(5)] for number in range(6)}


def test_a_running_chat_outlives_a_new_build(tmp_path: Path, corpus: Path) -> None:
    index = build(corpus, index=tmp_path / "index", embedder=WordHash())
    chat = Chat.open(index, corpus=corpus, embedder=WordHash())
    before = chat.ask("which medicines are forbidden at home").text
    (corpus / "lay_terms.toml").unlink()
    build(corpus, index=index, embedder=WordHash())
    assert open_index(index).version != chat.index.version
    assert chat.ask("which medicines are forbidden at home").text == before


def test_a_spanish_emergency_is_answered_in_spanish_and_before_all_else(small_chat: Chat) -> None:
    answer = small_chat.ask("mi hijo tiene fiebre de 39 y tiene un port, es grave?")
    assert answer.kind == "urgent"
    assert answer.text.startswith("**Llame ahora")
    assert "in the United States" not in answer.text
    assert answer.notices[-1].startswith("Nuestras fuentes están en inglés")


def test_private_details_are_not_echoed(small_chat: Chat) -> None:
    answer = small_chat.ask("My daughter Anna Miller, born 03/04/2016, asks: what is a lumbar puncture?")
    assert "Miller" not in answer.question
    assert "Miller" not in answer.understood_as
    assert any("names" in notice for notice in answer.notices)


def test_our_words_come_in_the_language_that_is_asked_for_and_the_quotes_do_not_change(small_chat: Chat) -> None:
    question = "Which checks are made at home?"
    own, spanish = small_chat.ask(question), small_chat.ask(question, language="es")
    assert [quote.quote for quote in spanish.citations] == [quote.quote for quote in own.citations]
    assert "Esto es lo que dicen las fuentes" in spanish.text
    assert load_wording("es").text("language.note") in spanish.notices
    assert small_chat.ask(question, language="en").text == own.text
    assert "Call" in small_chat.ask("mi hijo no puede respirar", language="en").text


@pytest.mark.parametrize("language", ["tlh", "", 7, "../en"])
def test_a_language_that_we_have_no_words_in_is_refused(language: object, small_chat: Chat) -> None:
    with pytest.raises(QuestionError, match="Ask for one of: en, es"):
        small_chat.ask("Which checks are made at home?", language=language)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "rest"),
    [
        (["should he take ibuprofen for his sore back?"], "and tylenol?"),
        (["should he take ibuprofen for his back?", "and tylenol?"], "or half a tablet?"),
        (["¿puedo darle ibuprofeno a mi hijo?", "and tylenol?"], "what about at night?"),
    ],
)
def test_the_rest_of_a_request_for_advice_is_refused_like_the_request(
    before: list[str], rest: str, small_chat: Chat
) -> None:
    assert small_chat.ask(rest, history=before).kind == "refusal"


@pytest.mark.parametrize("question", ["and what is remission?", "what about the signs of it, what are they?", "why?"])
def test_a_question_of_its_own_is_not_refused_after_a_request_for_advice(question: str, small_chat: Chat) -> None:
    assert small_chat.ask(question, history=["should he skip his pill tonight?"]).kind != "refusal"
