"""The page as printed on a phone: from a quote to its page and back, with the picture there and the lines marked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import axe
import pytest
from made_leaflet import at, corpus_of, opened
from serving import serving

from allchat.web.page.messages import page_words

pytestmark = pytest.mark.browser

WORDS = page_words()


@pytest.fixture(scope="module")
def place(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    chat = opened(corpus_of(tmp_path_factory.mktemp("printed")))
    start, end = at(chat.documents["visits"], "Wash your hands when you come in.")
    for address in serving(chat):
        yield f"{address}/source/visits?start={start}&end={end}"


def test_from_the_words_to_their_page_and_back(place: str, visit: Any) -> None:
    here = visit(place, size=(390, 664))
    here.page.get_by_role("link", name=WORDS["printed"], exact=True).click()
    lines, page = here.page.locator("svg.sheet").all()
    assert lines.bounding_box()["y"] + lines.bounding_box()["height"] < 664
    assert page.bounding_box()["width"] <= 390
    assert here.page.evaluate("document.documentElement.scrollWidth") <= 390
    drawn = """async () => { const picture = new Image();
      picture.src = document.querySelector("image").href.baseVal;
      await picture.decode(); return picture.naturalWidth }"""
    assert here.page.evaluate(drawn) == 1200
    if axe.FILE.exists():
        assert axe.violations(here.page) == []
    here.page.get_by_role("link", name=WORDS["printed_words"]).click()
    assert here.page.locator("mark").inner_text() == "Wash your hands when you come in."
