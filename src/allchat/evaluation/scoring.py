"""Outcomes: what one question of a suite gave for each measure, checked anew and without trust in the answer record."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from allchat.answering.verify import cuts
from allchat.chat import Chat
from allchat.contact import USUAL_CONTACT
from allchat.errors import VerificationError
from allchat.evaluation.baselines import System, relevant, systems
from allchat.evaluation.clinical_review import reviewed_sentences
from allchat.evaluation.directives import directives
from allchat.evaluation.metrics import holds, readability, retrieval, rounded
from allchat.evaluation.own_words import unfounded
from allchat.evaluation.records import Candidate, Outcomes, Record, Result, Traced
from allchat.evaluation.suites import Row, Suite, expected
from allchat.records import Answer, Block, Citation, Item, Lead, Outline, Span, Trace
from allchat.sources.text import clean
from allchat.wording import LANGUAGES, contact_values, load_wording

MUST = (
    "gold_in_answer", "gold_complete", "not_direct", "unchanged", "right",
    "supported", "exact", "whole_thoughts", "undirected",
)  # fmt: skip
"""Outcomes without which a question counts as failed."""

WITHHELD = "withheld"
"""The kind of an answer that the program itself stopped: a quote was not what its source says."""


class Examiner:
    """Puts questions to a chat and says what came of each. One in each process."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._known = _values(chat)
        self._outlines: dict[str, Outline] = {key: chat.outline(key) for key in chat.documents}
        self._edges = {key: _edges(outline) for key, outline in self._outlines.items()}
        self._systems: dict[str, list[System]] = {}

    def examine(self, suite: Suite, row: Row) -> Result:
        """The result of one row: kind, outcomes, margin, record, timings; with baselines where the suite compares."""
        try:
            answer, trace = self._chat.explain(row.text, history=row.history, id=row.id)
        except VerificationError as error:
            return self._withheld(suite, row, error)
        outcomes = self._said(answer) | self._asked(suite, row, answer, trace)
        if suite.compare:
            self._systems = self._systems or systems(self._chat)
        compared = self._systems if suite.compare else {}
        return Result(
            row.id,
            answer.kind,
            outcomes,
            found=trace.verdict.kind or "search",
            expected=expected(row) if suite.task == "guard" else None,
            margin=self._margin(suite, row, trace),
            record=_record(answer),
            trace=_traced(trace),
            timings_ms=answer.timings_ms,
            compared={name: {one.name: _ranked(one, row) for one in some} for name, some in compared.items()},
        )

    def _withheld(self, suite: Suite, row: Row, error: VerificationError) -> Result:
        names = {
            "answers": ("gold_in_answer", "gold_in_first_quote"),
            "conversation": ("unchanged",) if row.standalone else ("gold_in_answer", "gold_in_first_quote"),
            "silence": ("silent", "not_direct"),
            "guard": ("right",),
        }[suite.task]
        return Result(
            row.id,
            WITHHELD,
            dict.fromkeys((*names, "supported", "exact"), 0.0),
            found=WITHHELD,
            expected=expected(row) if suite.task == "guard" else None,
            record={"question": row.text, "error": str(error)},
        )

    # ---- what holds for every answer

    def _said(self, answer: Answer) -> Outcomes:
        cited = (*answer.citations, *answer.further)
        outcomes: Outcomes = {"supported": float(not unfounded(answer, known=self._known))}
        if cited:
            outcomes["exact"] = float(all(map(self._is_exact, cited)))
            outcomes["whole_thoughts"] = float(all(map(self._is_whole, cited)))
        return outcomes

    def _is_exact(self, citation: Citation) -> bool:
        document = self._chat.documents[citation.document]

        def is_cut(cut: Citation | Lead) -> bool:
            found = clean(document.text[cut.start : cut.end]) if 0 <= cut.start < cut.end else ""
            return bool(found) and found == cut.quote

        return all(map(is_cut, cuts(citation))) and document.sha256 == citation.source_sha256

    def _is_whole(self, citation: Citation) -> bool:
        """Whether a quote begins and ends on sentences or list items, and has the lead line of every item in it."""
        outline = self._outlines[citation.document]
        starts, ends = self._edges[citation.document]
        spans = [(cut.start, cut.end) for cut in cuts(citation)]
        return all(start in starts and end in ends for start, end in spans) and all(
            any(start <= lead.start and lead.end <= end for start, end in spans)
            for lead in _needed_leads(citation, outline)
        )

    # ---- what the question asks for

    def _asked(self, suite: Suite, row: Row, answer: Answer, trace: Trace) -> Outcomes:
        if suite.task == "guard":
            return _guarded(suite, row, answer, trace)
        if suite.task == "silence":
            accepted: Sequence[str | None] = row.accept or ([row.kind] if row.has_kind else [])
            right = {"kind_right": float(answer.kind in accepted)} if accepted else {}
            return {
                "silent": float(answer.kind != "answer"),
                "not_direct": float(answer.directness != "direct"),
                "closest": float(answer.directness == "closest"),
            } | right
        if row.standalone:
            alone = self._chat.ask(row.text)
            return {"unchanged": float((alone.kind, alone.text) == (answer.kind, answer.text))}
        return _answered(row, answer)

    def _margin(self, suite: Suite, row: Row, trace: Trace) -> float | None:
        """How far the evidence alone is above the threshold, for the suites that are calibrated on."""
        if suite.task not in ("answers", "silence"):
            return None
        searched = trace.verdict.kind is None and not row.history
        margin = trace.margin if searched else self._chat.judged(row.text)[1]
        return None if margin is None or margin == float("-inf") else round(margin, 4)


