"""What is served cannot change under a server: not by a file that is written to, and not unnoticed."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from places import ROOT, SMALL
from serving import serving, until
from word_hash import WordHash

from allchat.build import build
from allchat.chat import Chat
from allchat.errors import StoreError
from allchat.search.folder import CURRENT
from allchat.web.reload import Following

ASKED = "which medicines are forbidden at home"
HURT = f"""
import json, sys
from pathlib import Path
from allchat.chat import Chat

def said(chat, question):
    return [part for part in chat.ask(question).to_dict().items() if part[0] != "timings_ms"]

chat = Chat.open(sys.argv[1], corpus={str(ROOT / "corpus")!r})
asked = ("What is remission?", "¿Qué es la quimioterapia?")
before = [said(chat, question) for question in asked]
chat = Chat.open(sys.argv[1], corpus={str(ROOT / "corpus")!r})
for path in chat.index.folder.iterdir():
    with path.open("r+b") as file:
        size = path.stat().st_size
        file.truncate(0)
        if sys.argv[2] == "overwritten":
            file.write(bytes(size))
assert [said(chat, question) for question in asked] == before
assert chat.is_sound()
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["truncated", "overwritten"])
def test_files_that_are_written_to_in_place_change_no_answer_and_end_no_server(
    how: str, built_index: Path, tmp_path: Path
) -> None:
    own = shutil.copytree(built_index, tmp_path / "index")
    subprocess.run([sys.executable, "-c", HURT, str(own), how], check=True, timeout=120)


class Turned(WordHash):
    """Gives the vectors that it should until ``turn`` says how they are spoilt."""

    def __init__(self) -> None:
        self.turn: Callable[[NDArray[np.float32]], NDArray[np.float32]] = lambda vectors: vectors

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> NDArray[np.float32]:
        return self.turn(super().encode(texts, progress=progress))


def rolled(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.roll(vectors, 1, axis=1)


SPOILT: list[Callable[[NDArray[np.float32]], NDArray[np.float32]]] = [
    rolled, np.zeros_like, lambda vectors: vectors * np.float32(np.nan)
]  # fmt: skip


def following(index: Path, embedder: WordHash) -> Following:
    return Following(lambda: Chat.open(index, corpus=SMALL, embedder=embedder), index=index)


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_model_that_is_not_what_it_was_is_neither_ready_nor_asked_and_alarms_are_still_given(
    small_index: Path, spoil: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> None:
    embedder = Turned()
    chat = following(small_index, embedder)
    assert chat.check()
    for address in serving(chat, page=False):
        assert httpx.get(f"{address}/readyz").status_code == 200
        assert "allchat_model_sound 1.0" in httpx.get(f"{address}/metrics").text
        embedder.turn = spoil
        assert not chat.check()
        assert httpx.get(f"{address}/readyz").status_code == 503
        assert "allchat_model_sound 0.0" in httpx.get(f"{address}/metrics").text
        refused = httpx.post(f"{address}/v1/ask", json={"question": ASKED})
        assert (refused.status_code, "kind" in refused.json()) == (503, False)
        alarm = httpx.post(f"{address}/v1/ask", json={"question": "My child is not breathing"})
        assert (alarm.status_code, alarm.json()["kind"]) == (200, "urgent")
        embedder.turn = lambda vectors: vectors
        assert chat.check()
        assert httpx.get(f"{address}/readyz").status_code == 200
        assert httpx.post(f"{address}/v1/ask", json={"question": ASKED}).status_code == 200


def test_a_model_that_comes_back_whole_from_its_files_goes_on(small_index: Path) -> None:
    broken = Turned()
    embedders = [broken, WordHash()]
    chat = Following(lambda: Chat.open(small_index, corpus=SMALL, embedder=embedders.pop(0)), index=small_index)
    broken.turn = rolled
    assert chat.check()
    assert chat.sound
    assert chat.ask(ASKED).kind == "answer"


def test_it_is_asked_again_and_again_while_serving(small_index: Path, caplog: pytest.LogCaptureFixture) -> None:
    embedder = Turned()
    chat = following(small_index, embedder)
    with caplog.at_level(logging.ERROR), chat.watching(seconds=0.01, sound=0.02):
        embedder.turn = rolled
        until(lambda: not chat.sound)
        embedder.turn = lambda vectors: vectors
        until(lambda: chat.sound)
    assert "the model gives a known text another vector than it had" in caplog.text


def test_an_index_whose_rows_are_of_another_model_does_not_open_for_a_server(tmp_path: Path) -> None:
    index = build(SMALL, index=tmp_path / "index", embedder=WordHash())
    other = Turned()
    other.turn = rolled
    with pytest.raises(StoreError, match=r"another vector than it had\. Run: allchat build --force"):
        following(index, other)
    assert (index / CURRENT).is_file()
