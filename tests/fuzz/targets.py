"""What reads input that is not ours: each target is what it is sent and what reads it.

A target may give any value or raise an error of ``allchat.errors``; ``holds`` sees to that, and to inputs that hang.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import anyio
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import strategies as st
from inputs import any_text, broken, files, json_bytes, reshaped, texts, values
from places import SMALL
from word_hash import WordHash

from allchat.answering.abstain import unpacked
from allchat.answering.contextualize import is_rest, resolve
from allchat.audit import audit, bundle, saved_records
from allchat.chat import Chat
from allchat.cli.answers import batch_question, readable
from allchat.errors import AllchatError
from allchat.evaluation.directives import directives
from allchat.evaluation.groundedness import unsupported
from allchat.evaluation.suites import read_suite
from allchat.guard.classifier import Classifier
from allchat.guard.guard import Guard
from allchat.guard.matcher import expand, parse
from allchat.markdown import escape_markdown, unescape_markdown
from allchat.parsing import parse_json
from allchat.records import Document, FurnitureRule, Layout, ListRule
from allchat.search.folder import CURRENT, MANIFEST, open_index
from allchat.settings import PREFIX, Settings, load_settings
from allchat.sources.annotations import read_examples, read_lay_terms, read_questions
from allchat.sources.chunking import chunk
from allchat.sources.corpus import read_corpus, source_ids
from allchat.sources.outline import outline_document
from allchat.sources.text import clean, clean_places
from allchat.web.app import create_app
from allchat.web.highlight import Mark, place
from allchat.web.languages import PATHS
from allchat.web.middleware.routes import FOLDERS, ROUTES, STAFF_FORMS
from allchat.web.page.handlers import messages, questions
from allchat.web.page.messages import literal, message, page_words, plain
from allchat.web.page.sources_panel import panel
from allchat.web.page.trail import read_trail
from allchat.web.page.votes import VOTES
from allchat.web.source_page import source_page
from allchat.web.staff.login import COOKIE, Login
from allchat.web.staff.pages import staff_router
from allchat.wording import read_wording

SECONDS = 60
"""An input that is not done by then hangs: a thousand times what the slowest takes, and so no measure of speed."""

Check = Callable[[Any, "World"], object]


@dataclass(frozen=True)
class World:
    """What targets work on: a chat and its doors, an index that was built, and a folder of their own.

    Of ``house``, page and staff's pages are a part.
    """

    chat: Chat
    index: Path
    folder: Path
    doors: TestClient
    house: TestClient


@dataclass(frozen=True)
class Target:
    """One reader: ``check`` is called with inputs of ``sent``. ``weight`` lessens those that are slow.

    A ``door`` is sent requests; every other target parses.
    """

    sent: st.SearchStrategy[Any]
    check: Check
    weight: float = 1.0

    @property
    def door(self) -> bool:
        return self.check.__name__.startswith(("a_body", "a_request", "a_link"))


TARGETS: dict[str, Target] = {}


def target(sent: st.SearchStrategy[Any], *, weight: float = 1.0) -> Callable[[Check], Check]:
    def kept(check: Check) -> Check:
        TARGETS[check.__name__] = Target(sent, check, weight)
        return check

    return kept


def holds(name: str, sent: Any, world: World) -> None:
    """Sends one input. Whatever leaves but a value or an error of allchat's own is a finding; so is no end."""
    with _ending(), suppress(AllchatError):
        TARGETS[name].check(sent, world)


