"""Index: vectors in FAISS, everything else in SQLite (words in FTS5), and a manifest that says what it was built from.

It is built aside and renamed into place, and the same input gives the same bytes. Opened, it is read-only.
"""

from __future__ import annotations

import fcntl
import filecmp
import hashlib
import json
import math
import re
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allchat.corpus import clean
from allchat.embed import Embedder, Vectors
from allchat.errors import StoreError
from allchat.formats import parse_json
from allchat.records import Applies, Block, Document, Furniture, Item, Outline, Passage, Question, Section, Span

FORMAT: Final = 2
"""Raised whenever the files' layout changes: an index of another format is built anew."""

MANIFEST: Final = "manifest.json"
VECTORS: Final = "vectors.faiss"
WORDS: Final = "words.sqlite"
CURRENT: Final = "current"
ASIDE: Final = ".building-"
NAME: Final = "[0-9a-f]{16}"

EXACT_ROWS: Final = 10_000
"""Vectors up to which search is exact. There it takes about 0.5 ms, a tenth of a question (docs/performance.md)."""

RECALL: Final = 0.97
"""Least share of the ten nearest rows that an approximate search finds on its own probes; 0.95 is promised."""

PROBED: Final = 256
"""Rows that an approximate search is measured on when it is built."""

KEPT_BLOCKS: Final = 4096
"""Blocks, headings and questions that an opened index remembers."""

EVERYONE: Final = "[[], [], []]"
"""How it is stored that a block applies to everyone."""

MOST_POSTINGS: Final = 1000
"""Blocks that are scored for one word: one that stands in more says little of each."""

Grain = Literal["sentence", "block", "passage", "heading", "question"]
GRAINS: Final[tuple[Grain, ...]] = ("sentence", "block", "passage", "heading", "question")

