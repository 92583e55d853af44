"""Bundle: one self-contained record of an answer, for audits, and what saved answers come to against today's corpus.

A bundle holds the question, what was understood, the verdict, every candidate with its scores, the chosen quotes with
their offsets, and the hashes of sources, index, model and program. It is checked without network, model or index, also
years later and against another version of the corpus.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version as package_version
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal

from allchat.answering.verify import Check, Earlier, nothing_kept, quoted_lines, recheck
from allchat.chat import Chat
from allchat.errors import QuestionError
from allchat.parsing import parse_json
from allchat.records import Answer, Document, Hit, Trace
from allchat.sources.text import clean

BUNDLE: Final = "allchat audit bundle"
BUNDLE_SCHEMA: Final = 1
"""Raised whenever the meaning of a field changes; fields may be added without."""

LIBRARIES = ("faiss-cpu", "gradio", "numpy", "sentence-transformers", "tiktoken", "tokenizers", "torch", "transformers")

LINES, QUOTE = 200, 5000
"""Quoted lines of a text that are looked for in its citations, and characters of each that are read: far more than any
answer of ours has, and few enough for a record that was made to hurt."""

SourceState = Literal["same", "changed", "gone"]


def bundle(chat: Chat, question: str, *, history: Sequence[str] = (), id: str = "q") -> tuple[Answer, dict[str, Any]]:  # noqa: A002
    """The answer to a question, and its audit bundle.

    Private details that the program recognises are replaced by a mark, as in the answer record.

    Raises:
        QuestionError, VerificationError: see ``Chat.ask``.
    """
    answer, trace = chat.explain(question, history=history, id=id)
    content = {
        "format": BUNDLE,
        "schema": BUNDLE_SCHEMA,
        "answered_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "history": [chat.redact(text) for text in history],
        "answer": answer.to_dict(),
        "verdict": asdict(trace.verdict),
        "searched": list(trace.searched),
        "evidence": {"decision": trace.decision, "margin": trace.margin},
        "candidates": list(_candidates(trace, chat.documents)),
        "sources": [_source(document) for document in chat.documents.values()],
        "inputs": chat.index.manifest["inputs"],
        "versions": answer.versions | _versions(),
    }
    return answer, {**content, "sha256": _digest(content)}


def _candidates(trace: Trace, documents: Mapping[str, Document]) -> Iterator[dict[str, Any]]:
    for rank, hit in enumerate(trace.hits, start=1):
        yield {"rank": rank, **_candidate(hit, documents[hit.block.document])}


def _candidate(hit: Hit, document: Document) -> dict[str, Any]:
    block = hit.block
    return {
        "document": block.document,
        "start": block.start,
        "end": block.end,
        "kind": block.kind,
        "heading": list(hit.heading),
        "score": hit.score,
        "parts": hit.parts,
        "words": clean(document.text[block.start : block.end]),
    }


def _source(document: Document) -> dict[str, Any]:
    kept = ("key", "file", "title", "publisher", "url", "revised", "rights", "sha256")
    return {name: getattr(document, name) for name in kept} | {"characters": len(document.text)}


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: package_version(name) for name in LIBRARIES}


def _digest(content: Mapping[str, Any]) -> str:
    """sha256 of a bundle without its own hash, over its JSON with sorted keys and no spaces."""
    plain = {name: value for name, value in content.items() if name != "sha256"}
    line = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(line.encode()).hexdigest()


def write_bundle(path: Path, content: Mapping[str, Any]) -> None:
    """Writes a bundle as readable JSON.

    Raises:
        QuestionError: the file cannot be written.
    """
    try:
        path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise QuestionError(f"{path}: cannot be written ({error.strerror}). Name another file.") from error


@dataclass(frozen=True, slots=True)
class Audit:
    """What a saved answer comes to today.

    ``whole`` is False where a bundle is not what was written (its hash does not fit); a plain answer record has no
    hash and counts as whole. ``strays`` are lines that its text shows as quotes and that none of its citations holds:
    nothing of ours writes such a text. ``sources`` says of each source of a bundle whether its file is the same today.
    """

    id: str
    whole: bool
    checks: tuple[Check, ...]
    sources: dict[str, SourceState]
    strays: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing was altered and every citation stands where it stood."""
        return self.whole and not self.strays and all(check.state == "holds" for check in self.checks)


