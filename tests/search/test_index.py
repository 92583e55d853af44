"""Index: what was put in comes out, damage is an error with its remedy, a build that fails leaves the old one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from places import SMALL
from word_hash import WordHash

from allchat.build import build
from allchat.chat import Chat
from allchat.errors import StoreError
from allchat.records import Document, Outline
from allchat.search.folder import CURRENT, MANIFEST, current_inputs, open_index, write_index
from allchat.search.index import VECTORS_FILE, WORDS_FILE, Index
from allchat.search.schema import GRAINS, Contents, block_text
from allchat.search.vectors import vector_index
from allchat.sources.annotations import read_questions
from allchat.sources.corpus import read_corpus
from allchat.sources.outline import outline_document
from allchat.sources.text import clean

EVENLY = ((1.0, 1.0, 1.0),)
FAST = settings(max_examples=40, deadline=None, derandomize=True, database=None)


def small_contents() -> Contents:
    documents = read_corpus(SMALL)
    outlines = tuple(outline_document(document) for document in documents)
    return Contents(documents, outlines, (), read_questions(SMALL, documents=documents, outlines=outlines))


@pytest.fixture(scope="module")
def index(small_index: Path) -> Index:
    return open_index(small_index)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A small index that a test may break."""
    return build(SMALL, index=tmp_path / "index", embedder=WordHash())


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def current(folder: Path) -> Path:
    return folder / (folder / CURRENT).read_text().strip()


# What went in comes out


def test_the_opened_index_gives_the_outlines_that_went_in(index: Index) -> None:
    contents = small_contents()
    for outline in contents.outlines:
        assert index.outline(outline.document) == outline
    assert index.outline("nothing") == Outline("nothing", (), (), ())


def test_blocks_are_numbered_in_the_order_of_documents_and_of_reading(index: Index) -> None:
    blocks = [block for outline in small_contents().outlines for block in outline.blocks]
    assert index.block_count == len(blocks)
    assert index.blocks(range(len(blocks))) == blocks
    assert index.blocks([3, 0, 3]) == [blocks[3], blocks[0], blocks[3]]
    assert index.blocks([]) == []
    assert index.block(5) == blocks[5]


def test_headings_questions_and_passages_come_out_as_they_went_in(index: Index) -> None:
    contents = small_contents()
    for outline in contents.outlines:
        for block in outline.blocks:
            assert index.heading(block) == outline.sections[block.section].heading
    asked = [(question.text, question.sentence) for question in contents.questions]
    assert [(text, None if sentence == -1 else sentence) for _, sentence, text in index.questions()] == asked
    for question in contents.questions:
        mine = [other.text for other in contents.questions if other.block == question.block]
        assert index.questions_of(question.block) == mine
    assert index.questions_of(contents.outlines[0].blocks[0]) == []
    assert index.passage_counts()["huge"] > 5
    assert "headings-only" not in index.passage_counts()
    for key, count in index.passage_counts().items():
        passages = index.passages(key)
        assert len(passages) == count
        assert passages == sorted(passages, key=lambda passage: passage.key)
        assert {passage.document for passage in passages} == {key}
    assert index.passages("headings-only") == []


def test_a_stored_setting_comes_out_and_another_is_none(index: Index) -> None:
    assert "platelets" in index.setting("known_words")
    assert index.setting("nothing") is None


def test_the_manifest_says_what_the_index_was_built_from(index: Index) -> None:
    inputs = index.manifest["inputs"]
    assert inputs["model"] == {"name": "word-hash", "sha256": WordHash.fingerprint}
    assert set(inputs["documents"]) == {document.key for document in read_corpus(SMALL)}
    assert index.manifest["counts"]["blocks"] == index.block_count
    assert index.version.startswith(index.folder.name)


# Search beside a slow reference


def slow_near(
    texts: Sequence[str], targets: Sequence[tuple[int, int, int, int]], query: NDArray[np.float32]
) -> set[tuple[float, ...]]:
    """Every row's cosine, in numpy, with every block it leads to."""
    cosines = WordHash().encode(texts) @ query
    return {(round(float(cosines[row]), 5), grain, block, sentence) for row, grain, block, sentence in targets}


