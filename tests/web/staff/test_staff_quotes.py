"""The check of a quote: where it stands, or which words differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from staff_forms import send

from allchat.chat import Chat
from allchat.sources.text import clean
from allchat.web.staff.quote_check import QuoteCheck, QuoteFinding


@pytest.fixture(scope="module")
def checker(small_chat: Chat) -> QuoteCheck:
    return QuoteCheck(small_chat.documents, small_chat.outline)


@pytest.fixture
def one(checker: QuoteCheck) -> Callable[[str], QuoteFinding]:
    def finding(pasted: str) -> QuoteFinding:
        (found,) = checker.check(pasted).findings
        return found

    return finding


def test_every_sentence_of_every_source_stands_at_its_place(checker: QuoteCheck, small_chat: Chat) -> None:
    for key, document in small_chat.documents.items():
        for block in small_chat.outline(key).blocks:
            for span in block.sentences:
                (found,) = checker.check(document.text[span.start : span.end]).findings
                assert found.count >= 1, document.text[span.start : span.end]
                for place in found.places:
                    assert clean(place.document.text[place.start : place.end]) == found.words == place.words


def test_a_quote_stands_with_its_place_heading_and_link(one: Any, small_chat: Chat) -> None:
    (place,) = one("It makes blood\n cells all day long.").places
    start = small_chat.documents["furniture"].text.index("It makes")
    assert (place.document.key, place.start, place.heading) == ("furniture", start, ("Bones and marrow",))
    assert place.link == f"/source/furniture@{place.document.sha256[:16]}#c{start}-{place.end}"
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
    ).findings
    assert [finding.count for finding in found] == [1, 0, 1]


def test_lines_of_a_pasted_list_are_checked_one_by_one(checker: QuoteCheck) -> None:
    found = checker.check("• Red marrow.\r\n• Blue marrow.\r\n• Yellow marrow.").findings
    assert [finding.count for finding in found] == [1, 0, 1]


@pytest.mark.parametrize("pasted", ["", " \n", "…!?", "[9]", "•"])
def test_a_text_without_words_has_no_findings(checker: QuoteCheck, pasted: str) -> None:
    assert checker.check(pasted).findings == ()


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
