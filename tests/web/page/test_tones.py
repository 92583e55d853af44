"""How help is offered on the page: an emergency, a crisis and support look apart, and a call line stays in sight."""

from __future__ import annotations

import re

import pytest
from page_parts import message
from small_chat import SmallChat

from allchat.web.assets import page_file
from allchat.web.page.messages import page_words
from allchat.web.page.trail import Trail, extended, read_trail

CHAT = SmallChat()
WORDS = page_words()
CSS = page_file("base.css") + page_file("page.css") + page_file("conversation.css")


@pytest.mark.parametrize(("asked", "frame"), [("emergency", "urgent"), ("a crisis", "crisis"), ("gloomy", "support")])
def test_each_tone_stands_in_a_frame_of_its_own(asked: str, frame: str) -> None:
    shown = message(CHAT.ask(asked), CHAT, turn=1, words=WORDS)
    assert shown.startswith(f'<div class="{frame}">')
    assert 'href="tel:9' in shown, "the number can be touched and called"


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, in [1, 21]. Source: WCAG 2.2."""

    def light(colour: str) -> float:
        digits = colour.lstrip("#")
        parts = [digits[at : at + 2] for at in (0, 2, 4)] if len(digits) == 6 else [digit * 2 for digit in digits]
        values = [int(part, 16) / 255 for part in parts]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
        return sum(share * value for share, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_the_three_tones_can_be_read_in_light_and_in_dark() -> None:
    themes = re.findall(r":root \{\s+(--ink.*?)\}", CSS, re.DOTALL)
    assert len(themes) == 2
    for theme in themes:
        colours = dict(re.findall(r"--([\w-]+): (#\w+);", theme))
        for ground, edge in (("warn", "warn-edge"), ("chip", "link"), ("calm", "calm-edge")):
            assert contrast(colours["ink"], colours[ground]) >= 7, ground
            assert contrast(colours["link"], colours[ground]) >= 4.5, ground
            assert contrast(colours[edge], colours[ground]) >= 4.5, "a number to call has the colour of its frame"
            assert contrast(colours[edge], colours["paper"]) >= 3, edge
        assert contrast(colours["ink"], colours["own"]) >= 7, "a family's own words"


def test_a_crisis_and_support_are_never_red() -> None:
    rules = dict(re.findall(r"(?ms)^\.(crisis|support) \{(.*?)\}", CSS))
    assert set(rules) == {"crisis", "support"}
    assert [rule for rule in rules.values() if "warn" in rule] == []


def test_the_call_line_of_an_alarm_stays_above_later_answers() -> None:
    trail = extended(extended(Trail(), CHAT.ask("emergency")), CHAT.ask("signs"))
    shown = message(CHAT.ask("signs"), CHAT, turn=2, words=WORDS, alarms=trail.alarms)
    assert shown.startswith('<div class="kept urgent"><p><strong>Call your child')
    assert shown.index('<a href="tel:911">') < shown.index("The sources say")
    assert "kept" not in message(CHAT.ask("emergency"), CHAT, turn=3, words=WORDS, alarms=trail.alarms)


def test_a_crisis_line_and_an_emergency_line_stay_beside_each_other() -> None:
    trail = Trail()
    for asked in ("emergency", "a crisis", "emergency"):
        trail = extended(trail, CHAT.ask(asked))
    assert trail.alarms == ("crisis", "fever")
    shown = message(CHAT.ask("gloomy"), CHAT, turn=4, words=WORDS, alarms=trail.alarms)
    assert shown.index('class="kept crisis"') < shown.index('class="kept urgent"') < shown.index('class="support"')


def test_a_kept_alarm_that_came_back_from_the_browser_shows_words_of_ours_or_nothing() -> None:
    sent = '{"turn": 2, "quoted": [], "alarms": ["fever", "<b>", 7, "no_such_reason"]}'
    trail = read_trail(sent, documents=CHAT.documents)
    assert trail.alarms == ("no_such_reason",)
    assert "kept" not in message(CHAT.ask("signs"), CHAT, turn=3, words=WORDS, alarms=trail.alarms)
    again = Trail(2, alarms=("crisis", "fever"))
    assert read_trail(again.to_json(), documents=CHAT.documents) == again
