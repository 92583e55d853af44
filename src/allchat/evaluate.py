"""Evaluate: the figures by which a change of weights, words or rules is judged. One offline run, the same every time.

Question sets are JSON lines as described in tests/questions/README.md; BEIR folders are read in BEIR's own layout.
"""

from __future__ import annotations

import json
import math
import re
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from allchat.chat import Chat
from allchat.chunk import chunk
from allchat.corpus import clean
from allchat.embed import Embedder
from allchat.errors import QuestionError
from allchat.index import Contents, open_index, write_index
from allchat.outline import outline_document
from allchat.records import Answer, Document
from allchat.retrieve import Search, Weights

_FOOTNOTE = re.compile(r"\s*\[\d{1,3}\]")
BEIR_TOKENS = 400
BEIR_DEPTH = 10
SHIFTS = (-0.8, -0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6, 0.8)


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON lines file.

    Raises:
        QuestionError: the file is missing or a line is not a JSON object.
    """
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise QuestionError(f"{path}: cannot be read ({error}). Name a file of JSON lines.") from error


def comparable(text: str) -> str:
    """A text as gold spans are compared: NFKC, lower case, single spaces, no footnote numbers or bullets."""
    return " ".join(_FOOTNOTE.sub("", unicodedata.normalize("NFKC", text)).replace("•", " ").lower().split())


def holds(gold: Sequence[str], quotes: Sequence[str]) -> bool:
    """Whether one of the gold spans stands in one of the quotes."""
    return any(comparable(span) in quote for quote in map(comparable, quotes) for span in gold)


def answered(chat: Chat, questions: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Figures over questions that the sources answer: ``gold`` in the answer, in its first quote, words of quotes."""
    answers = [(row["gold"], chat.ask(row["text"], history=row.get("history", ()))) for row in questions]
    quotes = [(gold, [citation.quote for citation in answer.citations]) for gold, answer in answers]
    words = [sum(len(quote.split()) for quote in said) for _, said in quotes]
    return {
        "questions": len(answers),
        "gold in the answer": mean(holds(gold, said) for gold, said in quotes),
        "gold in the first quote": mean(holds(gold, said[:1]) for gold, said in quotes),
        "words of quotes, mean": mean(words),
        "words of quotes, most": max(words),
        "left unanswered": mean(answer.kind in ("not_found", "out_of_scope") for _, answer in answers),
        "refused": mean(answer.kind in ("refusal", "urgent") for _, answer in answers),
    }