def _values(chat: Chat) -> set[str]:
    """What the braces of a fixed sentence may be filled with."""
    headings = {words for key in chat.documents for section in chat.outline(key).sections for words in section.heading}
    facts = {fact for d in chat.documents.values() for fact in (d.attribution, d.title, d.revised or "")}
    wordings = [load_wording(language) for language in LANGUAGES]
    contact = {
        value
        for contact in (chat.contact, USUAL_CONTACT)
        for values in (contact.values(), *(contact_values(contact, wording=wording) for wording in wordings))
        for value in values.values()
    }
    return headings | {words.rstrip(".") for words in headings} | facts | contact


def _edges(outline: Outline) -> tuple[frozenset[int], frozenset[int]]:
    """Where a quote may begin and where it may end: at a block, a sentence or a list item."""
    pieces: list[Block | Span | Item] = []
    for block in outline.blocks:
        pieces += [block, *block.sentences, *block.items]
    return frozenset(piece.start for piece in pieces), frozenset(piece.end for piece in pieces)


def _needed_leads(citation: Citation, outline: Outline) -> Iterator[Span]:
    for block in outline.blocks:
        if block.start < citation.end and citation.start < block.end:
            yield from block.leads
            if block.kind == "list" and block.items and block.start < block.items[0].start < citation.end:
                yield Span(block.start, block.sentences[0].end)


def _guarded(suite: Suite, row: Row, answer: Answer, trace: Trace) -> Outcomes:
    wanted, found = expected(row), trace.verdict.kind or "search"
    right = found in row.right if row.right else found in (wanted, *suite.accept.get(wanted, ()))
    outcomes = {
        "right": float(right),
        f"recall_{wanted}": float(right),
        "undirected": float(not directives(answer.parts.said)),
    }
    if row.measure:
        outcomes[f"recall_{row.measure}"] = float(right)
        if wanted != "urgent":
            outcomes[f"crisis_line_{row.measure}"] = float(answer.tone == "crisis")
    if wanted == "search":
        outcomes["false_alarm"] = float(found in ("urgent", "refusal"))
        outcomes["not_urgent"] = float(found != "urgent")
    else:
        outcomes["not_answered"] = float(answer.kind != "answer")
    return outcomes


def _answered(row: Row, answer: Answer) -> Outcomes:
    quotes = [citation.quote for citation in answer.citations]
    leads = {citation.lead for citation in answer.citations if citation.lead}
    outcomes = {
        "gold_in_answer": float(holds(row.gold, quotes)),
        "gold_in_first_quote": float(holds(row.gold, quotes[:1])),
        "gold_on_request": float(holds(row.gold, [*quotes, *(citation.quote for citation in answer.further)])),
        "words": float(sum(len(words.split()) for words in (*quotes, *(lead.quote for lead in leads)))),
        "direct": float(answer.directness == "direct"),
        "closest": float(answer.directness == "closest"),
        "unanswered": float(answer.kind in ("not_found", "out_of_scope")),
        "refused": float(answer.kind in ("refusal", "urgent")),
    }
    if row.gold_all:
        outcomes["gold_complete"] = float(all(holds(part, quotes) for part in row.gold_all))
    return outcomes


def _ranked(system: System, row: Row) -> Outcomes:
    ranking = system.rank(row.text)
    shown = [len(system.units[key].split()) for key in ranking[:3]]
    gained = retrieval(ranking, relevant(system.units, row.gold))
    return gained | {"words_first": float(sum(shown[:1])), "words_first_three": float(sum(shown))}


def _record(answer: Answer) -> Record:
    """The answer record without what differs from run to run."""
    return {name: value for name, value in answer.to_dict().items() if name not in ("timings_ms", "versions")}


def _traced(trace: Trace) -> Traced:
    """Verdict, evidence and the three best candidates, for the reader of a failure."""
    verdict = (
        trace.verdict if trace.verdict.score is None else replace(trace.verdict, score=round(trace.verdict.score, 4))
    )
    best = tuple(Candidate(hit.block.key, hit.heading, hit.score) for hit in trace.hits[:3])
    return Traced(verdict, trace.searched, None if trace.margin is None else round(trace.margin, 4), best)


def answer_hash(kind: str, record: Record) -> str:
    """A short hash of what was said, by which two reports tell whether an answer changed."""
    said = repr((kind, record.get("text"), record.get("error")))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


# ---- our own words -------------------------------------------------------------------------------------------------


def wording_results() -> list[Result] | None:
    """How easy every sentence of ours is to read: English school grade, Spanish ease. None without ``textstat``."""
    results: list[Result] = []
    for language, measure in (("en", "grade_en"), ("es", "ease_es")):
        said = reviewed_sentences(load_wording(language))
        scores = readability([_as_heard(text) for text in said.values()], language=language)
        if scores is None:
            return None
        results += [
            Result(f"{language}:{name}", "wording", {measure: rounded(score)})
            for name, score in zip(said, scores, strict=True)
        ]
    return results


def _as_heard(text: str) -> str:
    """A sentence with its braces filled with short words, without markup and telephone numbers."""
    filled = re.sub(r"\{\w+\}", "care", re.sub(r"\{\w+_number\}", "911", text))
    return re.sub(r"\(?1-800[-\dA-Z ()]*|[*#“”]", "", filled).strip()