def audit(saved: Mapping[str, Any], *, documents: Mapping[str, Document], earlier: Earlier = nothing_kept) -> Audit:
    """Holds a saved answer record or audit bundle against a corpus, cut by cut (``cuts``); ``earlier`` gives the texts
    that were quoted from before.

    Raises:
        CorpusError: what is kept of an earlier text was altered.
    """
    record = answer_of(saved)
    checks = tuple(recheck(cut, documents=documents, earlier=earlier) for cut in cuts(record))
    strays = strays_of(record)
    if record is saved:
        return Audit(str(record["id"]), whole=True, checks=checks, sources={}, strays=strays)
    sources = {source["key"]: _state(source, documents) for source in saved["sources"]}
    whole = saved.get("sha256") == _digest(saved)
    return Audit(str(record["id"]), whole=whole, checks=checks, sources=sources, strays=strays)


def strays_of(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The lines of an answer's text that are shown as quotes and stand in none of its citations."""
    text = record.get("text")
    quotes = [cut["quote"][:QUOTE] for cut in cuts(record)]
    lines = islice(quoted_lines(text), LINES) if isinstance(text, str) else ()
    return tuple(line for line in lines if not any(line in quote for quote in quotes))


def _state(source: Mapping[str, Any], documents: Mapping[str, Document]) -> SourceState:
    today = documents.get(source["key"])
    if today is None:
        return "gone"
    return "same" if today.sha256 == source["sha256"] else "changed"


def cuts(record: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Every cut of a saved answer, in the order of their numbers: citations and those on request, a lead before its
    item and under its number.
    """
    return tuple(cut for citation in _cited(record) for cut in (*_lead(citation), citation))


def _cited(record: Mapping[str, Any]) -> list[Any]:
    """The citations of a record, with those on request; records of earlier versions have none of those."""
    return [*record["citations"], *record.get("further", ())]


def _lead(citation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if citation.get("lead") is not None:
        shared = {name: citation[name] for name in ("number", "document", "source_sha256") if name in citation}
        yield {**shared, **citation["lead"]}


def answer_of(saved: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer record of a bundle; an answer record as it is."""
    found: Mapping[str, Any] = saved["answer"] if saved.get("format") == BUNDLE else saved
    return found


def saved_records(content: bytes) -> Iterator[Mapping[str, Any]]:
    """The answer records and audit bundles of a file: one JSON object, or one a line.

    Raises:
        QuestionError: the file holds something else, or a bundle of a later program.
    """
    number = 0
    try:
        for number, row in enumerate(_rows(content.decode()), start=1):
            if not _is_saved(row, number):
                raise QuestionError(f"record {number} is not an answer record. Save it with ask --json or batch.")
            yield row
    except ValueError as error:
        where = f"after record {number} the file" if number else "the file"
        raise QuestionError(
            f"{where} is neither a JSON record nor JSON lines ({error}). Save it with ask --json or batch."
        ) from error


def _rows(text: str) -> Iterator[Any]:
    """The values of a text, each read when it is asked for: a file may hold very many."""
    try:
        yield parse_json(text)
    except json.JSONDecodeError:  # a quote may hold what str.splitlines takes for the end of a line
        yield from (parse_json(line) for line in text.split("\n") if line.strip())


def _is_saved(row: Any, number: int) -> bool:
    if not isinstance(row, Mapping) or row.get("format") != BUNDLE:
        return _is_record(row)
    if row.get("schema") != BUNDLE_SCHEMA:
        raise QuestionError(
            f"record {number} is an audit bundle of schema {row.get('schema')}, this program reads {BUNDLE_SCHEMA}. "
            "Check it with the program that wrote it, or a later one."
        )
    sources = row.get("sources")
    named = isinstance(sources, list) and all(
        isinstance(source, Mapping) and isinstance(source.get("key"), str) and "sha256" in source for source in sources
    )
    return named and _is_record(row.get("answer"))


def _is_record(row: Any) -> bool:
    if not isinstance(row, Mapping) or "id" not in row or not isinstance(row.get("citations"), list):
        return False
    if not isinstance(row.get("further", []), list):
        return False
    return all(
        _is_cut(c, number=int, document=str) and (c.get("lead") is None or _is_cut(c["lead"])) for c in _cited(row)
    )


def _is_cut(cut: Any, **more: type) -> bool:
    wanted = {"quote": str, "start": int, "end": int, **more}
    return isinstance(cut, Mapping) and all(isinstance(cut.get(key), kind) for key, kind in wanted.items())
