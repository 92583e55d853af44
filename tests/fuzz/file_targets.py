"""Targets: the files of a corpus, word files and settings."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

from hypothesis import strategies as st
from inputs import broken, files, texts
from places import SMALL
from target import SOURCES, World, changed, only_our_tags, read, target
from word_hash import WordHash

from allchat.records import Document, FurnitureRule, Layout, ListRule
from allchat.settings import PREFIX, Settings, load_settings
from allchat.sources.annotations import read_examples, read_lay_terms, read_questions
from allchat.sources.chunking import chunk
from allchat.sources.corpus import read_corpus, source_ids
from allchat.sources.outline import outline_document
from allchat.sources.text import clean, clean_places
from allchat.web.highlight import Mark, place
from allchat.web.page.messages import page_words
from allchat.web.source_page import source_page

# The corpus


CORPUS = read(SMALL / "corpus.toml")


@cache
def corpus_copy(folder: Path) -> Path:
    return Path(shutil.copytree(SMALL, folder / "corpus"))


@target(files([CORPUS, CORPUS[: CORPUS.index("[[source]]", CORPUS.index("[[source]]") + 1)]]))
def the_declaration_of_sources(sent: bytes, world: World) -> None:
    corpus = corpus_copy(world.folder)
    with changed(corpus / "corpus.toml", sent):
        for document in read_corpus(corpus):
            outline_document(document)
        source_ids(corpus)


_words = st.one_of(st.sampled_from(["Visitors", "•", "a", "The", "Toys at the bedside", "1."]), texts.filter(str.strip))
_layouts = st.builds(
    Layout,
    wrapped=st.booleans(),
    headings=st.lists(_words, max_size=2).map(tuple),
    furniture=st.lists(
        st.builds(FurnitureRule, _words, _words, st.none() | _words, st.booleans(), st.booleans()), max_size=2
    ).map(tuple),
    lists=st.lists(
        st.builds(ListRule, _words, st.lists(_words, min_size=1, max_size=2).map(tuple), _words), max_size=1
    ).map(tuple),
)
_plain = st.builds(Layout, wrapped=st.booleans())


def document(text: str, layout: Layout) -> Document:
    words = dict.fromkeys(
        ("title", "publisher", "copy", "url", "audience", "language", "rights", "notes", "attribution"), text[:99]
    )
    digest = sha256(text.encode()).hexdigest()
    return Document(key="sent", file="sent.txt", revised=None, sha256=digest, text=text, layout=layout, **words)


_source_texts = st.one_of(broken(SOURCES, most=4), texts).map(lambda text: text.encode(errors="replace").decode())
"""As they come out of a file: half characters are no UTF-8."""


@target(st.tuples(_source_texts, _layouts | _plain, st.integers(-5, 3000), st.integers(-5, 3000)), weight=0.3)
def the_text_of_a_source(sent: tuple[str, Layout, int, int], world: World) -> None:
    text, layout, start, length = sent
    assert "".join(letter for letter, _, _ in clean_places(text)) == clean(text)
    source = document(text, layout)
    outline = outline_document(source)
    for block in outline.blocks:
        assert 0 <= block.start < block.end <= len(text)
    chunk(outline, document=source, max_tokens=60, fits_window=WordHash().fits)
    place(Mark(start, start + length, "m"), outline, text=text)
    only_our_tags(source_page(source, outline, words=page_words(), span=(start, start + length)))


# Word files


@target(files([read(SMALL / "lay_terms.toml")]))
def a_file_of_lay_terms(sent: bytes, world: World) -> None:
    corpus = corpus_copy(world.folder)
    with changed(corpus / "lay_terms.toml", sent):
        read_lay_terms(corpus)


@target(files(['answerable = ["what is it"]\nnear = ["who"]\nfar = ["why"]\n']))
def a_file_of_examples(sent: bytes, world: World) -> None:
    folder = world.folder / "examples"
    folder.mkdir(exist_ok=True)
    (folder / "calibration.toml").write_bytes(sent)
    read_examples(folder)


@target(files([read(SMALL / "questions" / "lists.toml")]))
def a_file_of_questions(sent: bytes, world: World) -> None:
    corpus, document = corpus_copy(world.folder), world.chat.documents["lists"]
    with changed(corpus / "questions" / "lists.toml", sent):
        read_questions(corpus, documents=[document], outlines=[world.chat.outline("lists")])


# Settings


SETTINGS = "\n".join(
    f"{name} = {json.dumps(list(field.default) if isinstance(field.default, tuple) else field.default, default=str)}"
    for name, field in Settings.model_fields.items()
    if name != "metrics_token"
)


@target(files([SETTINGS]))
def the_settings_file(sent: bytes, world: World) -> None:
    path = world.folder / "allchat.toml"
    path.write_bytes(sent)
    load_settings(path)


_names = st.sampled_from(sorted(Settings.model_fields)) | st.text(st.characters(exclude_characters="\0="), max_size=9)
_environment = texts.map(lambda text: text.replace("\0", "").encode(errors="replace").decode())


@target(st.dictionaries(_names.map(lambda name: name.encode(errors="replace").decode()), _environment, max_size=3))
def the_environment(sent: Mapping[str, str], world: World) -> None:
    with patch.dict(os.environ, {f"{PREFIX}{name.upper()}": value for name, value in sent.items()}):
        load_settings()