def rows_of(contents: Contents) -> tuple[list[str], list[tuple[int, int, int, int]]]:
    """The texts that are embedded and where they lead, said anew and plainly."""
    texts: list[str] = []
    targets: list[tuple[int, int, int, int]] = []
    sources = {document.key: document.text for document in contents.documents}
    blocks = [(block, outline) for outline in contents.outlines for block in outline.blocks]
    for number, (block, outline) in enumerate(blocks):
        text = sources[block.document]
        heading = " – ".join(outline.sections[block.section].heading[-2:])
        rows = [("block", block_text(block, text=text), -1)]
        rows += [("sentence", clean(text[s.start : s.end]), place) for place, s in enumerate(block.sentences)]
        rows += [("heading", heading, -1)] if heading else []
        rows += [
            ("question", question.text, -1 if question.sentence is None else question.sentence)
            for question in contents.questions
            if question.block == block
        ]
        for grain, words, sentence in rows:
            targets.append((len(texts), GRAINS.index(grain), number, sentence))  # type: ignore[arg-type]
            texts.append(words)
    return texts, targets


def test_dense_search_finds_what_a_slow_numpy_search_finds(tmp_path: Path) -> None:
    contents = small_contents()
    write_index(contents, folder=tmp_path, embedder=WordHash(), inputs={}, settings={})
    opened = open_index(tmp_path)
    texts, targets = rows_of(contents)

    @FAST
    @given(st.sampled_from(texts), st.sampled_from(texts))
    def check(one: str, other: str) -> None:
        queries = WordHash().encode([one, f"{one} {other}"])
        alone = [opened.near(query[None], limit=10_000) for query in queries]
        for query, found in zip(queries, alone, strict=True):
            rows = zip(*(column.tolist() for column in found), strict=True)
            fast = {(round(cosine, 5), grain, block, sentence) for cosine, grain, block, sentence in rows}
            slow = slow_near(texts, targets, query)
            assert {row[1:] for row in fast} == {row[1:] for row in slow}
            assert sorted(row[0] for row in fast) == pytest.approx(sorted(row[0] for row in slow), abs=2e-5)
            assert found.cosines.tolist() == sorted(found.cosines.tolist(), reverse=True)
        together = opened.near(queries, limit=10_000)
        for column, one, other in zip(together, *alone, strict=True):
            assert column.tolist() == [*one.tolist(), *other.tolist()]

    check()


def test_the_limit_bounds_the_rows_that_are_looked_at(index: Index) -> None:
    found = index.near(WordHash().encode(["Hair usually grows back"]), limit=1)
    assert len({round(value, 6) for value in found.cosines.tolist()}) == 1
    assert [len(column) for column in index.near(WordHash().encode([]), limit=5)] == [0, 0, 0, 0]


def test_an_index_of_nothing_finds_nothing(tmp_path: Path) -> None:
    write_index(Contents((), (), ()), folder=tmp_path, embedder=WordHash(), inputs={}, settings={})
    opened = open_index(tmp_path)
    found = opened.near(WordHash().encode(["fever"]), limit=5)
    assert [len(column) for column in found] == [0, 0, 0, 0]
    assert opened.postings("fever", weights=EVENLY).count == 0
    assert opened.block_count == 0


def test_words_are_found_by_their_stem_in_the_order_of_the_blocks(index: Index) -> None:
    found = index.postings("hairs", weights=((0.5, 1.0, 0.0), (0.0, 0.0, 1.0)))
    assert found.count == len(found.blocks) == len(found.scores) > 0
    assert found.blocks.tolist() == sorted(set(found.blocks.tolist()))
    assert {index.block(block).document for block in found.blocks.tolist()} == {"twins-a", "twins-b"}
    assert found.blocks.tolist() == index.postings("hair", weights=EVENLY).blocks.tolist()
    for word in ("quark", "don't", 'a"b', '"', "²"):
        nowhere = index.postings(word, weights=EVENLY)
        assert (nowhere.count, nowhere.blocks.shape, nowhere.scores.shape) == (0, (0,), (0, 1))


def test_a_question_scores_what_fts5_says_of_all_its_words_together(index: Index) -> None:
    weights = (0.5, 1.0, 0.25)
    rows = index._all(
        "SELECT rowid, -bm25(words, ?, ?, ?) FROM words WHERE words MATCH ?", (*weights, '"hairs" OR "grows" OR "toy"')
    )
    assert len(rows) > 2
    summed: Counter[int] = Counter()
    for word in ("hairs", "grows", "toy"):
        found = index.postings(word, weights=(weights,))
        summed.update(dict(zip(found.blocks.tolist(), found.scores[:, 0].tolist(), strict=True)))
    assert dict(summed) == pytest.approx(dict(rows))


