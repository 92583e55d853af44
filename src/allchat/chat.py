"""Chat: the whole way from a question to a verified answer, and from a corpus to an index."""

from __future__ import annotations

import hashlib
import math
import re
import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allchat.answer import Composed, Quote, Sources, choose, compose, escape_markdown
from allchat.chunk import chunk
from allchat.classify import KINDS, Classifier, train
from allchat.corpus import CORPUS_FILE, clean, read_corpus, read_text
from allchat.decide import MODEL_FILE, Decision, evidence, fit, packed, unpacked
from allchat.embed import (
    PACKAGED_MODEL,
    Embedder,
    SentenceEmbedder,
    fingerprint,
    folder_name,
    load_embedder,
    open_embedder,
)
from allchat.errors import CorpusError, QuestionError, StoreError, VerificationError
from allchat.facets import FACETS_FILE, Named, facets, names
from allchat.glossary import Glossary
from allchat.guard import GUARD_FILES, Guard, training_examples
from allchat.index import MANIFEST, Contents, Index, current_inputs, facts, open_index, write_index
from allchat.lexicon import read_examples, read_lay_terms, read_questions, word_files
from allchat.medicines import MEDICINES_FILE, medicine_names
from allchat.outline import outline_document
from allchat.reading import fold
from allchat.records import Answer, Document, Examples, Hit, LayTerm, Outline, Trace, Verdict
from allchat.retrieve import Found, Search, Weights, content_words
from allchat.rules import Message
from allchat.understand import is_rest, meant, resolve
from allchat.verify import verify_quotes
from allchat.wording import LANGUAGES, Wording, load_wording

Vector = NDArray[np.float32]

PASSAGE_TOKENS = 200
QUESTION_CHARACTERS = 4000
"""A longer question is refused; the longest message of our development data has about 3,000."""

OLD_DAYS = 731
"""A source revised longer ago than this is said to be old."""

NEAR_ENOUGH = 0.5
"""Cosine of a question that is quoted without calibration examples."""

SUGGESTIONS = 3
SUGGESTION_CHARACTERS = 70
_WHOLE_QUESTION = re.compile(r"(?:what|how|why|who|when|where|which|is|are|can|do|does) ", re.IGNORECASE)
HITS = 12
GUARD_FILE = "guard.json"
INFORMING = 3
"""One of so many of our questions shows the guard's classifier what asks for information."""


BUILDERS = (
    *(
        f"{stage}.py"
        for stage in (
            "corpus",
            "outline",
            "facets",
            "glossary",
            "medicines",
            "chunk",
            "lexicon",
            "embed",
            "index",
            "retrieve",
            "decide",
            "spelling",
        )
    ),
    *(f"{stage}.py" for stage in ("reading", "phrases", "rules", "classify", "guard")),
    *(f"data/guard/{name}" for name in GUARD_FILES),
    *(f"data/{name}" for name in (FACETS_FILE, MEDICINES_FILE)),
)
"""The files of this package that decide what is in an index: where one changes, an index is stale."""

REFUSAL_WORDS, REFUSAL_QUOTES = 100, 2
"""General quotes beside a refusal are few: it must stay clear that they are not about this child."""

REFUSAL_KEEP = 0.8
"""The second such quote needs at least this share of the first one's score."""


