"""The two parts of a turn of the page, each by itself: what is said, and its sources."""

from __future__ import annotations

from typing import Any

import allchat.web.page.messages  # noqa: F401 - what the templates say with
from allchat.answering.query import Asker
from allchat.records import Answer
from allchat.web.assets import templates
from allchat.web.page.cards import Shown


def message(answer: Answer, asker: Asker, **how: Any) -> str:
    """The answer as the conversation shows it."""
    return _part("said.html", Shown(answer, asker, **how))


def panel(answer: Answer, asker: Asker, **how: Any) -> str:
    """Its sources, its quotes marked, and the hard words of these quotes, folded."""
    return _part("sources.html", Shown(answer, asker, **how))


def _part(template: str, shown: Shown) -> str:
    return templates("allchat.web.page").get_template(template).render(shown=shown, words=shown.words)
