"""allchat serve: every door opens with the settings, and a new index is taken over."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from commands import ASKED, run
from places import SMALL

from allchat.cli.group import EXIT_BROKEN


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SMALL.parent)


@pytest.mark.slow
def test_serve_opens_every_door_with_the_settings_and_logs_no_word(model_index: Path) -> None:
    command = [sys.executable, "-m", "allchat", "serve", f"--index={model_index}", f"--corpus={SMALL}", "--port=0"]
    secret = {"ALLCHAT_METRICS_TOKEN": "a-token", "ALLCHAT_QUESTION_SECONDS": "25"}
    with subprocess.Popen(
        command, env={**os.environ, **secret}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[2]
        with httpx.Client(base_url=address, transport=httpx.HTTPTransport(retries=100), timeout=60) as client:
            answer = client.post("/v1/ask", json={"question": ASKED, "id": "zebrafish"}).json()
            status = [client.get(path).status_code for path in ("/", "/readyz", "/v1/openapi.json", "/metrics")]
            counts = client.get("/metrics", headers={"authorization": "Bearer a-token"}).text
        process.send_signal(signal.SIGTERM)
        said, logged = process.communicate(timeout=60)
    assert (answer["kind"], answer["id"]) == ("answer", "zebrafish")
    assert status == [200, 200, 200, 403]
    assert 'allchat_questions_total{door="ask",kind="answer"} 1.0' in counts
    lines = [json.loads(line) for line in logged.splitlines()]
    assert [line["event"] for line in lines if line.get("route") in (None, "/v1/ask")] == ["question", "request"]
    assert "medicines" not in said + logged
    assert "zebrafish" not in said + logged


@pytest.mark.slow
@pytest.mark.parametrize("shared", [False, True])
def test_serve_goes_over_to_an_index_that_is_built_meanwhile(
    model_index: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, shared: bool
) -> None:
    index = here = Path(shutil.copytree(model_index, tmp_path / "index"))
    if shared:
        (tmp_path / "there").mkdir()
        here = tmp_path / "here"
        monkeypatch.setenv("ALLCHAT_STORE", (tmp_path / "there").as_uri())
        assert "is in force" in run("build", index=index, corpus=corpus).stdout
    command = [sys.executable, "-m", "allchat", "serve", f"--index={here}", f"--corpus={corpus}", "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[2]
        with httpx.Client(base_url=address, transport=httpx.HTTPTransport(retries=100), timeout=60) as client:

            def version() -> str:
                return str(client.post("/v1/ask", json={"question": ASKED}).json()["versions"]["index"])

            before = version()
            (corpus / "lay_terms.toml").write_text("")
            assert run("build", index=index, corpus=corpus).exit_code == 0
            after = (index / "current").read_text().strip()
            for _ in range(600):
                if version().startswith(after):
                    break
                time.sleep(0.1)
            assert version().startswith(after)
            assert not before.startswith(after)
        process.send_signal(signal.SIGTERM)
        _, logged = process.communicate(timeout=60)
    assert f"the index {after} answers from now on" in logged


def test_a_staff_password_that_is_too_short_is_refused_before_anything_is_served(
    model_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLCHAT_STAFF_PASSWORD", "short")
    result = run("serve", index=model_index)
    assert result.exit_code == EXIT_BROKEN
    assert "ALLCHAT_STAFF_PASSWORD in the environment: it is shorter than 12 characters" in result.stderr
