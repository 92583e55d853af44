"""Build: what it keeps of the one before, and that its bytes are those of a build from nothing (law 5)."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from places import ROOT, SMALL
from word_hash import WordHash

import allchat.answering.calibrate as judging
import allchat.search.question_rows as writing
from allchat.build import BUILDERS, build
from allchat.program import library_versions, program_hash
from allchat.search.folder import CURRENT
from allchat.search.kept_vectors import KEPT_FILE

CALIBRATION = """
answerable = ["which checks are made at home", "what about aspirin", "lists of signs"]
near = ["hair grows back", "quarks", "gluons"]
far = ["football", "cricket"]
"""

SPANISH = """
[[block]]
begins = "Aspirin or anything that holds aspirin."
questions = ["¿y la aspirina para el dolor de cabeza?", "¿se puede dar aspirina?"]
"""

SPANISH_CALIBRATION = """
answerable = ["¿qué controles se hacen en casa?", "¿y la aspirina?", "¿cuáles son los signos?"]
near = ["¿vuelve a crecer el pelo?", "¿qué es un quark?", "¿qué es un gluón?"]
far = ["¿quién ganó el partido de fútbol?", "¿cómo reparo mi bicicleta?"]
"""


class Counting(WordHash):
    """Remembers what it was asked to embed."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> NDArray[np.float32]:
        self.texts += texts
        return super().encode(texts, progress=progress)

    def read(self, texts: Sequence[str], *, progress: bool = False) -> NDArray[np.float32]:
        self.texts += [f"read: {text}" for text in texts]
        return WordHash().encode(texts, progress=progress)


def noted(learn: Callable[..., Any], *, name: str, done: list[str]) -> Callable[..., Any]:
    def learn_and_note(*given: Any, **named: Any) -> Any:
        done.append(name)
        return learn(*given, **named)

    return learn_and_note


