"""Sentences and places of words, held against slow readings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outlines import KEYS, every_outline, outlined
from places import SMALL

from allchat.records import Span
from allchat.sources.lines import locate
from allchat.sources.sentences import leans, sentences

FAST = settings(max_examples=300, deadline=None, derandomize=True, database=None)


# Sentences, slowly


ABBREVIATIONS = "Dr. Mr. Mrs. Ms. St. No. vs. etc. Fig. Inc. Jr. Sr. e.g. i.e. U.S. approx."
NOTE = re.compile(r"(?:\[\d{1,3}\])+")
PIECES = [
    "Fever",
    "pain",
    "goes.",
    "Away!",
    "Why?",
    "(e.g.",
    "Dr.",
    "B.",
    "12.",
    "3.5",
    "[9]",
    "[10]",
    '"Yes."',
    "ALL.",
    "No.",
    "U.S.",
    "(See",
    "approx.",
]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Accessed today. [PMID: 26389385]", ["Accessed today.", "[PMID: 26389385]"]),
        ("It ends here.[1] [2] Next one. And [3] more.", ["It ends here.[1] [2]", "Next one.", "And [3] more."]),
    ],
)
def test_references_belong_to_the_sentence_before_them_and_other_brackets_begin_one(
    text: str, parts: list[str]
) -> None:
    """Python before 3.11.5 took the first for one sentence, where the pattern had a possessive quantifier."""
    assert [text[span.start : span.end] for span in sentences(text, start=0, end=len(text))] == parts


def slow_sentences(text: str) -> list[str]:
    """Word by word: a sentence ends behind a stop where the next word begins with a capital or a digit."""
    found: list[str] = []
    current: list[str] = []
    pieces = text.split()
    for here, piece in enumerate(pieces):
        current.append(piece)
        following = pieces[here + 1] if here + 1 < len(pieces) else ""
        whole = re.sub(r"(?:\s*\[\d{1,3}\])+$", "", " ".join(current))
        stops = re.search(r"[.!?]+[\"'”’)\]]*$", whole)
        opens = re.match(r"[\"'“‘(\[]*[A-Z0-9]", following) and not NOTE.fullmatch(following)
        if stops and opens and not slow_abbreviation(whole):
            found.append(" ".join(current))
            current = []
    return [*found, " ".join(current)] if current else found


def slow_abbreviation(words: str) -> bool:
    if re.fullmatch(r"\d{1,3}\.", words) or re.search(r"(?:^|\W)[A-Z]\.$", words):
        return True
    return any(re.search(rf"(?:^|\W){re.escape(short)}$", words) for short in ABBREVIATIONS.split())


@FAST
@given(st.lists(st.sampled_from(PIECES), max_size=18).map(" ".join))
def test_sentences_are_what_a_slow_reading_word_by_word_finds(text: str) -> None:
    fast = [text[span.start : span.end] for span in sentences(text, start=0, end=len(text))]
    assert fast == slow_sentences(text)


@pytest.mark.parametrize("key", [key for key in KEYS if key not in ("markup", "injection")])
def test_the_sentences_of_every_paragraph_are_what_the_slow_reading_finds(key: str) -> None:
    source, outline = every_outline()[key]
    for block in outline.blocks:
        if block.kind == "paragraph":
            fast = [" ".join(source.text[span.start : span.end].split()) for span in block.sentences]
            assert fast == slow_sentences(source.text[block.start : block.end])


def test_an_empty_stretch_has_no_sentence() -> None:
    assert sentences("  \n ", start=0, end=4) == ()


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("This is why.", True),
        ("“They said.", True),
        ("But not so.", True),
        ("Thisbe is a name.", False),
        ("1 of 3.", False),
    ],
)
def test_a_sentence_that_points_back_leans(sentence: str, expected: bool) -> None:
    assert leans(sentence) is expected


# Places, slowly


LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})


def slow_locate(text: str, wanted: str) -> Span | None:
    """Every cut of the text, from the left and the shortest first, with its white space and ligatures put right."""
    for start in range(len(text)):
        if not text[start].isspace():
            for end in range(start + 1, len(text) + 1):
                cut = text[start:end]
                if not cut[-1].isspace() and " ".join(cut.translate(LIGATURES).split()) == wanted:
                    return Span(start, end)
    return None


@FAST
@given(
    st.text(st.sampled_from("efilﬀﬁﬃﬄst ﬆ\n)("), max_size=24),
    st.text(st.sampled_from("efilst )("), min_size=1, max_size=6).map(lambda words: " ".join(words.split())),
)
def test_locate_finds_what_trying_every_cut_finds(text: str, wanted: str) -> None:
    if wanted:
        assert locate(text, wanted, line_start=False) == slow_locate(text, wanted)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a\nCoﬀee (eﬃcient) waits", 2),
        ("a\r\n  • Coffee\r\n(efficient) waits", 7),
        ("\ufeffCoffee (efﬁcient)", 1),
        ("a\f\u00a0Coffee (eﬀicient)", 3),
    ],
)
def test_locate_finds_words_at_the_start_of_a_line_behind_indent_and_bullet(text: str, place: int) -> None:
    found = locate(text, "Coffee (efficient)")
    assert found is not None
    assert found.start == place


def test_locate_at_line_starts_passes_over_the_middle_of_a_line() -> None:
    assert locate("the spinal tap", "spinal tap") is None
    assert locate("the spinal tap", "spinal tap", line_start=False) == Span(4, 14)
    assert locate("tap\ntap", "tap", after=1) == Span(4, 7)


def test_the_outline_does_not_depend_on_the_line_ends(tmp_path: Path) -> None:
    text = (SMALL / "lists.txt").read_bytes().decode()
    unix, dos = outlined(text)[1], outlined(text.replace("\n", "\r\n"))[1]
    assert unix == dos