@contextmanager
def _ending() -> Iterator[None]:
    def late(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"no end after {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def read(path: Path) -> str:
    return path.read_bytes().decode()


# The corpus

CORPUS = read(SMALL / "corpus.toml")
SOURCES = [read(path) for path in sorted(SMALL.glob("*.txt"))]


@cache
def corpus_copy(folder: Path) -> Path:
    return Path(shutil.copytree(SMALL, folder / "corpus"))


@contextmanager
def changed(path: Path, content: bytes) -> Iterator[None]:
    """The file with another content, and put back."""
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(before)


@target(files([CORPUS, CORPUS[: CORPUS.index("[[source]]", CORPUS.index("[[source]]") + 1)]]))
def the_declaration_of_sources(sent: bytes, world: World) -> None:
    corpus = corpus_copy(world.folder)
    with changed(corpus / "corpus.toml", sent):
        for document in read_corpus(corpus):
            outline_document(document)
        source_ids(corpus)


_words = st.one_of(st.sampled_from(["Visitors", "•", "a", "The", "Toys at the bedside", "1."]), texts.filter(str.strip))
_layouts = st.builds(
    Layout,
    wrapped=st.booleans(),
    headings=st.lists(_words, max_size=2).map(tuple),
    furniture=st.lists(
        st.builds(FurnitureRule, _words, _words, st.none() | _words, st.booleans(), st.booleans()), max_size=2
    ).map(tuple),
    lists=st.lists(
        st.builds(ListRule, _words, st.lists(_words, min_size=1, max_size=2).map(tuple), _words), max_size=1
    ).map(tuple),
)
_plain = st.builds(Layout, wrapped=st.booleans())


def document(text: str, layout: Layout) -> Document:
    words = dict.fromkeys(
        ("title", "publisher", "copy", "url", "audience", "language", "rights", "notes", "attribution"), text[:99]
    )
    digest = sha256(text.encode()).hexdigest()
    return Document(key="sent", file="sent.txt", revised=None, sha256=digest, text=text, layout=layout, **words)


_source_texts = st.one_of(broken(SOURCES, most=4), texts).map(lambda text: text.encode(errors="replace").decode())
"""As they come out of a file: half characters are no UTF-8."""


@target(st.tuples(_source_texts, _layouts | _plain, st.integers(-5, 3000), st.integers(-5, 3000)), weight=0.3)
def the_text_of_a_source(sent: tuple[str, Layout, int, int], world: World) -> None:
    text, layout, start, length = sent
    assert "".join(letter for letter, _, _ in clean_places(text)) == clean(text)
    source = document(text, layout)
    outline = outline_document(source)
    for block in outline.blocks:
        assert 0 <= block.start < block.end <= len(text)
    chunk(outline, document=source, max_tokens=60, fits_window=WordHash().fits)
    place(Mark(start, start + length, "m"), outline, text=text)
    only_our_tags(source_page(source, outline, words=page_words(), span=(start, start + length)))


# Word files


@target(files([read(SMALL / "lay_terms.toml")]))
def a_file_of_lay_terms(sent: bytes, world: World) -> None:
    corpus = corpus_copy(world.folder)
    with changed(corpus / "lay_terms.toml", sent):
        read_lay_terms(corpus)


@target(files(['answerable = ["what is it"]\nnear = ["who"]\nfar = ["why"]\n']))
def a_file_of_examples(sent: bytes, world: World) -> None:
    folder = world.folder / "examples"
    folder.mkdir(exist_ok=True)
    (folder / "calibration.toml").write_bytes(sent)
    read_examples(folder)


@target(files([read(SMALL / "questions" / "lists.toml")]))
def a_file_of_questions(sent: bytes, world: World) -> None:
    corpus, document = corpus_copy(world.folder), world.chat.documents["lists"]
    with changed(corpus / "questions" / "lists.toml", sent):
        read_questions(corpus, documents=[document], outlines=[world.chat.outline("lists")])


# Settings

SETTINGS = "\n".join(
    f"{name} = {json.dumps(list(field.default) if isinstance(field.default, tuple) else field.default, default=str)}"
    for name, field in Settings.model_fields.items()
    if name != "metrics_token"
)


@target(files([SETTINGS]))
def the_settings_file(sent: bytes, world: World) -> None:
    path = world.folder / "allchat.toml"
    path.write_bytes(sent)
    load_settings(path)


_names = st.sampled_from(sorted(Settings.model_fields)) | st.text(st.characters(exclude_characters="\0="), max_size=9)
_environment = texts.map(lambda text: text.replace("\0", "").encode(errors="replace").decode())


@target(st.dictionaries(_names.map(lambda name: name.encode(errors="replace").decode()), _environment, max_size=3))
def the_environment(sent: Mapping[str, str], world: World) -> None:
    with patch.dict(os.environ, {f"{PREFIX}{name.upper()}": value for name, value in sent.items()}):
        load_settings()


# The guard

GUARD = {
    "lists.toml": """[lists]
person = ["(my|our) @kin", "he"]
kin = ["son", "daughter", "child*"]
negation = ["no", "never"]
informs = ["what is"]
question-start = ["what"]
spanish = ["que es"]
now = ["now"]
[reading]
starters = ["he", "what (is|are)"]
tellers = ["he (has|is)"]
links = ["know"]
fillers = ["and"]
real_words = ["breaths"]
[reading.short]
u = "you"
cant = "can not"
""",
    "rules": """kind = "urgent"
[every]
personal = true
deniable = true
none = ["@negation"]
[[rule]]
id = "ID-breathing"
reason = "breathing"
why = "Trouble breathing."
all = [["(can|could) not (breathe|)", "turn* _ blue"], ["he", "@person"]]
also = [["@person"]]
never = ["what is"]
within = 3
least_words = 2
most_words = 90
match = ["he cant breathe"]
not_match = ["what is it"]
""",
    "private.toml": """name_cues = ["my name is"]
kin = ["son"]
date_cues = ["born"]
number_cues = ["mrn"]
not_names = ["ALL"]
match = ["x"]
not_match = ["y"]
""",
    "words.txt": "the a breathing",
}
RULE_FILES = ("crisis", "urgent", "everyday", "advice", "steering", "smalltalk", "scope")


@cache
def guard_copy(folder: Path) -> Path:
    folder = folder / "guard"
    folder.mkdir()
    for name in ("lists.toml", "private.toml", "words.txt"):
        (folder / name).write_text(GUARD[name], encoding="utf-8")
    for name in RULE_FILES:
        (folder / f"{name}.toml").write_text(GUARD["rules"].replace("ID", name), encoding="utf-8")
    return folder


_rule_files = st.one_of(
    st.tuples(st.just("urgent.toml"), files([GUARD["rules"]])),
    *(st.tuples(st.just(name), files([GUARD[name]])) for name in ("lists.toml", "private.toml", "words.txt")),
)


@target(_rule_files, weight=0.5)
def a_rule_file(sent: tuple[str, bytes], world: World) -> None:
    name, content = sent
    folder = guard_copy(world.folder)
    with changed(folder / name, content):
        guard = Guard.load(folder)
        for text in ("my son cant breathe, he turned so blue", "my name is Max, mrn 12345", "what is u ?"):
            guard.screen(text)
            guard.redact(text)


_phrases = st.lists(
    st.sampled_from(["(", ")", "|", "a", "b*", "_", "..", "^", "$", "@x", "<number>", " ", "*", "@", "(a|b)" * 9]),
    max_size=40,
).map("".join)


@target(_phrases | texts)
def a_phrase(sent: str, world: World) -> None:
    parse(sent)
    expand(sent)


@cache
def guard() -> Guard:
    return Guard.load()


@cache
def vocabulary() -> list[str]:
    folder = Path(__file__).parents[2] / "src" / "allchat" / "guard" / "rules"
    found = {word for path in sorted(folder.glob("*.toml")) for word in read(path).replace('"', " ").split()}
    return sorted(word for word in found if word.isalnum())


_messages = st.one_of(
    texts,
    st.lists(st.sampled_from(vocabulary()), max_size=60).map(" ".join),
    st.lists(st.sampled_from([*vocabulary(), ",", ".", "?", "38", "c", "mg", "-", "'"]), max_size=300).map(" ".join),
)
_questions = st.one_of(
    _messages,
    broken(
        ["which medicines are forbidden at home", "what do visitors do at the door? And it?", "and what about aspirin?"]
    ),
)


@target(_messages, weight=0.4)
def a_message_at_the_guard(sent: str, world: World) -> None:
    verdict = guard().screen(sent)
    assert guard().screen(sent) == verdict
    guard().information_part(sent)
    guard().is_spanish(sent)
    guard().redact(sent)
    directives(sent)


# Questions


@target(st.tuples(_questions, st.lists(_questions, max_size=8)))
def a_question_and_its_history(sent: tuple[str, list[str]], world: World) -> None:
    question, history = sent
    resolve(question, history=history)
    is_rest(question)


@target(
    st.tuples(
        _questions | values, st.lists(_questions, max_size=8), texts, st.none() | st.sampled_from(["en", "es"]) | values
    ),
    weight=0.4,
)
def a_question_to_the_chat(sent: tuple[Any, list[str], str, Any], world: World) -> None:
    question, history, name, language = sent
    answer = world.chat.ask(question, history=history, id=name, language=language)
    json.dumps(answer.to_dict(), ensure_ascii=False).encode()
    shown = message(answer, turn=1, words=page_words())
    only_our_tags(shown.replace(r"\<", "&lt;"))
    readable(answer)


# Saved answers and lines of JSON

ASKED = "which medicines are forbidden at home"


def saved(small: Chat) -> list[Any]:
    answer, record = bundle(small, ASKED)
    return [json.loads(json.dumps(answer.to_dict())), json.loads(json.dumps(record))]


CITED = {"number": 1, "document": "lists", "quote": "Aspirin", "start": 3, "end": 90}
SAVED = [
    {"id": "q", "citations": [CITED, CITED]},
    {"format": "allchat audit bundle", "schema": 1, "answer": {"id": "q", "citations": [CITED]},
     "sources": [{"key": "lists", "sha256": "0"}], "sha256": "0"},
]  # fmt: skip


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


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {tag, *(name for name, _ in attrs)}
        links = [value or "" for name, value in attrs if name == "href"]
        assert not any(link.strip().lower().startswith("javascript") for link in links), links


OURS = {
    *(
        "html",
        "head",
        "meta",
        "link",
        "title",
        "style",
        "script",
        "body",
        "main",
        "article",
        "a",
        "p",
        "div",
        "span",
        "mark",
    ),
    *(
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "li",
        "details",
        "summary",
        "section",
        "strong",
        "em",
        "nav",
        "ol",
        "hr",
        "br",
    ),
    *(
        "lang",
        "hreflang",
        "charset",
        "name",
        "content",
        "rel",
        "href",
        "class",
        "id",
        "tabindex",
        "role",
        "hidden",
        "target",
        "open",
    ),
    *("aria-label", "aria-hidden", "aria-labelledby", "data-turn", "title", "translate", "dir"),
}


def only_our_tags(page: str) -> None:
    """No tag and no attribute of the input has become one of the page's."""
    tags = _Tags()
    tags.feed(page.replace("<script>alert", "<planted>alert"))
    assert tags.found <= OURS, tags.found - OURS


TRAIL = {"turn": 2, "quotes": [[1, 1, "lists", 5, 40], [2, 1, "crlf", 0, 20]]}
TALK = [{"role": "user", "content": "what &lt;b&gt; is it"}, {"role": "assistant", "content": [{"text": "x"}]}]


@target(
    st.tuples(json_bytes([TRAIL]).map(lambda sent: sent.decode(errors="replace")) | values, reshaped([TALK]) | values)
)
def what_comes_back_from_the_page(sent: tuple[Any, Any], world: World) -> None:
    trail = read_trail(sent[0], documents=world.chat.documents)
    assert read_trail(trail.to_json(), documents=world.chat.documents) == trail
    only_our_tags(panel(trail, world.chat, words=page_words()))
    messages(sent[1])
    questions(sent[1])


@target(texts)
def words_in_markdown_and_html(sent: str, world: World) -> None:
    shown = literal(sent)
    assert not set(shown) & set("<>[]()*_`\"'\\!|~"), shown
    plain(shown)
    assert unescape_markdown(escape_markdown(sent)) == sent


# The index


def manifest_of(index: Path) -> Path:
    return index / (index / CURRENT).read_text().strip() / MANIFEST


MANIFESTS = [
    {"format": 1, "files": {}, "inputs": {"documents": {}, "model": {}, "passage_tokens": 200}, "counts": {"blocks": 1}}
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


CLASSIFIER = {
    "terms": ["a", "b"],
    "term_weights": [[0.1, 0.2]] * 3,
    "vector_weights": [[0.0] * 4] * 3,
    "bias": [0.0] * 3,
}


@target(json_bytes([CLASSIFIER]))
def the_file_of_the_classifier(sent: bytes, world: World) -> None:
    with suppress(ValueError):
        Classifier.from_json(sent.decode(errors="replace"))


# The doors


@dataclass(frozen=True)
class Sent:
    """A request as a server hands it on; ``parts`` is its body."""

    method: str
    path: str
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    parts: tuple[bytes, ...]


@dataclass(frozen=True)
class Came:
    """The response to it."""

    status: int
    body: bytes


def send(sent: Sent, doors: TestClient, *, stays: bool = True) -> Came:
    """The response of the application itself; an exception of it is raised here.

    A client that does not stay leaves when the first part of the response has come: some streams have no end.
    """
    waiting = [{"type": "http.request", "body": part, "more_body": True} for part in sent.parts]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})
    came: list[Any] = []
    answered = anyio.Event()

    async def receive() -> Any:
        if waiting:
            return waiting.pop(0)
        await (anyio.sleep_forever() if stays else answered.wait())
        return {"type": "http.disconnect"}

    async def keep(part: Any) -> None:
        came.append(part)
        if part["type"] == "http.response.body":
            answered.set()

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": "",
        "method": sent.method, "path": sent.path, "raw_path": sent.path.encode(errors="replace"),
        "query_string": sent.query, "headers": list(sent.headers), "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }  # fmt: skip
    assert doors.portal is not None
    doors.portal.call(doors.app, scope, receive, keep)
    starts = [part["status"] for part in came if part["type"] == "http.response.start"]
    assert len(starts) == 1, "one response, begun once"
    return Came(starts[0], b"".join(part.get("body", b"") for part in came))


