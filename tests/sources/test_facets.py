"""Facets: what a text applies to, what a message names, and that nobody is shown another's hard case unasked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from places import ROOT

from allchat.chat import Chat
from allchat.errors import CorpusError
from allchat.records import Answer, Applies, AppliesRule, Block, Document, Layout, Outline
from allchat.sources.corpus import read_corpus
from allchat.sources.facets import BESIDE, Naming, any_phrase, facets, names
from allchat.sources.outline import outline_document
from allchat.sources.text import clean

GENERAL = (
    # a parent, worn out
    "will my son die",
    "am I going to lose her",
    "is my daughter dying",
    "what are his chances",
    "can it be cured",
    "can leukemia be cured in children?",
    "does everyone with leukemia get better",
    "how do we cope with all this",
    "where can we find support for our family",
    "who can I talk to about how I feel",
    "I can't stop crying, is there someone who helps parents?",
    "is it my fault",
    "did we cause this",
    "could we have prevented it",
    "will she lose her hair",
    "will her hair come back",
    "will treatment hurt her chance to be a mom one day",
    "when do his test results come back",
    "what can we do for her pain",
    "can he go back to school",
    # a grandparent, an aunt, a teacher
    "My grandson was just told he has ALL. What is that?",
    "My niece starts maintenance next week, what is it?",
    "What should a teacher know about leukemia treatment?",
    "how do doctors find out it is leukemia",
    # a child or teenager
    "am i going to be sick forever",
    "why do i have to have a needle in my back",
    "im 15, will i be able to have kids",
    # in search words
    "chemo how is it given",
    "side effects chemo",
    "stem cell transplant",
    "remission meaning",
    "is remission permanent",
    "is remission the same as cured",
    "leukemia outlook children",
    "survival rate childhood ALL",
    "prognosis factors",
    "treatment options",
    "new treatments being studied",
    "phases of chemo",
    "what is palliative care",
    "what does minimal residual disease mean",
    "what is CAR T-cell therapy",
    "blinatumomab",
    # misspelt, and in Spanish
    "wat is lukemia",
    "hwo long does treatmnt take",
    "¿se va a morir mi hijo?",
    "¿se puede curar la leucemia?",
    "¿qué es la quimioterapia?",
    "¿es mi culpa?",
)

NAMING = {
    "What happens when leukemia comes back?": "relapse",
    "what if it returns, the leukemia, after treatment": "relapse",
    "treatment for relapsed ALL": "relapse",
    "How is recurrent leukemia treated?": "relapse",
    "her cancer came back in the brain, how is that treated": "relapse",
    "relapce in the bone marrow treatment": "relapse",
    "leukemia came back a second time, which treatments are studied": "relapse",
    "what is clofarabine": "relapse",
    "marqibo": "relapse",
    "what is re-induction chemotherapy": "relapse",
    "What is refractory leukemia?": "refractory",
    "what happens if the chemo is not working": "refractory",
    "the leukemia did not respond to treatment, what now": "refractory",
    "is there a standard treatment for refractory childhood ALL": "refractory",
    "what if treatment fails": "end_of_life",
    "What is hospice care?": "end_of_life",
    "hospice at home": "end_of_life",
    "what does terminal leukemia mean": "end_of_life",
    "support after the death of a child": "end_of_life",
    "where do we find help with grief and loss": "end_of_life",
    "what does it mean that the leukemia is advanced": "end_of_life",
}
"""Messages that name a hard case, with the phase of a passage that they must be shown."""


@pytest.fixture(scope="module")
def chat(built_index: Path) -> Chat:
    return Chat.open(built_index, corpus=ROOT / "corpus")


def shown(chat: Chat, answer: Answer) -> Iterator[Block]:
    """The blocks that an answer's quotes touch."""
    for citation in answer.citations:
        for block in chat.outline(citation.document).blocks:
            if block.start < citation.end and citation.start < block.end:
                yield block


def hard(chat: Chat, answer: Answer) -> list[str]:
    """What an answer quotes, lists or offers of relapse, failed treatment and the end of life."""
    quoted = [block.key for block in shown(chat, answer) if facets().holds_back(block.applies, frozenset())]
    offered = [text for text in answer.suggestions if chat.named(text) & facets().held]
    sections = [section for key in chat.documents for section in chat.outline(key).sections]
    held = {s.heading[-1] for s in sections if facets().holds_back(s.applies, frozenset())}
    listed = [line for line in answer.text.splitlines() if line.removeprefix("- ") in held]
    return [*quoted, *offered, *listed]