def build(
    corpus: Path,
    *,
    index: Path,
    model: str = PACKAGED_MODEL,
    passage_tokens: int = PASSAGE_TOKENS,
    embedder: Embedder | None = None,
    progress: bool = False,
    force: bool = False,
) -> Path:
    """Builds the index of a corpus unless an index of the same inputs is there, and gives the index's folder.

    Raises:
        CorpusError, ModelError, StoreError: nothing was built; an index that was there is whole.
    """
    corpus, index = Path(corpus), Path(index)
    documents = read_corpus(corpus)
    outlines = tuple(outline_document(document) for document in documents)
    questions = read_questions(corpus, documents=documents, outlines=outlines)
    lay_terms = read_lay_terms(corpus)
    built_by = _model_of(embedder) if embedder else {"name": folder_name(model), "sha256": fingerprint(model)}
    inputs = build_inputs(corpus, documents=documents, model=built_by, passage_tokens=passage_tokens)
    if not force and current_inputs(index) == inputs:
        return index
    embedder = embedder or load_embedder(model)
    passages = tuple(
        passage
        for document, outline in zip(documents, outlines, strict=True)
        for passage in chunk(outline, document=document, max_tokens=passage_tokens, fits_window=embedder.fits)
    )
    write_index(
        Contents(documents, outlines, passages, questions),
        folder=index,
        embedder=embedder,
        inputs=inputs,
        settings={
            "known_words": _known_words(documents, lay_terms, [question.text for question in questions]),
            "names": _names(documents, outlines, lay_terms),
        },
        finish=lambda built: {
            **_trained(
                Search(built, embedder=embedder, lay_terms=lay_terms),
                read_examples(corpus),
                questions=[question.text for question in questions],
            ),
            **(embedder.exported() if isinstance(embedder, SentenceEmbedder) else {}),
        },
        progress=progress,
    )
    return index


def _trained(search: Search, examples: Examples, *, questions: Sequence[str]) -> dict[str, bytes]:
    """The files of what is fitted to examples: the guard's classifier, and the judge where it has examples."""
    judge = fit(examples, search=search)
    return {GUARD_FILE: _trained_guard(search, questions)} | ({} if judge is None else {MODEL_FILE: packed(judge)})


def _trained_guard(search: Search, questions: Sequence[str]) -> bytes:
    """The classifier's file, trained on our messages and on every third of ``questions``, which ask for information."""
    informing = tuple(questions[::INFORMING])
    vectors = search.encode([*(example.text for example in training_examples()), *informing])
    return _fitted_guard(vectors.tobytes(), informing)


@lru_cache(maxsize=2)
def _fitted_guard(vectors: bytes, informing: tuple[str, ...]) -> bytes:
    """Kept, because several indexes built by one process with one model have the same."""
    examples, guard = training_examples(), Guard.load()
    texts = [*(example.text for example in examples), *informing]
    kinds = [*(example.kind if example.kind in KINDS else None for example in examples), *[None] * len(informing)]
    rows = np.frombuffer(vectors, dtype=np.float32).reshape(len(texts), -1)
    return train([guard.read(text) for text in texts], rows, kinds).to_json().encode()


def _model_of(embedder: Embedder) -> dict[str, str]:
    return {"name": embedder.name, "sha256": embedder.fingerprint}


def build_inputs(
    corpus: Path, *, documents: Sequence[Document], model: Mapping[str, str], passage_tokens: int
) -> dict[str, Any]:
    """What an index depends on, in words that an error can name. ``model`` has its name and its files' sha256."""
    return {
        "program": _hash("".join(_hash((Path(__file__).parent / name).read_bytes()) for name in BUILDERS)),
        "documents": {
            document.key: {"sha256": document.sha256, "facts": _hash(repr((facts(document), document.layout)))}
            for document in documents
        },
        "word files": {
            path.relative_to(corpus).as_posix(): _hash(path.read_bytes())
            for path in word_files(corpus, documents=documents)
        },
        "model": dict(model),
        "passage_tokens": passage_tokens,
    }


def _hash(content: str | bytes) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def _known_words(documents: Sequence[Document], lay_terms: Sequence[LayTerm], questions: Sequence[str]) -> list[str]:
    texts = [clean(document.text) for document in documents]
    texts += [word for term in lay_terms for word in (*term.source, *term.lay)]
    return sorted({word for text in (*texts, *questions) for word in content_words(text)})


_BRANDED = re.compile(r"([\w-]+ [\w-]+) \([A-Z][\w-]+\)")
"""A medicine of two words before the name that it is sold under: "Liposomal vincristine (Marqibo)"."""


