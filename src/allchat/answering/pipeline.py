"""What every answer from one index stands on: its search, guard, judge, wording and documents."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from importlib.metadata import version as package_version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from allchat.answering.abstain import Decision, evidence
from allchat.answering.contextualize import meant
from allchat.answering.cuts import Sources
from allchat.answering.dictated import written
from allchat.answering.newcomers import is_far, is_meant, is_of_a_source, is_of_the_house, placed, says_it
from allchat.answering.spelt import Spelt
from allchat.answering.tongue import Heard, Tongue, tongue_of
from allchat.contact import Contact
from allchat.errors import CorpusError, VerificationError
from allchat.guard.guard import Guard
from allchat.guard.rules import ReadMessage
from allchat.languages.folders import Languages, packaged_languages
from allchat.languages.gloss import as_embedded
from allchat.languages.recognise import Recogniser
from allchat.program import program_hash
from allchat.records import Document, Hit, LayTerm, Verdict
from allchat.search.embedder import Embedder, PieceReader
from allchat.search.known import KnownVector
from allchat.search.manifest import MANIFEST
from allchat.search.retriever import Found, Search, Weights
from allchat.search.store import Store
from allchat.sources import archive
from allchat.sources.corpus import read_text
from allchat.sources.facets import Named, facets
from allchat.sources.withdrawn import read_withdrawn
from allchat.wording import Wording, load_wording, wording_of

Vector = NDArray[np.float32]

NEAR_ENOUGH = 0.5
"""Cosine of a question that is quoted without calibration examples."""

HITS = 12


class Pipeline:
    """What every answer from one index stands on. Safe to share between threads; keeps nothing of what is asked.

    ``built`` is when the index was written, in seconds since 1970.
    """

    def __init__(
        self,
        *,
        index: Store,
        corpus: Path,
        documents: Sequence[Document],
        embedder: PieceReader,
        lay_terms: Sequence[LayTerm] = (),
        guard: Guard | None = None,
        wording: Wording | None = None,
        contact: Contact | None = None,
        today: date | None = None,
        languages: Languages | None = None,
    ) -> None:
        self.index = index
        self.languages = languages or packaged_languages()
        self.built = (index.folder / MANIFEST).stat().st_mtime
        self.documents: Mapping[str, Document] = {document.key: document for document in documents}
        self._corpus = corpus
        self.withdrawn = read_withdrawn(corpus)
        self.embedder = embedder
        self._lay_terms = tuple(lay_terms)
        self._search = self.search()
        self.spelt = Spelt(index.setting("known_words") or (), knows=embedder.knows)
        self.english = tongue_of(index, self._search, language=self.languages.english)
        self._others = {
            code: tongue_of(other, self._search_of(other), language=self.languages[code])
            for code, other in index.others.items()
        }
        self._recogniser = Recogniser(index.setting("known_words") or (), languages=self.languages)
        self._guard = guard or Guard.load(self.languages)
        self._wording = wording or load_wording()
        self.contact = contact or Contact()
        self._today = today
        self.outline = lru_cache(maxsize=256)(index.outline)
        # Of our own questions, and nobody's words either.
        self.is_offered = lru_cache(maxsize=4096)(self._is_offered)
        self.named_by_ours = lru_cache(maxsize=4096)(self.named)
        self.general = lru_cache(maxsize=64)(self._general)  # the phrases are the wording's: few, and nobody's words
        self._sources = Sources(self.documents, self.outline)
        self._versions = {
            "allchat": package_version("allchat"),
            "program": program_hash(),
            "index": index.version,
            "model": embedder.name,
        }

    def _search_of(self, index: Store) -> Search:
        return Search(index, embedder=self.embedder, lay_terms=self._lay_terms)

    def tongue(self, language: str) -> Tongue:
        """What a question in a language is searched with: as English where nothing of ours is in that language."""
        return self._others.get(language, self.english)

    def hear(self, text: str) -> Heard:
        """A text in its language: as it is searched, and as the guard's classifier reads its embedding."""
        plain = written(text, languages=self.languages)
        language = self._recogniser(plain)
        tongue = self.tongue(language)
        read = self._read(tongue, plain)
        glossed = plain == text and tongue is not self.english
        embedded = read if glossed else as_embedded(text, language=language, languages=self.languages)
        return Heard(text, language, tongue, read, embedded)

    def readings(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """What the model reads of texts, ``(n, r)``, for search and judge: their vectors first."""
        return self.embedder.read(texts)

    def read_as(self, heard: Heard, text: str) -> str:
        """A text as it is searched in the language of what was heard: that itself, or a part of it."""
        return heard.read if text == heard.text else self._read(heard.tongue, written(text, languages=self.languages))

    def _read(self, tongue: Tongue, text: str) -> str:
        """A text without what dictation left, as it is searched: foreign words in English ones."""
        if tongue is not self.english:
            return tongue.read(text)
        for other in self._others.values():
            code = other.language.code
            text = self._recogniser.mixed(text, read=other.read, language=code, knows=self.embedder.knows)
        return text

    def wording(self, language: str) -> Wording:
        """Our own words in a language."""
        return self._wording if language == self._wording.language else wording_of(self.languages[language])

    def is_small_talk(self, text: str) -> bool:
        """Whether a text only greets or thanks: it says nothing of what is asked next."""
        return self._guard.screen(text).kind == "chat"

    def _is_offered(self, suggestion: str) -> bool:
        """Whether the guard would let a suggested question of ours go on to the search."""
        return self._guard.screen(suggestion).kind is None

    def _general(self, phrase: str) -> tuple[Hit, ...]:
        """What the sources say best on a search phrase of the wording files; nothing where they do not answer it."""
        wordings = self._search.wordings(phrase)
        read = self.readings(wordings)
        found, decision, _ = self.look(wordings, read)
        return found.hits[:1] if decision == "answer" else ()

    def named(self, question: str, *, history: Sequence[str] = ()) -> Named:
        """The phases, ages and types that a question names, with the earlier questions that it leans on."""
        return self.named_by(self.hear(question), earlier=tuple(map(self.hear, history)))

    def named_by(self, heard: Heard, *, earlier: Sequence[Heard]) -> Named:
        """``named`` of a question that was heard."""
        read = meant(heard.read, history=[before.read for before in earlier])
        return frozenset().union(*map(self._search.named, {heard.text, *read}))

    def sources(self, named: Named) -> Sources:
        """What may be quoted to one who names these cases."""
        return replace(self._sources, hides=lambda block: facets().holds_back(block.applies, named))

    def search(self, weights: Weights | None = None, *, embedder: Embedder | None = None) -> Search:
        """A search of this index, by default with the weights and the embedder that answers use."""
        return Search(self.index, embedder=embedder or self.embedder, lay_terms=self._lay_terms, weights=weights)

    @property
    def today(self) -> date:
        """The day that a source's age is counted to."""
        return self._today or datetime.now(UTC).date()

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
        heard = self.hear(question)
        tongue = heard.tongue
        wordings = tongue.search.wordings(heard.read)
        read = self.readings(wordings)
        _, decision, margin = self.look(wordings, read, tongue=tongue)
        return decision, margin

    def look(
        self,
        wordings: Sequence[str],
        readings: NDArray[np.float32],
        *,
        named: Named | None = None,
        tongue: Tongue | None = None,
    ) -> tuple[Found, Decision, float]:
        """What is found for wordings, whose ``readings`` ``(n, r)`` are given, and what the judge makes of it."""
        tongue = tongue or self.english
        found = tongue.search.find(wordings, vectors=readings[:, : self.index.dimension], limit=HITS, named=named)
        found = placed(found, tongue.judge, wordings=wordings, reading=readings[0], search=tongue.search)
        return found, *self.decide(found, wordings=wordings, reading=readings[0], tongue=tongue)

    def decide(
        self, found: Found, *, wordings: Sequence[str], reading: Vector, tongue: Tongue | None = None
    ) -> tuple[Decision, float]:
        """Whether what was found answers, and how far the evidence is above the threshold (below 0 is silence).

        ``reading`` is what the model reads of the question.
        """
        tongue = tongue or self.english
        if not found.hits:
            return "not_found", -math.inf
        said = says_it(found, wordings=wordings, search=tongue.search)
        if said is not None:
            return "answer", said
        if tongue.judge is None:  # a corpus without calibration examples: what is near enough is quoted
            margin = max(found.best["question"], found.best["sentence"]) - NEAR_ENOUGH
            return ("answer" if margin >= 0 else "not_found"), margin
        judged = evidence(found, wordings=wordings, reading=reading, search=tongue.search)
        decision, margin = tongue.judge.decide(judged)
        if decision == "closest" and is_far(found, wordings=wordings, search=tongue.search):
            return "not_found", margin
        if decision == "not_found" and is_meant(found, wordings=wordings, search=tongue.search):
            return "closest", margin
        return decision, margin

    def screen(self, message: ReadMessage) -> Verdict:
        """The guard's screen, for which a subject that a source is about, by its title, is no other subject."""
        verdict = self._guard.screen(message)
        titles = (document.title for document in self.documents.values())
        if verdict.kind == "out_of_scope" and is_of_a_source(message, verdict, titles=titles, guard=self._guard):
            return self._guard.within(message)
        return verdict

    def opened(
        self, verdict: Verdict, message: ReadMessage, found: Found, *, wordings: Sequence[str], search: Search
    ) -> Verdict:
        """The verdict, or none where a refused question is on the house and a leaflet of the house answers it."""
        house = verdict.kind == "refusal" and is_of_the_house(message, verdict)
        stands = house and says_it(found, wordings=wordings, search=search) is not None
        return Verdict(None, private=verdict.private) if stands else verdict

    @property
    def questions(self) -> tuple[str, ...]:
        """Our questions that the sources answer, in the order of documents and of reading."""
        return tuple(text for _, _, text in self.index.questions())

    def passages(self, document: str) -> int:
        """How many passages the index has of a document."""
        return self._passage_counts.get(document, 0)

    @cached_property
    def _passage_counts(self) -> dict[str, int]:
        return self.index.passage_counts()

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

    def original(self, document: Document) -> bytes:
        """The bytes of the file that a document, today's or an earlier one, was converted from.

        Raises:
            VerificationError: there is none, or it is no longer the one that was added.
        """
        place, sha256 = document.original or ("", "")
        path = (self._corpus / place).resolve()
        try:
            content = path.read_bytes() if path.is_relative_to(self._corpus.resolve()) else b""
        except OSError as error:
            raise VerificationError(f"{path}: cannot be read ({error.strerror}). Put the file back.") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise VerificationError(f"{path}: is not the file that was added. Restore it.")
        return content

    def earlier(self, document: str, digits: str) -> Document | None:
        """The text of a source that was quoted from before, by its hash or the first digits of it.

        Raises:
            CorpusError: what is kept of it was altered.
        """
        return archive.earlier(self._corpus, document, digits)

    def redact(self, text: str) -> str:
        """A text of a user with private details replaced by a fixed mark."""
        return self._guard.redact(text)

    def versions(self) -> dict[str, str]:
        """What an answer depends on; ``program`` is the hash of all of it, wording and rules included."""
        return dict(self._versions)

    @cached_property
    def _known(self) -> KnownVector:
        return KnownVector(self.index, embedder=self.embedder)

    def is_sound(self) -> bool:
        """Whether model and index still give a known text its known vector."""
        return self._known.holds()
