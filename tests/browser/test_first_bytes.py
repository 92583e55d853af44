"""The page's first bytes are the whole page: help, a box, and nothing more to ask for."""

from __future__ import annotations

from typing import Any

import axe
import pytest
from trials import SIZES

pytestmark = pytest.mark.browser


def test_a_question_typed_into_the_first_bytes_is_asked(small: str, visit: Any) -> None:
    here = visit(small, arrive=False, latency=170)
    assert here.page.locator(".bar:visible").count() == 1
    here.page.focus("#ask")
    here.page.keyboard.type("signs")
    here.page.keyboard.press("Enter")
    here.page.locator('#chat a[href="#t1q1"]').first.wait_for()
    assert here.page.locator("#chat .asked").all_inner_texts() == ["signs"]


def test_a_visit_is_one_file_and_a_question_is_one_request(small: str, visit: Any) -> None:
    here = visit(small)
    here.ask("signs")
    asked = [url.removeprefix(small) for url in here.requests]
    assert [path for path in asked if path != "/favicon.ico"] == ["/", "/gradio_api/run/ask"]


@axe.needed
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_to_object_to_on_the_first_screen(small: str, visit: Any, size: str) -> None:
    axe.quiet(visit(small, size=SIZES[size]))