def _names(
    documents: Sequence[Document], outlines: Sequence[Outline], lay_terms: Sequence[LayTerm]
) -> dict[str, list[str]]:
    """The medicines and defined terms of the sources that name for whom a text speaks, and lay words for medicines."""
    texts = {document.key: document.text for document in documents}
    blocks = [block for outline in outlines for block in outline.blocks]
    words = {block.key: clean(texts[block.document][block.start : block.end]) for block in blocks}
    medicines = {name for text in words.values() for name in (*medicine_names(text.lower()), *_BRANDED.findall(text))}
    named = names([*medicines, *_defined(documents, outlines)], blocks=blocks, words=words)
    called = {lay: term.source[0].lower() for term in lay_terms for lay in term.lay}
    return named | {fold(lay): named[name] for lay, name in called.items() if name in medicines and name in named}


def _defined(documents: Sequence[Document], outlines: Sequence[Outline]) -> list[str]:
    """The terms that the sources define, also without a last word that is a term itself ("re-induction")."""
    glossary = Glossary.of(
        {document.key: document for document in documents}, {outline.document: outline for outline in outlines}
    )
    terms = [form.lower() for entry in glossary.definitions for form in entry.forms]
    parted = [term.rpartition(" ") for term in terms]
    return [*terms, *(first for first, _, last in parted if first and last in terms)]


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call, as an operator set it."""

    emergency_number: str = "911"
    crisis_number: str = "988"
    poison_number: str = "1-800-222-1222"
    region: str = "in the United States"
    care_team: str = "your child's care team"

    def values(self) -> dict[str, str]:
        """The values for the wording's braces."""
        return {name: str(getattr(self, name)) for name in self.__dataclass_fields__}


