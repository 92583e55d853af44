"""Files that are read once: the bytes that were checked are those that are used."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from allchat.errors import StoreError
from allchat.search import manifest
from allchat.search.manifest import PART, check, whole
from allchat.search.vectors import opened_vectors, search_vectors, vector_index, write_vectors


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 3 * PART])
def test_a_file_of_any_length_is_read_whole_and_held_against_its_hash(tmp_path: Path, size: int) -> None:
    content = np.random.default_rng(0).bytes(size)
    (path := tmp_path / "file").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    assert bytes(whole(path, sha256=sha256)) == bytes(whole(path)) == content
    check(path, sha256=sha256)
    for other in (content[:-1] if size else b"more", content + b"\0", b"x" * size + b"y"):
        path.write_bytes(other)
        for harm in (lambda: whole(path, sha256=sha256), lambda: check(path, sha256=sha256)):
            with pytest.raises(StoreError, match=r"is not the file that was built: it was altered"):
                harm()


def test_a_kernel_that_gives_no_memory_part_by_part_gives_all_of_it_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "POPULATE_WRITE", 9999)
    content = np.random.default_rng(0).bytes(2 * PART + 1)
    (tmp_path / "file").write_bytes(content)
    assert bytes(whole(tmp_path / "file", sha256=hashlib.sha256(content).hexdigest())) == content


def test_a_file_that_is_missing_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"file: cannot be read \(No such file or directory\)"):
        whole(tmp_path / "file")


@pytest.mark.parametrize("exact_rows", [10_000, 100])
def test_rows_are_searched_where_they_were_read_and_are_not_copied(
    tmp_path: Path, exact_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_index, "__kwdefaults__", {"exact_rows": exact_rows})
    vectors = np.random.default_rng(0).standard_normal((500, 32), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    write_vectors(tmp_path / "rows", vectors)
    content = whole(tmp_path / "rows")
    index = opened_vectors(content)
    before = search_vectors(index, vectors[:3], limit=1)
    assert before[1].ravel().tolist() == [0, 1, 2]
    first = vectors[0].tobytes()
    at = bytes(content).index(first)
    content[at : at + len(first)] = vectors[499].tobytes()
    assert sorted(search_vectors(index, vectors[499:], limit=2)[1].ravel().tolist()) == [0, 499]
    (tmp_path / "rows").write_bytes(b"")  # and no more in the file
    del content
    assert search_vectors(index, vectors[1:3], limit=1)[1].ravel().tolist() == [1, 2]
