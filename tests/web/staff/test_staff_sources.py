"""The staff's view of the sources: all of the text, and how far our questions reach."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from places import SMALL
from staff_forms import PASSWORD, send
from word_hash import WordHash

from allchat.chat import Chat
from allchat.sources.text import clean
from allchat.web.app import create_app
from allchat.web.staff.desk import Desk
from allchat.web.staff.find import find
from allchat.web.staff.pages import staff_router
from allchat.web.staff.views import SourceView


def views(chat: Chat) -> dict[str, SourceView]:
    return Desk(chat)._views


def test_all_sources_are_listed_with_how_far_our_questions_reach(nurse: TestClient, small_chat: Chat) -> None:
    page = nurse.get("/staff").text
    for document in small_chat.documents.values():
        assert f'href="/staff/sources/{document.key}"' in page
    blocks = [block for block in small_chat.outline("lists").blocks if block.kind != "heading"]
    reached = sum(map(bool, small_chat.index.questions_of(blocks)))
    assert 0 < reached < len(blocks)
    assert f">{reached} of {len(blocks)}<" in page


def test_an_address_that_would_run_is_shown_and_is_no_link(small_index: Path) -> None:
    chat = Chat.open(small_index, corpus=SMALL, embedder=WordHash())
    chat.documents = {key: replace(found, url="javascript:alert(1)") for key, found in chat.documents.items()}
    with TestClient(create_app(chat, page=False, staff=staff_router(chat, password=PASSWORD))) as client:
        send(client, "/staff/sign-in", password=PASSWORD)
        page = client.get("/staff/sources/lists").text
    assert "<dd>javascript:alert(1)</dd>" in page


def test_a_source_is_shown_whole_with_all_that_is_known_of_it(nurse: TestClient, small_chat: Chat) -> None:
    document = small_chat.documents["lists"]
    page = nurse.get("/staff/sources/lists").text
    for fact in (document.title, document.publisher, document.url, document.rights, document.sha256, document.copy):
        assert fact.replace("'", "&#39;") in page
    for words in (
        "which medicines are forbidden at home",
        "answered by: It is read twice a day.",
        "clotting cells",
        "platelets",
        "No question reaches this block.",
        "The file is the one that was declared.",
    ):
        assert words in page


def test_only_what_no_question_reaches_can_be_shown(nurse: TestClient) -> None:
    page = nurse.get("/staff/sources/lists?only=uncovered").text
    assert "No question reaches this block." in page
    assert "which medicines are forbidden at home" not in page


def test_blocks_and_furniture_together_are_the_whole_text(small_chat: Chat) -> None:
    for key, view in views(small_chat).items():
        text = small_chat.documents[key].text
        kept = [False] * len(text)
        for part in view.parts:
            kept[part.start : part.end] = [True] * (part.end - part.start)
            assert part.words == clean(text[part.start : part.end])
        assert not [
            sign for sign, is_kept in zip(text, kept, strict=True) if not is_kept and sign.strip("\ufeff").strip()
        ]


def test_coverage_counts_every_block_but_the_titles(small_chat: Chat) -> None:
    view = views(small_chat)["lists"]
    asked = {block for block, _, _ in small_chat.index.questions()}
    reached = [b for b in small_chat.index.blocks(sorted(asked)) if b.document == "lists" and b.kind != "heading"]
    assert view.coverable - view.uncovered == len(reached) > 0
    assert view.uncovered > 0


def test_furniture_is_shown_as_what_it_is(nurse: TestClient) -> None:
    page = nurse.get("/staff/sources/furniture").text
    assert 'class="part furniture"' in page
    assert "Skip to main content" in page
    assert "Page furniture, never quoted: menu" in page


def test_a_source_whose_file_was_changed_says_so(corpus: Path, tmp_path: Path) -> None:
    from word_hash import WordHash

    from allchat.build import build

    chat = Chat.open(build(corpus, index=tmp_path / "index", embedder=WordHash()), corpus=corpus, embedder=WordHash())
    app = create_app(chat, page=False, staff=staff_router(chat, password=PASSWORD))
    with TestClient(app) as client:
        send(client, "/staff/sign-in", password=PASSWORD)
        (corpus / "lists.txt").write_text("altered", encoding="utf-8")
        assert "The file is not the one that was declared" in client.get("/staff/sources/lists").text


def test_an_unknown_source_is_not_found(nurse: TestClient) -> None:
    assert nurse.get("/staff/sources/nothing").status_code == 404


def test_words_are_found_in_a_source_and_only_what_holds_them_is_shown(nurse: TestClient) -> None:
    page = send(nurse, "/staff/sources/lists", find="READ  twice").text
    assert "Places in the text with these words: 1." in page
    assert "<mark>read twice</mark> a day." in page
    assert page.count('class="words"') == 1
    assert "Skip to main content" not in page
    assert "No place in this source" in send(nurse, "/staff/sources/lists", find="zebrafish").text
    assert "No place in this source" in send(nurse, "/staff/sources/lists", find="(.*)+").text


def test_words_that_stand_apart_are_found_where_a_block_has_all_of_them(nurse: TestClient) -> None:
    page = send(nurse, "/staff/sources/lists", find="days read").text
    assert "Places that have all of them: 1." in page
    assert "<mark>read</mark> twice a <mark>day</mark>." in page


@pytest.mark.parametrize("sign", "'’‘ʼ")
def test_a_sign_is_found_however_a_keyboard_writes_it(small_chat: Chat, sign: str) -> None:
    view = next(iter(views(small_chat).values()))
    part = replace(view.parts[0], words="Ask the child’s team: don't wait.")
    only = replace(view, chapters=(replace(view.chapters[0], parts=(part,)),))
    assert find(only, f"CHILD{sign}s team").pieces(part.words)[1] == (True, "child’s team")
    assert find(only, f"don{sign}t").in_a_row
    assert "".join(piece for _, piece in find(only, "wait ask").pieces(part.words)) == part.words


def test_what_is_sought_stands_in_no_address(nurse: TestClient) -> None:
    assert "Places in the text" not in nurse.get("/staff/sources/lists?find=thermometer").text
    assert 'method="post" action="/staff/sources/lists#result"' in nurse.get("/staff/sources/lists").text


def test_for_whom_a_block_speaks_is_shown(word_chat: Chat) -> None:
    app = create_app(word_chat, page=False, staff=staff_router(word_chat, password=PASSWORD))
    with TestClient(app) as client:
        send(client, "/staff/sign-in", password=PASSWORD)
        for key in word_chat.documents:
            page = client.get(f"/staff/sources/{key}").text
            said = sum(bool(block.applies.values) for block in word_chat.outline(key).blocks)
            assert page.count("speaks for:") == said
            assert said