class Chat:
    """Answers questions from one index. Safe to share between threads; keeps nothing of what is asked.

    ``built`` is when the index was written, in seconds since 1970.
    """

    def __init__(
        self,
        *,
        index: Index,
        corpus: Path,
        documents: Sequence[Document],
        embedder: Embedder,
        lay_terms: Sequence[LayTerm] = (),
        guard: Guard | None = None,
        wording: Wording | None = None,
        contact: Contact | None = None,
        today: date | None = None,
    ) -> None:
        self.index = index
        self.built = (index.folder / MANIFEST).stat().st_mtime
        self.documents: Mapping[str, Document] = {document.key: document for document in documents}
        self._corpus = corpus
        self.embedder = embedder
        self._lay_terms = tuple(lay_terms)
        self._search = self.search()
        self._judge = unpacked(index.folder / MODEL_FILE) if MODEL_FILE in index.manifest["files"] else None
        self._guard = guard or Guard.load()
        self._wording = wording or load_wording()
        self.contact = contact or Contact()
        self._today = today
        self.outline = lru_cache(maxsize=256)(index.outline)
        self.is_offered = lru_cache(maxsize=4096)(self._is_offered)  # of our own questions, nobody's words either
        self.general = lru_cache(maxsize=64)(self._general)  # the phrases are the wording's: few, and nobody's words
        self._sources = Sources(self.documents, self.outline)

    @classmethod
    def open(
        cls,
        index: str | Path = "index",
        *,
        corpus: str | Path | None = None,
        model: str = PACKAGED_MODEL,
        passage_tokens: int | None = None,
        embedder: Embedder | None = None,
        contact: Contact | None = None,
        today: date | None = None,
    ) -> Chat:
        """Opens an index with the corpus it was built from: ``corpus``, or that folder beside the index or here.

        Raises:
            StoreError: there is no index, it is damaged, or it is not of this corpus, model and settings.
            CorpusError, ModelError: a source or the model is not as declared.
        """
        opened = open_index(Path(index))
        folder = _corpus_folder(Path(index), None if corpus is None else Path(corpus))
        documents = read_corpus(folder)
        built = opened.manifest["inputs"]
        embedder = embedder or open_embedder(model, index=opened.folder, built=built.get("model", {}))
        tokens = built.get("passage_tokens", PASSAGE_TOKENS) if passage_tokens is None else passage_tokens
        _must_fit(
            built,
            build_inputs(folder, documents=documents, model=_model_of(embedder), passage_tokens=tokens),
            index=Path(index),
        )
        return cls(
            index=opened,
            corpus=folder,
            documents=documents,
            embedder=embedder,
            lay_terms=read_lay_terms(folder),
            guard=_guard(opened),
            contact=contact,
            today=today,
        )

    def ask(
        self,
        question: str,
        *,
        history: Sequence[str] = (),
        id: str = "q",  # noqa: A002 - the record names it so
        language: str | None = None,
    ) -> Answer:
        """The verified answer to a question after ``history`` (the family's earlier questions, oldest first).

        ``language`` is that of our own words, one of ``wording.LANGUAGES``; None takes the question's own. Quotes stay
        in the language of their source.

        Raises:
            QuestionError: the question is empty, too long, or not text; the id is not text; or we have no words in that
                language.
            VerificationError: a quote is not what its source says now; nothing may be shown.
        """
        return self.explain(question, history=history, id=id, language=language)[0]

    def explain(
        self,
        question: str,
        *,
        history: Sequence[str] = (),
        id: str = "q",  # noqa: A002 - the record names it so
        language: str | None = None,
    ) -> tuple[Answer, Trace]:
        """``ask``, with how the answer came about: verdict, candidates and evidence.

        Raises:
            QuestionError, VerificationError: see ``ask``.
        """
        earlier = [text for text in history if text.strip()]
        turn = _Turn(self, check_question(question), earlier, check_id(id), language=check_language(language))
        answer = turn.answer()
        return answer, turn.trace

    def _is_offered(self, suggestion: str) -> bool:
        """Whether the guard would let a suggested question of ours go on to the search."""
        return self._guard.screen(suggestion).kind is None

    def _general(self, phrase: str, named: Named) -> tuple[Hit, ...]:
        """What the sources say best on a search phrase of the wording files to one who names these cases."""
        return self._search.find((phrase,), vectors=self._search.encode((phrase,)), limit=1, named=named).hits

    def named(self, question: str, *, history: Sequence[str] = ()) -> Named:
        """The phases, ages and types that a question names, with the earlier questions that it leans on."""
        return frozenset().union(*map(self._search.named, meant(question, history=history)))

    def sources(self, named: Named) -> Sources:
        """What may be quoted to one who names these cases."""
        return replace(self._sources, hides=lambda block: facets().holds_back(block.applies, named))

    def search(self, weights: Weights | None = None, *, embedder: Embedder | None = None) -> Search:
        """A search of this index, by default with the weights and the embedder that answers use."""
        return Search(self.index, embedder=embedder or self.embedder, lay_terms=self._lay_terms, weights=weights)

    @property
    def guard(self) -> Guard:
        """The guard that screens questions, with its rules."""
        return self._guard

    @property
    def lay_terms(self) -> tuple[LayTerm, ...]:
        """Families' words for the sources' terms, as the search uses them."""
        return self._lay_terms

    def judged(self, question: str) -> tuple[Decision, float]:
        """What the evidence alone says of a question, without the guard: the decision and its margin."""
        wordings = self._search.wordings(question)
        vectors = self._search.encode(wordings)
        return self.decide(
            self._search.find(wordings, vectors=vectors, limit=HITS), wordings=wordings, vector=vectors[0]
        )

    def decide(self, found: Found, *, wordings: Sequence[str], vector: Vector) -> tuple[Decision, float]:
        """Whether what was found answers, and how far the evidence is above the threshold (below 0 is silence)."""
        if not found.hits:
            return "not_found", -math.inf
        if self._judge is None:  # a corpus without calibration examples: what is near enough is quoted
            margin = max(found.best["question"], found.best["sentence"]) - NEAR_ENOUGH
            return ("answer" if margin >= 0 else "not_found"), margin
        return self._judge.decide(evidence(found, wordings=wordings, vector=vector, search=self._search))

    def passages(self, document: str) -> int:
        """How many passages the index has of a document."""
        return self.index.passage_counts().get(document, 0)

    def read_source(self, document: str) -> str:
        """A document's text, read from its file now.

        Raises:
            VerificationError: the file is gone or is no longer the one the index was built from.
        """
        known = self.documents[document]
        try:
            return read_text(self._corpus / known.file, sha256=known.sha256)
        except CorpusError as error:
            raise VerificationError(f"{error} Answers from it are withheld until then.") from error

    def redact(self, text: str) -> str:
        """A text of a user with private details replaced by a fixed mark."""
        return self._guard.redact(text)

    def versions(self) -> dict[str, str]:
        """What an answer depends on."""
        return {"allchat": _program_version(), "index": self.index.version, "model": self.embedder.name}


