"""Small screens, large letters, forced colours, touch, and the ways back: what must hold for every pair of hands."""

from __future__ import annotations

from typing import Any

import axe
import pytest
from trials import SIZES

pytestmark = pytest.mark.browser
PHONE = {"size": (390, 664), "has_touch": True, "is_mobile": True}


def test_a_question_is_shown_at_once_and_the_keyboard_goes_away(small: str, visit: Any) -> None:
    here = visit(small, **PHONE)
    here.page.fill("#ask", "slow signs")
    here.page.press("#ask", "Enter")
    assert here.page.locator("#chat .asked").all_inner_texts() == ["slow signs"]
    assert here.page.locator("#chat .said").count() == 0
    assert here.page.locator("#working").inner_text() == "Looking in the sources …"
    assert here.page.evaluate("document.activeElement.id") != "ask"
    assert here.page.input_value("#ask") == ""
    here.page.locator("#chat .said").wait_for()
    here.settled()


@pytest.mark.parametrize("way", ["button", "key", "gesture"])
def test_every_way_back_from_a_source_leads_to_the_number_and_none_leaves_the_page(
    small: str, visit: Any, way: str
) -> None:
    here = visit(small, **PHONE)
    here.ask("signs")
    for _ in range(2):
        here.page.locator('#chat a[href="#t1q3"]').tap()
        assert here.seen("#t1q3")
        assert here.page.evaluate("document.activeElement.id") == "t1q3"
        assert here.page.locator('.bar a[href="tel:911"]').is_visible()
        if way == "button":
            here.page.locator("#back").tap()
        elif way == "key":
            here.page.keyboard.press("Escape")
        else:
            here.page.go_back()
        here.page.locator("#src").wait_for(state="hidden")
        here.page.wait_for_function("!history.state?.source")
        assert here.page.evaluate("document.activeElement.getAttribute('href')") == "#t1q3"
    assert here.page.url.rstrip("/") == small


def test_the_whole_source_opens_at_the_number_that_was_touched(small: str, visit: Any) -> None:
    here = visit(small, **PHONE)
    here.ask("signs")
    here.page.locator('#chat a[href="#t1q2"]').tap()
    with here.page.context.expect_page() as opened:
        here.page.locator("#whole").tap()
    opened.value.locator("#marked").wait_for()
    assert opened.value.locator("mark").inner_text() == "At the end of the section the last words are quoted."


def test_what_was_cleared_can_come_back_and_then_goes_on(small: str, visit: Any) -> None:
    here = visit(small)
    here.ask("signs")
    here.page.locator("#clear").click()
    assert here.page.locator("#chat .said").count() == 0
    here.page.locator("#undo").click()
    assert here.page.locator("#chat .asked").all_inner_texts() == ["signs"]
    assert here.page.locator("#undo").is_hidden()
    here.page.locator('#chat a[href="#t1q1"]').click()
    assert here.seen("#t1q1")
    here.ask("do they go away?", turn=2)
    assert "Understood as: What are the signs" in here.page.locator("#chat .said").nth(1).inner_text()
    here.page.locator("#clear").click()
    here.ask("do they go away?")
    assert "Understood as" not in here.page.locator("#chat .said").inner_text()
    assert here.page.locator("#undo").is_hidden()


def test_copied_quotes_keep_their_numbers_and_where_they_stand(small: str, visit: Any) -> None:
    here = visit(small)
    here.ask("signs")
    text = here.page.evaluate("""() => {
      getSelection().selectAllChildren(document.querySelector("#chat .said"));
      const copied = new ClipboardEvent("copy", { clipboardData: new DataTransfer(), bubbles: true, cancelable: true });
      document.querySelector("#chat .said").dispatchEvent(copied);
      return copied.clipboardData.getData("text/plain");
    }""")
    assert "Fever. [1]\n" in text
    assert f"[3] The notes <title>. {small}/source/notes@" in text
    assert "source:" not in text


def test_leaving_asks_first_once_there_is_a_conversation(small: str, visit: Any) -> None:
    here = visit(small)
    asked: list[str] = []
    here.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    here.page.reload()
    here.page.wait_for_selector("#ask")
    assert asked == []
    here.ask("signs")
    here.page.reload()
    assert asked == ["beforeunload"]


def test_what_can_be_touched_on_a_phone_is_44_pixels_high(small: str, visit: Any) -> None:
    here = visit(small, **PHONE)
    here.ask("signs")
    low = here.page.evaluate(_LOW)
    here.page.locator('#chat a[href="#t1q1"]').tap()
    assert (low, here.page.evaluate(_LOW)) == ([], [])


_LOW = """() => [...document.querySelectorAll("a, button, summary, textarea")]
  .filter((one) => one.checkVisibility() && !one.closest(".skip, [inert]") && !/^#w-/.test(one.hash || ""))
  .map((one) => [one.textContent.trim(), one.getBoundingClientRect()])
  .filter(([, box]) => box.width > 0 && (box.height < 43.5 || box.width < 43.5))
  .map(([name, box]) => `${name} ${box.width} x ${box.height}`)"""


@pytest.mark.parametrize("size", [(390, 664), (320, 568)])
def test_letters_of_twice_the_size_overlap_nothing_and_leave_room_to_read(
    real: str, visit: Any, size: tuple[int, int]
) -> None:
    here = visit(real, size=size, has_touch=True, is_mobile=True)
    here.page.add_style_tag(content="html { font-size: 225% !important; }")
    here.ask("What are the signs of childhood leukemia?")
    here.keep(f"large-{size[0]}")
    assert here.outside_the_window() == []
    bar, composer = (here.page.locator(part).bounding_box() for part in (".bar", "#composer"))
    assert composer["y"] - bar["y"] - bar["height"] > size[1] / 3
    here.page.locator('#chat a[href="#t1q1"]').first.tap()
    assert here.page.locator("#src").bounding_box()["y"] >= bar["y"] + bar["height"] - 1
    assert here.outside_the_window() == []


@axe.needed
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_in_forced_colours_axe_has_nothing_to_object_to(small: str, visit: Any, size: str) -> None:
    here = visit(small, size=SIZES[size])
    here.page.emulate_media(forced_colors="active")
    here.ask("signs")
    here.ask("emergency", turn=2)
    here.page.locator('#chat a[href="#t1q1"]').click()
    here.keep(f"forced-{size}")
    axe.quiet(here)
