"""The README's pictures of the page, taken by this test: ``make images`` writes them to docs/images."""

from __future__ import annotations

import io
import os
from typing import Any

import pytest
from conftest import ARTIFACTS
from PIL import Image
from places import ROOT

pytestmark = pytest.mark.browser
IMAGES = ROOT / "docs" / "images"
MOST = 150_000
"""Bytes of one picture."""


def keep(page: Any, name: str) -> None:
    """The window as a small picture: 256 colours are enough for words; 128 lose a red number."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture = picture.quantize(256, dither=Image.Dither.NONE)
    ARTIFACTS.mkdir(exist_ok=True)
    picture.save(ARTIFACTS / name, optimize=True)
    assert (ARTIFACTS / name).stat().st_size <= MOST
    if os.environ.get("TAKE_PICTURES"):
        IMAGES.mkdir(exist_ok=True)
        (IMAGES / name).write_bytes((ARTIFACTS / name).read_bytes())


def test_an_answer_beside_its_source_on_a_desk(real: str, visit: Any) -> None:
    here = visit(real)
    here.ask("What is a spinal tap?")
    here.page.locator('#chat a[href="#t1q1"]').click()
    keep(here.page, "answer.png")


def test_a_hard_word_on_a_phone(real: str, visit: Any) -> None:
    here = visit(real, size=(390, 844))
    here.ask("What are the phases of treatment?")
    here.page.locator('#chat a[href$="-remission"]').click()
    keep(here.page, "word.png")


def test_the_spanish_page_on_a_phone_at_night(real: str, visit: Any) -> None:
    here = visit(f"{real}/es/", size=(390, 844), scheme="dark")
    keep(here.page, "spanish.png")


def test_the_sheet_for_the_care_team_on_a_phone(real: str, visit: Any) -> None:
    here = visit(real, size=(390, 844))
    here.ask("What is a spinal tap?")
    here.page.locator("#sheet").click()
    here.page.fill("#notes", "Will someone stay with her?\nWhat helps against the fear?")
    here.page.evaluate("document.querySelector('#care-sheet').scrollTo(0, 0)")
    keep(here.page, "sheet.png")


@pytest.mark.parametrize("name", ["answer.png", "word.png", "spanish.png", "sheet.png"])
def test_the_readme_shows_a_picture_that_is_there_and_small(name: str) -> None:
    assert f"docs/images/{name}" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert 0 < (IMAGES / name).stat().st_size <= MOST