class _Turn:
    """One question on its way: screen, understand, retrieve, decide, compose, verify. Each stage is timed."""

    def __init__(self, chat: Chat, question: str, history: Sequence[str], key: str, *, language: str | None) -> None:
        self._chat = chat
        self._question = question
        self._history = history
        self._id = key
        self._language = language
        self._wording = chat._wording
        self._shown = question
        self._understood: str | None = None
        self._named = chat.named(question, history=history)
        self._sources = chat.sources(self._named)
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
        guard = self._chat._guard
        with self._timed("screen"):
            message = guard.read(self._question)
            verdict, inherited = self._screened(message)
            language = self._language or ("es" if guard.is_spanish(message) else self._wording.language)
            if language != self._wording.language:
                self._wording = load_wording(language)
        self.trace = Trace(verdict)
        if verdict.private:
            self._shown = guard.redact(self._question)
        if guard.is_settled(verdict):
            return self._fixed(verdict)
        asked = (guard.information_part(message) if verdict.kind == "refusal" else None) or self._question
        wordings = self._wordings(asked)
        texts = tuple(dict.fromkeys((*wordings, self._question)))
        with self._timed("embed"):
            vectors = self._chat._search.encode(texts)
        if not inherited:
            with self._timed("screen"):
                verdict = guard.judge(message, vectors[texts.index(self._question)], verdict)
        self.trace = replace(self.trace, verdict=verdict)
        if verdict.kind in ("urgent", "chat"):
            return self._fixed(verdict)
        found, decision = self._retrieve(wordings, vectors[: len(wordings)])
        if verdict.kind == "refusal":
            return self._refusal(verdict, found if decision == "answer" else None)
        return self._from_sources(verdict, found) if decision == "answer" else self._silence(decision, verdict, found)

    def _screened(self, message: Message) -> tuple[Verdict, bool]:
        """The screen's verdict, and whether it is that of the question before: "and tylenol?" asks what that asked."""
        verdict = self._chat._guard.screen(message)
        if verdict.kind is None and is_rest(self._question):
            whole = next((text for text in reversed(self._history) if not is_rest(text)), "")
            before = self._chat._guard.screen(whole)
            if before.kind in ("refusal", "urgent"):
                return replace(before, private=verdict.private), True
        return verdict, False

    def _wordings(self, question: str) -> tuple[str, ...]:
        """What is searched: the question as understood and as asked, each also in the sources' words."""
        understood = resolve(question, history=self._history)
        if understood != question:
            self._understood = self._chat._guard.redact(understood)
        search = self._chat._search
        return tuple(dict.fromkeys((*search.wordings(understood), *search.wordings(question))))

    def _retrieve(self, wordings: tuple[str, ...], vectors: Vector) -> tuple[Found, Decision]:
        """What the search found, and whether that answers."""
        with self._timed("retrieve"):
            found = self._chat._search.find(wordings, vectors=vectors, limit=HITS, named=self._named)
            decision, margin = self._chat.decide(found, wordings=wordings, vector=vectors[0])
        self.trace = replace(
            self.trace,
            searched=tuple(map(self._chat._guard.redact, wordings)),
            hits=found.hits,
            decision=decision,
            margin=margin if found.hits else None,
        )
        return found, decision

    def _values(self) -> dict[str, str]:
        """Whom to call, in the language of the answer where an operator set nothing of their own."""
        values = self._chat.contact.values()
        own = self._wording.table("contact") if self._wording.has("contact") else {}
        usual = Contact().values()
        values |= {name: text for name, text in own.items() if values[name] == usual[name]}
        return values | {name: escape_markdown(values[name]) for name in ("region", "care_team")}

    def _fixed(self, verdict: Verdict) -> Answer:
        text = self._wording.text(f"{verdict.kind}.{verdict.reason}.text", **self._values())
        return self._record(verdict.kind or "chat", verdict, text.strip())

    def _from_sources(self, verdict: Verdict, found: Found) -> Answer:
        with self._timed("compose"):
            quotes = choose(found.hits, sources=self._sources)
            composed = compose(quotes, sources=self._sources, wording=self._wording)
        text = f"{self._wording.text('answer.lead')}\n\n{composed.text}"
        return self._record("answer", verdict, text, composed=composed, suggestions=self._suggest(found, quotes))

    def _silence(self, decision: Decision, verdict: Verdict, found: Found) -> Answer:
        wording = self._wording
        if decision == "out_of_scope":
            text = wording.text("out_of_scope.unrelated.text")
            return self._record(decision, replace(verdict, reason="unrelated"), text)
        headings = list(dict.fromkeys(hit.heading[-1] for hit in found.hits if hit.heading))[:3]
        nearest = "\n".join(f"- {escape_markdown(heading)}" for heading in headings)
        parts = [
            wording.text("not_found.text"),
            wording.text("not_found.nearest"),
            nearest,
            wording.text("not_found.help"),
        ]
        return self._record("not_found", replace(verdict, reason="silent"), "\n\n".join(parts))

    def _refusal(self, verdict: Verdict, found: Found | None) -> Answer:
        """A warm sentence, what the sources say in general, and questions for the care team."""
        wording, values = self._wording, self._values()
        name = f"refusal.{verdict.reason}"
        with self._timed("compose"):
            quotes = self._general_quotes(name, found)
            composed = compose(quotes, sources=self._sources, wording=wording)
        general = [wording.text(f"{name}.lead", **values), composed.text] if quotes else []
        ask = "\n".join(f"- {question}" for question in wording.texts(f"{name}.questions"))
        parts = [wording.text(f"{name}.text", **values), *general, wording.text("questions.lead"), ask]
        return self._record("refusal", verdict, "\n\n".join(parts), composed=composed)

    def _general_quotes(self, name: str, found: Found | None) -> tuple[Quote, ...]:
        """What the sources say on the question; where they do not answer it, on its reason (the wording's phrase)."""
        if found is not None:
            hits = tuple(hit for hit in found.hits if hit.score >= REFUSAL_KEEP * found.hits[0].score)
        elif self._wording.has(f"{name}.search"):
            hits = self._chat.general(self._wording.text(f"{name}.search"), self._named)
        else:
            hits = ()
        return choose(hits, sources=self._sources, words=REFUSAL_WORDS, quotes=REFUSAL_QUOTES)

    def _suggest(self, found: Found, quotes: Sequence[Quote]) -> tuple[str, ...]:
        """Questions that blocks near the answer, and not quoted in it, are known to answer."""
        shown = [(quote.document, quote.start, quote.end) for quote in quotes]
        near = [
            hit.block
            for hit in found.hits
            if not any(
                hit.block.document == key and hit.block.start < end and start < hit.block.end
                for key, start, end in shown
            )
        ]
        asked = content_words(self._question)
        fresh: list[str] = []
        for block in near:
            text = suggestion(self._chat.index.questions_of(block))
            new = text and text not in fresh and content_words(text) != asked
            if text and new and self._chat.is_offered(text) and self._is_meant(text):
                fresh.append(text)
            if len(fresh) == SUGGESTIONS:
                break
        return tuple(fresh)

    def _is_meant(self, suggestion: str) -> bool:
        """Whether a suggestion names no case that must not be brought up with whoever asks."""
        return self._chat.named(suggestion) & facets().held <= self._named

    def _record(
        self,
        kind: Any,
        verdict: Verdict,
        text: str,
        *,
        composed: Composed | None = None,
        suggestions: Sequence[str] = (),
    ) -> Answer:
        citations = () if composed is None else composed.citations
        with self._timed("verify"):
            verify_quotes(text, citations, read=self._chat.read_source)
        notices = (*self._age(citations), *self._privacy(verdict))
        self._times["total"] = round(1000 * (time.perf_counter() - self._begun), 3)
        return Answer(
            id=self._id,
            question=self._shown,
            understood_as=self._understood or self._shown,
            kind=kind,
            reason=_reason(verdict),
            text=text,
            citations=citations,
            notices=notices,
            suggestions=tuple(suggestions),
            versions=self._chat.versions(),
            timings_ms=dict(self._times),
        )

    def _age(self, citations: Sequence[Any]) -> Iterator[str]:
        today = self._chat._today or datetime.now(UTC).date()
        for key in dict.fromkeys(citation.document for citation in citations):
            document = self._chat.documents[key]
            if document.revised is None:
                yield self._wording.text("notice.undated", title=document.title)
            elif (today - date.fromisoformat(document.revised)).days > OLD_DAYS:
                yield self._wording.text("notice.old", title=document.title, date=document.revised)

    def _privacy(self, verdict: Verdict) -> Iterator[str]:
        if verdict.private:
            yield self._wording.text("private.notice")
        if self._wording.language != self._chat._wording.language:
            yield self._wording.text("language.note")


