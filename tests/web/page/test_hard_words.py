"""Hard words: a link in the quote, and what the source says of the word."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

from page_parts import panel
from places import ROOT
from small_chat import SmallChat

from allchat.parts import Line, Quoted
from allchat.records import Citation
from allchat.sources.corpus import read_corpus
from allchat.sources.glossary import Glossary
from allchat.sources.outline import outline_document
from allchat.web.page.cards import Shown
from allchat.web.page.messages import page_words

CHAT = SmallChat()
WORDS = page_words()

DOCUMENTS = {document.key: document for document in read_corpus(ROOT / "corpus")}
OUTLINES = {key: outline_document(document) for key, document in DOCUMENTS.items()}
GLOSSARY = Glossary.of(DOCUMENTS, OUTLINES)
ASKER = SimpleNamespace(documents=DOCUMENTS, outline=OUTLINES.__getitem__)
PDQ = DOCUMENTS["nci-pdq-childhood-all"]


def cite(words: str, *, number: int = 1) -> Citation:
    start = PDQ.text.index(words)
    return replace(
        CHAT.citation(1, "leaflet", "Treatment has three phases."),
        number=number, document=PDQ.key, start=start, end=start + len(words), quote=words,
    )  # fmt: skip


def quotes(*citations: Citation) -> Shown:
    answer = replace(CHAT.ask("signs"), citations=citations)
    return Shown(answer, ASKER, 1, WORDS, GLOSSARY)  # type: ignore[arg-type]


def frame(words: str) -> Quoted:
    return Quoted((), (Line(words, None, 1, ends=True),))


def test_only_the_first_of_each_hard_word_in_a_quote_is_a_link_and_no_letter_changes() -> None:
    quote = "This puts the leukemia into remission."
    here = quotes(cite(quote))
    shown = here.quote(frame(f"{quote} Remission."))
    assert 'into <a href="#w-cancernet-all-treatment-remission">remission</a>. Remission. <a href="#t1q1">' in shown
    assert re.sub("<[^>]+>", "", shown).startswith(f"{quote} Remission. 1")
    assert "#w-" not in here.quote(frame("Remission."))


def test_a_word_whose_definition_is_quoted_anyway_is_not_a_link() -> None:
    quote = "Petechiae (flat, pinpoint, dark-red spots under the skin caused by bleeding)."
    assert "#w-" not in quotes(cite(f"• {quote}")).quote(frame(quote))


def test_the_panel_tells_what_the_source_says_of_a_word_with_its_list_and_its_place() -> None:
    quote = cite("• Petechiae (flat, pinpoint, dark-red spots under the skin caused by bleeding).")
    answer = replace(CHAT.ask("signs"), citations=(replace(quote, source_sha256=PDQ.sha256),))
    shown = panel(answer, ASKER, turn=1, words=WORDS, glossary=GLOSSARY)  # type: ignore[arg-type]
    assert 'id="w-nci-pdq-childhood-all-petechiae" tabindex="-1"' in shown
    assert "<p>Petechiae (flat, pinpoint, dark-red spots under the skin caused by bleeding).</p>" in shown
    assert "This is from a list that begins:" in shown
    assert "if your child has any of the following:</p>" in shown
    assert "Last revised September 2, 2022" in shown
    entry = GLOSSARY.define("petechiae", document=PDQ.key)
    assert f"@{PDQ.sha256[:16]}?start={entry.start}&amp;end={entry.end}#marked" in shown


def test_quotes_without_hard_words_bring_no_list_of_them() -> None:
    assert (
        "words" not in panel(CHAT.ask("signs"), CHAT, turn=1, words=WORDS, glossary=GLOSSARY).partition("</section>")[2]
    )
