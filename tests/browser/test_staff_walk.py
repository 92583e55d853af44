"""A nurse's six tasks at the staff's pages, on a phone and on a desk: how many touches and seconds each takes.

``python -m pytest -s tests/browser/test_staff_walk.py`` prints the figures.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe import quiet
from paper import printed
from places import ROOT
from serving import serving

from allchat.chat import Chat
from allchat.web.counts import STEP, Counts
from allchat.web.outcome import Outcome
from allchat.web.staff.pages import staff_router

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery"  # noqa: S105 - of the tests' own server
SIZES = {"desk": (1280, 800), "phone": (390, 664)}
TOUCHES = {
    "find a sentence in a source": 3,
    "check a quote with one changed word": 3,
    "check a saved answer against today's sources": 3,
    "explain a refusal": 3,
    "print the report": 1,
    "find what was asked and not found": 2,
}
"""Of each task, as ``docs/staff.md`` says. A field that is filled counts as a touch."""

SENTENCE = "Tests that examine the blood and bone marrow are used to diagnose childhood ALL."
ONE_WORD_CHANGED = SENTENCE.replace("diagnose", "treat")
REFUSED = "How much dexamethasone should I give her?"
NOT_FOUND = "Is there a nurse who visits us at home on Sundays?"


@dataclass
class Hand:
    """Touches a page, and counts."""

    here: Any
    touches: int = 0
    figures: dict[str, tuple[int, float]] = field(default_factory=dict)

    def touch(self, what: Any) -> None:
        """A touch on a link or a button, and the page that it leads to."""
        self.touches += 1
        what.click()

    def fill(self, selector: str, text: str) -> None:
        """A touch on a field, and what is pasted there."""
        self.touches += 1
        self.here.page.fill(selector, text)

    def go(self, name: str) -> None:
        """A touch on the first link of this name."""
        self.touch(self.here.page.get_by_role("link", name=name).first)

    def send(self, button: str) -> None:
        """A touch on the button of a form."""
        self.touch(self.here.page.get_by_role("button", name=button))

    @contextmanager
    def task(self, name: str) -> Iterator[None]:
        """One task: ends with what the nurse looks for in sight, held against axe's rules and the window's sides."""
        self.touches, begun = 0, time.perf_counter()
        yield
        self.figures[name] = self.touches, time.perf_counter() - begun
        quiet(self.here)

    def seen(self, selector: str) -> Any:
        """The first of such elements, once it lies in the window."""
        found = self.here.page.locator(selector).first
        found.wait_for()
        assert found.evaluate(
            "e => { const b = e.getBoundingClientRect(); return b.top < innerHeight && b.bottom > 0 }"
        )
        return found


@pytest.fixture(scope="module")
def chat(built_index: Path) -> Chat:
    return Chat.open(built_index, corpus=ROOT / "corpus")


@pytest.fixture(scope="module")
def counting(chromium: str, chat: Chat, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The staff's pages of a server that counts, where one question was asked five times."""
    counts = Counts(tmp_path_factory.mktemp("counts"))
    answer, trace = chat.explain(NOT_FOUND)
    nearest = trace.hits[0].block.document, trace.hits[0].heading
    for _ in range(STEP):
        counts.add(Outcome("page", "not_found", None, 0.1, {}, reason=answer.reason, nearest=nearest))
    counts.settle()
    staff = staff_router(chat, password=PASSWORD, counts=counts)
    for address in serving(chat, staff=staff, counts=counts):
        yield f"{address}/staff"


@pytest.fixture
def last_month(chat: Chat, tmp_path: Path) -> Path:
    """An answer that was saved when a sentence of its source read differently."""
    record = json.loads(json.dumps(chat.ask("What are the signs of childhood leukemia?", id="ward-7").to_dict()))
    cited = record["citations"][0]
    record["citations"][0] = cited | {"quote": cited["quote"].replace("e", "a", 1), "source_sha256": "0" * 64}
    file = tmp_path / "answer.json"
    file.write_text(json.dumps(record), encoding="utf-8")
    return file


@pytest.mark.parametrize("size", SIZES)
def test_each_of_a_nurses_tasks_takes_few_touches_and_no_wait(
    counting: str, visit: Any, last_month: Path, size: str
) -> None:
    here = visit(counting, size=SIZES[size])
    here.page.fill("#password", PASSWORD)
    here.page.press("#password", "Enter")
    here.page.wait_for_url("**/staff")
    hand = Hand(here)
    _texts(hand)
    _answers(hand, last_month)
    _families(hand)
    # Seconds are what the nurse waits, not what she reads; they are the machine's, so that none is a bar.
    lines = [f"{size}: {name}: {touches} touches, {seconds:.2f} s" for name, (touches, seconds) in hand.figures.items()]
    print("\n" + "\n".join(lines))  # noqa: T201
    assert {name: touches for name, (touches, _) in hand.figures.items()} == TOUCHES


def test_the_document_says_the_touches_of_each_task() -> None:
    rows = [line.split("|") for line in (ROOT / "docs" / "staff.md").read_text(encoding="utf-8").splitlines()]
    told = {row[1].strip(): int(row[3].split(",")[0]) for row in rows if len(row) > 3 and row[1].strip() in TOUCHES}
    assert told == TOUCHES


def _texts(hand: Hand) -> None:
    page = hand.here.page
    with hand.task("find a sentence in a source"):
        hand.go("Childhood Acute")
        hand.fill("#find", "used to diagnose childhood ALL")
        hand.send("Find")
        page.locator(".words mark").first.wait_for()
        assert page.locator(".words mark").count() < 5
    with hand.task("check a quote with one changed word"):
        hand.go("Check a quote")
        hand.fill("#text", ONE_WORD_CHANGED)
        hand.send("Check")
        hand.seen("[role=status]")
        assert "treat" in page.locator("blockquote del").inner_text()
        assert "diagnose" in page.locator("blockquote ins").inner_text()


def _answers(hand: Hand, saved: Path) -> None:
    page = hand.here.page
    with hand.task("check a saved answer against today's sources"):
        hand.go("Check an answer")
        hand.touches += 1
        page.set_input_files("#file", saved)
        hand.send("Check")
        hand.seen("[role=status]")
        assert page.locator(".state").first.inner_text() == "changed"
    with hand.task("print the report"):
        hand.touches += 1  # the browser's own: no script may run here
        told = " ".join(printed(page))
        for words in ("ward-7", "changed", "Checked on", "What are the signs of childhood leukemia?"):
            assert words in told
    rows, links = page.locator("tbody tr"), page.locator("tbody tr td[data-place] a")
    assert links.count() == rows.count()
    with page.expect_popup() as opened:  # beside the report: nobody has to send the form again
        hand.touch(links.first)
    opened.value.locator("mark").first.wait_for()
    opened.value.close()


def _families(hand: Hand) -> None:
    page = hand.here.page
    with hand.task("explain a refusal"):
        hand.go("Why")
        hand.fill("#question", REFUSED)
        hand.send("Explain")
        hand.seen("[role=status]")
        assert "decided" in hand.seen("#decided").inner_text()
    with hand.task("find what was asked and not found"):
        hand.go("What was asked")
        hand.seen("tbody th a")
        quiet(hand.here)
        hand.touch(page.locator("tbody th a").first)
        page.wait_for_url("**#s*")
        assert page.locator(":target .words").first.is_visible()
