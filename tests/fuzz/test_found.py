"""What fuzzing found, each as the smallest input that broke something: now it is an error of ours, or a value."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from door_targets import EVENTS
from fastapi.testclient import TestClient
from made_languages import english_of, rule_file
from places import SMALL
from question_targets import GUARD, guard_copy
from saved_targets import MANIFESTS
from small_chat import SmallChat
from target import CITED, house
from word_hash import WordHash

from allchat.answering.abstain import unpacked
from allchat.audit import saved_records
from allchat.chat import Chat
from allchat.errors import CorpusError, QuestionError, SettingsError, StoreError
from allchat.evaluation.suites import read_suite
from allchat.guard.classifier import Classifier
from allchat.guard.guard import Guard
from allchat.guard.matcher import LONGEST, expand, parse
from allchat.search.folder import CURRENT
from allchat.search.manifest import MANIFEST
from allchat.settings import load_settings
from allchat.sources.corpus import read_corpus
from allchat.web.app import create_app
from allchat.wording import Wording, read_wording

TOO_DEEP = "x = " + "[" * 5000
TOO_LONG = "x = " + "9" * 5000


@pytest.mark.parametrize("text", [TOO_DEEP, TOO_LONG], ids=["nested too deep", "too long a number"])
def test_a_toml_file_that_its_parser_chokes_on_is_named(text: str, tmp_path: Path) -> None:
    for name in ("corpus.toml", "allchat.toml", "suite.toml", "en.toml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match=r"corpus\.toml: not valid TOML"):
        read_corpus(tmp_path)
    with pytest.raises(SettingsError, match=r"allchat\.toml: cannot be read"):
        load_settings(tmp_path / "allchat.toml")
    with pytest.raises(QuestionError, match=r"suite\.toml: cannot be read"):
        read_suite(tmp_path)
    with pytest.raises(SettingsError, match=r"en\.toml: cannot be read"):
        read_wording(tmp_path / "en.toml", language="en")


@pytest.mark.parametrize("braces", ["{care.first}", "{care[0][1]}", "{care:>99999999999999999999}", "{"])
def test_braces_that_cannot_be_filled_are_named(braces: str) -> None:
    with pytest.raises(SettingsError, match="'lead' cannot be filled"):
        Wording({"lead": braces}, language="en").text("lead", care=911)


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("urgent.toml", 'kind = "urgent"', "", "kind: each file has one"),
        ("urgent.toml", 'kind = "urgent"', 'kind = "panic"', "kind: Input should be"),
        ("urgent.toml", "within = 3", 'within = "far"', "urgent-breathing: within"),
        ("urgent.toml", 'never = ["what is"]', "never = 7", "urgent-breathing: a list of phrases is none"),
        ("urgent.toml", '["he", "@person"]', "[7]", "urgent-breathing: all"),
        ("lists.toml", '["what is"]', "7", "lists.informs"),
        ("lists.toml", 'u = "you"', 'u = ""', "reading.short.u"),
        ("lists.toml", "[reading]", "[read]", "read: Extra inputs"),
        ("lists.toml", "starters = ", "starter = ", "reading.starters: Field required"),
        ("private.toml", "name_cues", "cues", "has no 'name_cues'"),
        ("words.txt", "the", "\udcff", "words.txt"),
    ],
)
def test_a_rule_file_of_another_shape_says_where(file: str, old: str, new: str, complaint: str, tmp_path: Path) -> None:
    folder = guard_copy(tmp_path)
    path = rule_file(folder, file)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode(errors="surrogateescape"))
    with pytest.raises(SettingsError, match=complaint):
        Guard.load(english_of(folder))


def test_the_small_rules_that_are_broken_here_are_whole(tmp_path: Path) -> None:
    assert GUARD
    assert Guard.load(english_of(guard_copy(tmp_path))).screen("my son cant breathe").kind == "urgent"


def test_a_phrase_that_nests_or_branches_without_end_is_refused() -> None:
    with pytest.raises(SettingsError, match="more than"):
        parse("(" * LONGEST + "a" + ")" * LONGEST)
    with pytest.raises(SettingsError, match="stands for more than"):
        expand("(a|b)" * 30)


@pytest.mark.parametrize("key", [[], {}, None, 7])
def test_a_saved_bundle_with_a_source_without_a_name_is_no_record(key: object) -> None:
    made = {"format": "allchat audit bundle", "schema": 1, "answer": {"id": "q", "citations": [CITED]},
            "sources": [{"key": key, "sha256": "0"}]}  # fmt: skip
    with pytest.raises(QuestionError, match="record 1 is not an answer record"):
        list(saved_records(json.dumps(made).encode()))


def made_index(folder: Path, manifest: object) -> Path:
    content = json.dumps(manifest).encode()
    name = sha256(content).hexdigest()[:16]
    (folder / name).mkdir(parents=True)
    (folder / name / MANIFEST).write_bytes(content)
    (folder / CURRENT).write_text(name)
    return folder


@pytest.mark.parametrize("lost", ["files", "inputs"])
def test_a_manifest_without_what_is_read_of_it_is_none_of_ours(lost: str, tmp_path: Path) -> None:
    manifest = {name: value for name, value in MANIFESTS[0].items() if name != lost}
    with pytest.raises(StoreError, match="is not a manifest of allchat's"):
        Chat.open(made_index(tmp_path / "index", manifest), corpus=SMALL, embedder=WordHash())


@pytest.mark.parametrize("content", [b"", b"7", b"{}", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)])
def test_bytes_that_are_no_classifier_are_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Classifier.from_bytes(content)


@pytest.mark.parametrize("header", [b"{'descr': '<f8'{", b"{", b"x" * 30])
def test_a_judge_with_a_damaged_header_is_a_store_error(header: bytes, tmp_path: Path) -> None:
    path = tmp_path / "judge.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(StoreError, match="cannot be read"):
        unpacked(path)


@pytest.mark.parametrize("name", ["\ud800", 7, None])
def test_an_id_that_no_record_can_hold_is_refused(name: object, small_chat: Chat) -> None:
    with pytest.raises(QuestionError, match="the id is not text"):
        small_chat.ask("what is it", id=name)  # type: ignore[arg-type]


def test_nobody_is_sent_to_the_host_that_a_request_names() -> None:
    with TestClient(create_app(SmallChat(), page=False)) as client:  # type: ignore[arg-type]
        for path in ("/source/lists/", "/v1/models/"):
            came = client.get(path, headers={"host": "evil.example"}, follow_redirects=False)
            assert came.status_code == 404
            assert "location" not in came.headers


def test_a_host_that_can_be_none_is_never_looked_at() -> None:
    with TestClient(create_app(SmallChat())) as client:  # type: ignore[arg-type]
        for path in ("/", "/es/"):
            assert client.get(path, headers={"host": "999.1.1.1"}).status_code == 200
        event = {"data": ["signs", "[]", "{}", "en"]}
        assert client.post("/gradio_api/run/ask", json=event, headers={"host": "999.1.1.1"}).status_code == 200


def test_the_events_that_are_broken_here_are_whole(small_chat: Chat, tmp_path: Path) -> None:
    with TestClient(house(small_chat, folder=tmp_path)) as client:
        for name, event in EVENTS:
            assert client.post(f"/gradio_api/run/{name}", json=event).status_code == 200