@cache
def _program_version() -> str:
    return package_version("allchat")


def _reason(verdict: Verdict) -> str | None:
    """The reason, with the rule or the classifier that gave it."""
    if verdict.reason is None or verdict.rule is None:
        return verdict.reason
    score = "" if verdict.rule != "classifier" or verdict.score is None else f" {verdict.score:.2f}"
    return f"{verdict.reason}: {verdict.rule}{score}"


def suggestion(questions: Sequence[str]) -> str | None:
    """The first of our questions that reads as a whole one, written as a question; None where none does."""
    whole = next(
        (text for text in questions if _WHOLE_QUESTION.match(text) and len(text) <= SUGGESTION_CHARACTERS), None
    )
    return None if whole is None else f"{whole[0].upper()}{whole[1:].rstrip('?')}?"


def check_question(question: object) -> str:
    """The question, if it can be asked.

    Raises:
        QuestionError: it is not text, empty, without a letter or digit, too long, or holds broken characters.
    """
    if not isinstance(question, str):
        raise QuestionError("the question is not text. Send it as a string.")
    if _is_halved(question):
        raise QuestionError("the question holds half a character (a lone surrogate). Send it as valid Unicode.")
    if len(question) > QUESTION_CHARACTERS:
        raise QuestionError(
            f"the question has {len(question)} characters, the most is {QUESTION_CHARACTERS}. Ask it more shortly."
        )
    kept = "".join(" " if unicodedata.category(c) == "Cc" else c for c in question).strip()
    if not any(character.isalnum() for character in kept):
        raise QuestionError("the question has no words. Ask in words, such as: what is a lumbar puncture?")
    return kept