def serves(sent: Sent, doors: TestClient, *, stays: bool = True) -> Came:
    """No fault of ours: no traceback, no 500, and JSON where it is not a page."""
    came = send(sent, doors, stays=stays)
    assert came.status < 500, (came.status, came.body[:300])
    assert b"Traceback" not in came.body
    if came.body[:1] == b"{":
        json.loads(came.body)
    return came


JSON = ((b"content-type", b"application/json"),)
BODIES = {
    "/v1/ask": [{"question": ASKED, "history": ["what is it"], "id": "q", "language": "en"}],
    "/v1/batch": [{"questions": [{"id": "a", "question": ASKED}, {"question": "and it?", "history": [ASKED]}]}],
    "/v1/chat/completions": [
        {"model": "allchat", "messages": [{"role": "system", "content": "s"}, {"role": "user",
        "content": ASKED}], "stream": True},
        {"model": "allchat", "messages": [{"role": "user", "content": [{"type": "text", "text": ASKED}]}],
         "n": 1, "logprobs": False, "response_format": {"type": "text"}, "temperature": 0.5},
    ],
}  # fmt: skip


def _split(body: bytes, at: int) -> tuple[bytes, ...]:
    return (body[: at % (len(body) + 1)], body[at % (len(body) + 1) :])


def _posted(path: str) -> st.SearchStrategy[Sent]:
    bodies = st.builds(_split, json_bytes(BODIES[path]), st.integers(0, 999))
    return st.builds(Sent, st.just("POST"), st.just(path), st.just(b""), st.just(JSON), bodies)