def silent(chat: Chat, questions: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Figures over questions that the sources do not answer."""
    kinds = [chat.ask(row["text"]).kind for row in questions]
    return {"questions": len(kinds), "not answered": mean(kind != "answer" for kind in kinds)}


def unchanged(chat: Chat, questions: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The share of questions that stand alone whose answer a history before them changes."""

    def told(answer: Answer) -> tuple[str, str]:
        return answer.kind, answer.text

    changed = [told(chat.ask(row["text"], history=row["history"])) != told(chat.ask(row["text"])) for row in questions]
    return {"questions": len(changed), "changed by a history": mean(changed)}


def own_figures(chat: Chat, folder: Path) -> dict[str, dict[str, float]]:
    """All figures over our own question sets in ``folder``."""
    conversations = rows(folder / "conversations.jsonl")
    return {
        "answers": answered(chat, rows(folder / "answers.jsonl")),
        "premises": answered(chat, rows(folder / "premises.jsonl")),
        "follow-ups": answered(chat, [row for row in conversations if not row.get("standalone")]),
        "standalone after a history": unchanged(chat, [row for row in conversations if row.get("standalone")]),
        "near misses": silent(chat, rows(folder / "near_misses.jsonl")),
        "other subjects": silent(chat, rows(folder / "other_subjects.jsonl")),
    }


def ablation(chat: Chat, questions: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """How often a block with the gold span is first and among the first three, with all parts and without each."""
    weights = {"all parts": Weights()}
    weights |= {f"without {field.name}": replace(Weights(), **{field.name: 0.0}) for field in fields(Weights)}
    weights["vectors of the sources alone"] = Weights(question=0.0, words=0.0, question_words=0.0)
    weights["words of the sources alone"] = Weights(
        sentence=0.0, block=0.0, passage=0.0, heading=0.0, question=0.0, words=1.0, question_words=0.0
    )
    weights["without our questions"] = Weights(question=0.0, question_words=0.0)
    return {name: _ranks(chat.search(chosen), chat, questions) for name, chosen in weights.items()}


def _ranks(search: Search, chat: Chat, questions: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    ranks = [_rank(search, chat, row) for row in questions]
    return {"first": mean(rank < 1 for rank in ranks), "first three": mean(rank < 3 for rank in ranks)}


def _rank(search: Search, chat: Chat, row: Mapping[str, Any]) -> float:
    wordings = search.wordings(row["text"])
    found = search.find(wordings, vectors=search.encode(wordings), limit=10)
    for rank, hit in enumerate(found.hits):
        if holds(row["gold"], [clean(chat.documents[hit.block.document].text[hit.block.start : hit.block.end])]):
            return rank
    return math.inf


def coverage_and_risk(chat: Chat, folder: Path) -> dict[str, dict[str, float]]:
    """What the evidence alone decides, for shifts of the threshold: ``coverage`` is the share of answerable questions
    that are answered, ``risk`` the share of near misses that are.
    """
    good = np.array([chat.judged(row["text"])[1] for row in rows(folder / "answers.jsonl")])
    bad = np.array([chat.judged(row["text"])[1] for row in rows(folder / "near_misses.jsonl")])
    return {
        f"threshold {step:+.1f}": {"coverage": float((good >= step).mean()), "risk": float((bad >= step).mean())}
        for step in SHIFTS
    }


def beir(folder: Path, *, embedder: Embedder, split: str = "test", progress: bool = False) -> dict[str, float]:
    """nDCG@10 of the same index and search on a BEIR folder, without any word file of ours.

    A document's score is that of its best block. Source: Järvelin and Kekäläinen 2002, gain rel / log2(rank + 1).
    """
    documents = tuple(_beir_documents(folder))
    outlines = tuple(outline_document(document) for document in documents)
    passages = tuple(
        passage
        for document, outline in zip(documents, outlines, strict=True)
        for passage in chunk(outline, document=document, max_tokens=BEIR_TOKENS, fits_window=embedder.fits)
    )
    with tempfile.TemporaryDirectory() as aside:
        write_index(
            Contents(documents, outlines, passages),
            folder=Path(aside),
            embedder=embedder,
            inputs={},
            settings={},
            progress=progress,
        )
        index = open_index(Path(aside))
        try:
            return beir_figures(folder, search=Search(index, embedder=embedder), split=split)
        finally:
            index.close()


def beir_figures(folder: Path, *, search: Search, split: str) -> dict[str, float]:
    """nDCG@10 of a search over the documents of a BEIR folder."""
    relevant = _beir_relevant(folder / "qrels" / f"{split}.tsv")
    queries = {row["_id"]: row["text"] for row in rows(folder / "queries.jsonl")}
    gains = [ndcg(_beir_ranking(queries[query], search), relevant[query]) for query in sorted(relevant)]
    return {"queries": len(gains), "nDCG@10": mean(gains)}


def ndcg(ranking: Sequence[str], relevant: Mapping[str, int]) -> float:
    """The nDCG at the length of ``ranking``; 0 where nothing is relevant."""
    gain = sum(relevant.get(key, 0) / math.log2(rank + 2) for rank, key in enumerate(ranking[:BEIR_DEPTH]))
    ideal = sum(
        value / math.log2(rank + 2) for rank, value in enumerate(sorted(relevant.values(), reverse=True)[:BEIR_DEPTH])
    )
    return gain / ideal if ideal else 0.0


def _beir_ranking(query: str, search: Search) -> list[str]:
    wordings = search.wordings(query)
    found = search.find(wordings, vectors=search.encode(wordings), limit=10 * BEIR_DEPTH)
    return list(dict.fromkeys(hit.block.document for hit in found.hits))[:BEIR_DEPTH]


def _beir_documents(folder: Path) -> Iterator[Document]:
    for row in rows(folder / "corpus.jsonl"):
        yield Document(
            key=row["_id"],
            file="",
            title=row["title"],
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
            text=f"{row['title']}.\n\n{row['text']}",
        )


def _beir_relevant(path: Path) -> dict[str, dict[str, int]]:
    relevant: dict[str, dict[str, int]] = {}
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        relevant.setdefault(query, {})[document] = int(grade)
    return relevant
