"""BEIR: the same index and search on a folder in BEIR's layout, without any word file of ours, beside two baselines."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field
from tqdm import tqdm

from allchat.errors import QuestionError
from allchat.evaluation.baselines import NOTHING, Remembering
from allchat.evaluation.metrics import DEPTH, figures_of, retrieval
from allchat.evaluation.records import Gained, Report, RowReport, SuiteReport
from allchat.evaluation.suites import read_rows
from allchat.evaluation.summary import REPORT_SCHEMA, systems_report, timings
from allchat.program import program_hash
from allchat.records import Document
from allchat.search.embedder import Embedder
from allchat.search.folder import current_inputs, open_index, write_index
from allchat.search.index import Index
from allchat.search.retriever import Search, Weights
from allchat.search.schema import Contents
from allchat.shapes import shaped
from allchat.sources.chunking import chunk
from allchat.sources.outline import outline_document

TOKENS: Final = 400
SPLIT: Final = "test"
BEIR_WEIGHTS: Final[Mapping[str, Weights]] = {
    "allchat": Weights(),
    "BM25 alone": replace(NOTHING, words=1.0),
    "dense alone": replace(NOTHING, passage=1.0),
}


def is_beir(folder: Path) -> bool:
    """Whether a folder is in BEIR's layout: corpus.jsonl, queries.jsonl and qrels/."""
    return (folder / "qrels").is_dir()


def evaluate_beir(
    folder: Path, *, embedder: Embedder, out: Path | None = None, split: str = SPLIT, progress: bool = False
) -> Report:
    """A report over one split of a BEIR folder; with ``out`` the index is kept there and used again.

    A document's score is that of its best block.

    Raises:
        QuestionError: a file is missing or not as BEIR lays it out.
        StoreError: the index cannot be written.
    """
    begun = time.perf_counter()
    queries, relevant = read_queries(folder), read_relevant(folder / "qrels" / f"{split}.tsv")
    with _index(folder, embedder=embedder, out=out, progress=progress) as index:
        remembering = Remembering(embedder)
        searches = {name: Search(index, embedder=remembering, weights=chosen) for name, chosen in BEIR_WEIGHTS.items()}
        gained: dict[str, Gained] = {
            key: {name: retrieval(rank(search, queries[key]), relevant[key]) for name, search in searches.items()}
            for key in tqdm(sorted(relevant), unit="query", disable=not progress)
        }
        version = index.version
    rows = tuple(RowReport(key, "retrieval", systems["allchat"], failed=()) for key, systems in gained.items())
    suite = SuiteReport(
        task="retrieval",
        what=f"How well the same search finds documents of {folder.name}, without any word file of ours.",
        origin=f"{folder.name}, split {split}",
        licence="see the data set",
        sha256=hashlib.sha256(repr(sorted(relevant.items())).encode()).hexdigest(),
        questions=len(rows),
        figures=figures_of([row.outcomes for row in rows]),
        systems=systems_report(list(gained.values())),
        rows=rows,
    )
    return Report(
        schema=REPORT_SCHEMA,
        program=program_hash(),
        versions={"index": version, "model": embedder.name},
        sources={},
        suites={folder.resolve().name: suite},
        guard=None,
        calibration=None,
        timings=timings((), seconds=time.perf_counter() - begun, workers=1, reused=0),
    )


def rank(search: Search, query: str) -> list[str]:
    """The keys of the best documents for a query, best first."""
    wordings = search.wordings(query)
    found = search.find(wordings, vectors=search.encode(wordings), limit=10 * DEPTH)
    return list(dict.fromkeys(hit.block.document for hit in found.hits))[:DEPTH]


@contextmanager
def _index(folder: Path, *, embedder: Embedder, out: Path | None, progress: bool) -> Iterator[Index]:
    with tempfile.TemporaryDirectory() as aside:
        place = Path(aside) if out is None else out / "index"
        inputs = {
            "beir": hashlib.sha256((folder / "corpus.jsonl").read_bytes()).hexdigest(),
            "program": program_hash(),
            "model": embedder.fingerprint,
        }
        if current_inputs(place) != inputs:
            contents = _contents(read_documents(folder), embedder=embedder)
            write_index(contents, folder=place, embedder=embedder, inputs=inputs, settings={}, progress=progress)
        index = open_index(place)
        try:
            yield index
        finally:
            index.close()


def _contents(documents: Sequence[Document], *, embedder: Embedder) -> Contents:
    outlines = tuple(outline_document(document) for document in documents)
    passages = tuple(
        passage
        for document, outline in zip(documents, outlines, strict=True)
        for passage in chunk(outline, document=document, max_tokens=TOKENS, fits_window=embedder.fits)
    )
    return Contents(tuple(documents), outlines, passages)


def read_documents(folder: Path) -> tuple[Document, ...]:
    """The documents of ``corpus.jsonl``, title and text.

    Raises:
        QuestionError: the file is missing or a row has no ``_id`` or ``text``.
    """
    return tuple(map(_document, _texts(folder / "corpus.jsonl")))


def _document(read: _Text) -> Document:
    title = read.title or ""
    return Document(
        key=read.id,
        file="",
        title=title,
        publisher="",
        copy="",
        url="",
        revised=None,
        audience="",
        language="en",
        rights="",
        notes="",
        attribution="",
        sha256="",
        text=f"{title}.\n\n{read.text}" if title else read.text,
    )


def read_queries(folder: Path) -> dict[str, str]:
    """The queries of ``queries.jsonl`` by id.

    Raises:
        QuestionError: the file is missing or a row has no ``_id`` or ``text``.
    """
    return {read.id: read.text for read in _texts(folder / "queries.jsonl")}


@dataclass(frozen=True, slots=True)
class _Text:
    id: Annotated[str, Field(alias="_id")]
    text: str
    title: str | None = None


def _texts(path: Path) -> Iterator[_Text]:
    for number, row in enumerate(read_rows(path), start=1):
        try:
            yield shaped(row, _Text)
        except ValueError as error:
            raise QuestionError(
                f"{path}, row {number}: has no _id or no text ({error}). Lay the folder out as BEIR does."
            ) from error


def read_relevant(path: Path) -> dict[str, dict[str, int]]:
    """The graded documents of each query, from a tab-separated file with one line of names.

    Raises:
        QuestionError: the file is missing or a line has no three fields.
    """
    relevant: dict[str, dict[str, int]] = {}
    try:
        for line in path.read_text(encoding="utf-8").splitlines()[1:]:
            query, document, grade = line.split("\t")
            relevant.setdefault(query, {})[document] = int(grade)
    except (OSError, ValueError) as error:
        raise QuestionError(f"{path}: cannot be read ({error}). Lay the folder out as BEIR does.") from error
    return relevant
