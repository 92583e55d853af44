"""From a corpus to an index, and what an index depends on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from allchat.answering.abstain import MODEL_FILE, fit, now_answered, packed
from allchat.languages import SEARCHED
from allchat.languages.gloss import gloss_of
from allchat.records import Document, Examples, LayTerm, Outline
from allchat.search.embedder import Embedder
from allchat.search.folder import current_inputs, write_index
from allchat.search.index import Index
from allchat.search.model_files import PACKAGED_MODEL, fingerprint, folder_name
from allchat.search.question_rows import Language
from allchat.search.retriever import Search
from allchat.search.schema import Contents, facts
from allchat.search.sentence_transformer import SentenceEmbedder, load_embedder
from allchat.search.words import content_words
from allchat.sources.annotations import read_examples, read_lay_terms, read_questions, word_files
from allchat.sources.chunking import chunk
from allchat.sources.corpus import read_corpus
from allchat.sources.facets import names
from allchat.sources.glossary import Glossary
from allchat.sources.medicines import medicine_names
from allchat.sources.outline import outline_document
from allchat.sources.text import clean
from allchat.spelling import fold

PASSAGE_TOKENS = 200

BUILDERS = (
    "spelling.py",
    "languages/gloss.py",
    *(f"languages/{language}/words.toml" for language in SEARCHED),
    *(f"answering/{module}.py" for module in ("abstain",)),
    *(f"evaluation/{module}.py" for module in ("directives",)),
    *(
        f"search/{module}.py"
        for module in (
            "embedder",
            "folder",
            "index",
            "model_files",
            "onnx",
            "onnx_export",
            "question_map",
            "question_rows",
            "retriever",
            "schema",
            "sentence_transformer",
            "vectors",
            "words",
        )
    ),
    *(
        f"sources/{module}.py"
        for module in (
            "annotations",
            "blocks",
            "chunking",
            "corpus",
            "facets",
            "glossary",
            "lines",
            "medicines",
            "outline",
            "sentences",
            "text",
        )
    ),
)
"""The files of this package that decide what is in an index: where one changes, an index is stale."""


def build(
    corpus: Path,
    *,
    index: Path,
    model: str = PACKAGED_MODEL,
    passage_tokens: int = PASSAGE_TOKENS,
    embedder: Embedder | None = None,
    progress: bool = False,
    force: bool = False,
    say: Callable[[str], None] | None = None,
) -> Path:
    """Builds the index of a corpus unless an index of the same inputs is there, and gives the index's folder.

    ``say`` is told what staff should look at, a line at a time.

    Raises:
        CorpusError, ModelError, StoreError: nothing was built; an index that was there is whole.
    """
    corpus, index = Path(corpus), Path(index)
    documents = read_corpus(corpus)
    outlines = tuple(outline_document(document) for document in documents)
    questions = read_questions(corpus, documents=documents, outlines=outlines)
    lay_terms = read_lay_terms(corpus)
    built_by = model_of(embedder) if embedder else {"name": folder_name(model), "sha256": fingerprint(model)}
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
            **_judge(Search(built, embedder=embedder, lay_terms=lay_terms), read_examples(corpus), say=say),
            **(embedder.exported() if isinstance(embedder, SentenceEmbedder) else {}),
        },
        languages=_languages(corpus, documents, outlines, lay_terms=lay_terms, embedder=embedder),
        progress=progress,
    )
    return index


def _languages(
    corpus: Path,
    documents: Sequence[Document],
    outlines: Sequence[Outline],
    *,
    lay_terms: Sequence[LayTerm],
    embedder: Embedder,
) -> tuple[Language, ...]:
    """The languages besides English in which there are questions of ours: nothing is searched in any other."""

    def language(code: str) -> Language:
        read, examples = gloss_of(code), read_examples(corpus)

        def judge(built: Index) -> dict[str, bytes]:
            own = read_examples(corpus, language=code, read=read)
            return _judge(Search(built, embedder=embedder, lay_terms=lay_terms), own, beside=examples)

        asked = read_questions(corpus, documents=documents, outlines=outlines, language=code, read=read)
        return Language(code, asked, judge)

    return tuple(found for found in map(language, SEARCHED) if found.questions)


NO_EXAMPLES = Examples()


def _judge(
    search: Search,
    examples: Examples,
    *,
    beside: Examples = NO_EXAMPLES,
    say: Callable[[str], None] | None = None,
) -> dict[str, bytes]:
    """The file of the judge, fitted to examples, and to those ``beside`` them; none where the corpus has none.

    Near misses that a source without questions seems to answer are told, and do not count as near misses.
    """
    answered = now_answered(examples.near, search=search)
    if answered and say is not None:
        say("calibration.toml: near misses that a source now answers, look them through:")
        for question in answered:
            say(f"  {question}")
    silent = tuple(question for question in examples.near if question not in answered)
    judge = fit(replace(examples, near=silent), search=search, beside=beside)
    return {} if judge is None else {MODEL_FILE: packed(judge)}


def model_of(embedder: Embedder) -> dict[str, str]:
    """The model as the manifest records it."""
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
            for path in word_files(corpus, documents=documents, languages=SEARCHED)
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
