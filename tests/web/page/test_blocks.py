"""Gradio beneath the page: what is refused, what reaches it, and a release of it that is not as we know it."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gradio
import pytest
from fastapi.testclient import TestClient
from places import ROOT
from serving import until
from small_chat import HeldChat, SmallChat

from allchat.answering.query import QUESTION_CHARACTERS
from allchat.records import Outline
from allchat.web.app import create_app
from allchat.web.page.handlers import PAGE_HISTORY
from allchat.web.page.messages import page_words
from allchat.wording import LANGUAGES

ALL_WORDS = {language: page_words(language) for language in LANGUAGES}
WORDS, SPANISH = ALL_WORDS["en"], ALL_WORDS["es"]
SIGNS = ["signs", "[]", "{}", "en"]


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """The whole application."""
    with TestClient(create_app(SmallChat(), questions_per_minute=0)) as client:
        yield client


def ask(client: TestClient, data: object = SIGNS, *, event: str = "ask", **values: Any) -> Any:
    """Ask as the page's script does."""
    return client.post(f"/gradio_api/run/{event}", json={"data": data, **values})


def said(client: TestClient, data: object = SIGNS, *, event: str = "ask") -> str:
    return str(ask(client, data, event=event).json()["data"][0])


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("ask", ["zebrafish", []]),
        ("ask", ["zebrafish", "[]", "{}", "en", "more"]),
        ("ask", "zebrafish"),
        ("ask", ["zebrafish \ud800", "[]", "{}", "en"]),
        ("ask", None),
        ("again", ["zebrafish", "[]", "{}", "en"]),
        ("vote", []),
    ],
)
def test_an_event_that_no_page_would_send_is_refused_and_not_repeated(
    client: TestClient, event: str, data: object
) -> None:
    body = json.dumps({"data": data})
    refused = client.post(f"/gradio_api/run/{event}", content=body, headers={"content-type": "application/json"})
    assert (refused.status_code, refused.json()["error"]["where"]) == (422, "event")
    assert "zebra" not in refused.text


@pytest.mark.parametrize("content", ["zebrafish", "", "[]", '{"zebrafish": 1}', "[" * 100_000])
def test_what_is_no_event_at_all_is_refused(client: TestClient, content: str) -> None:
    refused = client.post("/gradio_api/run/ask", content=content)
    assert refused.status_code == 422
    assert "zebra" not in refused.text


@pytest.mark.parametrize("declared", ["text/plain", "application/x-www-form-urlencoded", "", None])
def test_what_another_site_may_send_unasked_is_no_event(client: TestClient, declared: str | None) -> None:
    headers = {} if declared is None else {"content-type": declared}
    refused = client.post("/gradio_api/run/ask", content=json.dumps({"data": SIGNS}), headers=headers)
    assert (refused.status_code, refused.json()["error"]["where"]) == (422, "event")
    taken = {"content-type": "Application/JSON; charset=utf-8"}
    assert client.post("/gradio_api/run/ask", content=json.dumps({"data": SIGNS}), headers=taken).status_code == 200


def test_ten_of_the_longest_questions_go_along_whatever_their_script(client: TestClient) -> None:
    long, kept = "語" * QUESTION_CHARACTERS, "[]"
    for _ in range(PAGE_HISTORY + 1):
        body = json.dumps({"data": [long, kept, "{}", "en"]}, ensure_ascii=False)  # as a browser writes it
        answer = client.post("/gradio_api/run/ask", content=body.encode(), headers={"content-type": "application/json"})
        assert answer.status_code == 200
        kept = answer.json()["data"][1]
    assert json.loads(kept) == [long] * PAGE_HISTORY


def test_what_is_nested_too_deep_is_refused(client: TestClient) -> None:
    deep: Any = "zebrafish"
    for _ in range(400):
        deep = [deep]
    assert ask(client, ["signs", deep, "{}", "en"]).status_code == 422


def test_nothing_of_a_request_but_its_texts_reaches_gradio(client: TestClient) -> None:
    headers = {"host": "999.1.1.1", "x-forwarded-host": "zebrafish.example", "cookie": "zebrafish"}
    extra = {"session_hash": "zebrafish", "fn_index": 2, "event_data": {"zebrafish": 1}, "trigger_id": 7}
    body = {"data": SIGNS, **extra}
    answer = client.post("/gradio_api/run/ask?zebrafish=1", json=body, headers=headers)
    assert answer.status_code == 200
    assert "The signs of leukemia" in answer.text
    assert "zebrafish" not in answer.text