def check_id(id: object) -> str:  # noqa: A002 - the record names it so
    """The id, if an answer record can hold it.

    Raises:
        QuestionError: it is not text, or holds broken characters.
    """
    if not isinstance(id, str) or _is_halved(id):
        raise QuestionError("the id is not text, or holds half a character (a lone surrogate). Send another.")
    return id


def _is_halved(text: str) -> bool:
    return any(unicodedata.category(character) == "Cs" for character in text)


def check_language(language: object) -> str | None:
    """The language, if we have words in it; None stays None.

    Raises:
        QuestionError: we have no words in it.
    """
    if language is None or (isinstance(language, str) and language in LANGUAGES):
        return language
    raise QuestionError(f"there are no words of ours in that language. Ask for one of: {', '.join(LANGUAGES)}.")


def _guard(index: Index) -> Guard:
    path = index.folder / GUARD_FILE
    try:
        classifier = Classifier.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: cannot be read ({error}). Run: allchat build --force") from error
    return Guard.load(classifier=classifier)


def _corpus_folder(index: Path, corpus: Path | None) -> Path:
    candidates = [corpus] if corpus is not None else [index.parent / "corpus", Path("corpus")]
    for folder in candidates:
        if (folder / CORPUS_FILE).is_file():
            return folder
    raise CorpusError(f"{candidates[0] / CORPUS_FILE}: there is no such file. Name the corpus folder.")


def _must_fit(built: Mapping[str, Any], now: Mapping[str, Any], *, index: Path) -> None:
    differing = [name for name in now if built.get(name) != now[name]]
    if differing:
        raise StoreError(
            f"{index}: was built from other {' and '.join(differing)} than there are now. Run: allchat build"
        )
