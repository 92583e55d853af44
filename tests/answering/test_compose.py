"""Compose: whole quotes in a readable order, each number once, lists with their leads, source words as they are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allchat.answering.compose import Composed, compose
from allchat.answering.cuts import Quote, Sources
from allchat.answering.quotes import FURTHER, MOST_WORDS, QUOTES, TEXT_WORDS, Selected, choose, led, select, sift
from allchat.answering.texts import as_markdown
from allchat.answering.verify import quoted_lines, verify_quotes
from allchat.records import Applies, Document, Hit
from allchat.search.retriever import PARTS
from allchat.sources.outline import outline_document
from allchat.sources.text import clean
from allchat.wording import load_wording

NO_PARTS = dict.fromkeys(PARTS, 0.0)
FAST = settings(max_examples=200, deadline=None, derandomize=True, database=None)


def sources_of(*texts: str) -> Sources:
    documents = {}
    for number, text in enumerate(texts):
        key = f"d{number}"
        documents[key] = Document(
            key, f"{key}.txt", f"Title {number}", "P", "c", f"https://example.org/{key}", None, "a", "en", "r", "",
            f"Source {number} states:", hashlib.sha256(text.encode()).hexdigest(), text,
        )  # fmt: skip
    outlines = {key: outline_document(document) for key, document in documents.items()}
    return Sources(documents, outlines.__getitem__)


def hit(sources: Sources, starts: str, *, score: float = 1.0, sentence: int | None = None) -> Hit:
    """A hit on the block that begins with these words."""
    for key, document in sources.documents.items():
        outline = sources.outline(key)
        for block in outline.blocks:
            if clean(document.text[block.start : block.end]).startswith(starts):
                return Hit(
                    block,
                    outline.sections[block.section].heading,
                    score,
                    NO_PARTS,
                    {} if sentence is None else {sentence: 1.0},
                )
    raise LookupError(starts)


def answered(sources: Sources, *found: Hit, **limits: int) -> Composed:
    composed = compose(choose(found, sources=sources, **limits), sources=sources, wording=load_wording())
    verify_quotes(composed.quoted, composed.citations, read=lambda key: sources.documents[key].text)
    return composed


LIST = "Rules\n\nDo not give:\n• Aspirin.\n• Honey:\n    • raw,\n    • cooked.\n\nThe ward is open all night.\n"


def test_no_hits_give_no_quotes() -> None:
    assert choose([], sources=sources_of(LIST)) == ()


def test_a_list_is_quoted_with_its_lead_and_its_nesting() -> None:
    composed = answered(sources_of(LIST), hit(sources_of(LIST), "Do not give:"))
    assert as_markdown(composed.parts).splitlines()[2:] == [
        "> Do not give:",
        ">",
        "> - Aspirin.",
        "> - Honey:",
        ">   - raw,",
        ">   - cooked. [1]",
    ]
    assert len(composed.citations) == 1


DEFINITIONS = "Checks\n\nThe checks are:\n• Heat check: It is read. It is noted.\n• Mouth check: A light is used.\n"


def test_an_item_that_is_quoted_alone_stands_below_its_lead_line_in_one_frame_and_under_one_number() -> None:
    sources = sources_of(DEFINITIONS)
    composed = answered(sources, hit(sources, "Mouth check:"))
    (citation,) = composed.citations
    assert citation.quote == "Mouth check: A light is used."
    assert citation.lead is not None
    assert citation.lead.quote == "The checks are:"
    assert as_markdown(composed.parts).splitlines()[-3:] == [
        "> The checks are:",
        ">",
        "> - Mouth check: A light is used. [1]",
    ]


def test_two_items_of_a_list_show_its_lead_line_once_and_each_has_it() -> None:
    sources = sources_of(DEFINITIONS.replace("• Mouth", "• Nose check: It is looked at.\n• Mouth"))
    composed = answered(sources, hit(sources, "Mouth check:"), hit(sources, "Heat check:", score=0.9))
    assert [citation.lead and citation.lead.quote for citation in composed.citations] == ["The checks are:"] * 2
    assert as_markdown(composed.parts).count("The checks are:") == 1


def test_the_lead_line_of_a_short_list_brings_the_whole_list() -> None:
    sources = sources_of(DEFINITIONS)
    composed = answered(sources, hit(sources, "The checks are:"))
    (citation,) = composed.citations
    assert citation.quote.endswith("Mouth check: A light is used.")


def test_an_item_below_a_text_inside_an_item_brings_every_line_that_leads_to_it() -> None:
    sources = sources_of(
        "Never do these:\n• Heat check: It is read.\n    Write it down.\n    • Mornings.\n• Mouth check: A light.\n"
    )
    composed = answered(sources, hit(sources, "Mornings."))
    (citation,) = composed.citations
    assert citation.lead is not None
    assert citation.lead.quote.startswith("Never do these: Heat check: It is read.")


def test_a_lead_line_that_reads_like_a_pointer_stays_with_its_list() -> None:
    sources = sources_of("For more help never call:\n• A neighbour.\n• A stranger.\n")
    composed = answered(sources, hit(sources, "For more help"))
    assert composed.citations[0].quote == "For more help never call: A neighbour. A stranger."


def long_paragraph(sentences: int) -> str:
    return (
        "Long\n\n" + " ".join(f"Sentence {n} stands here and says one thing of many." for n in range(sentences)) + "\n"
    )


@FAST
@given(st.integers(1, 60), st.integers(0, 59))
def test_a_long_paragraph_is_quoted_in_whole_sentences_around_the_one_that_stands_out(
    sentences: int, best: int
) -> None:
    best = min(best, sentences - 1)
    sources = sources_of(long_paragraph(sentences))
    (citation,) = answered(sources, hit(sources, "Sentence 0", sentence=best)).citations
    assert re.fullmatch(r"(Sentence \d+ stands here and says one thing of many\. ?)+", citation.quote)
    assert f"Sentence {best} stands" in citation.quote
    assert len(citation.quote.split()) <= MOST_WORDS


def test_a_quote_does_not_start_with_a_sentence_that_leans_on_the_one_before() -> None:
    filler = " ".join(f"Filler {n} stands here so that the paragraph is longer than a quote." for n in range(12))
    sources = sources_of(f"Long\n\nThe drug is given at night. However, it must never be given with milk. {filler}\n")
    (citation,) = answered(sources, hit(sources, "The drug", sentence=1)).citations
    assert citation.quote.startswith("The drug is given at night. However,")


def test_quotes_stay_within_the_words_and_the_number_that_an_answer_may_have() -> None:
    sources = sources_of(*(f"Paragraph {n} " + "says a few words more. " * 6 for n in range(12)))
    found = [hit(sources, f"Paragraph {n} ", score=1 - n / 1000) for n in range(12)]
    composed = answered(sources, *found)
    assert 1 < len(composed.citations) <= QUOTES
    assert sum(len(citation.quote.split()) for citation in composed.citations) <= MOST_WORDS
    assert len(answered(sources, *found, quotes=1).citations) == 1


def test_a_weak_hit_is_not_quoted_beside_a_strong_one() -> None:
    sources = sources_of("One stands here.\n\n\nTitle\n\nTwo stands there.\n")
    composed = answered(sources, hit(sources, "One"), hit(sources, "Two", score=0.1))
    assert [citation.quote for citation in composed.citations] == ["One stands here."]


def test_neighbours_become_one_quote_and_nothing_is_quoted_twice() -> None:
    sources = sources_of("One stands here.\n\nTwo stands there.\n", "One stands here.\n")
    one, two = hit(sources, "One"), hit(sources, "Two", score=0.95)
    other = Hit(sources.outline("d1").blocks[0], (), 0.9, NO_PARTS, {})
    composed = answered(sources, two, one, one, other)
    assert [citation.quote for citation in composed.citations] == ["One stands here. Two stands there."]


def test_quotes_of_one_source_and_section_stand_together_and_are_numbered_in_order() -> None:
    first = "Alpha\n\nA one stands.\n\nGap stands between.\n\nA two stands.\n"
    sources = sources_of(first, "Beta\n\nB one stands.\n")
    composed = answered(
        sources, hit(sources, "A one"), hit(sources, "B one", score=0.95), hit(sources, "A two", score=0.9)
    )
    assert [citation.document for citation in composed.citations] == ["d0", "d0", "d1"]
    assert [citation.number for citation in composed.citations] == [1, 2, 3]
    assert [int(number) for number in re.findall(r"\[(\d+)\]", as_markdown(composed.parts))] == [1, 2, 3]
    assert as_markdown(composed.parts).count("Source 0 states:") == 1


def test_a_pointer_to_another_page_is_not_an_answer() -> None:
    sources = sources_of(
        "Learn more about trials on another page.\n\nTrials test new drugs. Learn more about them there.\n"
    )
    assert choose([hit(sources, "Learn more")], sources=sources) == ()
    (citation,) = answered(sources, hit(sources, "Trials test")).citations
    assert citation.quote == "Trials test new drugs."


def test_a_bare_title_gives_the_block_below_it_and_a_title_without_text_gives_nothing() -> None:
    sources = sources_of("Hair\n\nHair may fall out.\n\nNails\n")
    (citation,) = answered(sources, hit(sources, "Hair")).citations
    assert citation.quote == "Hair may fall out."
    assert choose([hit(sources, "Nails")], sources=sources) == ()


@pytest.mark.parametrize("figure", ["Bone; drawing shows a bone.\nThe bone is long, and holds marrow.\n"])
def test_no_quote_holds_the_description_of_a_figure(figure: str) -> None:
    for text in (f"Bones\n\n{figure}\nBones are hard.\n", f"Bones are long\n{figure}", f"Look:\n{figure}"):
        sources = sources_of(text)
        for block in sources.outline("d0").blocks:
            heading = sources.outline("d0").sections[block.section].heading
            composed = answered(sources, Hit(block, heading, 1.0, NO_PARTS, {}))
            assert not any("drawing shows" in citation.quote for citation in composed.citations)


def test_what_is_quoted_is_what_is_shown_without_its_marks() -> None:
    sources = sources_of("Signs\n\nA <b>rash</b> & [link](javascript:x) *may* come_and_go at 40 | 50 %.\n")
    composed = answered(sources, hit(sources, "A <b>"))
    assert list(quoted_lines(as_markdown(composed.parts))) == [composed.citations[0].quote]


def test_a_quote_is_a_record_of_where_it_stands() -> None:
    quote = Quote("d0", 0, (), 0, 5, 1.0)
    composed = compose([quote], sources=sources_of("Words stand here.\n"), wording=load_wording())
    assert composed.citations[0].link == f"/source/d0@{composed.citations[0].source_sha256[:16]}#c0-5"
    assert "From “" not in as_markdown(composed.parts)


def test_a_hit_that_would_make_the_answer_too_long_is_left_out_and_says_so() -> None:
    sources = sources_of(*PARAGRAPHS)
    found = [hit(sources, f"Paragraph {n} ", score=1 - n / 20) for n in range(3)]
    assert [taken.left for taken in sift(found, sources=sources, words=50)] == [None, None, "long"]


# Two quotes, and more on request


PARAGRAPHS = tuple(f"Paragraph {n} " + "says a few words more. " * 4 for n in range(6))


def selected(sources: Sources, *found: Hit, parted: Sequence[str] = ()) -> Selected:
    return select(found, sources=sources, parted=parted)


def first_words(sources: Sources, quotes: tuple[Quote, ...]) -> list[str]:
    return [sources.words(quote.document, quote.start, quote.end)[:11] for quote in quotes]


def test_no_hits_select_nothing() -> None:
    assert select([], sources=sources_of(LIST)) == Selected(())


def test_an_answer_shows_two_quotes_and_the_rest_on_request() -> None:
    sources = sources_of(*PARAGRAPHS)
    found = [hit(sources, f"Paragraph {n} ", score=1 - n / 20) for n in range(6)]
    quotes = selected(sources, *found)
    assert first_words(sources, quotes.shown) == ["Paragraph 0", "Paragraph 1"]
    assert 0 < len(quotes.further) <= FURTHER
    assert not set(quotes.shown) & set(quotes.further)


def test_a_second_quote_that_is_not_good_enough_waits_until_it_is_asked_for() -> None:
    sources = sources_of(*PARAGRAPHS)
    quotes = selected(sources, hit(sources, "Paragraph 0"), hit(sources, "Paragraph 1", score=0.84))
    assert first_words(sources, quotes.shown) == ["Paragraph 0"]
    assert first_words(sources, quotes.further) == ["Paragraph 1"]
    as_good = selected(sources, hit(sources, "Paragraph 0"), hit(sources, "Paragraph 1", score=0.86))
    assert first_words(sources, as_good.shown) == ["Paragraph 0", "Paragraph 1"]


def test_a_sentence_with_a_short_form_brings_the_sentence_that_explains_it() -> None:
    text = "The goal is a complete remission (CR), which means that none is seen. More than 95% have a CR.\n"
    sources = sources_of(f"Goals\n\n{text}")
    asked = replace(hit(sources, "The goal"), sentences={0: 0.2, 1: 0.95})
    assert [sources.words(q.document, q.start, q.end) for q in choose([asked], sources=sources)] == [text.strip()]


def test_a_question_in_two_parts_has_its_second_quote_at_once() -> None:
    sources = sources_of(*PARAGRAPHS)
    found = (hit(sources, "Paragraph 0"), *(hit(sources, f"Paragraph {n}", score=0.6) for n in (1, 2)))
    assert first_words(sources, selected(sources, *found, parted=["0", "2"]).shown) == ["Paragraph 0", "Paragraph 2"]


def test_two_quotes_that_are_too_long_together_are_not_shown_together() -> None:
    sources = sources_of("One " + "says a few words more. " * 20, "Two " + "says a few words less. " * 14)
    quotes = selected(sources, hit(sources, "One"), hit(sources, "Two", score=0.9))
    assert len(quotes.shown) == len(quotes.further) == 1
    together = sum(len(sources.words(q.document, q.start, q.end).split()) for q in (*quotes.shown, *quotes.further))
    assert together > TEXT_WORDS


def test_of_passages_as_good_as_each_other_the_newer_source_leads_and_an_undated_one_never() -> None:
    sources = sources_of(*PARAGRAPHS[:3])
    dates = {"d0": None, "d1": "2020-01-01", "d2": "2024-05-01"}
    dated = {key: replace(document, revised=dates[key]) for key, document in sources.documents.items()}
    sources = Sources(dated, sources.outline)
    close = [hit(sources, f"Paragraph {n} ", score=1 - n / 200) for n in range(3)]
    assert [found.block.document for found in led(close, sources=sources)] == ["d2", "d1", "d0"]
    apart = [hit(sources, f"Paragraph {n} ", score=1 - n / 10) for n in range(3)]
    assert list(led(apart, sources=sources)) == apart


def test_of_passages_as_good_as_each_other_the_general_one_leads() -> None:
    sources = sources_of(*PARAGRAPHS[:3])
    ages = (Applies(age=("adult",)), Applies(type=("B",)), Applies())
    close = [
        replace(
            found := hit(sources, f"Paragraph {n} ", score=1 - n / 200), block=replace(found.block, applies=ages[n])
        )
        for n in range(3)
    ]
    assert [found.block.applies for found in led(close, sources=sources)] == [ages[2], ages[1], ages[0]]