@target(_posted("/v1/ask"), weight=0.5)
def a_body_at_ask(sent: Sent, world: World) -> None:
    serves(sent, world.doors)


@target(_posted("/v1/batch"), weight=0.5)
def a_body_at_batch(sent: Sent, world: World) -> None:
    serves(sent, world.doors)


@target(_posted("/v1/chat/completions"), weight=0.5)
def a_body_at_completions(sent: Sent, world: World) -> None:
    serves(sent, world.doors)


_header_names = st.sampled_from(
    [b"content-type", b"content-length", b"accept", b"host", b"origin", b"authorization", b"range", b"cookie",
    b"if-modified-since",
     b"x-forwarded-for", b"x-request-id", b"transfer-encoding", b"expect", b"access-control-request-method",
     b"content-encoding"]
)  # fmt: skip
_header_values = st.one_of(
    st.sampled_from([b"", b"application/json", b"multipart/form-data; boundary=x", b"-1", b"9" * 5000,
    b"bytes=0-", b"chunked", b"gzip",
                     b"application/json; charset=\xff", b"*/*", b"null", b"https://evil.example", b"Bearer x",
                     b"a:b:c", b"[::1"]),
    st.binary(max_size=60).map(lambda value: value.translate(None, b"\r\n\0")),
)  # fmt: skip
_paths = st.one_of(
    st.sampled_from([*ROUTES, *FOLDERS]),
    st.builds("{}{}".format, st.sampled_from([*ROUTES, *FOLDERS]), texts),
    any_text.map(lambda text: f"/{text}"),
).map(lambda path: path.encode(errors="replace").decode())
_links = st.builds("/source/{}".format, st.sampled_from(["lists", "crlf", "markup", "twins-a"]) | texts).map(
    lambda path: path.encode(errors="replace").decode()
)
_cuts = st.one_of(
    st.sampled_from(
        [b"", b"start=0&end=40", b"start=5", b"end=5", b"start=-1&end=9", b"start=9&end=1", b"start=1&end=99999999999"]
    ),
    st.builds(lambda a, b: f"start={a}&end={b}".encode(), st.integers(-9, 4000), st.integers(-9, 4000)),
    st.builds(lambda a: f"start=1&end=20&sha256={a}".encode(errors="replace"), texts),
    st.binary(max_size=80),
)
_requests = st.builds(
    Sent,
    st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "TRACE", "get", "X" * 99]),
    _paths,
    _cuts,
    st.lists(st.tuples(_header_names, _header_values), max_size=4).map(tuple),
    st.lists(st.binary(max_size=80) | json_bytes(BODIES["/v1/ask"]), max_size=3).map(tuple),
)