@pytest.mark.parametrize("question", GENERAL)
def test_a_message_that_names_no_hard_case_is_shown_none(question: str, chat: Chat) -> None:
    assert not chat.named(question) & facets().held
    assert hard(chat, chat.ask(question)) == []


@pytest.mark.parametrize(("question", "phase"), NAMING.items())
def test_a_message_that_names_a_hard_case_gets_it(question: str, phase: str, chat: Chat) -> None:
    answer = chat.ask(question)
    assert answer.kind == "answer"
    assert phase in {value for block in shown(chat, answer) for value in block.applies.phase}


@pytest.mark.parametrize("question", ["will my son die", "is she dying", "can it be cured", "is leukemia curable"])
def test_fear_is_met_with_the_general_outlook_or_with_no_quote(question: str, chat: Chat) -> None:
    headings = {citation.heading[-1] for citation in chat.ask(question).citations}
    outlook = {
        "Certain factors affect prognosis (chance of recovery) and treatment options.",
        "Remission and the chance of recurrence",
        "Chemotherapy",  # what a complete remission is, and in how many
        "There are different types of treatment for childhood acute lymphoblastic leukemia (ALL).",
    }
    assert headings <= outlook


@pytest.mark.parametrize("question", ["is it my fault", "did we cause this", "could we have prevented it"])
def test_guilt_is_met_first_with_what_a_risk_factor_does_not_mean(question: str, chat: Chat) -> None:
    first = chat.ask(question).citations[0].quote
    assert first.startswith("Having a risk factor does not mean that you will get cancer")


def test_a_refusal_quotes_what_bears_on_the_question(chat: Chat) -> None:
    quotes = " ".join(citation.quote for citation in chat.ask("will she lose her hair").citations)
    assert "lose their hair" in quotes
    fertility = " ".join(
        citation.quote for citation in chat.ask("will treatment hurt her chance to be a mom one day").citations
    )
    assert "fertility" in fertility
    assert "prognosis" not in fertility


def test_a_word_that_only_stands_in_what_is_held_back_is_no_evidence(chat: Chat) -> None:
    # "Get a second opinion" is said to those whose leukemia is refractory: silence, not whatever has "second" in it.
    assert chat.ask("another opinion").kind in ("not_found", "out_of_scope")


def test_a_follow_up_names_what_the_question_before_named(chat: Chat) -> None:
    before = "What happens when leukemia comes back?"
    assert "relapse" in chat.named("and how is it treated?", history=[before])
    assert "relapse" not in chat.named("What is a lumbar puncture?", history=[before])
    answer = chat.ask("and how is it treated?", history=[before])
    assert any("relapse" in block.applies.phase for block in shown(chat, answer))


@pytest.mark.slow
@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.soak)])
def test_no_question_of_ours_on_a_general_block_is_answered_with_a_hard_case_that_it_does_not_name(
    every: int, chat: Chat
) -> None:
    faults = []
    for block, _, text in list(chat.index.questions())[::every]:
        if facets().holds_back(chat.index.blocks([block])[0].applies, frozenset()):
            continue
        if any(facets().holds_back(found.applies, chat.named(text)) for found in shown(chat, chat.ask(text))):
            faults.append(text)
    assert faults == []


