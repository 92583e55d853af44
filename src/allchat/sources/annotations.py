"""Lexicon: the word files that staff may edit, which lead families' words to the sources' blocks.

``corpus/lay_terms.toml`` holds lay words for the sources' terms, ``corpus/questions/<document>.toml`` the questions
that a family might ask of a block; ``corpus/LANGUAGE`` holds such files in another language. They only help to find;
nothing of them is ever shown as a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from allchat.errors import CorpusError
from allchat.records import Block, Document, Examples, LayTerm, Outline, Question
from allchat.sources.corpus import CORPUS_FILE, read_toml, source_ids
from allchat.sources.text import clean

LAY_TERMS_FILE = "lay_terms.toml"
QUESTIONS_FOLDER = "questions"
CALIBRATION_FILE = "calibration.toml"

Model = TypeVar("Model", bound=BaseModel)

_Words = Annotated[str, Field(pattern=r"\S")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Term(_Table):
    source: list[_Words] = Field(min_length=1)
    lay: list[_Words]
    note: str = ""


class _Terms(_Table):
    term: list[_Term] = []


class _Anchor(_Table):
    begins: _Words
    questions: list[_Words]
    under: str = ""


class _Anchors(_Table):
    block: list[_Anchor] = []


class _Examples(_Table):
    answerable: list[_Words] = []
    near: list[_Words] = []
    far: list[_Words] = []


def folder_of(corpus: Path, language: str = "en") -> Path:
    """Where the word files of a language are: those in English in the corpus folder itself."""
    return corpus if language == "en" else corpus / language


def read_examples(corpus: Path, *, language: str = "en", read: Callable[[str], str] = str) -> Examples:
    """The examples of ``corpus/calibration.toml``, or those in another language as ``read`` reads them; none where
    there is no such file.

    Raises:
        CorpusError: the file is not as described at its top.
    """
    path = folder_of(corpus, language) / CALIBRATION_FILE
    found = _parsed(_Examples, path) if path.exists() else _Examples()
    return Examples(*(tuple(map(read, rows)) for rows in (found.answerable, found.near, found.far)))


def read_lay_terms(corpus: Path) -> tuple[LayTerm, ...]:
    """The lay words of ``corpus/lay_terms.toml``; none where there is no such file.

    Raises:
        CorpusError: the file is not as described at its top, or a lay word stands in two terms.
    """
    path = corpus / LAY_TERMS_FILE
    terms = _parsed(_Terms, path).term if path.exists() else []
    seen: set[str] = set()
    for word in (word.lower() for term in terms for word in term.lay):
        if word in seen:
            raise CorpusError(f"{path}: the lay word {word!r} stands twice. Keep it in one term only.")
        seen.add(word)
    return tuple(LayTerm(tuple(term.source), tuple(term.lay)) for term in terms)


def read_questions(
    corpus: Path,
    *,
    documents: Sequence[Document],
    outlines: Sequence[Outline],
    language: str = "en",
    read: Callable[[str], str] | None = None,
) -> tuple[Question, ...]:
    """The questions of ``corpus/questions``, each with the block it asks for; a document without a file has none.

    Those in another language stand in ``corpus/LANGUAGE/questions``; ``read`` gives how one of them is searched.

    Raises:
        CorpusError: a beginning stands in no block or in several, a key is unknown, or a file is for no source.
    """
    declared, folder = source_ids(corpus), folder_of(corpus, language) / QUESTIONS_FOLDER
    for path in sorted(folder.glob("*.toml")):
        if path.stem not in declared:
            raise CorpusError(
                f"{path}: {CORPUS_FILE} declares no such source. Name the file after an id, or remove it."
            )
    questions: list[Question] = []
    for document, outline in zip(documents, outlines, strict=True):
        path = folder / f"{document.key}.toml"
        if path.exists():
            beginnings = Beginnings(document, outline)
            for anchor in _parsed(_Anchors, path).block:
                block, sentence = _anchored(anchor, beginnings, document=document, path=path)
                read_as = [read(text) if read else "" for text in anchor.questions]
                pairs = zip(anchor.questions, read_as, strict=True)
                questions += [Question(block, sentence, text, language, said) for text, said in pairs]
    return tuple(questions)


def word_files(corpus: Path, *, documents: Sequence[Document], languages: Sequence[str] = ()) -> Iterator[Path]:
    """The word files that exist for these documents, in English and in these languages, in a fixed order."""
    wanted = [corpus / LAY_TERMS_FILE]
    for folder in (corpus, *(folder_of(corpus, language) for language in languages)):
        wanted += [folder / CALIBRATION_FILE]
        wanted += [folder / QUESTIONS_FOLDER / f"{document.key}.toml" for document in documents]
    return (path for path in wanted if path.exists())


def _parsed(model: type[Model], path: Path) -> Model:
    content: dict[str, Any] = read_toml(path)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        fact = "unknown key" if first["type"] == "extra_forbidden" else first["msg"]
        raise CorpusError(f"{path}: {where}: {fact}. The top of the file says what it may hold.") from error


Place = tuple[Block, int | None]
"""A block, or one of its sentences by its number."""


class Beginnings:
    """How each block and each sentence of a document begins."""

    def __init__(self, document: Document, outline: Outline) -> None:
        self._outline = outline
        text = document.text
        self._blocks = [(clean(text[block.start : block.end]), block) for block in outline.blocks]
        self._sentences = [
            (clean(text[span.start : span.end]), block, number)
            for block in outline.blocks
            for number, span in enumerate(block.sentences)
        ]

    def find(self, words: str, *, under: str = "") -> list[Place]:
        """The blocks that begin so, or where there is none the sentences, below a heading where one is given."""
        found: list[Place] = [(b, None) for said, b in self._blocks if said.startswith(words) and self._is(b, under)]
        if not found:
            found = [(b, n) for said, b, n in self._sentences if said.startswith(words) and self._is(b, under)]
        return found

    def _is(self, block: Block, under: str) -> bool:
        return not under or self._outline.sections[block.section].heading[-1:] == (under,)


def _anchored(anchor: _Anchor, beginnings: Beginnings, *, document: Document, path: Path) -> Place:
    found = beginnings.find(anchor.begins, under=anchor.under)
    if len(found) != 1:
        fact = (
            "stands at the beginning of no block or sentence"
            if not found
            else f"begins {len(found)} blocks or sentences"
        )
        remedy = "Copy it anew from the source" if not found else "Make it longer, or add the heading it stands under"
        raise CorpusError(f"{path}: begins = {anchor.begins!r} {fact} of {document.file}. {remedy}.")
    return found[0]
