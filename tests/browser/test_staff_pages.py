"""The staff's pages in a real Chromium: legible and within the window at every size, and usable without JavaScript."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paper import pale, printed
from places import ROOT
from serving import serving

from allchat.chat import Chat

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery"  # noqa: S105 - of the tests' own server
SIZES = {"wide": (1280, 800), "tablet": (820, 1180), "phone": (390, 844), "narrow": (320, 640)}
WAYS = [
    ("wide", "light"),
    ("wide", "dark"),
    ("tablet", "light"),
    ("phone", "light"),
    ("phone", "dark"),
    ("narrow", "light"),
]
AXE = ROOT / ".cache" / "node_modules" / "axe-core" / "axe.min.js"
NOT_QUITE = "Tests that examine the blood and bone marrow are used to diagnose childhood AML."


@pytest.fixture(scope="module")
def chat(built_index: Path) -> Chat:
    return Chat.open(built_index, corpus=ROOT / "corpus")


@pytest.fixture(scope="module")
def staff(chromium: str, chat: Chat, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the staff's pages over the real corpus."""
    from allchat.web.staff.pages import staff_router

    reports = tmp_path_factory.mktemp("reports") / "reports.jsonl"
    for address in serving(chat, staff=staff_router(chat, password=PASSWORD, reports=reports)):
        yield f"{address}/staff"


@pytest.fixture
def signed_in(staff: str, visit: Callable[..., Any]) -> Callable[..., Any]:
    def enter(size: str = "wide", scheme: str = "light", **options: Any) -> Any:
        here = visit(staff, size=SIZES[size], scheme=scheme, **options)
        here.page.fill("#password", PASSWORD)
        here.page.press("#password", "Enter")
        here.page.wait_for_url("**/staff")
        return here

    return enter


@pytest.fixture(scope="module")
def saved(chat: Chat) -> str:
    """Saved answers of which one citation holds, one moved, one changed and one is gone."""
    record = json.loads(json.dumps(chat.ask("What are the signs of childhood leukemia?", id="q-17").to_dict()))
    held = record["citations"][0]
    older = held | {"source_sha256": "0" * 64, "link": None}  # of a text that is not kept
    moved = older | {"number": 2, "start": held["start"] + 7, "end": held["end"] + 7}
    changed = older | {"number": 3, "quote": held["quote"].replace("e", "a", 1)}
    gone = held | {"number": 4, "document": "a-leaflet"}
    return json.dumps(record | {"citations": [held, moved, changed, gone]}, ensure_ascii=False)


def look(here: Any, name: str) -> None:
    """Hold the page against the window and, where axe-core is installed, its rules."""
    here.keep(f"staff-{name}", whole=True)
    assert here.outside_the_window() == []
    if AXE.exists():
        here.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = here.page.evaluate("axe.run().then((result) => result.violations)")
        assert [(rule["id"], [node["html"][:200] for node in rule["nodes"][:3]]) for rule in found] == []


@pytest.mark.parametrize(("size", "scheme"), WAYS)
def test_each_view_fits_the_window_and_can_be_read(
    signed_in: Any, saved: str, size: str, scheme: str, tmp_path: Path
) -> None:
    here = signed_in(size, scheme)
    page, name = here.page, f"{size}-{scheme}"
    look(here, f"{name}-sources")
    page.get_by_role("link", name="Childhood Acute").first.click()
    page.get_by_role("heading", name="Outline").wait_for()
    look(here, f"{name}-source")
    page.fill("#find", "bone marrow")
    page.get_by_role("button", name="Find").click()
    page.get_by_text("Places in the text with these words").wait_for()
    assert {words.lower() for words in page.locator(".words mark").all_inner_texts()} == {"bone marrow"}
    look(here, f"{name}-found")

    page.get_by_role("link", name="Check a quote").click()
    page.fill("#text", NOT_QUITE)
    page.get_by_role("button", name="Check").click()
    page.get_by_text("Does not stand word for word", exact=True).wait_for()
    assert "AML." in page.locator("blockquote del").inner_text()
    assert "ALL." in page.locator("blockquote ins").inner_text()
    look(here, f"{name}-quote")

    page.get_by_role("link", name="Check an answer").click()
    file = tmp_path / "answers.jsonl"
    file.write_text(saved, encoding="utf-8")
    page.set_input_files("#file", file)
    page.get_by_role("button", name="Check").click()
    page.locator(".state.gone").wait_for()
    assert page.locator(".state").all_inner_texts() == ["holds", "moved", "changed", "gone"]
    look(here, f"{name}-answer")

    page.get_by_role("link", name="Why").click()
    page.fill("#question", "What is a spinal tap?")
    page.get_by_role("button", name="Explain").click()
    page.get_by_role("heading", name="5. All candidates").wait_for()
    look(here, f"{name}-why")


@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("wide", "dark")])
def test_an_answer_that_is_pasted_and_a_report_can_be_read(signed_in: Any, chat: Chat, size: str, scheme: str) -> None:
    here = signed_in(size, scheme)
    page = here.page
    page.get_by_role("link", name="Check an answer").click()
    page.fill("#text", chat.ask("What are the signs of childhood leukemia?").text)
    page.get_by_role("button", name="Check").click()
    page.get_by_text("Every quote in it stands in the sources").wait_for()
    page.get_by_text("allchat’s own words").click()
    assert page.get_by_text("Each number leads to the words in their place.").last.is_visible()
    look(here, f"{size}-{scheme}-pasted")

    page.get_by_role("link", name="Why").click()
    page.fill("#question", "they would all manage fine without me around")
    page.get_by_role("button", name="Explain").click()
    page.get_by_text("The classifier decided, no rule").wait_for()
    page.get_by_text("Report this wording").click()
    page.fill("#wording", "nobody would notice")
    look(here, f"{size}-{scheme}-report")
    page.get_by_role("button", name="Keep this report").click()
    page.get_by_text("The report is kept.").wait_for()
    look(here, f"{size}-{scheme}-reported")
    page.get_by_role("link", name="What was asked").click()
    page.get_by_text("Nothing is counted.").wait_for()
    look(here, f"{size}-{scheme}-counts-off")


