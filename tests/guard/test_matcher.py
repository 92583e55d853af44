"""Phrases: brackets are choices, and the automaton finds what the written-out rows would."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allchat.errors import SettingsError
from allchat.guard.matcher import GAP, Phrasebook, _Node, expand
from allchat.guard.tokens import Clause, Token


def clause(words: list[str]) -> Clause:
    return Clause(tuple(Token(word, at, at + 1) for at, word in enumerate(["^", *words, "$"])), 0, len(words) + 2)


def test_brackets_in_a_phrase_are_choices() -> None:
    assert expand("(can|may) he (still|) go") == [
        ("can", "he", "still", "go"),
        ("can", "he", "go"),
        ("may", "he", "still", "go"),
        ("may", "he", "go"),
    ]


def test_brackets_may_stand_in_brackets() -> None:
    assert expand("a (b (c|d)|e)") == [("a", "b", "c"), ("a", "b", "d"), ("a", "e")]


@pytest.mark.parametrize(("phrase", "complaint"), [("(can|may he go", "never closed"), ("can) he", "never opened")])
def test_a_bracket_without_its_other_half_is_an_error(phrase: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        expand(phrase)


PHRASES = ["(a|b) c", "a (b|) (c|d e)", "a .. d", "_ e", "(a (b|c)|d) e", "^ (a|c)", "e $"]


def found_by_rows(words: list[str], phrase: str) -> set[tuple[int, int]]:
    """The definition: every written-out row, tried at every place."""
    tokens = ["^", *words, "$"]

    def ends(row: tuple[str, ...], at: int) -> set[int]:
        if not row:
            return {at}
        if row[0] == "..":
            return {e for skip in range(min(GAP, len(tokens) - at) + 1) for e in ends(row[1:], at + skip)}
        fits = at < len(tokens) and (row[0] == tokens[at] or (row[0] == "_" and tokens[at] not in "^$"))
        return ends(row[1:], at + 1) if fits else set()

    return {(at, end) for row in expand(phrase) for at in range(len(tokens)) for end in ends(row, at)}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=8))
def test_the_automaton_finds_what_the_rows_would(words: list[str]) -> None:
    found = Phrasebook({}, set(PHRASES)).hits(clause(words))
    assert {phrase: set(spans) for phrase, spans in found.items()} == {
        phrase: spans for phrase in PHRASES if (spans := found_by_rows(words, phrase))
    }


def test_what_is_found_is_in_order_and_once() -> None:
    spans = Phrasebook({}, {"(a|_) (b|)"}).hits(clause(["a", "b", "a"]))["(a|_) (b|)"]
    assert all(left < right for left, right in pairwise(spans))


def test_a_list_may_be_made_of_lists() -> None:
    book = Phrasebook({"kin": ["son", "sister"], "child": ["my @kin"]}, {"is @child"})
    assert book.hits(clause(["is", "my", "sisters"]))["is @child"] == [(1, 4)]


def test_a_list_that_needs_itself_is_an_error() -> None:
    with pytest.raises(SettingsError, match="refers to itself"):
        Phrasebook({"a": ["x @b"], "b": ["y @a"]}, set())


def test_a_place_in_the_tree_is_made_when_a_message_first_comes_there_and_found_again() -> None:
    book = Phrasebook({}, {"a b c", "x y z"})
    (tree,) = book._levels[-1:]
    assert not any(isinstance(place, _Node) for place in tree.values())
    said = clause(["a", "b", "c"])
    assert book.hits(said) == {"a b c": [(1, 4)]}
    assert [word for word, place in tree.items() if isinstance(place, _Node)] == ["a"]
    assert tree.after("a") is tree["a"]
    assert book.hits(said) == {"a b c": [(1, 4)]}
