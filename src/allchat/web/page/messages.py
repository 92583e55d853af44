"""What the page says: its own words, and an answer in them. Pure functions of records and of our words.

Every text is plain until a template escapes it. Markdown is read in fixed sentences alone, with their values escaped.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from allchat.addresses import phone_address
from allchat.answering.query import Asker
from allchat.contact import USUAL_CONTACT, Contact
from allchat.languages.calls import calls
from allchat.markdown import escape_markdown, one_line
from allchat.parts import Fixed, Title
from allchat.records import Answer
from allchat.sources.glossary import Glossary
from allchat.web.assets import templates
from allchat.web.page.cards import Quotes, arranged, short_name, when
from allchat.web.source_page import in_language, long_date
from allchat.wording import Words, contact_values, load_wording

_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_MARKDOWN = MarkdownIt("commonmark")
NO_WORDS = Glossary(())

CONTACT = USUAL_CONTACT.values()


def page_words(language: str = "en", *, contact: Mapping[str, str] = CONTACT) -> Words:
    """The page's own words in one language, with the numbers and the name of the care team that an operator set.

    Other braces stay: the page fills them with counts and dates.
    """
    wording = load_wording(language)
    told = contact_values(Contact(**{**CONTACT, **contact}), wording=wording)

    def filled(text: Any) -> Any:
        for name, value in told.items():
            text = text.replace(f"{{{name}}}", value) if isinstance(text, str) else text
        return text

    alarms = {reason: wording.said(f"urgent.{reason}.text", told) for reason in wording.table("urgent")}
    return {
        **{name: filled(text) for name, text in wording.table("page").items()},
        **told,
        "language_name": wording.text("language.name"),
        "list_lead": wording.text("answer.list_lead"),
        "further": wording.text("answer.further"),
        "call_lines": {
            reason: replace(alarm, sentence=alarm.sentence.partition("\n\n")[0]) for reason, alarm in alarms.items()
        },
    }


def ours(part: Fixed) -> Markup:
    """A fixed sentence as HTML, its numbers as links that a phone calls when they are touched."""
    text = part.filled(escape_markdown, number=lambda number: f"[{number}]({phone_address(number)})")
    return Markup(_MARKDOWN.render(text))  # noqa: S704 - our Markdown, its values escaped


_TEMPLATES = templates("allchat.web.page")
_TEMPLATES.filters |= {"ours": ours, "short_name": short_name, "when": when}
_TEMPLATES.filters["direction"] = lambda part: calls()[part.language].dir


def message(
    answer: Answer,
    asker: Asker,
    *,
    turn: int,
    words: Words,
    again: bool = False,
    glossary: Glossary = NO_WORDS,
    alarms: Sequence[str] = (),
    known: Collection[str] = (),
) -> Markup:
    """An answer as the conversation shows it, its quotes in cards, each number a link to its mark in the source.

    The first of each hard word in its quotes is a link to what the source says of it. The call lines of earlier
    ``alarms`` stand above it, but not above another alarm. The quotes on request are folded. ``known`` are the
    documents quoted before: how answers are made, and how old a source is, is said once.
    """
    cited = {citation.number: citation for citation in (*answer.citations, *answer.further)}
    documents, introduced = asker.documents, set[str]()
    said = arranged(answer.parts.said, answer, documents=documents, introduced=introduced)
    further = arranged(answer.parts.further, answer, documents=documents, introduced=introduced)
    lead = [part for part in answer.parts.said if isinstance(part, Fixed) and part.role == "lead"]
    # In front of whom to call stands nothing.
    differs = not again and not answer.tone and one_line(answer.understood_as) != one_line(answer.question)
    return Markup(  # noqa: S704 - the template escapes
        _TEMPLATES.get_template("said.html").render(
            words=words,
            answer=answer,
            alarms=alarms,
            other=_other_language(answer, words=words),
            understood=one_line(answer.understood_as) if differs else "",
            said=said,
            lead=[] if known else lead,
            further=further,
            notes=list(notices(answer, words=words, known=known)),
            quotes=Quotes(cited, documents, turn, words, glossary),
            place=partial(place_of, asker=asker, words=words),
        )
    )


def notices(answer: Answer, *, words: Words, known: Collection[str]) -> Iterator[str]:
    """What is to be known of the answer, without what was said before of a source that was quoted before."""
    for note in answer.parts.notes:
        if not set(note.about) & set(known):
            yield _DATE.sub(lambda day: long_date(day[0], words=words), note.filled())


def _other_language(answer: Answer, *, words: Words) -> str | None:
    """The language of an answer's own words where it is not that of the page: its notice tells."""
    said = next((note.language for note in answer.parts.notes if note.name == "language.note"), None)
    return None if said == words["lang"] else said


def place_of(title: Title, *, asker: Asker, words: Words) -> str:
    """The address of a source, or of the section of it that a title names."""
    address = f"/source/{title.document}{in_language(words).replace('&', '?')}"
    if title.section is None:
        return address
    outline = asker.outline(title.document)
    section = outline.sections[title.section]
    end = next((block.end for block in outline.blocks if block.section == title.section), section.end)
    return f"{address}#c{section.start}-{end}"


def status(answer: Answer, *, turn: int, words: Words) -> str:
    """One sentence for the status line: that the answer is there and what it rests on."""
    quotes, sources = len(answer.citations), len({citation.document for citation in answer.citations})
    if answer.kind == "urgent":
        name = "ready_urgent"
    elif quotes > 1:
        name = "ready_quotes" if sources > 1 else "ready_quotes_one"
    else:
        name = "ready_quote" if quotes else "ready"
    return str(words[name]).format(turn=turn, quotes=quotes, sources=sources)
