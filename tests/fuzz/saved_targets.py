"""Targets: saved answers, suites, wording, what the page sends back, and the files of an index."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from inputs import files, json_bytes, texts, values
from page_parts import message
from places import SMALL
from target import ASKED, SAVED, TRAIL, World, changed, only_our_tags, target
from word_hash import WordHash

from allchat.answering.abstain import unpacked
from allchat.audit import audit, saved_records
from allchat.chat import Chat
from allchat.cli.answers import batch_question
from allchat.errors import AllchatError
from allchat.evaluation.groundedness import unsupported
from allchat.evaluation.suites import read_suite
from allchat.guard.classifier import Classifier
from allchat.markdown import escape_markdown, one_line, unescape_markdown
from allchat.parsing import parse_json
from allchat.search.folder import CURRENT, open_index
from allchat.search.manifest import FORMAT, MANIFEST
from allchat.web.page.handlers import questions
from allchat.web.page.messages import page_words
from allchat.web.page.trail import read_trail
from allchat.wording import read_wording

# Saved answers and lines of JSON


@target(st.one_of(json_bytes(SAVED), st.lists(json_bytes(SAVED), max_size=3).map(b"\n".join)))
def saved_answers(sent: bytes, world: World) -> None:
    for record in saved_records(sent):
        assert isinstance(audit(record, documents=world.chat.documents).holds, bool)


LINE = {"id": "q-1", "question": ASKED, "history": ["what is it"]}


@target(json_bytes([LINE]))
def a_line_of_a_batch(sent: bytes, world: World) -> None:
    asked = batch_question(sent)
    assert isinstance(asked["question"], str)


@target(json_bytes([LINE]))
def json_of_any_kind(sent: bytes, world: World) -> None:
    with suppress(ValueError):
        json.dumps(parse_json(sent), ensure_ascii=False).encode()


SUITE = """task = "answers"
what = "w"
origin = "o"
licence = "Apache-2.0"
files = ["rows.jsonl"]
[accept]
answer = ["refusal"]
[[gate]]
measure = "m"
least = 0.5
"""
ROW = {"id": "a", "text": "what is it", "gold": ["lists:0000001-0000002"], "kind": "urgent", "history": ["x"]}


@target(st.tuples(files([SUITE, SUITE.replace("answers", "guard")]), json_bytes([ROW])))
def a_suite(sent: tuple[bytes, bytes], world: World) -> None:
    folder = world.folder / "suite"
    folder.mkdir(exist_ok=True)
    (folder / "suite.toml").write_bytes(sent[0])
    (folder / "rows.jsonl").write_bytes(sent[1])
    assert read_suite(folder).sha256


# Wording


WORDING = """lead = "Call {care_team} at {emergency_number}."
list = ["a", "b"]
[answer]
lead = "The sources say:"
"""


@target(st.tuples(files([WORDING]), texts | st.sampled_from(["lead", "list", "answer", "answer.lead", "list.0"])))
def a_wording_file(sent: tuple[bytes, str], world: World) -> None:
    content, name = sent
    path = world.folder / "en.toml"
    path.write_bytes(content)
    wording = read_wording(path, language="en")
    wording.has(name)
    for give in (wording.text, wording.texts, wording.table):
        with suppress(AllchatError):
            give(name)
    for name in ("lead", "answer.lead"):
        with suppress(AllchatError):
            wording.text(name, care_team="them", emergency_number=911)


@target(st.tuples(texts, st.dictionaries(st.integers(0, 12), texts, max_size=3), st.booleans()))
def an_answer_held_against_its_sources(sent: tuple[str, dict[int, str], bool], world: World) -> None:
    text, sources, extractive = sent
    unsupported(f"> {text} [1]\n\n{text}", sources, extractive=extractive)


# The page


TALK = ["what &lt;b&gt; is it", "and then"]


@target(
    st.tuples(
        json_bytes([TRAIL]).map(lambda sent: sent.decode(errors="replace")) | values,
        json_bytes([TALK]).map(lambda sent: sent.decode(errors="replace")) | values,
    )
)
def what_comes_back_from_the_page(sent: tuple[Any, Any], world: World) -> None:
    trail = read_trail(sent[0], documents=world.chat.documents)
    assert read_trail(trail.to_json(), documents=world.chat.documents) == trail
    only_our_tags(
        message(world.chat.ask("what is it"), world.chat, turn=trail.turn, words=page_words(), alarms=trail.alarms)
    )
    assert all(isinstance(text, str) for text in questions(sent[1]))


@target(texts)
def words_in_markdown_and_html(sent: str, world: World) -> None:
    assert "\n" not in one_line(sent)
    assert unescape_markdown(escape_markdown(sent)) == sent


# The index


MANIFESTS = [
    {
        "format": FORMAT,
        "files": {},
        "inputs": {"documents": {}, "model": {}, "passage_tokens": 200},
        "counts": {"blocks": 1},
    }
]


@target(json_bytes(MANIFESTS))
def a_manifest_under_its_own_hash(sent: bytes, world: World) -> None:
    folder = world.folder / "made"
    shutil.rmtree(folder, ignore_errors=True)
    name = sha256(sent).hexdigest()[:16]
    (folder / name).mkdir(parents=True)
    (folder / name / MANIFEST).write_bytes(sent)
    (folder / CURRENT).write_text(name)
    Chat.open(folder, corpus=SMALL, embedder=WordHash())


@cache
def index_copy(folder: Path, index: Path) -> Path:
    return Path(shutil.copytree(index, folder / "index"))


_spots = st.tuples(st.integers(0, 5), st.integers(0, 2**22), st.binary(min_size=1, max_size=8))


@target(_spots, weight=0.2)
def an_index_with_altered_bytes(sent: tuple[int, int, bytes], world: World) -> None:
    number, spot, instead = sent
    index = index_copy(world.folder, world.index)
    paths = sorted(path for path in index.rglob("*") if path.is_file() and path.name != ".lock")
    path = paths[number % len(paths)]
    content = path.read_bytes()
    at = spot % len(content)
    with changed(path, content[:at] + instead + content[at + len(instead) :]):
        open_index(index).close()


@target(st.binary(max_size=400) | st.tuples(st.integers(0, 5000), st.binary(min_size=1, max_size=9)))
def the_files_of_what_is_trained(sent: Any, world: World) -> None:
    path = world.folder / "judge.npy"
    if isinstance(sent, tuple):
        whole = trained()
        at = sent[0] % len(whole)
        sent = whole[:at] + sent[1] + whole[at + len(sent[1]) :]
    path.write_bytes(sent)
    unpacked(path)


@cache
def trained() -> bytes:
    import numpy as np

    from allchat.answering.abstain import Judge, Machine, packed

    machine = Machine(np.zeros(3), np.ones(3), np.zeros((2, 3)), np.zeros(2), 0.0)
    return packed(Judge(machine, 0.5, machine))


@cache
def classifier() -> bytes:
    import numpy as np

    from allchat.guard.classifier import Weights
    from allchat.guard.network import Network

    weights = Weights(np.ones((2, 5), dtype=np.float32), np.zeros(5, dtype=np.float32))
    sizes = ((4, 2), (2,), (4, 2), (2,), (4, 1), (4, 5), (5,))
    network = Network(*(np.zeros(size, dtype=np.float32) for size in sizes))
    return Classifier({"a": 0, "b": 1}, weights, network).to_bytes()


@target(st.binary(max_size=400) | st.tuples(st.integers(0, 5000), st.binary(min_size=1, max_size=9)))
def the_file_of_the_classifier(sent: Any, world: World) -> None:
    if isinstance(sent, tuple):
        whole = classifier()
        at = sent[0] % len(whole)
        sent = whole[:at] + sent[1] + whole[at + len(sent[1]) :]
    with suppress(ValueError):
        Classifier.from_bytes(sent)
