"""Sources without questions of ours: what they answer, what they are about, whose question they may open."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from word_hash import WordHash

from allchat.answering.newcomers import given_way, is_far, is_of_a_source, is_of_the_house
from allchat.build import build
from allchat.chat import Chat
from allchat.guard.guard import Guard
from allchat.records import Verdict
from allchat.sources.adding import Facts, add
from allchat.sources.readers.convert import convert

LEAFLET = """Lung cancer screening

Who should be screened for lung cancer: people who have smoked for many years.

Rounds on the ward

You may stay during the morning rounds.

Visitors must wash their hands before they touch a child.
"""


FACTS = Facts(
    "leaflet", "Lung cancer screening", "City Hospital", "https://example.org", "may be quoted", "en", "unknown",
    "families", "City Hospital states:",
)  # fmt: skip


@pytest.fixture(scope="module")
def guard() -> Guard:
    return Guard.load()


@pytest.fixture(scope="module")
def chat(small_corpus: Path) -> Chat:
    return Chat.open(build(small_corpus, index=small_corpus.parent / "index", embedder=WordHash()), embedder=WordHash())


@pytest.fixture(scope="module")
def small_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("newcomer") / "corpus"
    content = LEAFLET.encode()
    add(content, name="a.txt", converted=convert(content, name="a.txt"), facts=FACTS, corpus=folder)
    return folder


@pytest.mark.parametrize(
    ("question", "titles", "expected"),
    [
        ("Who should be screened for lung cancer?", ("Lung Cancer: Diagnosis and Screening",), True),
        ("What are the symptoms of breast cancer?", ("Lung Cancer: Diagnosis and Screening",), False),
        ("What is asthma?", ("Living with asthma",), True),
        ("What is asthma?", ("Living with leukemia",), False),
        ("who won the game last night", ("What is the night nurse for?",), False),
    ],
)
def test_a_subject_that_is_a_sources_title_is_no_other_subject(
    guard: Guard, question: str, titles: tuple[str, ...], expected: bool
) -> None:
    message = guard.read(question)
    verdict = guard.screen(message)
    assert verdict.kind == "out_of_scope"
    assert is_of_a_source(message, verdict, titles=titles, guard=guard) is expected


def test_a_source_on_another_disease_is_answered_from_and_no_other_disease_is(chat: Chat) -> None:
    assert chat.ask("Who should be screened for lung cancer?").citations[0].quote.startswith("Who should be screened")
    assert chat.ask("Who should be screened for breast cancer?").kind == "out_of_scope"


def test_an_alarm_stays_one_whatever_the_sources_are_about(chat: Chat) -> None:
    assert chat.ask("he is screened for lung cancer and cannot breathe now").kind == "urgent"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Can I stay during the morning rounds?", True),
        ("Should I take off my rings to wash my hands?", True),
        ("May my son stay during the rounds?", False),
        ("Should I give the medicine before the rounds?", False),
        ("Can I come to the rounds with a fever?", False),
        ("Should we stop his chemo during the rounds?", False),
        ("I want to die during the rounds", False),
    ],
)
def test_only_a_question_that_names_no_child_illness_symptom_or_medicine_is_on_the_house(
    guard: Guard, question: str, expected: bool
) -> None:
    assert is_of_the_house(guard.read(question), Verdict("refusal", reason="other")) is expected


@pytest.mark.parametrize("reason", ["dose", "chances", "unsure", "start_stop"])
def test_a_refusal_for_another_reason_is_never_opened(guard: Guard, reason: str) -> None:
    assert not is_of_the_house(guard.read("Can I stay during the rounds?"), Verdict("refusal", reason=reason))


def test_what_a_leaflet_says_is_quoted_to_one_who_asks_whether_they_may(chat: Chat) -> None:
    answer = chat.ask("Should I stay during the morning rounds?")
    assert (answer.kind, answer.reason) == ("answer", None)
    assert answer.citations[0].quote == "You may stay during the morning rounds."


@pytest.mark.parametrize(
    ("question", "far"), [("Which songs do sailors sing at sea?", True), ("Rounds", False), ("morning rounds", False)]
)
def test_what_is_neither_near_nor_in_its_words_is_no_nearest_passage(chat: Chat, question: str, far: bool) -> None:
    search = chat.search()
    found = search.find((question,), vectors=search.encode((question,)), limit=1)
    assert is_far(found, wordings=(question,), search=search) is far


def test_what_no_leaflet_says_stays_refused(chat: Chat) -> None:
    assert chat.ask("Should I bring my own pillow at night?").kind != "answer"


PREPARED = "Treatment in the hospital\n\nPatients stay in the hospital during the first weeks of the treatment.\n"
QUESTIONS = '[[block]]\nbegins = "Patients stay"\nquestions = ["How many weeks do patients stay in the hospital?"]\n'


def test_a_prepared_source_that_is_only_alike_counts_less_beside_a_newcomer(
    small_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = Path(shutil.copytree(small_corpus, tmp_path / "corpus"))
    content = PREPARED.encode()
    facts = replace(FACTS, id="prepared", title="Treatment")
    add(content, name="p.txt", converted=convert(content, name="p.txt"), facts=facts, corpus=corpus)
    (corpus / "questions").mkdir()
    (corpus / "questions" / "prepared.toml").write_text(QUESTIONS, encoding="utf-8")
    chat = Chat.open(build(corpus, index=tmp_path / "index", embedder=WordHash()), embedder=WordHash())

    def score(question: str) -> float:
        _, trace = chat.explain(question)
        return next(
            hit.score for hit in trace.hits if hit.block.document == "prepared" and hit.block.kind == "paragraph"
        )

    alike, asked = "When do visitors stay?", "How many weeks do patients stay in the hospital?"
    before = score(alike), score(asked)
    monkeypatch.setattr("allchat.search.claims.MEANT", 1e-9)
    assert before[0] < score(alike)
    assert before[1] == score(asked)


@pytest.fixture(scope="module")
def beside_prepared(small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Chat:
    """The leaflet beside a prepared source whose question is only alike."""
    folder = tmp_path_factory.mktemp("beside")
    corpus = Path(shutil.copytree(small_corpus, folder / "corpus"))
    prepared(corpus, PREPARED, QUESTIONS, id="prepared", title="Treatment")
    return Chat.open(build(corpus, index=folder / "index", embedder=WordHash()), embedder=WordHash())


def prepared(corpus: Path, text: str, questions: str, **facts: str) -> None:
    """Adds a source with questions of ours."""
    told = replace(FACTS, **facts)
    add(text.encode(), name="p.txt", converted=convert(text.encode(), name="p.txt"), facts=told, corpus=corpus)
    (corpus / "questions").mkdir(exist_ok=True)
    (corpus / "questions" / f"{told.id}.toml").write_text(questions, encoding="utf-8")


@pytest.mark.parametrize(
    ("question", "leads"),
    [
        ("Do patients stay in the hospital during the morning rounds?", True),  # near and holds the words
        ("How many weeks do patients stay in the hospital?", False),
        ("How many weeks do patients stay on the morning rounds?", False),  # not near
    ],
)
def test_where_ours_do_not_answer_a_newcomer_leads_if_it_is_meant(
    beside_prepared: Chat, question: str, leads: bool
) -> None:
    search = beside_prepared.search()
    found = search.find((question,), vectors=search.encode((question,)), limit=12)
    assert search.asked(found.numbers[0]), "ours lead as long as nobody says that they do not answer"
    assert found.ours is not None
    given = given_way(found, answered=False, wordings=(question,), search=search)
    assert (given.hits[0].block.document == "leaflet") is leads
    assert {hit.block for hit in given.hits} == {hit.block for hit in found.hits}
    scores = [hit.score for hit in given.hits]
    assert scores == sorted(scores, reverse=True)
    if not leads:
        assert given == found


@pytest.mark.parametrize(
    ("question", "nearest_of_ours", "leads"),
    [
        ("May you stay during the morning rounds?", 0.8, True),
        ("May you stay during the morning rounds?", 0.99, False),  # we have the very question
        ("May you stay during the rounds of the night?", 0.8, False),  # the newcomer does not hold every word
    ],
)
def test_where_ours_answer_a_newcomer_leads_if_it_says_it_whole_and_is_nearer(
    beside_prepared: Chat, question: str, nearest_of_ours: float, leads: bool
) -> None:
    search = beside_prepared.search()
    found = search.find((question,), vectors=search.encode((question,)), limit=12)
    order = sorted(range(len(found.hits)), key=lambda n: not search.asked(found.numbers[n]))
    ours_first = replace(
        found,
        hits=tuple(replace(found.hits[n], score=1 - place / 100) for place, n in enumerate(order)),
        numbers=tuple(found.numbers[n] for n in order),
        best={**found.best, "question": nearest_of_ours},
    )
    given = given_way(ours_first, answered=True, wordings=(question,), search=search)
    assert (given.hits[0].block.document == "leaflet") is leads


OLDER = """Treatment