@target(_requests, weight=0.5)
def a_request_of_any_kind(sent: Sent, world: World) -> None:
    serves(sent, world.doors)


@target(st.builds(Sent, st.just("GET"), _links, _cuts, st.just(()), st.just(())), weight=0.3)
def a_link_to_a_source(sent: Sent, world: World) -> None:
    came = send(sent, world.doors)
    assert came.status in (200, 404), came.status
    only_our_tags(came.body.decode())


# The page and the staff's pages


PASSWORD = "a long password"  # noqa: S105 - of the tests' own server
TALKED = [
    {"role": role, "metadata": None, "content": [{"type": "text", "text": text}], "options": None}
    for role, text in [("user", "### what is it"), ("assistant", "x")]
]
STATE = json.dumps(TRAIL)
FILE = {"path": "https://evil.example/x", "meta": {"_type": "gradio.FileData"}}
MADE = {"component": "image", "value": FILE, "constructor_args": {}, "props": {}}
EVENTS = [
    {"data": data, "fn_index": number, "session_hash": "family", "event_data": None, "trigger_id": 7}
    for number, data in [
        (0, [ASKED, TALKED, STATE, "en"]),
        (4, [TALKED, STATE, "es"]),
        (0, [ASKED, [{"role": "user", "content": [{"file": FILE}, MADE]}], STATE, "en"]),
        (5, ["en"]),
        (6, ["0" * 16, "en"]),
        (6 + len(VOTES), [TALKED, STATE]),
    ]
]
CANCELLED = {"session_hash": "family", "fn_index": 0, "event_id": "0"}


