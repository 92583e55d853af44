"""Sources that not everyone is answered from alike: in another language, or written for professionals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from word_hash import WordHash

from allchat.build import build
from allchat.chat import Chat
from allchat.sources.adding import Facts, add
from allchat.sources.readers.convert import convert

FACTS = Facts(
    "ward", "Our ward", "City Hospital", "https://example.org", "may be quoted", "en", "unknown", "families",
    "City Hospital states:",
)  # fmt: skip

ENGLISH = """## Blood tests

A blood test is done every morning on the ward before breakfast.

## Platelets

Platelets help to form the clots.
"""

SPANISH = """# Leucemia en los niños

## ¿Qué es la quimioterapia?

La quimioterapia es un tratamiento con medicinas fuertes contra las células del cáncer.

## Análisis de sangre

El análisis de sangre se hace cada mañana antes del desayuno.

## Recaída

Después de una recaída la quimioterapia es más fuerte y el riesgo de muerte es mayor.
"""

FOR_DOCTORS = """## Tests of blood

A blood test on the ward is done with chlorhexidine and a vacuum tube every morning.

## Vacuum tubes

Vacuum tubes are labelled at the bedside.
"""


def opened(folder: Path, *sources: tuple[str, Facts]) -> Chat:
    for text, facts in sources:
        content = text.encode()
        converted = convert(content, name=f"{facts.id}.md")
        add(content, name=f"{facts.id}.md", converted=converted, facts=facts, corpus=folder / "corpus")
    index = build(folder / "corpus", index=folder / "index", embedder=WordHash())
    return Chat.open(index, corpus=folder / "corpus", embedder=WordHash())


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Chat:
    """A source in English beside one in Spanish; neither has questions of ours."""
    spanish = replace(FACTS, id="ninos", title="Leucemia en los niños", language="es")
    return opened(tmp_path_factory.mktemp("two"), (ENGLISH, FACTS), (SPANISH, spanish))


def documents(chat: Chat, question: str) -> list[str]:
    answer = chat.ask(question)
    return [cited.document for cited in (*answer.citations, *answer.further)]


def test_a_question_in_spanish_is_answered_from_the_source_in_spanish_in_its_words(chat: Chat) -> None:
    answer = chat.ask("¿Qué es la quimioterapia?")
    assert (answer.kind, answer.citations[0].document) == ("answer", "ninos")
    assert answer.citations[0].quote.startswith("La quimioterapia es un tratamiento")
    assert chat._wording.said("language.note").filled() not in answer.notices


def test_where_both_languages_answer_the_askers_own_stands_first(chat: Chat) -> None:
    assert documents(chat, "¿Cuándo se hace el análisis de sangre?")[0] == "ninos"
    assert documents(chat, "When is the blood test done?")[0] == "ward"


def test_what_only_the_other_language_says_is_quoted_to_one_who_asks_in_spanish_with_a_note(chat: Chat) -> None:
    answer = chat.ask("¿Las plaquetas ayudan a formar coágulos?")
    assert answer.citations[0].document == "ward"
    assert any("inglés" in notice for notice in answer.notices)


@pytest.mark.parametrize("question", ["What is chemotherapy?", "What is chemotherapy against the cells of cancer?"])
def test_a_question_in_english_is_never_answered_in_spanish(chat: Chat, question: str) -> None:
    answer, trace = chat.explain(question)
    assert "ninos" not in documents(chat, question)
    assert all(hit.block.document == "ward" for hit in trace.hits)
    assert answer.kind != "answer"


def test_a_relapse_in_a_spanish_heading_is_held_back_from_one_who_does_not_name_it(chat: Chat) -> None:
    for question, shown in (
        ("¿Qué es la quimioterapia?", False),
        ("¿La quimioterapia es más fuerte después de una recaída?", True),
    ):
        answer = chat.ask(question)
        said = " ".join(cited.quote for cited in (*answer.citations, *answer.further))
        assert ("muerte" in said) is shown


def test_a_corpus_in_spanish_alone_answers_in_spanish(tmp_path: Path) -> None:
    chat = opened(tmp_path, (SPANISH, replace(FACTS, id="ninos", title="Leucemia", language="es")))
    assert chat.ask("¿Qué es la quimioterapia?").citations[0].document == "ninos"
    assert chat.ask("What is chemotherapy?").citations == ()
    assert chat.is_sound()  # its known text is one that was read in English words


def test_a_source_for_professionals_never_stands_before_one_for_families_that_answers(tmp_path: Path) -> None:
    question = "When is a blood test done on the ward every morning?"
    doctors = replace(FACTS, id="a-doctors", title="Tests", audience="physicians")
    apart = opened(tmp_path / "apart", (ENGLISH, FACTS), (FOR_DOCTORS, doctors))
    assert documents(apart, question)[0] == "ward"
    assert documents(apart, "Where are vacuum tubes labelled?")[0] == "a-doctors"
    alike = opened(tmp_path / "alike", (ENGLISH, FACTS), (FOR_DOCTORS, replace(doctors, audience="families")))

    def share(chat: Chat) -> float:
        _, trace = chat.explain(question)
        best = {hit.block.document: hit.score for hit in reversed(trace.hits)}
        return best["a-doctors"] / best["ward"]

    assert share(apart) == pytest.approx(0.85 * share(alike), rel=1e-4)