Patients stay in the hospital during the first four weeks of the treatment.

""" + "".join(f"Sentence {n} of the text stands in both of its editions.\n\n" for n in range(9))
NEWER = OLDER.replace("four weeks", "five weeks") + "The new edition says something of masks, too.\n"


@pytest.mark.parametrize(
    ("dates", "leads"), [(("2020-01-01", "2024-01-01"), "later"), (("unknown", "2024-01-01"), "a")]
)
def test_what_replaces_a_passage_of_ours_takes_its_place_and_the_older_one_stands_behind(
    tmp_path: Path, dates: tuple[str, str], leads: str
) -> None:
    corpus = tmp_path / "corpus"
    prepared(corpus, OLDER, QUESTIONS, id="a", title="Treatment", revised=dates[0])
    facts = replace(FACTS, id="later", title="What happens on the ward", revised=dates[1])
    add(NEWER.encode(), name="n.txt", converted=convert(NEWER.encode(), name="n.txt"), facts=facts, corpus=corpus)
    chat = Chat.open(build(corpus, index=tmp_path / "index", embedder=WordHash()), embedder=WordHash())
    answer = chat.ask("How many weeks do patients stay in the hospital?")
    assert answer.citations[0].document == leads
    assert ("five" in answer.citations[0].quote) is (leads == "later")
    assert {cited.document for cited in (*answer.citations, *answer.further)} == {"a", "later"}
    assert chat.ask("What does the new edition say of masks?").citations[0].document == "later"