def test_of_a_word_in_very_many_blocks_the_best_are_scored(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    every = index.postings("hair", weights=EVENLY)
    assert every.count > 2
    monkeypatch.setattr("allchat.search.index.MOST_POSTINGS", 2)
    few = index.postings("hair", weights=EVENLY)
    assert few.count == every.count
    best = sorted(zip(every.scores[:, 0].tolist(), every.blocks.tolist(), strict=True), reverse=True)[:2]
    assert sorted(few.scores[:, 0].tolist(), reverse=True) == [score for score, _ in best]
    assert few.blocks.tolist() == sorted(few.blocks.tolist())


def test_a_word_says_in_which_of_a_few_blocks_it_stands(index: Index) -> None:
    found = index.postings("hair", weights=EVENLY)
    others = sorted(set(range(index.block_count)) - set(found.blocks.tolist()))
    assert all(found.stands_in([others[0], block]) for block in found.blocks.tolist())
    assert not found.stands_in(others)
    assert not found.stands_in([])


# Search by size


def alike(count: int) -> NDArray[np.float32]:
    """Made vectors in clusters, as texts of a few subjects lie."""
    random = np.random.default_rng(7)
    subjects = random.standard_normal((40, 32))
    rows = subjects[random.integers(40, size=count)] + 0.6 * random.standard_normal((count, 32))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_search_is_exact_up_to_the_threshold_and_approximate_past_it_with_its_recall() -> None:
    rows, queries = alike(3000), alike(3100)[3000:]
    exact, approximate = vector_index(rows, exact_rows=3000), vector_index(rows, exact_rows=2999)
    assert not isinstance(exact, faiss.IndexIVF)
    assert isinstance(approximate, faiss.IndexIVF)
    assert approximate.nprobe < approximate.nlist
    wanted, found = exact.search(queries, 10)[1], approximate.search(queries, 10)[1]
    assert (wanted == np.argsort(-(queries @ rows.T), axis=1, kind="stable")[:, :10]).mean() > 0.999
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(wanted, found, strict=True)]) >= 0.95


def test_an_approximate_search_is_built_to_the_same_bytes_each_time() -> None:
    rows = alike(3000)
    one, other = (faiss.serialize_index(vector_index(rows, exact_rows=0)) for _ in range(2))
    assert np.array_equal(one, other)


def test_an_index_past_the_threshold_answers_from_its_cells(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_index, "__kwdefaults__", {"exact_rows": 50})
    write_index(small_contents(), folder=tmp_path, embedder=WordHash(), inputs={}, settings={})
    opened = open_index(tmp_path)
    assert isinstance(opened._vectors, faiss.IndexIVF)
    found = opened.near(WordHash().encode(["Hair usually grows back"]), limit=10_000)
    assert len(found.cosines)
    assert np.isfinite(found.cosines).all()
    blocks = opened.blocks(found.blocks[:3].tolist())
    assert {block.document for block in blocks} == {"twins-a", "twins-b"}


# Damage


@pytest.mark.parametrize("name", [MANIFEST, VECTORS_FILE, WORDS_FILE, "guard.json"])
@pytest.mark.parametrize("place", [0, 0.5, -1])
def test_one_changed_byte_in_any_file_of_the_index_is_an_error_with_the_remedy(
    name: str, place: float, own: Path
) -> None:
    path = current(own) / name
    content = bytearray(path.read_bytes())
    at = int(place * len(content)) if place != -1 else len(content) - 1
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError, match=rf"{name}.*Run: allchat build --force"):
        open_index(own)


def test_every_file_of_the_index_is_checked(own: Path) -> None:
    assert set(files(current(own))) == {MANIFEST, *open_index(own).manifest["files"]}


@pytest.mark.parametrize("name", [MANIFEST, VECTORS_FILE, WORDS_FILE])
def test_a_missing_file_of_the_index_is_an_error_with_the_remedy(name: str, own: Path) -> None:
    (current(own) / name).unlink()
    with pytest.raises(StoreError, match=rf"{name}: cannot be read \(.*No such file.*Run: allchat build --force"):
        open_index(own)