# ---- what a message names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "values"),
    [
        ("what if the leukemia comes back", {"relapse"}),
        ("worried it might have come back", {"relapse"}),
        ("will his hair come back", set()),
        ("her test results came back", set()),
        ("can he return to school with leukemia", set()),
        ("back pain", set()),
        ("the treatment stopped working", {"refractory"}),
        ("i stopped working to care for him", set()),
        ("am I going to die", set()),
        ("is my daughter dying", set()),
        ("I'm scared to death", set()),
        ("can it be cured", set()),
        ("does hospice mean he is dying", {"end_of_life"}),
        ("what if it can't be cured", {"end_of_life"}),
        ("cuidados al final de la vida", {"end_of_life"}),
        ("¿y si la leucemia vuelve?", {"relapse"}),
        ("¿qué tratamiento hay para una recaída?", {"relapse"}),
        ("the leukemia is advanced", {"end_of_life"}),
        ("is leukemia terminal", set()),
        ("¿cuándo puede volver a la escuela?", set()),
        ("infants with ALL", {"infant"}),
        ("my 14 year old has it", {"teenager"}),
        ("t-cell ALL", {"T"}),
        ("CAR T cells", set()),
        ("Ph+ ALL", {"Ph+"}),
        ("effects years later", {"late_effects"}),
        ("she finished treatment and forgets things", {"late_effects"}),
    ],
)
def test_the_word_table_tells_what_is_named_from_what_only_sounds_so(message: str, values: set[str]) -> None:
    assert facets().named(message) - {"first_treatment"} == values


def test_a_phrase_matches_whole_words_with_its_signs() -> None:
    pattern = any_phrase(["(come|comes) back", "relaps*", "no ... cure", "second other? time"])
    for text in ("it comes back", "relapsed", "no real cure", "second time", "second other time", "come-back"):
        assert pattern.search(text), text
    for text in ("income backs", "prelapse", "no a b c d cure", "they come. back then"):
        assert not pattern.search(text), text


def test_a_medicine_that_stands_in_one_kind_of_text_alone_names_it(chat: Chat) -> None:
    assert {"relapse", "refractory"} <= chat.named("what is clolar")
    assert "Ph+" in chat.named("what does gleevec do")
    assert not chat.named("what is vincristine")  # stands in general texts too
    assert {"relapse", "refractory"} <= chat.named("clofarabin")  # a misspelling that corpus/lay_terms.toml knows


def test_a_term_names_only_what_all_its_blocks_share() -> None:
    kinds = {"a": Applies(("relapse",)), "b": Applies(("refractory",)), "c": Applies(), "d": Applies((), (), ("T",))}
    blocks = [Block(key, 0, "paragraph", 0, 1, (), applies=applies) for key, applies in kinds.items()]
    texts = ("mab one two", "mab one", "mab", "rib")
    words = {block.key: text for block, text in zip(blocks, texts, strict=True)}
    found = names(["mab", "one", "two", "rib", "nowhere"], blocks=blocks, words=words)
    assert found == {"one": ["refractory", "relapse"], "two": ["relapse"], "rib": ["T"]}
    assert Naming(found).named("What is Two?") == {"relapse"}


def test_what_is_not_named_is_held_back_or_ranks_lower() -> None:
    table = facets()
    assert table.share(Applies(("relapse",)), frozenset()) == 0
    assert table.share(Applies(("relapse", "refractory")), frozenset({"refractory"})) == 1
    assert table.share(Applies(("first_treatment", "relapse")), frozenset()) == 1
    assert table.share(Applies((), ("infant",)), frozenset()) == BESIDE
    assert table.share(Applies((), ("infant",)), frozenset({"infant"})) == 1
    assert table.share(Applies(("late_effects",)), frozenset()) == BESIDE
    assert table.share(Applies(), frozenset()) == 1


def test_a_lay_word_does_not_lead_fear_to_a_hard_case(chat: Chat) -> None:
    assert not any("hospice" in wording for wording in chat.search().wordings("is she dying"))
    assert any("hospice" in wording for wording in chat.search().wordings("is she dying, do we need hospice"))


# ---- what a text applies to ------------------------------------------------------------------------------------------

TEXT = """Treatment
Drugs are given.

Relapsed leukemia
It is treated again.

No cure came.

Infants
They are small.
"""


def outlined(*rules: AppliesRule) -> Outline:
    document = Document("d", "d.txt", *["x"] * 4, None, *["x"] * 6, TEXT, Layout(applies=rules))
    return outline_document(document)


def applies(outline: Outline) -> dict[str, Applies]:
    return {clean(TEXT[block.start : block.end]): block.applies for block in outline.blocks}


def test_a_heading_says_for_whom_what_stands_below_it_speaks() -> None:
    said = applies(outlined())
    assert said["Drugs are given."] == Applies()
    assert said["It is treated again."] == Applies(("relapse",))
    assert said["They are small."] == Applies((), ("infant",))