_SCHEMA = """
CREATE TABLE documents (key TEXT PRIMARY KEY, facts TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sections (document TEXT, number INTEGER, heading TEXT, start INTEGER, "end" INTEGER,
    applies TEXT, PRIMARY KEY (document, number));
CREATE TABLE blocks (id INTEGER PRIMARY KEY, document TEXT, section INTEGER, kind TEXT, start INTEGER, "end" INTEGER,
    leads TEXT, items TEXT, term TEXT, applies TEXT);
CREATE TABLE sentences (block INTEGER, number INTEGER, start INTEGER, "end" INTEGER, PRIMARY KEY (block, number));
CREATE TABLE passages (id INTEGER PRIMARY KEY, document TEXT, section INTEGER, start INTEGER, "end" INTEGER,
    text TEXT, tokens INTEGER);
CREATE TABLE furniture (document TEXT, start INTEGER, "end" INTEGER, what TEXT, PRIMARY KEY (document, start));
CREATE TABLE questions (id INTEGER PRIMARY KEY, block INTEGER, sentence INTEGER, text TEXT);
CREATE TABLE rows (row INTEGER, grain INTEGER, block INTEGER, sentence INTEGER);
CREATE VIRTUAL TABLE words USING fts5(heading, body, questions, content = '',
    tokenize = 'porter unicode61 remove_diacritics 2');
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Contents:
    """All that goes into an index."""

    documents: tuple[Document, ...]
    outlines: tuple[Outline, ...]
    passages: tuple[Passage, ...]
    questions: tuple[Question, ...] = ()


class Near(NamedTuple):
    """What vectors near to a query lead to, ``(m,)`` each: their cosines, grains (as numbers of ``GRAINS``), blocks,
    and sentences in them (-1 for coarser grains).
    """

    cosines: NDArray[np.float64]
    grains: NDArray[np.intp]
    blocks: NDArray[np.intp]
    sentences: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """Where a word stands: ``count`` blocks hold it; ``blocks`` ``(n,)`` are their numbers, ascending, and ``scores``
    ``(n, weights)`` what it says there. Of a word in very many blocks the best ``MOST_POSTINGS`` are given.
    """

    count: int
    blocks: NDArray[np.intp]
    scores: NDArray[np.float64]

    def among(self, numbers: NDArray[np.intp]) -> int:
        """How many of some blocks are among ``blocks``."""
        return int(np.isin(numbers, self.blocks).sum())

    def stands_in(self, numbers: Sequence[int]) -> bool:
        """Whether one of a few blocks is among ``blocks``."""
        places = np.searchsorted(self.blocks, numbers).tolist()
        near = ((place, number) for place, number in zip(places, numbers, strict=True) if place < len(self.blocks))
        return any(self.blocks[place] == number for place, number in near)


class Index:
    """An opened index: read-only, safe to share between threads."""

    def __init__(self, folder: Path, *, manifest: Mapping[str, Any], version: str) -> None:
        self.folder = folder
        self.manifest = manifest
        self.version = version
        self._lock = threading.Lock()
        self._words = sqlite3.connect(
            f"{(folder / WORDS).resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        self._vectors = faiss.read_index(str(folder / VECTORS))
        lines = np.array(self._all("SELECT row, grain, block, sentence FROM rows ORDER BY row, block"), dtype=np.intp)
        rows, *targets = np.ascontiguousarray(lines.reshape(-1, 4).T)
        self._targets = tuple(targets)
        self._first = np.searchsorted(rows, np.arange(self._vectors.ntotal + 1))
        self.block_count = int(self._all("SELECT count(*) FROM blocks")[0][0])
        # Questions come back to the same blocks: what was read of them once is kept, a few megabytes at most.
        self._one_block = lru_cache(maxsize=KEPT_BLOCKS)(lambda number: self._blocks(number, number))
        self._headings = lru_cache(maxsize=KEPT_BLOCKS)(self._heading)
        self._questions_at = lru_cache(maxsize=KEPT_BLOCKS)(self._asked_at)

    def _all(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._words.execute(query, values).fetchall()
            except sqlite3.DatabaseError as error:
                raise StoreError(f"{self.folder / WORDS}: {error}. Run: allchat build --force") from error

    def near(self, vectors: Vectors, *, limit: int) -> Near:
        """What the vector rows nearest to each query lead to: all of the first query, most similar first, then all of
        the next.

        ``limit`` bounds the rows that are looked at for a query; a row that leads to several blocks is there for each.
        """
        if self._vectors.ntotal == 0 or len(vectors) == 0:
            return Near(np.zeros(0), *np.zeros((3, 0), dtype=np.intp))
        found, numbers = search_vectors(self._vectors, vectors, limit=min(limit, self._vectors.ntotal))
        # An approximate search that finds fewer rows in its cells says -1 for the rest.
        cosines, rows = found[numbers >= 0].astype(np.float64), numbers[numbers >= 0]
        first, after = self._first[rows], self._first[rows + 1]
        counts = after - first
        lines = np.repeat(first - np.concatenate(([0], np.cumsum(counts)[:-1])), counts) + np.arange(counts.sum())
        return Near(np.repeat(cosines, counts), *(column[lines] for column in self._targets))

    def postings(self, word: str, *, weights: Sequence[tuple[float, float, float]]) -> Postings:
        """The blocks that hold a word or its stem, with its BM25 for each of several ``weights`` of the columns
        heading, body and questions. BM25 is a sum over words: a question's is that of its words.
        """
        scores = ", ".join(["-bm25(words, ?, ?, ?)"] * len(weights))
        query = f"SELECT rowid, {scores} FROM words WHERE words MATCH ? ORDER BY rowid"  # noqa: S608 - our own names
        quoted = '"' + word.replace('"', "") + '"'
        rows = np.array(self._all(query, (*(w for three in weights for w in three), quoted)), dtype=np.float64)
        rows = rows.reshape(-1, 1 + len(weights))
        kept = rows
        if len(rows) > MOST_POSTINGS:
            kept = rows[np.sort(np.argpartition(-rows[:, 1:].sum(axis=1), MOST_POSTINGS)[:MOST_POSTINGS])]
        return Postings(len(rows), kept[:, 0].astype(np.intp), np.ascontiguousarray(kept[:, 1:]))

    def setting(self, name: str) -> Any:
        """A value that the build stored beside the words, or None."""
        found = self._all("SELECT value FROM settings WHERE name = ?", (name,))
        return json.loads(found[0][0]) if found else None

    def block(self, number: int) -> Block:
        """The block of that number (0 to ``block_count - 1``, in the order of documents and of reading)."""
        return self.blocks([number])[0]

    def blocks(self, numbers: Iterable[int]) -> list[Block]:
        """The blocks of these numbers, in the order asked for."""
        wanted = list(numbers)
        found = {number: block for number in dict.fromkeys(wanted) for block in self._one_block(number)}
        return [found[number] for number in wanted]

    def _blocks(self, first: int, last: int) -> list[Block]:
        rows = self._all(f"SELECT {_BLOCK_COLUMNS} FROM blocks WHERE id BETWEEN ? AND ? ORDER BY id", (first, last))  # noqa: S608 - our own names
        query = 'SELECT block, start, "end" FROM sentences WHERE block BETWEEN ? AND ? ORDER BY block, number'
        spans: dict[int, list[Span]] = {}
        for block, start, end in self._all(query, (first, last)):
            spans.setdefault(block, []).append(Span(start, end))
        return [_block(row, spans.get(row[0], [])) for row in rows]

    def special(self) -> dict[Applies, NDArray[np.intp]]:
        """The blocks that do not speak for everyone, ascending, by what they apply to."""
        found: dict[Applies, list[int]] = {}
        for number, stored in self._all("SELECT id, applies FROM blocks WHERE applies != ? ORDER BY id", (EVERYONE,)):
            found.setdefault(_applies_of(stored), []).append(number)
        return {applies: np.array(numbers, dtype=np.intp) for applies, numbers in found.items()}

    def questions(self) -> list[tuple[int, int, str]]:
        """All questions as (block, sentence or -1, text), in the order of the blocks."""
        return [
            (int(b), int(s), str(t)) for b, s, t in self._all("SELECT block, sentence, text FROM questions ORDER BY id")
        ]

    def questions_of(self, block: Block) -> list[str]:
        """Our questions that a block answers, in the order of their file."""
        return list(self._questions_at(block.document, block.start))

    def _asked_at(self, document: str, start: int) -> tuple[str, ...]:
        query = (
            "SELECT q.text FROM questions q JOIN blocks b ON b.id = q.block WHERE b.document = ? AND b.start = ? "
            "ORDER BY q.id"
        )
        return tuple(str(row[0]) for row in self._all(query, (document, start)))

    def heading(self, block: Block) -> tuple[str, ...]:
        """The path of headings above a block, outermost first."""
        return self._headings(block.document, block.section)

    def _heading(self, document: str, section: int) -> tuple[str, ...]:
        rows = self._all("SELECT heading FROM sections WHERE document = ? AND number = ?", (document, section))
        return tuple(json.loads(rows[0][0]))

    def outline(self, document: str) -> Outline:
        """The outline of one document as it was when the index was built."""
        sections = self._all(
            'SELECT number, heading, start, "end", applies FROM sections WHERE document = ? ORDER BY number',
            (document,),
        )
        first, last = self._all(
            "SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM blocks WHERE document = ?", (document,)
        )[0]
        furniture = self._all('SELECT start, "end", what FROM furniture WHERE document = ? ORDER BY start', (document,))
        return Outline(
            document,
            tuple(
                Section(document, number, tuple(json.loads(heading)), start, end, _applies_of(applies))
                for number, heading, start, end, applies in sections
            ),
            tuple(self._blocks(first, last)),
            tuple(Furniture(*row) for row in furniture),
        )

    def vectors(self) -> Vectors:
        """All vector rows, ``(n, d) float32``."""
        return np.asarray(self._vectors.reconstruct_n(0, self._vectors.ntotal), dtype=np.float32)

    def passages(self, document: str) -> list[Passage]:
        """The passages of one document in reading order."""
        query = 'SELECT document, section, start, "end", text, tokens FROM passages WHERE document = ? ORDER BY id'
        return [Passage(*row) for row in self._all(query, (document,))]

    def passage_counts(self) -> dict[str, int]:
        """How many passages each document has."""
        return dict(self._all("SELECT document, count(*) FROM passages GROUP BY document ORDER BY document"))

    def close(self) -> None:
        """Lets go of the files."""
        self._words.close()


_BLOCK_COLUMNS = 'id, document, section, kind, start, "end", leads, items, term, applies'


def _block(row: tuple[Any, ...], spans: Sequence[Span]) -> Block:
    _, document, section, kind, start, end, leads, items, term, applies = row
    return Block(
        document,
        section,
        kind,
        start,
        end,
        tuple(spans),
        tuple(Span(*lead) for lead in json.loads(leads)),
        tuple(Item(*item) for item in json.loads(items)),
        term,
        _applies_of(applies),
    )


def _applies_of(stored: str) -> Applies:
    return Applies(*map(tuple, json.loads(stored)))


class _Manifest(BaseModel):
    """What is read of a manifest; it holds more."""

    model_config = ConfigDict(strict=True)

    inputs: dict[str, Any]
    files: dict[Annotated[str, Field(pattern=r"^[\w.]+$")], str]


def open_index(folder: Path) -> Index:
    """The current index of ``folder``, every file checked against its manifest.

    Raises:
        StoreError: there is none, it is of another format, or a file is missing or altered.
    """
    current = _current(folder)
    if current is None:
        raise StoreError(f"{folder}: holds no index. Run: allchat build")
    manifest, version = _manifest(current)
    if manifest.get("format") != FORMAT:
        raise StoreError(
            f"{current}: is of format {manifest.get('format')}, this program reads {FORMAT}. Run: allchat build"
        )
    try:
        _Manifest.model_validate(manifest)
    except ValidationError as error:
        raise StoreError(f"{current / MANIFEST}: is not a manifest of allchat's. Run: allchat build --force") from error
    for name, sha256 in manifest["files"].items():
        if _sha256(current / name) != sha256:
            raise StoreError(
                f"{current / name}: is not the file that was built: it was altered. Run: allchat build --force"
            )
    try:
        return Index(current, manifest=manifest, version=version)
    except (sqlite3.DatabaseError, RuntimeError) as error:
        raise StoreError(f"{current}: cannot be read ({error}). Run: allchat build --force") from error


def _current(folder: Path) -> Path | None:
    try:
        name = (folder / CURRENT).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{folder / CURRENT}: cannot be read ({error}). Run: allchat build --force") from error
    if not re.fullmatch(NAME, name) or not (folder / name).is_dir():
        raise StoreError(f"{folder / CURRENT}: names no index in {folder}. Run: allchat build --force")
    return folder / name


def _manifest(current: Path) -> tuple[dict[str, Any], str]:
    path = current / MANIFEST
    try:
        content = path.read_bytes()
        manifest = parse_json(content)
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: cannot be read ({error}). Run: allchat build --force") from error
    version = hashlib.sha256(content).hexdigest()
    if not version.startswith(current.name) or not isinstance(manifest, dict):
        raise StoreError(f"{path}: is not the manifest that was built: it was altered. Run: allchat build --force")
    return manifest, version


def current_inputs(folder: Path) -> dict[str, Any] | None:
    """What the current index was built from, or None where there is no whole index."""
    try:
        index = open_index(folder)
    except StoreError:
        return None
    index.close()
    return dict(index.manifest["inputs"])


def write_index(
    contents: Contents,
    *,
    folder: Path,
    embedder: Embedder,
    inputs: Mapping[str, Any],
    settings: Mapping[str, Any],
    finish: Callable[[Index], Mapping[str, bytes]] | None = None,
    progress: bool = False,
) -> Path:
    """Builds the index aside, puts it in place in one step, and gives its folder. A killed build leaves the old one.

    ``inputs`` go into the manifest and decide whether an index is stale; ``settings`` are values kept with the words.
    ``finish`` is handed the index before it is in place and gives further files for it, by name.

    Raises:
        StoreError: another build is running, or the folder cannot be written.
    """
    with _disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _only_build(folder):
        texts, targets = _rows(contents)
        vectors = embedder.encode(texts, progress=progress)
        with _disk_errors(folder), tempfile.TemporaryDirectory(prefix=ASIDE, dir=folder) as aside:
            _write_words(Path(aside, WORDS), contents, targets, settings)
            _write_vectors(Path(aside, VECTORS), vectors)
            if finish is not None:
                _write_further(Path(aside), finish)
            name = _write_manifest(Path(aside), contents, inputs=inputs, vectors=len(texts))
            return _put_in_place(Path(aside), folder, name=name)


def _write_further(aside: Path, finish: Callable[[Index], Mapping[str, bytes]]) -> None:
    index = Index(aside, manifest={}, version="")
    try:
        further = finish(index)
    finally:
        index.close()
    for name, content in further.items():
        (aside / name).write_bytes(content)


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        raise StoreError(
            f"{folder}: cannot be written ({error}). Free the disk or mend its permissions; the old index is whole."
        ) from error


@contextmanager
def _only_build(folder: Path) -> Iterator[None]:
    with _disk_errors(folder):
        lock = (folder / ".lock").open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"{folder}: another build is running. Wait for it to end.") from None
        yield


def _write_manifest(aside: Path, contents: Contents, *, inputs: Mapping[str, Any], vectors: int) -> str:
    """Writes the manifest and gives the name of the index: the beginning of the manifest's sha256."""
    manifest = {
        "format": FORMAT,
        "inputs": dict(inputs),
        "counts": {
            "documents": len(contents.documents),
            "blocks": sum(len(outline.blocks) for outline in contents.outlines),
            "passages": len(contents.passages),
            "questions": len(contents.questions),
            "vectors": vectors,
        },
        "files": {path.name: _sha256(path) for path in sorted(aside.iterdir())},
    }
    content = (json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
    (aside / MANIFEST).write_bytes(content)
    return hashlib.sha256(content).hexdigest()[:16]


def _put_in_place(aside: Path, folder: Path, *, name: str) -> Path:
    final = folder / name
    if not _same_files(aside, final):
        shutil.rmtree(final, ignore_errors=True)
        final.mkdir()
        for path in sorted(aside.iterdir()):
            path.replace(final / path.name)
    pointer = aside / CURRENT
    pointer.write_text(f"{name}\n", encoding="ascii")
    pointer.replace(folder / CURRENT)
    for other in sorted(folder.iterdir()):
        # Only what a build has made: the folder may be one that holds other things.
        ours = other.name.startswith(ASIDE) or re.fullmatch(NAME, other.name)
        if ours and other.is_dir() and other not in (final, aside):
            shutil.rmtree(other, ignore_errors=True)
    return final


def _same_files(one: Path, other: Path) -> bool:
    """Whether ``other`` already holds the files of ``one``: then it may be in use, and is left as it is."""
    return all(
        (other / path.name).is_file() and filecmp.cmp(path, other / path.name, shallow=False) for path in one.iterdir()
    )


def _rows(contents: Contents) -> tuple[list[str], list[tuple[int, int, int, int]]]:
    """The texts to embed, and where each leads: (row, grain, block, sentence), sentence -1 for coarser grains."""
    texts: list[str] = []
    targets: list[tuple[int, int, int, int]] = []

    def add(text: str, grain: Grain, blocks: Iterable[int], sentence: int = -1) -> None:
        targets.extend((len(texts), GRAINS.index(grain), block, sentence) for block in blocks)
        texts.append(text)

    numbers = _numbers(contents)
    sources = {document.key: document for document in contents.documents}
    inside = _by_section(contents)
    for outline in contents.outlines:
        text = sources[outline.document].text
        for section in outline.sections:
            if section.heading:
                blocks = inside.get((section.document, section.number), [])
                add(" \u2013 ".join(section.heading[-2:]), "heading", [numbers[block.key] for block in blocks])
        for block in outline.blocks:
            number = numbers[block.key]
            add(block_text(block, text=text), "block", [number])
            for position, span in enumerate(block.sentences):
                add(clean(text[span.start : span.end]), "sentence", [number], position)
    for passage in contents.passages:
        blocks = [
            b for b in inside[passage.document, passage.section] if b.start < passage.end and passage.start < b.end
        ]
        add(passage.text, "passage", [numbers[block.key] for block in blocks])
    for question in contents.questions:
        add(
            question.text,
            "question",
            [numbers[question.block.key]],
            -1 if question.sentence is None else question.sentence,
        )
    return texts, targets


def _by_section(contents: Contents) -> dict[tuple[str, int], list[Block]]:
    inside: dict[tuple[str, int], list[Block]] = {}
    for outline in contents.outlines:
        for block in outline.blocks:
            inside.setdefault((block.document, block.section), []).append(block)
    return inside


def block_text(block: Block, *, text: str) -> str:
    """What is embedded for a block: the term or the lead lines it stands under, then its words."""
    above = [block.term or "", *(clean(text[lead.start : lead.end]) for lead in block.leads)]
    return "\n".join(part for part in (*above, clean(text[block.start : block.end])) if part)


def _numbers(contents: Contents) -> dict[str, int]:
    blocks = [block for outline in contents.outlines for block in outline.blocks]
    return {block.key: number for number, block in enumerate(blocks)}


def vector_index(vectors: Vectors, *, exact_rows: int = EXACT_ROWS) -> faiss.Index:
    """A search by inner product over ``(n, d)`` unit vectors: exact up to ``exact_rows`` rows, then approximate.

    The approximate one (FAISS's inverted file, as many cells as the root of n) looks into as few cells as give
    ``RECALL`` of the ten nearest on ``PROBED`` rows of its own that are moved a little, as questions lie near what they
    ask for. The same vectors give the same index.
    """
    vectors = np.ascontiguousarray(vectors)
    exact = faiss.IndexFlatIP(vectors.shape[1])
    if len(vectors) <= exact_rows:
        exact.add(vectors)
        return exact
    cells = 2 ** round(math.log2(math.sqrt(len(vectors))))
    index = faiss.IndexIVFFlat(exact, vectors.shape[1], cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.max_points_per_centroid = 64  # a quarter of the default: a million rows are trained on in seconds
    index.train(vectors)
    index.add(vectors)
    queries = _moved(vectors)
    nearest = _nearest(queries, vectors)
    index.nprobe = next(
        (cells_read for cells_read in _doubling(cells) if _recall(index, queries, nearest, cells_read) >= RECALL), cells
    )
    return index


def search_vectors(index: faiss.Index, queries: Vectors, *, limit: int) -> tuple[Vectors, NDArray[np.int64]]:
    """Cosines and rows of the ``limit`` nearest for each query, most similar first, on this thread alone."""
    # FAISS's threads wait for each other: on a busy machine that takes fifty times as long as the search.
    faiss.omp_set_num_threads(1)
    cosines, rows = index.search(np.ascontiguousarray(queries), limit)
    return cosines, rows


def search_name(index: faiss.Index) -> str:
    """How an index of vectors searches, in words."""
    return f"{index.nlist} cells, {index.nprobe} read" if isinstance(index, faiss.IndexIVF) else "exact"


def _moved(vectors: Vectors) -> Vectors:
    """``PROBED`` rows spread over ``vectors``, each turned by a fixed random amount to a cosine of about 0.8."""
    rows = vectors[np.linspace(0, len(vectors) - 1, PROBED).astype(np.int64)]
    noise = np.random.default_rng(0).standard_normal(rows.shape).astype(np.float32)
    moved = rows + 0.75 * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), dtype=np.float32)


