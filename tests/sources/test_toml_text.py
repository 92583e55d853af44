"""TOML as staff write it: nothing of a text is lost at a cut, and what is written is read again."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allchat.parsing import parse_toml
from allchat.sources.toml_text import lines_of, parted

TABLE = re.compile(r"^\[\[block\]\]$", re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", [""]),
        ("# none\n", ["# none\n"]),
        ("[[block]]\na = 1\n", ["", "[[block]]\na = 1\n"]),
        ("# top\n[[block]]\n# of it\n[[block]]\n", ["# top\n", "[[block]]\n# of it\n", "[[block]]\n"]),
    ],
)
def test_a_text_is_cut_at_its_tables_and_the_parts_are_all_of_it(text: str, parts: list[str]) -> None:
    assert parted(text, TABLE) == parts


@given(st.text())
def test_every_value_is_read_as_it_was_written(value: str) -> None:
    assert parse_toml(lines_of({"it": value}).encode()) == {"it": value}