def house(chat: Chat, *, folder: Path) -> FastAPI:
    """The whole application: page, staff's pages and votes."""
    staff = staff_router(chat, password=PASSWORD)
    return create_app(chat, staff=staff, votes=folder / "votes.jsonl", questions_per_minute=0)


def _with_other_values(event: Mapping[str, Any]) -> st.SearchStrategy[bytes]:
    """The event with the number of values that it has."""
    values_sent = (st.just(value) | reshaped([value]) | st.one_of(texts, values) for value in event["data"])
    return st.tuples(*values_sent).map(lambda data: json.dumps({**event, "data": data}).encode())


def _page_posts(address: str, bodies: st.SearchStrategy[bytes]) -> st.SearchStrategy[Sent]:
    paths = st.sampled_from([f"{home}gradio_api/{address}" for home in PATHS.values()])
    return st.builds(Sent, st.just("POST"), paths, st.just(b""), st.just(JSON), bodies.map(lambda body: (body,)))


@target(_page_posts("queue/join", st.sampled_from(EVENTS).flatmap(_with_other_values) | json_bytes(EVENTS)))
def a_body_at_the_page(sent: Sent, world: World) -> None:
    if serves(sent, world.house).status == 200:
        session = json.loads(sent.parts[0])["session_hash"]
        stream = Sent("GET", sent.path.replace("join", "data"), f"session_hash={session}".encode(), (), ())
        assert b"process_completed" in serves(stream, world.house).body