@pytest.fixture(autouse=True)
def learned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A few questions teach a map, too; gives what was learned: maps, machines of judges, what was found for them."""
    done: list[str] = []
    for module, name in ((writing, "train"), (judging, "_machine"), (judging, "_found")):
        monkeypatch.setattr(module, name, noted(getattr(module, name), name=name, done=done))
    monkeypatch.setattr(writing, "LEAST_QUESTIONS", 1)
    return done


@pytest.fixture
def corpus(corpus: Path) -> Path:
    (corpus / "calibration.toml").write_text(CALIBRATION)
    return corpus


def files(index: Path) -> dict[str, bytes]:
    return {str(path.relative_to(index)): path.read_bytes() for path in sorted(index.rglob("*")) if path.is_file()}


def replace_in(path: Path, old: str, new: str) -> None:
    content = path.read_bytes()
    assert old.encode() in content
    path.write_bytes(content.replace(old.encode(), new.encode(), 1))


def reword(corpus: Path, old: str, new: str) -> None:
    """Changes a source and declares it anew."""
    source = corpus / "lists.txt"
    before = hashlib.sha256(source.read_bytes()).hexdigest()
    replace_in(source, old, new)
    replace_in(corpus / "corpus.toml", before, hashlib.sha256(source.read_bytes()).hexdigest())


def speak_spanish(corpus: Path) -> None:
    """Questions and a calibration in another language."""
    (corpus / "es" / "questions").mkdir(parents=True)
    (corpus / "es" / "questions" / "lists.toml").write_text(SPANISH, encoding="utf-8")
    (corpus / "es" / "calibration.toml").write_text(SPANISH_CALIBRATION, encoding="utf-8")


EDITS: dict[str, Callable[[Path], None]] = {
    "one line": lambda c: reword(c, "Herbal teas", "Herbal teas and drops"),
    "a paragraph before all others": lambda c: reword(c, "Medicines at home\n", "Dear families\n\nMedicines at home\n"),
    "a line that a question leads to": lambda c: reword(c, "these without asking", "these without calling"),
    "a title": lambda c: replace_in(c / "corpus.toml", 'title = "Test text bom"', 'title = "Another"'),
    "a question more": lambda c: replace_in(c / "questions" / "lists.toml", '"which', '"what not to give", "which'),
    "no lay terms": lambda c: (c / "lay_terms.toml").unlink(),
    "questions in Spanish": speak_spanish,
    "another calibration": lambda c: replace_in(c / "calibration.toml", "quarks", "leptons"),
}


@settings(max_examples=2, deadline=None, derandomize=True, database=None)
@given(order=st.permutations(sorted(EDITS)))
def test_builds_after_edits_in_any_order_give_the_bytes_of_a_build_from_nothing(
    order: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("edits")
    corpus = Path(shutil.copytree(SMALL, place / "corpus"))
    (corpus / "calibration.toml").write_text(CALIBRATION)
    build(corpus, index=place / "kept", embedder=WordHash())
    for name in order:
        before = files(place / "kept")
        EDITS[name](corpus)
        build(corpus, index=place / "kept", embedder=WordHash())
        assert files(place / "kept") != before, name
    build(corpus, index=place / "nothing", embedder=WordHash())
    assert files(place / "kept") == files(place / "nothing")


def test_a_line_that_changed_embeds_only_what_holds_it_and_keeps_the_map(
    corpus: Path, tmp_path: Path, learned: list[str]
) -> None:
    first, told = Counting(), list[str]()
    build(corpus, index=tmp_path / "index", embedder=first)
    assert len(first.texts) == len(set(first.texts)) > 100
    assert learned.count("train") == 1
    EDITS["one line"](corpus)
    second = Counting()
    build(corpus, index=tmp_path / "index", embedder=second, say=told.append)
    assert second.texts
    assert all("drops" in text for text in second.texts)
    assert len(second.texts) < 6
    assert learned.count("train") == 1
    assert told[-1].startswith(f"{len(second.texts)} of {len(first.texts)} texts were embedded")


def test_what_no_search_sees_keeps_map_and_judge(corpus: Path, tmp_path: Path, learned: list[str]) -> None:
    index = build(corpus, index=tmp_path / "index", embedder=WordHash())
    assert set(learned) == {"train", "_machine", "_found"}
    learned.clear()
    EDITS["a title"](corpus)
    before = (index / CURRENT).read_text()
    build(corpus, index=index, embedder=WordHash())
    assert (index / CURRENT).read_text() != before
    assert set(learned) == {"_found"}
    EDITS["a question more"](corpus)
    build(corpus, index=index, embedder=WordHash())
    assert set(learned) == {"train", "_machine", "_found"}


def test_a_line_of_a_calibration_that_changed_is_searched_for_alone(
    corpus: Path, tmp_path: Path, learned: list[str]
) -> None:
    speak_spanish(corpus)
    index = build(corpus, index=tmp_path / "index", embedder=WordHash())
    assert learned.count("_found") == 8 + 8 + 8  # those in English are asked beside those in Spanish, too
    learned.clear()
    EDITS["another calibration"](corpus)
    embedder = Counting()
    build(corpus, index=index, embedder=embedder)
    assert (set(learned), learned.count("_found")) == ({"_machine", "_found"}, 2)
    assert {text.removeprefix("read: ") for text in embedder.texts} == {"leptons"}
    assert files(index) == files(build(corpus, index=tmp_path / "nothing", embedder=WordHash()))


def test_each_language_keeps_its_own_map_and_judge(corpus: Path, tmp_path: Path, learned: list[str]) -> None:
    speak_spanish(corpus)
    index = build(corpus, index=tmp_path / "index", embedder=WordHash())
    assert learned.count("train") == 2
    learned.clear()
    EDITS["a title"](corpus)
    build(corpus, index=index, embedder=WordHash())
    assert set(learned) == {"_found"}
    replace_in(corpus / "es" / "questions" / "lists.toml", "dar aspirina", "dar una pastilla de aspirina")
    embedder = Counting()
    build(corpus, index=index, embedder=embedder)
    assert (learned.count("train"), len(embedder.texts)) == (1, 1)
    assert files(index) == files(build(corpus, index=tmp_path / "nothing", embedder=WordHash()))


def test_a_forced_build_keeps_nothing_and_gives_the_same_bytes(corpus: Path, tmp_path: Path) -> None:
    index = build(corpus, index=tmp_path / "index", embedder=WordHash())
    before, forced = files(index), Counting()
    build(corpus, index=index, embedder=forced, force=True)
    assert len(set(forced.texts)) > 100
    assert files(index) == before


@pytest.mark.parametrize("at", [0, 40, 0.5, -1])
def test_kept_vectors_that_are_damaged_are_made_anew(at: float, corpus: Path, tmp_path: Path) -> None:
    index = build(corpus, index=tmp_path / "index", embedder=WordHash())
    kept = index / KEPT_FILE
    content = bytearray(kept.read_bytes())
    content[int(at * len(content)) if isinstance(at, float) else at] ^= 1
    kept.write_bytes(content)
    EDITS["one line"](corpus)
    embedder = Counting()
    build(corpus, index=index, embedder=embedder)
    assert len(set(embedder.texts)) > 100
    assert files(index) == files(build(corpus, index=tmp_path / "nothing", embedder=WordHash()))


# What an index depends on


ASKED = """
import sys
from pathlib import Path
from word_hash import WordHash
from allchat.build import build
from allchat.chat import Chat
corpus, index, told = Path(sys.argv[1]), Path(sys.argv[2]), []
build(corpus, index=index, embedder=WordHash(), say=told.append)
versions = Chat.open(index, corpus=corpus, embedder=WordHash()).versions()
print(told[-1] if told else "up to date", versions["index"], versions["program"], sep="|")
"""


@pytest.mark.slow
def test_a_comment_in_sources_embeds_nothing_and_a_changed_wording_builds_nothing(tmp_path: Path) -> None:
    program = Path(shutil.copytree(ROOT / "src" / "allchat", tmp_path / "src" / "allchat"))

    def built() -> tuple[str, str, str]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(program.parent), str(ROOT / "tests")])}
        command = [sys.executable, "-c", ASKED, str(SMALL), str(tmp_path / "index")]
        run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        said, index, version = run.stdout.strip().split("|")
        return said, index, version

    _, index, version = built()
    with (program / "languages" / "en" / "wording.toml").open("a") as wording:
        wording.write("# a sentence more\n")
    assert built()[:2] == ("up to date", index)
    assert built()[2] != version
    for name in ("sources/lines.py", "search/stop_words.txt"):
        content = (program / name).read_text(encoding="utf-8").splitlines(keepends=True)
        (program / name).write_text("".join(content[:40] if name.endswith("txt") else [*content, "# a comment\n"]))
        said, after, _ = built()
        assert (said[:5], after != index) == ("0 of ", True), name
        index = after


def test_everything_that_a_build_imports_decides_whether_an_index_is_current() -> None:
    code = "import sys, allchat.build; print(*(m for m in sys.modules if m.startswith('allchat.')))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = {name.removeprefix("allchat.").replace(".", "/") for name in run.stdout.split()}
    packages = {name for name in modules if (ROOT / "src" / "allchat" / name).is_dir()}
    missed = {
        name for name in modules - packages if f"{name}.py" not in BUILDERS and name.partition("/")[0] not in BUILDERS
    }
    assert len(modules) > 20
    assert not missed


def test_a_hash_of_a_package_counts_its_data_and_its_names_and_not_what_python_leaves_there() -> None:
    folder = ROOT / "src" / "allchat" / "search"
    assert program_hash(("search",)) != program_hash(tuple(f"search/{path.name}" for path in folder.glob("*.py")))
    written = [path for path in folder.iterdir() if path.name != "__pycache__"]
    assert program_hash(("search",)) == program_hash(tuple(f"search/{path.name}" for path in written))
    assert program_hash(("sources", "search")) == program_hash(("search", "sources")) != program_hash(("search",))


def test_a_library_that_is_not_there_is_none() -> None:
    assert library_versions(["numpy", "no-such-library"]) == {"numpy": np.__version__, "no-such-library": "none"}
