"""What the page says: its own words, and what it says of an answer. Pure functions of records and of our words.

Every text is plain until a template escapes it. Markdown is read in fixed sentences alone, with their values escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from allchat.addresses import phone_address, web_address
from allchat.contact import USUAL_CONTACT, Contact
from allchat.languages.calls import calls
from allchat.markdown import escape_markdown, one_line
from allchat.parts import Fixed, Title
from allchat.web.assets import templates
from allchat.web.page.cards import Shown, short_name, when
from allchat.web.page.sources_panel import cut, hard_words, sources
from allchat.web.source_page import in_language, long_date, place_path, revised
from allchat.wording import Words, contact_values, load_wording

_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_MARKDOWN = MarkdownIt("commonmark")

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


def notices(shown: Shown) -> Iterator[str]:
    """What is to be known of the answer, without what was said before of a source that was quoted before."""
    for note in shown.answer.parts.notes:
        if not set(note.about) & set(shown.known):
            yield _DATE.sub(lambda day: long_date(day[0], words=shown.words), note.filled())


def lead(shown: Shown) -> list[Fixed]:
    """How answers are made: said once in a conversation."""
    said = shown.answer.parts.said
    return [] if shown.known else [part for part in said if isinstance(part, Fixed) and part.role == "lead"]


def other_language(shown: Shown) -> str | None:
    """The language of an answer's own words where it is not that of the page: its notice tells."""
    said = next((note.language for note in shown.answer.parts.notes if note.name == "language.note"), None)
    return None if said == shown.words["lang"] else said


def place(title: Title, shown: Shown) -> str:
    """The address of a source, or of the section of it that a title names."""
    address = f"/source/{title.document}{in_language(shown.words).replace('&', '?')}"
    if title.section is None:
        return address
    outline = shown.asker.outline(title.document)
    section = outline.sections[title.section]
    end = next((block.end for block in outline.blocks if block.section == title.section), section.end)
    return f"{address}#c{section.start}-{end}"


def status(shown: Shown) -> str:
    """One sentence for the status line: that the answer is there and what it rests on."""
    cited = shown.answer.citations
    quotes, sources = len(cited), len({citation.document for citation in cited})
    if shown.answer.kind == "urgent":
        name = "ready_urgent"
    elif quotes > 1:
        name = "ready_quotes" if sources > 1 else "ready_quotes_one"
    else:
        name = "ready_quote" if quotes else "ready"
    return str(shown.words[name]).format(turn=shown.turn, quotes=quotes, sources=sources)


def turn_post(question: str, *, words: Words, shown: Shown | None = None, **below: object) -> str:
    """A post that brings one turn: the question as it is repeated, the answer or that there is a fault, what stands
    ``below`` it, the sources.
    """
    return _TEMPLATES.get_template("turn.html").render(question=question, words=words, shown=shown, **below)


_TEMPLATES = templates("allchat.web.page")
_TEMPLATES.filters |= {
    told.__name__: told
    for told in (cut, hard_words, lead, notices, one_line, other_language, ours, place, revised, short_name, sources)
} | {"status": status, "when": when, "direction": lambda part: calls()[part.language].dir}
_TEMPLATES.globals["place_path"] = place_path
_TEMPLATES.tests["web_address"] = lambda text: web_address(text) is not None
