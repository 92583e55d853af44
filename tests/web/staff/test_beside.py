"""What stands around a cited sentence is read beside it: of its own section, and no more than helps."""

from __future__ import annotations

import json
import re

import pytest
from fastapi.testclient import TestClient
from staff_forms import saved, send

from allchat.chat import Chat
from allchat.sources.text import clean
from allchat.web.staff.beside import MOST_AROUND, Surroundings


@pytest.fixture(scope="module")
def around(small_chat: Chat) -> Surroundings:
    return Surroundings(small_chat.documents, small_chat.outline)


def test_the_sentences_before_and_after_are_those_of_the_same_section(small_chat: Chat, around: Surroundings) -> None:
    seen = 0
    for key, document in small_chat.documents.items():
        outline = small_chat.outline(key)
        spans = [span for block in outline.blocks for span in block.sentences]
        for span in spans:
            there = around.of(key, span.start, span.end)
            section = next((one for one in reversed(outline.sections) if one.start <= span.start), None)
            assert there.words == clean(document.text[span.start : span.end])
            assert there.heading == (section.heading if section else ())
            for words, beside in ((there.before, span.start), (there.after, span.end)):
                assert len(words) <= MOST_AROUND + 2
                near = document.text[max(0, beside - 2000) : beside + 2000]
                assert words.removeprefix("… ").removesuffix(" …") in clean(near)
            seen += bool(there.before or there.after)
    assert seen > 20


def test_a_heading_is_no_sentence_beside_the_words(small_chat: Chat, around: Surroundings) -> None:
    for key, document in small_chat.documents.items():
        titles = {
            clean(document.text[block.start : block.end])
            for block in small_chat.outline(key).blocks
            if block.kind == "heading"
        }
        for block in small_chat.outline(key).blocks:
            there = around.of(key, block.start, block.end)
            assert not {there.before, there.after} & titles


def test_each_citation_is_shown_beside_its_source_with_what_stands_around_it(
    nurse: TestClient, small_chat: Chat, around: Surroundings
) -> None:
    record = saved(small_chat)
    cited = next(one for one in record["citations"] if around.of(one["document"], one["start"], one["end"]).before)
    there = around.of(cited["document"], cited["start"], cited["end"])
    page = send(
        nurse, "/staff/answer", text=json.dumps(record | {"citations": [cited | {"lead": None}], "further": []})
    ).text
    as_saved, in_source = re.findall(r"<td role=\"cell\" data-beside.*?</td>", page, re.DOTALL)
    assert cited["quote"] in as_saved
    assert f"<mark>{there.words}</mark>" in in_source
    assert f'<span class="rest">{there.before}</span>' in in_source


def test_what_differs_is_struck_out_beside_what_the_source_says(nurse: TestClient, small_chat: Chat) -> None:
    record = saved(small_chat)
    cited = record["citations"][0] | {"lead": None}
    altered = cited | {"quote": cited["quote"].replace("twice", "thrice")}
    assert altered != cited
    page = send(nurse, "/staff/answer", text=json.dumps(record | {"citations": [altered], "further": []})).text
    as_saved, in_source = re.findall(r"<td role=\"cell\" data-beside.*?</td>", page, re.DOTALL)
    assert "thrice" in as_saved
    assert "<ins>" not in as_saved
    assert "<del>" not in in_source
    assert "twice" in in_source