def _nearest(queries: Vectors, vectors: Vectors) -> NDArray[np.int64]:
    """The rows of the ten nearest vectors of each query, by exact search."""
    return np.asarray(faiss.knn(queries, vectors, 10, metric=faiss.METRIC_INNER_PRODUCT)[1])


def _doubling(most: int) -> Iterator[int]:
    cells = 1
    while cells < most:
        yield cells
        cells *= 2


def _recall(index: faiss.IndexIVFFlat, queries: Vectors, nearest: NDArray[np.int64], cells: int) -> float:
    index.nprobe = cells
    found = index.search(queries, nearest.shape[1])[1]
    return float(np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found, nearest, strict=True)]))


def _write_vectors(path: Path, vectors: Vectors) -> None:
    index = vector_index(vectors)
    path.write_bytes(faiss.serialize_index(index).tobytes())  # faiss.write_index says nothing of a full disk


def _write_words(
    path: Path, contents: Contents, targets: Sequence[tuple[int, int, int, int]], settings: Mapping[str, Any]
) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.executescript("PRAGMA page_size = 4096; PRAGMA journal_mode = OFF;" + _SCHEMA)
        for table, rows in _tables(contents, targets, settings):
            for row in rows:
                connection.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)  # noqa: S608 - our own names
        connection.execute("INSERT INTO words(words) VALUES ('optimize')")
        connection.commit()
    finally:
        connection.close()