ELSEWHERE = {"path": "https://zebrafish.example/x", "meta": {"_type": "gradio.FileData"}}
MADE = {"component": "image", "value": ELSEWHERE, "constructor_args": {"label": "zebrafish"}, "props": {}}


@pytest.mark.parametrize(
    "conversation",
    [
        [{"role": "user", "content": [{"file": ELSEWHERE}]}],
        [{"role": "user", "content": [MADE]}],
        [{"role": "user", "content": ELSEWHERE}],
        [ELSEWHERE],
        ELSEWHERE,
        [{"role": "zebrafish", "content": "zebrafish four"}],
        [{"role": "user", "content": {"zebrafish": "four"}}],
        [["zebrafish", "four"]],
        "zebrafish four",
        7,
    ],
)
def test_of_a_conversation_only_text_is_taken_and_nothing_is_fetched_for_it(
    client: TestClient, conversation: object
) -> None:
    told = ask(client, ["signs", conversation, "{}", "en"]).text  # every test fails that reaches another machine
    assert "The signs of leukemia" in told
    assert "zebrafish.example" not in told


def test_an_earlier_question_goes_along_and_comes_back(client: TestClient) -> None:
    assert "and zebrafish?" in ask(client, ["signs", json.dumps(["and zebrafish?"]), "{}", "en"]).text


@pytest.mark.parametrize("place", range(4))
def test_no_other_part_of_an_event_names_a_file_either(client: TestClient, place: int) -> None:
    data: list[Any] = [*SIGNS]
    data[place] = ELSEWHERE
    assert ask(client, data).status_code == 200


class FailingChat(SmallChat):
    """Its sources can be read until somebody asks."""

    def outline(self, document: str) -> Outline:
        if self.asked:
            raise RuntimeError(f"unexpected: {self.asked[-1]}")
        return super().outline(document)


def test_an_event_that_fails_says_so_and_is_logged_as_its_class_and_printed_nowhere(
    lines: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    with TestClient(create_app(FailingChat())) as client:
        told = said(client, ["zebrafish seven", "[]", "{}", "en"])
    assert WORDS["broken"] in told
    logged = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line["event"] for line in logged if line["logger"] == "allchat.page"] == ["no answer: RuntimeError"]
    assert "zebra" not in lines.getvalue() + "".join(capfd.readouterr())


def test_whoever_waits_at_the_page_waits_where_the_time_is_counted() -> None:
    chat = HeldChat()
    app = create_app(chat, workers=2, waiting=60, seconds=60, questions_per_minute=0)
    with TestClient(app, client=("127.0.0.1", 1)) as client, ThreadPoolExecutor(62) as families:
        held = [families.submit(said, client, ["held signs", "[]", "{}", "en"]) for _ in range(62)]
        until(lambda: "\nallchat_queue_length 60.0\n" in client.get("/metrics").text)
        assert WORDS["busy"] in said(client)  # at once, though nobody has an answer yet
        assert WORDS["vote_thanks"] in said(client, ["yes", "0" * 16, "en"], event="vote")
        chat.free.set()
        assert all("The signs of leukemia" in family.result() for family in held)


@pytest.mark.slow
def test_allchat_does_not_start_beside_a_gradio_that_carries_no_event(built_index: Path, tmp_path: Path) -> None:
    """A whole Gradio, the installed one in all but the address of an event."""
    installed = Path(gradio.__file__).parent
    shutil.copytree(installed, tmp_path / "gradio", copy_function=os.symlink)
    routes = tmp_path / "gradio" / "routes.py"
    text = routes.read_text(encoding="utf-8")
    changed = text.replace('"/run/{api_name}', '"/walk/{api_name}')
    assert changed != text
    routes.unlink()
    routes.write_text(changed, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, "-m", "allchat", "serve", "--port", "0", "--index", str(built_index)]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr.startswith("allchat: Gradio ")
    assert "does not carry a question to its answer" in ended.stderr
    assert "make setup" in ended.stderr
    assert "Traceback" not in ended.stderr