def test_a_sheet_that_a_family_saved_is_checked_quote_by_quote(signed_in: Any, staff: str, tmp_path: Path) -> None:
    here = signed_in()
    page = here.page
    page.goto(staff.removesuffix("/staff"))
    page.fill("#ask", "What is the treatment for relapsed ALL?")
    page.press("#ask", "Enter")
    page.locator("#chat .said blockquote").first.wait_for()
    here.settled()
    page.get_by_role("button", name="For the care team").first.click()
    with page.expect_download() as started:
        page.get_by_role("button", name="Save as a file").click()
    sheet = tmp_path / "sheet.html"
    started.value.save_as(sheet)

    page.goto(f"{staff}/answer")
    page.set_input_files("#file", sheet)
    page.get_by_role("button", name="Check").click()
    page.get_by_text("Every word stands in the sources.").wait_for()
    assert page.locator(".card.right").count() >= 2
    sheet.write_text(sheet.read_text(encoding="utf-8").replace("may include", "must include"), encoding="utf-8")
    page.goto(f"{staff}/answer")
    page.set_input_files("#file", sheet)
    page.get_by_role("button", name="Check").click()
    page.locator(".card.wrong").first.wait_for()
    assert "must" in page.locator(".card.wrong del").first.inner_text()


def test_the_sign_in_fits_a_phone_and_says_what_is_wrong(staff: str, visit: Any) -> None:
    here = visit(staff, size=SIZES["phone"], faults=True)
    here.page.fill("#password", "a wrong password")
    here.page.press("#password", "Enter")
    here.page.get_by_role("alert").wait_for()
    look(here, "phone-sign-in")


def test_everything_works_without_javascript(signed_in: Any) -> None:
    here = signed_in("tablet", java_script_enabled=False)
    page = here.page
    page.goto(page.url + "/quote")
    page.fill("#text", "used to diagnose childhood ALL")
    page.get_by_role("button", name="Check").click()
    page.get_by_text("Stands word for word", exact=True).wait_for()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open in the source").first.click()
    assert "used to diagnose childhood ALL" in opened.value.locator("mark").first.inner_text()


def test_a_permanent_link_opens_the_source_at_the_words(signed_in: Any) -> None:
    here = signed_in()
    page = here.page
    page.goto(page.url + "/quote")
    page.fill("#text", "used to diagnose childhood ALL")
    page.get_by_role("button", name="Check").click()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open in the source").first.click()
    opened.value.wait_for_selector("mark")
    assert "used to diagnose childhood ALL" in opened.value.locator("mark").first.inner_text()


def test_a_page_prints_without_its_forms_and_with_what_is_folded(signed_in: Any) -> None:
    here = signed_in()
    page = here.page
    page.goto(page.url + "/why")
    page.fill("#question", "What is a spinal tap?")
    page.get_by_role("button", name="Explain").click()
    folded = page.locator("details pre")
    folded.wait_for(state="attached")
    page.wait_for_function(f"{_HEIGHT} === 0")
    page.emulate_media(media="print")
    assert page.evaluate(_HEIGHT) > 0
    assert not page.locator("header").is_visible()
    assert not any(form.is_visible() for form in page.locator(".ask").all())
    told = " ".join(printed(page))
    assert "What is a spinal tap?" in told
    assert " ".join(folded.inner_text().split()[:6]) in told
    assert pale(page) == []


_HEIGHT = "document.querySelector('details pre').getBoundingClientRect().height"


def test_after_signing_out_the_pages_are_closed_and_nothing_is_left(signed_in: Any, staff: str) -> None:
    here = signed_in()
    page = here.page
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.goto(staff)
    assert page.url.endswith("/staff/sign-in")
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


PAYLOADS = [
    "<script>window.hit = 1</script>",
    '"><img src=x onerror="window.hit=1">',
    "<svg/onload=window.hit=1>",
    "</textarea><script>window.hit=1</script>",
    "</title><script>window.hit=1</script>",
    "javascript:window.hit=1",
    "{{ 7 * 7 }}{% raw %}",
    "<iframe srcdoc='<script>parent.hit=1</script>'></iframe>",
]


def test_pasted_scripts_do_nothing_in_any_form(signed_in: Any, saved: str) -> None:
    here = signed_in()
    page, home = here.page, here.page.url
    text = "\n\n".join(PAYLOADS)
    record = json.loads(saved) | {"id": text, "question": text, "kind": text, "text": f"> {text}"}
    record["citations"] = [citation | {"quote": text, "document": text} for citation in record["citations"]]
    for view, fields in [
        ("quote", {"#text": text}),
        ("answer", {"#text": json.dumps(record)}),
        ("why", {"#question": text, "#history": text}),
    ]:
        page.goto(f"{home}/{view}")
        for field, value in fields.items():
            page.fill(field, value)
        page.locator(".ask button").click()
        page.wait_for_load_state()
        assert page.locator("h2").count()
        assert page.evaluate("window.hit") is None
        assert page.locator("main img, main svg, main iframe, main script").count() == 0
        assert "7 * 7" in page.content()