def test_a_declaration_replaces_what_the_heading_says() -> None:
    general = AppliesRule(Applies(), heading="Relapsed leukemia")
    last = AppliesRule(Applies(("end_of_life",)), begins="No cure")
    said = applies(outlined(general, last))
    assert said["It is treated again."] == Applies()
    assert said["No cure came."] == Applies(("end_of_life",))
    through = applies(outlined(AppliesRule(Applies(("refractory",)), begins="It is", through="No cure")))
    assert {through["It is treated again."], through["No cure came."]} == {Applies(("refractory",))}


@pytest.mark.parametrize(
    ("rule", "fact"),
    [
        (AppliesRule(Applies(), heading="Nowhere"), "heading = 'Nowhere' is no heading of it"),
        (AppliesRule(Applies(), begins="Nowhere"), "begins = 'Nowhere' begins no block of it"),
        (AppliesRule(Applies(), begins="No cure", through="Drugs"), "through = 'Drugs' stands before"),
        (AppliesRule(Applies(), begins="T"), "begins = 'T' begins 2 blocks of it"),
    ],
)
def test_a_declaration_that_names_no_single_place_is_an_error(rule: AppliesRule, fact: str) -> None:
    with pytest.raises(CorpusError, match=r"corpus\.toml, source 'd', \[\[source\.applies\]\]") as raised:
        outlined(rule)
    assert fact in str(raised.value)


def declared(corpus: Path, lines: str) -> None:
    """Adds a declaration to the last source."""
    with (corpus / "corpus.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[[source.applies]]\n{lines}\n")


@pytest.mark.parametrize(
    ("lines", "fact"),
    [
        ('phase = ["relapse"]', "needs either a heading, or begins"),
        ('heading = "A"\nbegins = "B"', "needs either a heading, or begins"),
        ('heading = "A"\nthrough = "B"', "needs either a heading, or begins"),
        ('heading = "A"\nphase = ["relapsed"]', "applies.0.phase.0"),
        ('heading = "A"\nstage = ["relapse"]', "unknown key"),
    ],
)
def test_a_declaration_with_a_wrong_key_or_value_is_an_error(lines: str, fact: str, corpus: Path) -> None:
    declared(corpus, lines)
    with pytest.raises(CorpusError, match=r"See corpus/README\.md") as raised:
        read_corpus(corpus)
    assert fact in str(raised.value)


def test_the_index_gives_back_what_each_section_and_block_applies_to(chat: Chat) -> None:
    for key, document in chat.documents.items():
        assert chat.index.outline(key) == outline_document(document)
    held = ((a, chat.index.blocks(numbers.tolist())) for a, numbers in chat.index.special().items())
    assert all(block.applies == a for a, blocks in held for block in blocks)


def begins(chat: Chat) -> Callable[[str], Applies]:
    def found(words: str) -> Applies:
        blocks = [(block, chat.documents[key].text) for key in chat.documents for block in chat.outline(key).blocks]
        return next(b.applies for b, text in blocks if clean(text[b.start : b.end]).startswith(words))

    return found


def test_the_sources_hard_passages_are_tagged_and_their_general_ones_are_not(chat: Chat) -> None:
    applies_to = begins(chat)
    assert applies_to("After the death of a loved one").phase == ("end_of_life",)
    assert applies_to("Recovery from leukemia is not always possible").phase == ("end_of_life",)
    assert applies_to("For leukemia that relapses (comes back)").phase == ("relapse",)
    assert applies_to("Refractory ALL occurs when").phase == ("refractory",)
    assert applies_to("Late effects of cancer treatment").phase == ("late_effects",)
    assert applies_to("The treatment of infants").age == ("infant",)
    assert applies_to("The treatment of newly diagnosed T-cell").type == ("T",)
    assert applies_to("A remission is when ALL cannot be detected") == Applies()
    assert applies_to("Palliative care is any treatment") == Applies()  # for anyone, at any time, says the source


@pytest.mark.parametrize(
    "said", ["re-induction  therapy", "Re-induction\xa0therapy", "re induction, therapy", "reinduction-therapy"]
)
def test_a_term_is_named_however_its_words_are_parted(said: str) -> None:
    forms = ("re-induction therapy", "re induction therapy", "reinduction therapy")
    assert "relapse" in Naming({form: ["relapse"] for form in forms}).named(f"what is {said}?")
