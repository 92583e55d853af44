"""Index: what was put in comes out, damage and age are errors with their remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from index_folders import OtherWordHash, current, files
from places import SMALL
from word_hash import WordHash

from allchat.build import build
from allchat.chat import Chat
from allchat.errors import StoreError
from allchat.records import Document
from allchat.search.folder import CURRENT, current_inputs, open_index
from allchat.search.index import QUESTIONS_FILE, VECTORS_FILE, WORDS_FILE, Index
from allchat.search.leads import LEADS_FILE
from allchat.search.manifest import MANIFEST
from allchat.sources.corpus import read_corpus


def test_the_manifest_says_what_the_index_was_built_from(index: Index) -> None:
    inputs = index.manifest["inputs"]
    assert inputs["model"] == {"name": "word-hash", "sha256": WordHash.fingerprint}
    assert set(inputs["documents"]) == {document.key for document in read_corpus(SMALL)}
    assert index.manifest["counts"]["blocks"] == index.block_count
    assert index.version.startswith(index.folder.name)


# Damage


@pytest.mark.parametrize("name", [LEADS_FILE, MANIFEST, QUESTIONS_FILE, VECTORS_FILE, WORDS_FILE])
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


@pytest.mark.parametrize("name", [LEADS_FILE, MANIFEST, QUESTIONS_FILE, VECTORS_FILE, WORDS_FILE])
def test_a_missing_file_of_the_index_is_an_error_with_the_remedy(name: str, own: Path) -> None:
    (current(own) / name).unlink()
    with pytest.raises(StoreError, match=rf"{name}: cannot be read \(.*No such file.*Run: allchat build --force"):
        open_index(own)


@pytest.mark.parametrize("name", [LEADS_FILE, QUESTIONS_FILE, VECTORS_FILE, WORDS_FILE])
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


@pytest.mark.parametrize("other", [3, 99])
def test_an_index_of_another_format_says_so(other: int, own: Path) -> None:
    relabel(own, format=other)
    with pytest.raises(StoreError, match=rf"is of format {other}, this program reads \d+\. Run: allchat build"):
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
        opened.postings(["toi"])


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


def test_documents_keep_their_facts_and_not_their_text(index: Index) -> None:
    (row,) = index._all("SELECT facts FROM documents WHERE key = ?", ("bom",))
    known = json.loads(row[0])
    document: Document = next(document for document in read_corpus(SMALL) if document.key == "bom")
    assert known["title"] == document.title
    assert "text" not in known
