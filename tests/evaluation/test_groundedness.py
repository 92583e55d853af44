"""Statement support: 200 corrupted answers are all caught, honest ones are let through, in both ways of looking."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import cache

import pytest
from places import ROOT

from allchat.evaluation.groundedness import Statement, faults, statements, unsupported
from allchat.sources.corpus import read_corpus
from allchat.sources.outline import outline_document
from allchat.sources.text import clean

EACH = 20
MEDICINES = (
    "vincristine", "methotrexate", "imatinib", "prednisone", "cytarabine", "dasatinib", "dexamethasone", "nelarabine",
    "blinatumomab", "daunorubicin", "doxorubicin", "cyclophosphamide", "bortezomib", "ponatinib",
)  # fmt: skip
OPPOSITES = {
    "high": "low", "higher": "lower", "before": "after", "after": "before", "more": "less", "children": "adults",
    "increase": "decrease", "early": "late", "with": "without", "common": "rare", "older": "younger",
}  # fmt: skip
UNITS = {"days": "weeks", "weeks": "months", "months": "years", "years": "months", "hours": "days", "percent": "days"}
INVENTED = (
    "Most children can go back to school within a few days.",
    "Drinking green tea shortens the time in hospital.",
    "The survival rate is about ninety percent.",
    "Your doctor will call you every morning.",
    "Parents should keep their child at home during winter.",
    "A second opinion is free of charge in most hospitals.",
    "Vitamin C helps the bone marrow recover.",
    "Nobody knows what causes hair loss.",
)


@cache
def sentences() -> tuple[tuple[str, str], ...]:
    """Sentences of the two sources with the block that each stands in."""
    found = []
    for document in read_corpus(ROOT / "corpus"):
        for block in outline_document(document).blocks:
            span = clean(document.text[block.start : block.end])
            texts = [clean(document.text[s.start : s.end]) for s in block.sentences]
            found += [(text, span) for text in texts if 8 <= len(text.split()) <= 40 and text.endswith(".")]
    return tuple(found)


def other_number(text: str, _: random.Random) -> str:
    return re.sub(r"\d+", lambda match: str(int(match.group()) * 3 + 17), text, count=1)


def other_unit(text: str, _: random.Random) -> str:
    units = {
        "days": "weeks",
        "weeks": "months",
        "months": "years",
        "years": "months",
        "hours": "days",
        "percent": "days",
    }
    return re.sub(rf"\b({'|'.join(units)})\b", lambda match: units[match.group()], text, count=1)


def other_medicine(text: str, rng: random.Random) -> str:
    def swap(match: re.Match[str]) -> str:
        return rng.choice([name for name in MEDICINES if name not in text.lower()])

    return re.sub(rf"\b({'|'.join(MEDICINES)})\b", swap, text, count=1, flags=re.IGNORECASE)


def added_negation(text: str, _: random.Random) -> str:
    return re.sub(r"\b(is|are|may|can|will|has|have|does)\b(?! not)", r"\1 not", text, count=1)


def dropped_negation(text: str, _: random.Random) -> str:
    return re.sub(r"\b(?:not|never|no|without)\b ?", "", text, count=1, flags=re.IGNORECASE)


def turned_round(text: str, _: random.Random) -> str:
    return re.sub(rf"\b({'|'.join(OPPOSITES)})\b", lambda match: OPPOSITES[match.group()], text, count=1)


def made_surer(text: str, _: random.Random) -> str:
    return re.sub(r"\b(may|might|can|usually|sometimes|often)\b", "will always", text, count=1)


def added_number(text: str, rng: random.Random) -> str:
    return f"{text[:-1]} in {rng.randrange(41, 99)} percent of cases."


def invented(_: str, rng: random.Random) -> str:
    return rng.choice(INVENTED)


CORRUPTIONS: dict[str, Callable[[str, random.Random], str]] = {
    "number": other_number,
    "unit": other_unit,
    "medicine": other_medicine,
    "negation added": added_negation,
    "negation dropped": dropped_negation,
    "opposite": turned_round,
    "surer": made_surer,
    "number added": added_number,
    "invented": invented,
}


def answer(picked: list[tuple[str, str]]) -> tuple[str, dict[int, str]]:
    """Three sentences as an answer, each with the number of the block that it is from."""
    text = "\n\n".join(f"{sentence} [{number}]" for number, (sentence, _) in enumerate(picked, 1))
    return text, {number: span for number, (_, span) in enumerate(picked, 1)}


@cache
def corrupted(seed: int = 1) -> tuple[tuple[str, str, tuple[tuple[int, str], ...], str], ...]:
    """(kind, answer, sources, corrupted sentence), 200 in ten kinds."""
    rng = random.Random(seed)  # noqa: S311 - chance for a test
    pool = list(sentences())
    rng.shuffle(pool)
    made = []
    for kind, corrupt in CORRUPTIONS.items():
        fit = [(text, span) for text, span in pool if corrupt(text, rng) not in (text, span)]
        for number in range(EACH):
            text, span = fit[number % len(fit)]
            wrong = corrupt(text, rng)
            body, sources = answer([(wrong, span), *rng.sample(pool, 2)])
            made.append((kind, body, tuple(sources.items()), wrong))
    for _ in range(EACH):
        first, second, third = rng.sample(pool, 3)
        while first[0] in second[1]:  # the same words stand in two blocks
            second = rng.choice(pool)
        body, sources = answer([(first[0], second[1]), (second[0], second[1]), third])
        made.append(("citation swapped", body, tuple(sources.items()), first[0]))
    return tuple(made)


def test_there_are_two_hundred_corrupted_answers_in_ten_kinds() -> None:
    assert len(corrupted()) == 200
    assert len({kind for kind, *_ in corrupted()}) == 10
    assert len({wrong for *_, wrong in corrupted()}) >= 120


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("extractive", [True, False])
def test_every_corrupted_answer_is_caught_and_nothing_else_in_it(extractive: bool, seed: int) -> None:
    missed, blamed = [], []
    for kind, text, sources, wrong in corrupted(seed):
        found = [one.text for one in unsupported(text, dict(sources), extractive=extractive)]
        told = {part.text for part in statements(wrong)}
        if not told & set(found):
            missed.append((kind, wrong))
        blamed += [one for one in found if one not in told]
    assert missed == []
    assert blamed == []


@pytest.mark.parametrize("extractive", [True, False])
def test_every_sentence_of_the_sources_is_supported_by_its_own_block(extractive: bool) -> None:
    assert [text for text, span in sentences() if faults(text, span, extractive=extractive)] == []


SOURCE = (
    "Chemotherapy is given for 2 to 3 years. Vincristine may cause constipation in children. Do not give aspirin. "
    "About 1,000 children are treated each year, and 98% go into remission. "
    "Leukemia does not spread from person to person."
)
HONEST = (
    "The chemotherapy goes on for two to three years.",
    "Children may get constipation from vincristine.",
    "According to the source, aspirin should not be given.",
    "Each year about 1000 children are treated.",
    "98 percent of treated children go into remission.",
    "The leukemia doesn't spread from one person to another person.",
)
DISHONEST = {
    "The chemotherapy goes on for two to four years.": "number",
    "Chemotherapy is given for 2 to 3 months.": "unit",
    "Children may get constipation from methotrexate.": "medicine",
    "According to the source, aspirin should be given.": "negation",
    "Leukemia does spread from person to person.": "negation",
    "Give aspirin.": "negation",
    "Vincristine will cause constipation in children.": "surer",
    "Vincristine may cause constipation in adults.": "opposite",
    "Your child can swim in a lake.": "words",
}


@pytest.mark.parametrize("statement", HONEST)
def test_an_honest_rewording_is_supported(statement: str) -> None:
    assert faults(statement, SOURCE, extractive=False) == ()


@pytest.mark.parametrize(("statement", "fault"), DISHONEST.items())
def test_a_dishonest_rewording_is_told_by_what_is_wrong_with_it(statement: str, fault: str) -> None:
    assert fault in faults(statement, SOURCE, extractive=False)


def test_words_cut_from_under_a_negation_are_not_verbatim() -> None:
    assert faults("give aspirin", "Do not give aspirin.", extractive=True) == ("not verbatim",)
    assert faults("Do not give aspirin.", "Do not give aspirin.", extractive=True) == ()


def test_a_part_of_a_word_is_not_verbatim() -> None:
    assert faults("Give a cut", "Give a cutting.", extractive=True) == ("not verbatim",)


def test_a_statement_has_the_number_behind_it_or_the_next_in_its_paragraph() -> None:
    text = "One. Two [1]. Three [2] [3]\n\nFour.\n\n> - Five\n> - Six \\<b\\> [4]"
    assert list(statements(text)) == [
        Statement("One.", (1,), quoted=False),
        Statement("Two.", (1,), quoted=False),
        Statement("Three", (2, 3), quoted=False),
        Statement("Four.", (), quoted=False),
        Statement("Five", (4,), quoted=True),
        Statement("Six <b>", (4,), quoted=True),
    ]


def test_a_statement_without_a_citation_is_told() -> None:
    (loose,) = unsupported("A claim.", {1: "A claim."}, extractive=False)
    assert loose.faults == ("uncited",)
    assert unsupported("A claim. [7]", {1: "A claim."}, extractive=False)[0].faults == ("uncited",)
