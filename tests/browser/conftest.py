"""One server with the real chat, one with the small one, and a Chromium that keeps a record of what went wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from serving import serving
from small_chat import SmallChat

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ARTIFACTS = Path(__file__).parent / "artifacts"


@pytest.fixture(scope="session")
def real(chromium: str, built_index: Path) -> Iterator[str]:
    """The real chat over the real corpus."""
    from allchat.chat import Chat

    yield from serving(Chat.open(built_index, corpus=Path(__file__).parents[2] / "corpus"))


@pytest.fixture(scope="session")
def small(chromium: str) -> Iterator[str]:
    """The small chat, whose sources and answers are chosen to hurt."""
    yield from serving(SmallChat())


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page with what it asked of the network and what it complained about."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    faults: bool = False

    def settled(self) -> None:
        """Waits until no answer is on its way and nothing is asked of the network."""
        self.page.wait_for_selector("#working", state="attached")
        self.page.locator("body:not(.asking)").wait_for()
        self.page.wait_for_load_state("networkidle")

    def tab_to(self, selector: str, *, back: bool = False, most: int = 80) -> None:
        """Presses Tab (or Shift+Tab) until the element has the focus."""
        wanted = self.page.locator(selector).first
        for _ in range(most):
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
            if wanted.evaluate("(element) => element === document.activeElement"):
                return
        raise AssertionError(f"{selector} is not reached by {most} presses of Tab")

    def ask(self, question: str, *, turn: int = 1) -> None:
        self.page.fill("#ask", question)
        self.page.press("#ask", "Enter")
        self.page.locator("#chat .said").nth(turn - 1).wait_for()
        self.settled()

    def keep(self, name: str, *, whole: bool = False) -> None:
        """A picture for whoever wants to look, with ``KEEP_PICTURES=1``: a long page takes seconds."""
        if os.environ.get("KEEP_PICTURES"):
            ARTIFACTS.mkdir(exist_ok=True)
            self.page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=whole)

    def outside_the_window(self) -> list[str]:
        """Every visible element that reaches past the left or right edge of the window."""
        return list(self.page.evaluate(_OUTSIDE))

    def seen(self, selector: str) -> bool:
        """Whether the element's top lies in the window, and in its scrolling panel where it has one, uncovered."""
        return bool(self.page.evaluate(_SEEN, selector))


_OUTSIDE = """() => [...document.querySelectorAll("body *")].filter((element) => {
  const style = getComputedStyle(element), box = element.getBoundingClientRect();
  if (element.closest(".vh, .skip, .sr-only, [hidden]") || style.visibility === "hidden" || !box.width || !box.height)
    return false;
  return box.left < -1 || box.right > document.documentElement.clientWidth + 1;
}).map((element) => `${element.tagName}#${element.id}.${element.className}`)"""

_SEEN = """(selector) => {
  const element = document.querySelector(selector), box = element.getClientRects()[0];
  const on = document.elementFromPoint(box.left + Math.min(30, box.width / 2), box.top + box.height / 2);
  const pane = document.querySelector("#src").getBoundingClientRect();
  return !!on && (element.contains(on) || on.contains(element)) && box.top >= Math.max(0, pane.top)
    && box.bottom <= Math.min(innerHeight, pane.bottom);
}"""


@pytest.fixture
def visit(browser: Any) -> Iterator[Any]:
    """Opens an address at a size; at the end nothing may have gone outside or been complained about."""
    visits: list[Visit] = []
    contexts: list[Any] = []

    def open_page(
        address: str,
        *,
        size: tuple[int, int] = (1280, 800),
        scheme: str = "light",
        faults: bool = False,
        arrive: bool = True,
        latency: int = 0,
        **options: Any,
    ) -> Visit:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, **options)
        contexts.append(context)
        page = context.new_page()
        here = Visit(page, faults=faults)
        visits.append(here)
        page.on("request", lambda request: here.requests.append(request.url))
        page.on(
            "console", lambda line: here.complaints.append(line.text) if line.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: here.complaints.append(str(error)))
        if latency:  # Chromium's "fast 4G", with the round trip in milliseconds
            network = context.new_cdp_session(page)
            speed = {"downloadThroughput": 9e6 / 8 * 0.9, "uploadThroughput": 1.5e6 / 8 * 0.9}
            network.send("Network.enable")
            network.send("Network.emulateNetworkConditions", {"offline": False, "latency": latency, **speed})
        page.goto(address, wait_until="load" if arrive else "commit")
        if not arrive:
            page.wait_for_selector("#ask")
        return here

    yield open_page
    for here in visits:
        outside = [url for url in here.requests if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))]
        assert not outside
        assert here.faults or not here.complaints
        assert here.faults or not here.page.locator("#working:not(:empty)").count()
    for context in contexts:
        context.close()
