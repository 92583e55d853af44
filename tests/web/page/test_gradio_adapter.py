"""Each workaround of the adapter, held against Gradio without it: a test here that fails says what may go."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from places import ROOT
from serving import until

from allchat.web.page.gradio_adapter import VERSION, gr

ALONE = Path(__file__).with_name("gradio_alone.py")
OURS = ("HF_HUB_DISABLE_TELEMETRY", "MPLBACKEND", "GRADIO_ANALYTICS_ENABLED")
ADAPTER = ROOT / "src" / "allchat" / "web" / "page" / "gradio_adapter.py"
DECISION = ROOT / "docs" / "decisions" / "0010-page.md"
ASK = "/gradio_api/run/ask"


def no_longer_needed(name: str) -> str:
    return f"Gradio {VERSION} does well without it: the workaround {name} is no longer needed: remove {name}"


def alone(what: str, **environment: str) -> dict[str, Any]:
    """What Gradio did in a process of its own, without anything that the adapter sets in the environment."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    told = subprocess.run(
        [sys.executable, str(ALONE), what],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return dict(json.loads(told.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def by_itself() -> dict[str, Any]:
    return alone("found", SYSTEM="spaces", SPACE_ID="a/b")


@contextmanager
def mounted(handler: Callable[[str], object] = str, **how: Any) -> Iterator[tuple[TestClient, Any]]:
    """A client of one event of Gradio's, mounted with nothing but what is named."""
    with gr.Blocks(analytics_enabled=False) as page:
        gr.Button().click(handler, gr.Textbox(), gr.Textbox(), api_name="ask")
    app = gr.mount_gradio_app(FastAPI(), page, path="/", **how)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client, page


# Gradio is the one that all this was found on


def test_gradio_is_pinned_to_the_release_that_is_installed() -> None:
    wanted = f"gradio=={version('gradio')}"
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in dependencies if re.match(r"gradio\b", line)] == [wanted]
    assert [line for line in constraints if re.match(r"gradio\b(?!_)", line)] == [wanted]
    assert version("gradio") == VERSION


def test_each_workaround_has_its_test_and_its_row_with_where_upstream_speaks_of_it() -> None:
    named = sorted(re.findall(r"Workaround (\w+)", ADAPTER.read_text(encoding="utf-8").partition('"""\n\nfrom')[2]))
    tested = sorted(re.findall(r"no_longer_needed\(\"(\w+)\"\)", Path(__file__).read_text(encoding="utf-8")))
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.+) \|$", DECISION.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert named == tested == sorted(name for name, _ in rows)
    assert all("https://github.com/" in upstream or "no issue" in upstream for _, upstream in rows)


# What is set before Gradio is imported


def test_the_hub_client_is_told_too_late_to_send_nothing(by_itself: dict[str, Any]) -> None:
    assert by_itself["silent"] is False, no_longer_needed("hub_telemetry")


def test_an_event_loads_what_draws(by_itself: dict[str, Any]) -> None:
    pytest.importorskip("matplotlib", reason="without matplotlib Gradio asks it nothing")
    assert by_itself["drawing"] is True, no_longer_needed("drawing")


def test_gradio_is_not_imported_where_no_folder_can_be_written_to() -> None:
    assert "temporary directory" in alone("unwritable")["failed"], no_longer_needed("temp_folder")


def test_with_the_adapter_gradio_is_silent_draws_nothing_and_answers_where_nothing_can_be_written() -> None:
    done = alone("set up", SYSTEM="spaces", SPACE_ID="a/b")
    assert done == {"silent": True, "drawing": False, "asked": 200}


# What the page's events are declared with


def test_a_page_calls_its_makers(outside_attempts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADIO_ANALYTICS_ENABLED")
    before = {*threading.enumerate()}
    with gr.Blocks():
        pass
    for thread in {*threading.enumerate()} - before:
        thread.join(10)
    assert outside_attempts, no_longer_needed("calls_home")
    outside_attempts.clear()


def test_on_a_space_a_queued_event_is_not_answered_in_one_request(by_itself: dict[str, Any]) -> None:
    assert by_itself["unqueued"] == 200
    assert by_itself["queued"] == 404, no_longer_needed("queue")


def test_an_event_is_described_to_everybody() -> None:
    with mounted() as (client, _):
        assert "/ask" in client.get("/gradio_api/info").json()["named_endpoints"], no_longer_needed("described")


def test_forty_events_are_inside_at_once_and_no_argument_says_more() -> None:
    inside, free = [], threading.Event()

    def hold(told: str) -> str:
        inside.append(told)
        free.wait(30)
        return told

    with mounted(hold) as (client, _), ThreadPoolExecutor(42) as families:
        for number in range(42):
            families.submit(client.post, ASK, json={"data": [str(number)]})
        until(lambda: len(inside) >= 40)
        time.sleep(0.2)
        held = len(inside)
        free.set()
    assert held == 40, no_longer_needed("threads")


# What Gradio is mounted with


def test_runs_are_kept() -> None:
    with mounted() as (client, page):
        assert page.run_history is True, no_longer_needed("run_history")
        assert client.get("/gradio_api/runs").status_code == 200


def test_what_an_error_says_reaches_the_browser(capfd: pytest.CaptureFixture[str]) -> None:
    def fail(told: str) -> str:
        raise RuntimeError(told)

    with mounted(fail) as (client, _):
        failed = client.post(ASK, json={"data": ["zebrafish"]})
    assert failed.status_code == 500
    assert "zebrafish" in failed.text, no_longer_needed("error_texts")
    capfd.readouterr()


def test_the_environment_starts_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_SSR_MODE", "true")
    monkeypatch.setenv("GRADIO_NODE_PATH", "/nowhere/node")
    with mounted(node_port=1) as (_, page):
        assert page.ssr_mode is True, no_longer_needed("server_rendering")


# What reaches Gradio of a request


@pytest.mark.parametrize("headers", [{"x-forwarded-host": 'a"b c:x'}, {"host": "999.1.1.1"}])
def test_a_header_makes_an_event_fail(headers: dict[str, str]) -> None:
    with mounted() as (client, _):
        assert client.post(ASK, json={"data": ["a"]}).status_code == 200
        assert client.post(ASK, json={"data": ["a"]}, headers=headers).status_code == 500, no_longer_needed("headers")


def test_a_file_that_a_value_names_is_fetched(outside_attempts: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    elsewhere = {"path": "https://zebrafish.example/x", "meta": {"_type": "gradio.FileData"}}
    with mounted() as (client, _):
        client.post(ASK, json={"data": [elsewhere]})
    assert outside_attempts, no_longer_needed("values_name_files")
    outside_attempts.clear()
    capfd.readouterr()


def test_a_session_is_kept_for_whoever_names_one() -> None:
    with mounted() as (client, page):
        assert client.post(ASK, json={"data": ["a"], "session_hash": "zebrafish"}).status_code == 200
        assert "zebrafish" in page.state_holder.session_data, no_longer_needed("session")
