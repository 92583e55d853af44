"""Reading: offsets stay true however a text is folded."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from allchat.spelling import fold


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=100))
def test_folding_keeps_every_offset(text: str) -> None:
    assert len(fold(text)) == len(text)
