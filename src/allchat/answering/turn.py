"""One question on its way to a verified answer: screen, understand, retrieve, decide, compose, verify."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, Literal

from allchat.answering.abstain import Decision
from allchat.answering.ages import ages
from allchat.answering.compose import NOTHING, Composed, compose
from allchat.answering.contextualize import is_parted
from allchat.answering.cuts import Quote
from allchat.answering.fixed import directing, name_of, questions, reason_of, tone_of
from allchat.answering.fragments import asks_on, inherited
from allchat.answering.general import GENERAL_WORDS, figures, general, seen
from allchat.answering.particulars import lacks, strange, words_of
from allchat.answering.people import is_of_life, person_asked_about
from allchat.answering.pipeline import Pipeline, Vector
from allchat.answering.quotes import choose, led, select
from allchat.answering.silence import nothing_found, unrelated
from allchat.answering.suggestions import SUGGESTIONS, unquoted
from allchat.answering.texts import as_markdown
from allchat.answering.understanding import Looked, Understood, answered_before, look, understood
from allchat.answering.verify import verify_quotes
from allchat.guard.network import Pieces
from allchat.guard.policy import OTHER, gives_way
from allchat.guard.rules import ReadMessage
from allchat.languages.calls import call_parts
from allchat.parts import Fixed, Part, Parts
from allchat.records import Answer, Citation, Trace, Verdict
from allchat.search.retriever import Found
from allchat.search.words import content_words
from allchat.sources.facets import facets

GENERAL_MARGIN = 0.4
"""How far above the threshold of answers the evidence for a general quote must be: a question on one child names much
beside its subject, and a search finds something for nearly all of it."""


class Turn:
    """One question on its way: screen, understand, retrieve, decide, compose, verify. Each stage is timed."""

    def __init__(
        self, pipeline: Pipeline, question: str, history: Sequence[str], key: str, *, language: str | None
    ) -> None:
        self._pipeline = pipeline
        self._question = question
        self._heard, self._earlier = pipeline.hear(question), tuple(map(pipeline.hear, history))
        self._id = key
        self._language = language
        self._wording = pipeline._wording
        self._shown = question
        self._before_quotes: tuple[Part, ...] = ()
        self._understood: str | None = None
        self._leans = False
        self._named = pipeline.named_by(self._heard, earlier=self._earlier)
        self._sources = pipeline.sources(self._named)
        self._times: dict[str, float] = {}
        self._begun = time.perf_counter()
        self.trace = Trace(Verdict(None))

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        spent = 1000 * (time.perf_counter() - begun)
        self._times[stage] = round(self._times.get(stage, 0.0) + spent, 3)

    def answer(self) -> Answer:
        """The verified answer, or the fixed words for what is not answered."""
        pipeline, guard = self._pipeline, self._pipeline._guard
        with self._timed("screen"):
            message = guard.read(self._question)
            screened = pipeline.screen(message)
            taken_over = inherited(pipeline, message, screened, earlier=self._earlier)
            verdict = taken_over or screened
            self._wording = pipeline.wording(self._language or self._own_language())
        self.trace = Trace(verdict)
        if verdict.private:
            self._shown = guard.redact(self._question)
        if self._heard.language not in pipeline.languages.codes:
            return self._whom_to_call(verdict)
        if guard.is_settled(message, verdict):
            return self._fixed(verdict)
        part = guard.information_part(message)
        asked = part if part and verdict.kind == "refusal" else self._question
        understood = self._understand(asked, part if verdict.kind is None else None)
        texts = tuple(dict.fromkeys((self._heard.embedded, *understood.wordings, *understood.bent)))
        with self._timed("embed"):
            read, pieces = pipeline.embedder.read_pieces(texts)
        if taken_over is None:
            with self._timed("screen"):
                verdict = self._judged(message, next(iter(pieces), None), verdict)
        self.trace = replace(self.trace, verdict=verdict)
        if verdict.kind in ("urgent", "out_of_scope", "chat", "support"):
            return self._fixed(verdict)
        looked = self._retrieve(understood, dict(zip(texts, read, strict=True)))
        looked = seen(pipeline, (*self._earlier, self._heard), looked)
        self.trace = replace(self.trace, decision=looked.decision)
        if screened.kind == "chat" and not (self._leans and looked.decision == "answer"):
            return self._fixed(screened)  # small talk gives way only to what answers it as a follow-up
        return self._searched(self._held(verdict, screened), message, looked)

    def _judged(self, message: ReadMessage, pieces: Pieces | None, screened: Verdict) -> Verdict:
        """The guard's verdict; none where the message is a fragment that asks for more of what was asked before."""
        verdict = self._pipeline.guard.judge(message, pieces, screened)
        more = asks_on(self._pipeline, message, verdict, heard=self._heard, earlier=self._earlier)
        return Verdict(None, private=verdict.private, harmless=verdict.harmless) if more else verdict

    def _held(self, verdict: Verdict, screened: Verdict) -> Verdict:
        """The verdict; that of a rule which refuses for an exact reason where it was lifted and the question leans."""
        exact = screened.kind == "refusal" and screened.reason != OTHER
        if verdict.kind is None and self._leans and exact:
            verdict = replace(screened, harmless=verdict.harmless)
            self.trace = replace(self.trace, verdict=verdict)
        return verdict

    def _searched(self, verdict: Verdict, message: ReadMessage, looked: Looked) -> Answer:
        """The answer that the evidence allows: a refusal that is unsure gives way to what clearly answers."""
        wordings, found, decision, _ = looked
        verdict = self._pipeline.opened(verdict, message, found, wordings=wordings, search=self._heard.tongue.search)
        if verdict.kind == "refusal":
            fits = self._fits(decision, verdict)
            if self._leans or not (fits and gives_way(verdict)):  # what was asked before lets nothing through
                return self._refusal(verdict, found if fits else None)
            verdict = Verdict(None, private=verdict.private)
        line = person_asked_about(message, languages=self._pipeline.languages)
        self._before_quotes = (self._wording.said(f"answer.{line}"),) if line else ()
        if decision == "answer":
            return self._from_sources(verdict, found, wordings)
        if decision == "closest":
            return self._closest(verdict, found, wordings)
        return self._silence(decision, verdict, found)

    def _own_language(self) -> str:
        spoken, known = self._heard.language, self._pipeline.languages.codes
        return spoken if spoken in known[1:] else self._wording.language

    def _understand(self, asked: str, part: str | None) -> Understood:
        found = understood(self._pipeline, self._heard, asked, history=self._earlier, part=part)
        if found.spelt:
            self._understood = self._pipeline.redact(found.spelt)
        return found

    def _fits(self, decision: Decision, verdict: Verdict) -> bool:
        """Whether what was found may be quoted beside a refusal: never to one who asks of life and death too."""
        if verdict.reason == "chances" and is_of_life(self._question, languages=self._pipeline.languages):
            return False
        return decision == "answer" and (self.trace.margin or 0.0) >= GENERAL_MARGIN

    def _retrieve(self, understood: Understood, readings: Mapping[str, Vector]) -> Looked:
        """What the search found for the reading that it answers, and whether it does."""
        with self._timed("retrieve"):
            looked, self._leans = look(self._pipeline, self._heard, understood, readings=readings, named=self._named)
            if self._leans:
                self._named = self._named | understood.named
                self._sources = self._pipeline.sources(self._named)
        self.trace = replace(
            self.trace,
            searched=tuple(map(self._pipeline._guard.redact, looked.wordings)),
            hits=looked.found.hits,
            decision=looked.decision,
            margin=looked.margin if looked.found.hits else None,
        )
        return looked

    def _whom_to_call(self, verdict: Verdict) -> Answer:
        """What is understood here and whom to call, in the language of the question; below an alarm if one is met."""
        calls = call_parts(self._heard.language, emergency_number=self._pipeline.contact.emergency_number)
        if verdict.kind == "urgent":
            return self._fixed(verdict, below=calls)
        return self._record("out_of_scope", replace(verdict, reason="language", rule=None, score=None), calls)

    def _fixed(self, verdict: Verdict, *, below: tuple[Part, ...] = ()) -> Answer:
        """Fixed words; beside support also a quote on where it is found, if the sources have one."""
        wording, name = self._wording, name_of(verdict, wording=self._wording)
        first = directing(f"{name}.text", wording=wording, contact=self._pipeline.contact)
        composed = NOTHING
        if wording.has(f"{name}.search"):
            with self._timed("compose"):
                composed = general(self._pipeline, (wording.text(f"{name}.search"),), wording=wording)
        quoted = (wording.said(f"{name}.lead"), *composed.parts) if composed.citations else ()
        return self._record(verdict.kind or "chat", verdict, (first, *quoted, *below), composed=composed)

    def _from_sources(self, verdict: Verdict, found: Found, wordings: Sequence[str]) -> Answer:
        with self._timed("compose"):
            asked = self._heard.read
            parted = content_words(asked) if is_parted(asked, languages=self._pipeline.languages) else ()
            said = self._said if self._leans else frozenset
            quotes = select(found.hits, sources=self._sources, named=self._named, parted=parted, said=said)
            put = partial(compose, sources=self._sources, wording=self._wording)
            composed = put(quotes.shown)
            further = put(quotes.further, first=len(composed.citations) + 1)
        if strange(wordings, words_of((*composed.citations, *further.citations))):
            return self._unsaid(verdict, found)
        parts = (self._wording.said("answer.lead", role="lead"), *composed.parts)
        suggestions = self._suggest(found, (*quotes.shown, *quotes.further))
        self._say_understood(composed.citations)
        return self._record(
            "answer", verdict, parts, composed=composed, further=further, suggestions=suggestions, directness="direct"
        )

    def _say_understood(self, citations: Sequence[Citation]) -> None:
        """What a question that leans on earlier ones was understood to be about, by the source's heading."""
        if self._leans and citations and citations[0].heading:
            self._understood = self._wording.text("answer.about", heading=citations[0].heading[-1])

    def _said(self) -> frozenset[str]:
        """The blocks that the question before was answered by."""
        return answered_before(self._pipeline, self._earlier)

    def _closest(self, verdict: Verdict, found: Found, wordings: Sequence[str]) -> Answer:
        """The one nearest quote, said to be no direct answer; the next beside it where that one answered the question
        before; silence where they lack what the question names.
        """
        with self._timed("compose"):
            nearest = led(found.hits, sources=self._sources, named=self._named)
            known = self._leans and bool(nearest) and nearest[0].block.key in self._said()
            most = 2 if known else 1
            quotes = choose(nearest[:most], sources=self._sources)[:most]
            composed = compose(quotes, sources=self._sources, wording=self._wording)
        if not quotes or lacks(wordings, words_of(composed.citations)):
            return self._unsaid(verdict, found)
        parts = (self._wording.said("answer.closest"), *composed.parts)
        suggestions = self._suggest(found, quotes)
        self._say_understood(composed.citations)
        return self._record("answer", verdict, parts, composed=composed, suggestions=suggestions, directness="closest")

    def _unsaid(self, verdict: Verdict, found: Found) -> Answer:
        """Silence after all: what would be quoted is not on what was asked."""
        self.trace = replace(self.trace, decision="not_found")
        return self._silence("not_found", verdict, found)

    def _silence(self, decision: Decision, verdict: Verdict, found: Found) -> Answer:
        if decision == "out_of_scope":
            parts = unrelated(self._pipeline.documents.values(), wording=self._wording)
            return self._record(decision, replace(verdict, reason="unrelated"), parts)
        parts = nothing_found(found.hits, wording=self._wording)
        return self._record("not_found", replace(verdict, reason="silent"), parts)

    def _refusal(self, verdict: Verdict, found: Found | None) -> Answer:
        """A warm sentence, what the sources say in general to what was asked, and questions for the care team."""
        wording, languages, contact = self._wording, self._pipeline.languages, self._pipeline.contact
        name = name_of(verdict, wording=wording, asked=self._question, languages=languages)
        with self._timed("compose"):
            quotes = self._general_quotes(found)
            composed = compose(quotes, sources=self._sources, wording=wording)
            chances = wording.texts(f"{name}.search") if wording.has(f"{name}.search") else ()
            further = figures(self._pipeline, (*self._earlier, self._heard), chances, wording=wording)
        said = partial(directing, wording=wording, contact=contact)
        general_part = (said(f"{name}.lead"), *composed.parts) if quotes else ()
        parts = (said(f"{name}.text"), *general_part, wording.said("questions.lead"), questions(name, wording=wording))
        return self._record("refusal", verdict, parts, composed=composed, further=further)

    def _general_quotes(self, found: Found | None) -> tuple[Quote, ...]:
        """What the sources say in general on the question; nothing where they do not answer it."""
        hits = () if found is None else found.hits[:1]
        return choose(hits, sources=self._sources, words=GENERAL_WORDS, quotes=1)

    def _suggest(self, found: Found, quotes: Sequence[Quote]) -> tuple[str, ...]:
        """Questions that blocks near the answer, and not quoted in it, are known to answer."""
        asked, said = content_words(self._question), self._pipeline.tongue(self._wording.language)
        texts = unquoted(found.hits, quotes, questions_of=said.index.questions_of, language=said.language)
        fresh = (text for text in dict.fromkeys(texts) if content_words(text) != asked)
        fitting = (text for text in fresh if self._pipeline.is_offered(text) and self._is_meant(text))
        return tuple(islice(fitting, SUGGESTIONS))

    def _is_meant(self, suggestion: str) -> bool:
        """Whether a suggestion names no case that must not be brought up with whoever asks."""
        return self._pipeline.named_by_ours(suggestion) & facets().held <= self._named

    def _record(
        self,
        kind: Any,
        verdict: Verdict,
        said: Sequence[Part],
        *,
        composed: Composed = NOTHING,
        further: Composed = NOTHING,
        suggestions: Sequence[str] = (),
        directness: Literal["direct", "closest"] | None = None,
    ) -> Answer:
        citations = composed.citations
        cited = (*citations, *further.citations)
        with self._timed("verify"):
            verify_quotes((*composed.quoted, *further.quoted), cited, read=self._pipeline.read_source)
        said = (*self._before_quotes, *said) if citations else tuple(said)
        notes = tuple(self._notes(verdict, cited))
        self._times["total"] = round(1000 * (time.perf_counter() - self._begun), 3)
        return Answer(
            id=self._id,
            question=self._shown,
            understood_as=self._understood or self._shown,
            kind=kind,
            reason=reason_of(verdict),
            text=as_markdown(said),
            citations=citations,
            notices=tuple(note.filled() for note in notes),
            suggestions=tuple(suggestions),
            versions=self._pipeline.versions(),
            timings_ms=dict(self._times),
            further=further.citations,
            tone=tone_of(verdict),
            directness=directness,
            parts=Parts(said, further.quoted, notes),
        )

    def _notes(self, verdict: Verdict, cited: Sequence[Citation]) -> Iterator[Fixed]:
        wording, documents = self._wording, self._pipeline.documents
        yield from ages(cited, documents, today=self._pipeline.today, wording=wording)
        if verdict.private:
            yield wording.said("private.notice")
        foreign = wording.language != self._pipeline._wording.language
        if foreign and all(documents[one.document].language != wording.language for one in cited):
            yield wording.said("language.note")
