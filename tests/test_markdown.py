"""Markdown: words of sources are escaped and come back as they were."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from allchat.markdown import escape_markdown, unescape_markdown

FAST = settings(max_examples=200, deadline=None, derandomize=True, database=None)


@FAST
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_escaping_can_be_undone(words: str) -> None:
    assert unescape_markdown(escape_markdown(words)) == words


@FAST
@given(st.text(st.sampled_from("ab <>[]()*_`|~$&#{}!\\:/.-"), min_size=1, max_size=40))
def test_no_sign_of_markdown_or_html_is_left_alone(words: str) -> None:
    assert not re.search(r"(?<!\\)[<>\[\]*_`|~$&#{}]", re.sub(r"\\\\", "", escape_markdown(words)))