@target(_page_posts("cancel", json_bytes([CANCELLED])), weight=0.5)
def a_body_at_cancel(sent: Sent, world: World) -> None:
    serves(sent, world.house)


@cache
def ticket() -> bytes:
    return f"{COOKIE}={Login(PASSWORD).ticket()}".encode()


def _form(parts: list[tuple[str, bool, bytes]], damage: tuple[int, int, bytes]) -> bytes:
    """A form as a browser sends it, with a stretch of it replaced."""
    body = b""
    for name, is_file, content in parts:
        filename = b'; filename="saved.jsonl"' if is_file else b""
        head = b'content-disposition: form-data; name="%s"%s' % (name.encode(errors="replace"), filename)
        body += b"--x\r\n%s\r\n\r\n%s\r\n" % (head, content)
    body += b"--x--\r\n"
    at, length, instead = damage
    return body[: at % len(body)] + instead + body[at % len(body) + length :] if instead else body


_fields = st.sampled_from(["text", "question", "history", "password", "file"])
_contents = st.one_of(
    (texts | broken([ASKED, PASSWORD, *SOURCES])).map(lambda text: text.encode("utf-8", "surrogatepass")),
    json_bytes(SAVED),
)
_forms = st.builds(
    _form,
    st.lists(st.tuples(_fields | texts, st.booleans(), _contents), min_size=1, max_size=4),
    st.tuples(st.integers(0, 9999), st.integers(0, 30), st.just(b"") | st.binary(max_size=9)),
)
_form_heads = st.one_of(st.just(b"multipart/form-data; boundary=x"), _header_values)
_staff_posts = st.builds(
    lambda path, head, body, at: Sent("POST", path, b"", ((b"content-type", head),), _split(body, at)),
    st.sampled_from(STAFF_FORMS),
    _form_heads,
    _forms,
    st.integers(0, 9999),
)


@target(st.tuples(_staff_posts, st.integers(0, 9)))
def a_body_at_the_staffs_forms(sent: tuple[Sent, int], world: World) -> None:
    post, stranger = sent
    signed_in = () if stranger == 0 else ((b"cookie", ticket()),)
    came = serves(replace(post, headers=post.headers + signed_in), world.house)
    assert b"<script" not in came.body
    assert b"<b onclick" not in came.body


_hosts = st.just(()) | _header_values.map(lambda value: ((b"host", value),))


@target(st.tuples(_requests, _hosts, st.booleans()))
def a_request_at_the_page_or_the_staffs(sent: tuple[Sent, Any, bool], world: World) -> None:
    request, host, signed_in = sent
    # The listener lets through no other query than one of printable ASCII.
    query = bytes(byte for byte in request.query if 0x20 < byte < 0x7F)
    headers = host + request.headers + (((b"cookie", ticket()),) if signed_in else ())
    serves(replace(request, query=query, headers=headers), world.house, stays=False)


_readers = st.sampled_from([f"{home}gradio_api/queue/data" for home in PATHS.values()])
_sessions = (st.just("nobody") | texts).map(lambda name: f"session_hash={quote(name, errors='replace')}".encode())


@target(st.builds(Sent, st.just("GET"), _readers, _sessions, st.just(()), st.just(())), weight=0.3)
def a_request_for_what_was_never_asked(sent: Sent, world: World) -> None:
    assert serves(sent, world.house, stays=False).status == 404
