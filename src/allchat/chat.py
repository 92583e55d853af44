"""Open an index, ask a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Unpack

from allchat.answering.pipeline import Pipeline
from allchat.answering.query import Asked, Asking, check_id, check_language, check_question
from allchat.answering.turn import Turn
from allchat.build import PASSAGE_TOKENS, build_inputs, model_of
from allchat.contact import Contact
from allchat.errors import CorpusError, QuestionError, StoreError
from allchat.guard.classifier import packaged_classifier
from allchat.guard.guard import Guard
from allchat.languages.folders import Languages, packaged_languages
from allchat.records import Answer, Trace
from allchat.search.embedder import PieceReader
from allchat.search.folder import Folder
from allchat.search.model_files import PACKAGED_MODEL
from allchat.search.sentence_transformer import open_embedder
from allchat.search.store import Shelf
from allchat.sources.annotations import read_lay_terms
from allchat.sources.corpus import CORPUS_FILE, read_corpus


class Chat(Pipeline):
    """Answers questions from one index. Safe to share between threads; keeps nothing of what is asked."""

    @classmethod
    def open(
        cls,
        index: str | Path = "index",
        *,
        corpus: str | Path | None = None,
        model: str = PACKAGED_MODEL,
        passage_tokens: int | None = None,
        embedder: PieceReader | None = None,
        contact: Contact | None = None,
        today: date | None = None,
        languages: Languages | None = None,
        shelf: Shelf | None = None,
    ) -> Chat:
        """Opens an index with the corpus it was built from: ``corpus``, or that folder beside the index or here.

        ``languages`` are those of questions and of our words, by default those that come with allchat. ``shelf`` is
        where the index lies if that is not the folder.

        Raises:
            StoreError: there is no index, it is damaged, or it is not of this corpus, model and settings.
            CorpusError, ModelError: a source or the model is not as declared.
        """
        folder = _corpus_folder(Path(index), None if corpus is None else Path(corpus))
        opened = (shelf or Folder(Path(index))).open()
        with ExitStack() as failing:  # what is not used holds no connections
            failing.callback(opened.close)
            built = opened.manifest["inputs"]
            trained = built.get("model", {})
            with ThreadPoolExecutor(1) as aside:  # native code loads the network: all else is read meanwhile
                loading = aside.submit(lambda: embedder or open_embedder(model, index=opened.folder, built=trained))
                documents = read_corpus(folder)
                guard = _guard_of(languages or packaged_languages(), trained.get("sha256", ""))
                embedder = loading.result()
            tokens = built.get("passage_tokens", PASSAGE_TOKENS) if passage_tokens is None else passage_tokens
            known, now_model = languages or packaged_languages(), model_of(embedder)
            now = build_inputs(folder, documents=documents, model=now_model, passage_tokens=tokens, languages=known)
            _must_fit(built, now, index=Path(index))
            chat = cls(
                index=opened,
                corpus=folder,
                documents=documents,
                embedder=embedder,
                lay_terms=read_lay_terms(folder),
                guard=guard,
                contact=contact,
                today=today,
                languages=languages,
            )
            failing.pop_all()
            return chat

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

    def alarm(self, question: str, **how: Unpack[Asking]) -> Answer | None:
        """``ask`` for a message that a rule finds urgent, None for every other, which costs its reading alone.

        For whoever would have to turn a message away: an emergency is answered whatever limit is reached.
        """
        try:
            urgent = self.screen(self.guard.read(check_question(question))).kind == "urgent"
            answer = self.ask(question, **how) if urgent else None
        except QuestionError:
            return None
        return answer if answer is not None and answer.kind == "urgent" else None

    def explain(self, question: str, **how: Unpack[Asking]) -> tuple[Answer, Trace]:
        """``ask``, with how the answer came about: verdict, candidates and evidence.

        Raises:
            QuestionError, VerificationError: see ``ask``.
        """
        asked = Asked.of(question, **how)
        earlier = [text for text in asked.history if text.strip()]
        spoken = check_language(asked.language, known=self.languages.codes)
        turn = Turn(self, check_question(question), earlier, check_id(asked.id), language=spoken)
        answer = turn.answer()
        return answer, turn.trace


def _corpus_folder(index: Path, corpus: Path | None) -> Path:
    candidates = [corpus] if corpus is not None else [index.parent / "corpus", Path("corpus")]
    for folder in candidates:
        if (folder / CORPUS_FILE).is_file():
            return folder
    raise CorpusError(f"{candidates[0] / CORPUS_FILE}: there is no such file. Name the corpus folder.")


@lru_cache(maxsize=2)
def _guard_of(languages: Languages, model: str) -> Guard:
    """The guard with the rules of these languages: a fifth of a second to read, the same in each chat of a process."""
    return Guard.load(languages, classifier=packaged_classifier(), model=model)


def _must_fit(built: Mapping[str, Any], now: Mapping[str, Any], *, index: Path) -> None:
    differing = [name for name in now if built.get(name) != now[name]]
    if differing:
        raise StoreError(
            f"{index}: was built from other {' and '.join(differing)} than there are now. Run: allchat build"
        )