@pytest.mark.parametrize("name", [VECTORS_FILE, WORDS_FILE])
def test_a_file_that_is_no_index_is_an_error_even_where_its_hash_is_right(name: str, own: Path) -> None:
    (current(own) / name).write_bytes(b"garbage" * 100)
    relabel(own, name)
    with pytest.raises(StoreError, match="Run: allchat build --force"):
        open_index(own)


def relabel(own: Path, name: str | None = None, **changed: object) -> None:
    """Writes the manifest anew, as a program would that means harm."""
    import hashlib

    folder = current(own)
    manifest = json.loads((folder / MANIFEST).read_text()) | changed
    if name is not None:
        manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    content = json.dumps(manifest).encode()
    (folder / MANIFEST).write_bytes(content)
    folder.rename(own / hashlib.sha256(content).hexdigest()[:16])
    (own / CURRENT).write_text(hashlib.sha256(content).hexdigest()[:16])


def test_an_index_of_another_format_says_so(own: Path) -> None:
    relabel(own, format=99)
    with pytest.raises(StoreError, match=r"is of format 99, this program reads \d+\. Run: allchat build"):
        open_index(own)


def test_a_manifest_that_is_no_table_is_an_error(own: Path) -> None:
    import hashlib

    folder = current(own)
    (folder / MANIFEST).write_bytes(b"[]")
    name = hashlib.sha256(b"[]").hexdigest()[:16]
    folder.rename(own / name)
    (own / CURRENT).write_text(name)
    with pytest.raises(StoreError, match="is not the manifest that was built"):
        open_index(own)


@pytest.mark.parametrize("pointer", [b"", b"garbage\n", b"../../etc", b"0123456789abcdef\n", b"\xff\xfe", b"a" * 5000])
def test_a_pointer_that_leads_nowhere_is_an_error_with_the_remedy(pointer: bytes, own: Path) -> None:
    (own / CURRENT).write_bytes(pointer)
    with pytest.raises(StoreError, match="Run: allchat build --force"):
        open_index(own)


def test_no_index_is_an_error_that_says_what_to_run(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(StoreError, match=r"holds no index\. Run: allchat build"):
            open_index(folder)


def test_a_file_in_the_place_of_the_index_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("a file")
    with pytest.raises(StoreError, match="cannot be read"):
        open_index(tmp_path / "index")
    with pytest.raises(StoreError, match="cannot be written"):
        build(SMALL, index=tmp_path / "index", embedder=WordHash())


def test_a_closed_index_is_an_error_and_no_empty_result(own: Path) -> None:
    opened = open_index(own)
    opened.close()
    with pytest.raises(StoreError):
        opened.postings("toi", weights=EVENLY)


# Stale


def retitle(toml: Path) -> None:
    toml.write_text(toml.read_text().replace('title = "Test text bom"', 'title = "Another title"'))


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda c: retitle(c / "corpus.toml"), "documents"),
        (lambda c: (c / "lay_terms.toml").write_text(""), "word files"),
        (lambda c: (c / "questions" / "lists.toml").unlink(), "word files"),
    ],
)  # fmt: skip
def test_an_index_of_another_corpus_says_which_part_and_what_to_run(
    change: Callable[[Path], object], fact: str, own: Path, corpus: Path
) -> None:
    change(corpus)
    with pytest.raises(StoreError, match=rf"was built from other {fact} than there are now\. Run: allchat build"):
        Chat.open(own, corpus=corpus, embedder=WordHash())


class OtherWordHash(WordHash):
    fingerprint = "0" * 64


def test_an_index_of_another_model_or_of_other_settings_says_so(own: Path) -> None:
    with pytest.raises(StoreError, match=r"other model than there are now\. Run: allchat build"):
        Chat.open(own, corpus=SMALL, embedder=OtherWordHash())
    with pytest.raises(StoreError, match="other passage_tokens than"):
        Chat.open(own, corpus=SMALL, embedder=WordHash(), passage_tokens=33)
    with pytest.raises(StoreError, match="other model and passage_tokens than"):
        Chat.open(own, corpus=SMALL, embedder=OtherWordHash(), passage_tokens=33)


def test_a_fresh_index_is_not_built_again_and_a_stale_one_is(own: Path) -> None:
    before = current(own).stat().st_mtime_ns
    build(SMALL, index=own, embedder=WordHash())
    assert current(own).stat().st_mtime_ns == before
    build(SMALL, index=own, embedder=OtherWordHash())
    assert current_inputs(own)["model"]["sha256"] == "0" * 64  # type: ignore[index]
    assert len([path for path in own.iterdir() if path.is_dir()]) == 1