def _tables(
    contents: Contents, targets: Sequence[tuple[int, int, int, int]], settings: Mapping[str, Any]
) -> Iterator[tuple[str, Iterable[tuple[Any, ...]]]]:
    numbers = _numbers(contents)
    blocks = [block for outline in contents.outlines for block in outline.blocks]
    yield "documents", ((document.key, _json(facts(document))) for document in contents.documents)
    yield (
        "sections",
        (
            (s.document, s.number, _json(s.heading), s.start, s.end, _stored(s.applies))
            for o in contents.outlines
            for s in o.sections
        ),
    )
    yield (
        "blocks",
        (
            (
                *(numbers[b.key], b.document, b.section, b.kind, b.start, b.end),
                *(_pairs(b.leads), _pairs(b.items), b.term, _stored(b.applies)),
            )
            for b in blocks
        ),
    )
    yield "sentences", ((numbers[b.key], n, s.start, s.end) for b in blocks for n, s in enumerate(b.sentences))
    yield (
        "passages",
        ((n, p.document, p.section, p.start, p.end, p.text, p.tokens) for n, p in enumerate(contents.passages)),
    )
    yield "furniture", ((o.document, f.start, f.end, f.what) for o in contents.outlines for f in o.furniture)
    yield (
        "questions",
        (
            (n, numbers[q.block.key], -1 if q.sentence is None else q.sentence, q.text)
            for n, q in enumerate(contents.questions)
        ),
    )
    yield "rows", targets
    yield "words(rowid, heading, body, questions)", _word_rows(contents, blocks)
    yield "settings", ((name, _json(settings[name])) for name in sorted(settings))


def _word_rows(contents: Contents, blocks: Sequence[Block]) -> Iterator[tuple[int, str, str, str]]:
    sources = {document.key: document.text for document in contents.documents}
    headings = {(s.document, s.number): " ".join(s.heading) for outline in contents.outlines for s in outline.sections}
    asked: dict[str, list[str]] = {}
    for question in contents.questions:
        asked.setdefault(question.block.key, []).append(question.text)
    for number, block in enumerate(blocks):
        heading = headings[(block.document, block.section)]
        yield number, heading, block_text(block, text=sources[block.document]), "\n".join(asked.get(block.key, []))


def facts(document: Document) -> dict[str, Any]:
    """What is known about a document besides its text and layout."""
    return {name: value for name, value in asdict(document).items() if name not in ("text", "layout")}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _stored(applies: Applies) -> str:
    return _json([applies.phase, applies.age, applies.type])


def _pairs(spans: Sequence[Span] | Sequence[Item]) -> str:
    return _json([list(asdict(span).values()) for span in spans])


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}). Run: allchat build --force") from error
