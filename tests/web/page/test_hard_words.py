"""Hard words: a link in the quote, and what the source says of the word."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

from places import ROOT
from small_chat import SmallChat

from allchat.records import Citation
from allchat.sources.corpus import read_corpus
from allchat.sources.glossary import Glossary
from allchat.sources.outline import outline_document
from allchat.web.page.messages import explained, page_words
from allchat.web.page.sources_panel import hard_words
from allchat.web.page.trail import Trail, TrailQuote, extended

CHAT = SmallChat()
WORDS = page_words()

DOCUMENTS = {document.key: document for document in read_corpus(ROOT / "corpus")}
OUTLINES = {key: outline_document(document) for key, document in DOCUMENTS.items()}
GLOSSARY = Glossary.of(DOCUMENTS, OUTLINES)
PDQ = DOCUMENTS["nci-pdq-childhood-all"]


def cite(words: str, *, number: int = 1) -> Citation:
    start = PDQ.text.index(words)
    return replace(
        CHAT.citation(1, "leaflet", "Treatment has three phases."),
        number=number, document=PDQ.key, start=start, end=start + len(words), quote=words,
    )  # fmt: skip


def test_only_the_first_of_each_hard_word_in_a_quote_is_a_link_and_no_letter_changes() -> None:
    quote = "This puts the leukemia into remission."
    text = f"remission, we say\n\n> {quote} Remission. [1]\n\nremission again"
    shown = explained(text, [cite(quote)], glossary=GLOSSARY)
    assert shown.count("](#w-") == 1
    assert "into [remission](#w-cancernet-all-treatment-remission). Remission. [1]" in shown
    assert re.sub(r"\[(\w+)\]\(#w-[\w-]+\)", r"\1", shown) == text


def test_a_word_whose_definition_is_quoted_anyway_is_not_a_link() -> None:
    quote = "Petechiae (flat, pinpoint, dark-red spots under the skin caused by bleeding)."
    assert explained(f"> {quote} [1]", [cite(f"• {quote}")], glossary=GLOSSARY) == f"> {quote} [1]"


def test_a_line_without_a_quotes_number_behind_it_holds_no_link() -> None:
    assert explained("> remission", [], glossary=GLOSSARY) == "> remission"


def test_the_panel_tells_what_the_source_says_of_a_word_with_its_list_and_its_place() -> None:
    asker = SimpleNamespace(documents=DOCUMENTS, outline=OUTLINES.__getitem__)
    quote = cite("• Petechiae (flat, pinpoint, dark-red spots under the skin caused by bleeding).")
    trail = Trail(1, (TrailQuote(1, 1, PDQ.key, quote.start, quote.end, PDQ.sha256),))
    shown = hard_words(trail.quotes, asker, words=WORDS, glossary=GLOSSARY)  # type: ignore[arg-type]
    assert 'id="w-nci-pdq-childhood-all-petechiae" tabindex="-1"' in shown
    assert "<p>Petechiae (flat, pinpoint, dark-red spots under the skin caused by bleeding).</p>" in shown
    assert "This is from a list that begins:" in shown
    assert "if your child has any of the following:</p>" in shown
    assert "Last revised September 2, 2022" in shown
    entry = GLOSSARY.define("petechiae", document=PDQ.key)
    assert f"@{PDQ.sha256[:16]}?start={entry.start}&amp;end={entry.end}#marked" in shown


def test_quotes_without_hard_words_bring_no_list_of_them() -> None:
    assert hard_words(extended(Trail(), CHAT.ask("signs")).quotes, CHAT, words=WORDS, glossary=GLOSSARY) == ""