def test_a_forced_build_of_the_same_input_leaves_the_files_in_use_alone(own: Path) -> None:
    inodes = {path.name: path.stat().st_ino for path in current(own).iterdir()}
    build(SMALL, index=own, embedder=WordHash(), force=True)
    assert inodes == {path.name: path.stat().st_ino for path in current(own).iterdir()}


def test_a_damaged_index_is_mended_by_a_plain_build(own: Path) -> None:
    whole = files(own)
    for name in (VECTORS_FILE, WORDS_FILE):
        (current(own) / name).write_bytes(b"")
    assert current_inputs(own) is None
    build(SMALL, index=own, embedder=WordHash())
    assert files(own) == whole


def test_a_build_removes_only_what_a_build_has_made(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "child.jpg").write_text("dear")
    (tmp_path / ".building-dead").mkdir()
    (tmp_path / "0123456789abcdef").mkdir()
    build(SMALL, index=tmp_path, embedder=WordHash())
    assert (tmp_path / "photos" / "child.jpg").read_text() == "dear"
    assert not (tmp_path / ".building-dead").exists()
    assert not (tmp_path / "0123456789abcdef").exists()


# A build that fails


class Failing(WordHash):
    """Fails in the middle of the build, as a machine without memory does."""

    fingerprint = "f" * 64

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> NDArray[np.float32]:
        if len(texts) > 50:
            raise MemoryError("no memory left")
        return super().encode(texts, progress=progress)


def test_a_build_that_fails_leaves_the_old_index_whole(own: Path) -> None:
    before = files(own)
    with pytest.raises(MemoryError):
        build(SMALL, index=own, embedder=Failing())
    assert files(own) == before
    open_index(own).close()


def test_a_build_that_fails_at_its_end_leaves_the_old_index_whole(own: Path) -> None:
    before = files(own)

    def finish(built: Index) -> dict[str, bytes]:
        assert built.block_count == 0
        raise MemoryError("no memory left")

    with pytest.raises(MemoryError):
        write_index(Contents((), (), ()), folder=own, embedder=WordHash(), inputs={}, settings={}, finish=finish)
    assert files(own) == before


KILLED = """
import sys, time
from pathlib import Path
from word_hash import WordHash
from allchat.build import build
class Slow(WordHash):
    fingerprint = "5" * 64
    def encode(self, texts, *, progress=False):
        if len(texts) > 50:
            print("encoding", flush=True)
            time.sleep(60)
        return super().encode(texts)
build(Path(sys.argv[1]), index=Path(sys.argv[2]), embedder=Slow())
"""


@pytest.fixture
def running_build(own: Path) -> subprocess.Popen[str]:
    """Another process in the middle of a build of the same index."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(SMALL), str(own)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "encoding\n"
    yield process  # type: ignore[misc]
    process.kill()
    process.wait()
    process.stdout.close()


def test_two_builds_at_once_are_a_clear_error_and_a_killed_one_leaves_the_old_index(
    running_build: subprocess.Popen[str], own: Path
) -> None:
    before = files(own)
    with pytest.raises(StoreError, match=r"another build is running\. Wait for it to end"):
        build(SMALL, index=own, embedder=OtherWordHash())
    open_index(own).close()
    running_build.send_signal(signal.SIGKILL)
    running_build.wait()
    assert files(own) == before
    for _ in range(50):
        try:
            build(SMALL, index=own, embedder=OtherWordHash())
            break
        except StoreError:
            time.sleep(0.1)
    assert current_inputs(own)["model"]["sha256"] == "0" * 64  # type: ignore[index]


KILLED_WRITING = """
import sys, time
from pathlib import Path
import allchat.build
from word_hash import WordHash
class Next(WordHash):
    fingerprint = "5" * 64
corpus, index, place = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
replace, moved = Path.replace, []
def park(*arguments, **named):
    print("parked", flush=True)
    time.sleep(60)
def replace_or_park(path, target):
    if place == ("the switch" if path.name == "current" else f"file {len(moved) + 1}"):
        park()
    moved.append(path.name)
    return replace(path, target)
Path.replace = replace_or_park
if place == "finish":
    allchat.build._trained = park
allchat.build.build(corpus, index=index, embedder=Next())
"""


class NextWordHash(WordHash):
    """The model of the build that is killed: the next one writes to the same folder."""

    fingerprint = "5" * 64


@contextmanager
def parked_build(own: Path, place: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that has stopped at a place of its writing."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KILLED_WRITING, str(SMALL), str(own), place]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "parked\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("place", "aside", "in_place"),
    [
        ("finish", {VECTORS_FILE, WORDS_FILE}, set()),
        ("file 2", {MANIFEST, VECTORS_FILE, WORDS_FILE}, {"guard.json"}),
        ("the switch", {CURRENT}, {"guard.json", MANIFEST, VECTORS_FILE, WORDS_FILE}),
    ],
)
def test_a_build_killed_while_it_writes_leaves_the_old_index_and_the_next_one_tidies_up(
    place: str, aside: set[str], in_place: set[str], own: Path
) -> None:
    before = files(own)
    with parked_build(own, place) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    after = files(own)
    written = [Path(name) for name in sorted(after.keys() - before.keys())]
    assert {path.name for path in written if path.parent.name.startswith(".building-")} == aside
    assert {path.name for path in written if not path.parent.name.startswith(".building-")} == in_place
    assert {name: after[name] for name in before} == before
    answer = Chat.open(own, corpus=SMALL, embedder=WordHash()).ask("which medicines are forbidden at home")
    assert (answer.kind, answer.versions["index"][:16]) == ("answer", current(own).name)
    build(SMALL, index=own, embedder=NextWordHash())
    assert current_inputs(own)["model"]["sha256"] == NextWordHash.fingerprint  # type: ignore[index]
    assert {path.name for path in own.iterdir()} == {".lock", CURRENT, current(own).name}


EMBEDDING = """
import sys
from pathlib import Path
import torch
from allchat.build import build
from allchat.search.sentence_transformer import SentenceEmbedder
encode, threads = SentenceEmbedder.encode, []
def encode_and_count(self, texts, **options):
    threads.append(torch.get_num_threads())
    return encode(self, texts, **options)
SentenceEmbedder.encode = encode_and_count
build(Path(sys.argv[1]), index=Path(sys.argv[2]))
print(len(threads), min(threads))
"""


@pytest.mark.slow
def test_a_build_embeds_on_every_core(tmp_path: Path) -> None:
    limits = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
    environment = {name: value for name, value in os.environ.items() if name not in limits}
    run = subprocess.run(
        [sys.executable, "-c", EMBEDDING, str(SMALL), str(tmp_path / "index")],
        capture_output=True, text=True, check=True, env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    topology = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    cores = {Path(topology.format(number)).read_text() for number in os.sched_getaffinity(0)}
    times, threads = map(int, run.stdout.split())
    assert times > 1  # searches in between set threads of their own, and must not take these away
    assert threads >= len(cores)


FULL = """
import resource, sys
from pathlib import Path
from word_hash import WordHash
from allchat.build import build
from allchat.sources.chunking import encoding
from allchat.errors import StoreError
class Other(WordHash):
    fingerprint = "5" * 64
encoding()
size = int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    build(Path(sys.argv[1]), index=Path(sys.argv[2]), embedder=Other())
except StoreError as error:
    print(error)
"""


@pytest.mark.parametrize("size", [4096, 200_000, 300_000])
def test_a_full_disk_is_a_clear_error_and_leaves_the_old_index(size: int, own: Path) -> None:
    before = files(own)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", FULL, str(SMALL), str(own), str(size)],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    assert "cannot be written" in run.stdout
    assert "Free the disk" in run.stdout
    assert files(own) == before
    assert not [path for path in own.iterdir() if path.name.startswith(".building-")]


@pytest.mark.parametrize("folder", ["/proc/allchat", "/dev/null/index"])
def test_a_folder_that_cannot_be_written_is_a_clear_error(folder: str) -> None:
    with pytest.raises(StoreError, match=rf"{folder}: cannot be written .*mend its permissions"):
        build(SMALL, index=Path(folder), embedder=WordHash())


def test_a_lock_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / ".lock").mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        build(SMALL, index=tmp_path, embedder=WordHash())


def test_documents_keep_their_facts_and_not_their_text(index: Index) -> None:
    (row,) = index._all("SELECT facts FROM documents WHERE key = ?", ("bom",))
    known = json.loads(row[0])
    document: Document = next(document for document in read_corpus(SMALL) if document.key == "bom")
    assert known["title"] == document.title
    assert "text" not in known
