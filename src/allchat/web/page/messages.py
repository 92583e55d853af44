"""What the page shows, as Markdown and HTML: pure functions of records and of our words.

Three kinds of text meet here. Ours comes from the wording file. A source's is escaped when it becomes HTML. A family's
question is escaped for Markdown and HTML at once, and stands only where the page repeats what was asked.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from allchat.addresses import phone_address
from allchat.answering.compose import shown
from allchat.answering.cuts import Sources
from allchat.contact import USUAL_CONTACT, Contact
from allchat.languages.calls import language_of
from allchat.markdown import MARKER, literal, plain
from allchat.records import Answer, Citation, Document
from allchat.sources.glossary import Definition, Glossary
from allchat.web.page.cards import arranged
from allchat.web.page.trail import CRISIS, TrailQuote
from allchat.web.page.votes import VOTES
from allchat.web.source_page import long_date
from allchat.wording import LANGUAGES, Words, contact_values, load_wording

_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_QUOTE_END = re.compile(r"(?<!\\)\[(\d{1,2})\]$")
NO_WORDS = Glossary(())

NUMBERS = ("emergency_number", "crisis_number", "poison_number")
CONTACT = USUAL_CONTACT.values()
FREE_WORDS = ("care_team", "region")

FRAMES = {"emergency": "urgent", "crisis": "crisis", "support": "support"}
"""The class of the frame around an answer, by its tone."""


def page_words(language: str = "en", *, contact: Mapping[str, str] = CONTACT) -> Words:
    """The page's own words in one language, with the numbers and the name of the care team that an operator set.

    Other braces stay: the page fills them with counts and dates.
    """
    wording = load_wording(language)
    told = contact_values(Contact(**{**CONTACT, **contact}), wording=wording)

    # The care team and the region are free words: they stand in HTML and in Markdown, and must be a link in neither.
    shown = {name: literal(value) if name in FREE_WORDS else html.escape(value) for name, value in told.items()}

    def filled(text: Any) -> Any:
        for name, value in shown.items():
            text = text.replace(f"{{{name}}}", value) if isinstance(text, str) else text
        return text

    words = {name: filled(text) for name, text in wording.table("page").items()}
    words |= {"language_name": wording.text("language.name"), "list_lead": wording.text("answer.list_lead")}
    words["call_lines"] = {
        reason: filled(said["text"].strip().partition("\n\n")[0]) for reason, said in wording.table("urgent").items()
    }
    words |= {"further": wording.text("answer.further")}
    return words | {name: shown[name] for name in CONTACT}


def message(
    answer: Answer,
    *,
    turn: int,
    words: Words,
    again: bool = False,
    glossary: Glossary = NO_WORDS,
    alarms: Sequence[str] = (),
    more: str = "",
    documents: Mapping[str, Document] | None = None,
    known: Collection[str] = (),
) -> str:
    """An answer as the conversation shows it, its quotes in cards, each ``[n]`` a link to its mark in the source.

    The first of each hard word in its quotes is a link to what the source says of it. The call lines of earlier
    ``alarms`` stand above it, but not above another alarm. ``more`` holds the quotes on request (``folded``). ``known``
    are the documents quoted before: how answers are made, and how old a source is, is said once.
    """
    cited = (*answer.citations, *answer.further)
    text = arranged(answer.text, answer, documents=documents or {}, words=words, lead=not known)
    text = explained("\n\n".join(part for part in (text, more) if part), cited, glossary=glossary)
    parts = [_in_its_language(_linked(text, answer, turn=turn, words=words))]
    # In front of whom to call stands nothing.
    if not again and not answer.tone and plain(literal(answer.understood_as)) != plain(literal(answer.question)):
        parts.insert(0, f'<p class="understood">{words["understood"]} {literal(answer.understood_as)}</p>')
    said = "\n\n".join(parts)
    calls = answer.tone or answer.kind in ("refusal", "not_found") or answer.reason == "language"
    said = callable_numbers(said, words=words) if calls else said
    if answer.tone:  # nothing but the help that is offered stands in the frame
        said = f'<div class="{FRAMES[answer.tone]}">\n\n{said}\n\n</div>'
    other = _other_language(answer, words=words)
    said = f'<div lang="{other}">\n\n{said}\n\n</div>' if other else said
    if answer.kind != "urgent":
        said = "\n\n".join([*kept_lines(alarms, words=words), said])
    return "\n\n".join([said, *notices(answer, words=words, known=known)])


def notices(answer: Answer, *, words: Words, known: Collection[str]) -> list[str]:
    """What is to be known of the answer, without what was said before of a source that was quoted before."""
    said_before = [citation.title for citation in (*answer.citations, *answer.further) if citation.document in known]
    fresh = (notice for notice in answer.notices if not any(title in notice for title in said_before))
    dated = (_DATE.sub(lambda day: long_date(day[0], words=words), notice) for notice in fresh)
    other = _other_language(answer, words=words)
    marked = f' lang="{other}"' if other else ""
    return [f'<p class="note"{marked}>{literal(notice)}</p>' for notice in dated]


def _other_language(answer: Answer, *, words: Words) -> str | None:
    """The language of an answer's own words where it is not that of the page: its notice tells."""
    spoken = (code for code in LANGUAGES if load_wording(code).has("language.note"))
    said = next((code for code in spoken if load_wording(code).text("language.note") in answer.notices), None)
    return None if said == words["lang"] else said


def _in_its_language(text: str) -> str:
    """The text with each paragraph that is in a language of its own marked so, and laid out in its direction."""

    def marked(paragraph: str) -> str:
        found = language_of(paragraph)
        return paragraph if found is None else f'<div lang="{found[0]}" dir="{found[1]}">\n\n{paragraph}\n\n</div>'

    return "\n\n".join(map(marked, text.split("\n\n")))


def kept_lines(alarms: Sequence[str], *, words: Words) -> list[str]:
    """The call lines of earlier alarms, as they stand above later answers; none for a reason without words of ours."""
    lines = [(alarm, words["call_lines"][alarm]) for alarm in alarms if alarm in words["call_lines"]]
    return [
        f'<div class="kept {"crisis" if alarm == CRISIS else "urgent"}">\n\n'
        f"{callable_numbers(line, words=words)}\n\n</div>"
        for alarm, line in lines
    ]


def folded(answer: Answer, *, sources: Sources, words: Words) -> str:
    """The quotes on request, in cards, folded under a line that opens them; nothing where there are none."""
    if not answer.further:
        return ""
    quotes = shown(answer.further, sources=sources, wording=load_wording(str(words["lang"])))
    quoted = {citation.document for citation in answer.citations}
    unnamed = {key: document for key, document in sources.documents.items() if key not in quoted}
    cards = arranged(quotes, answer, documents=unnamed, words=words, named=sources.documents)
    return f'<details class="further"><summary>{words["further"]}</summary>\n\n{cards}\n\n</details>'


def callable_numbers(text: str, *, words: Words) -> str:
    """Our own text with the operator's numbers as links that a phone calls when they are touched."""
    numbers = "|".join(re.escape(str(words[name])) for name in NUMBERS)
    return re.sub(rf"(?<![\w-])(?:{numbers})(?![\w-])", lambda found: f"[{found[0]}]({phone_address(found[0])})", text)


def explained(text: str, citations: Sequence[Citation], *, glossary: Glossary) -> str:
    """An answer's text with its hard words as links. No letter of a quote changes, and only quotes hold links.

    A word whose definition is itself among the quotes is not linked.
    """
    lines = text.split("\n")
    sources = _quoted_sources(lines, citations)
    linked: set[str] = set()

    def link(found: re.Match[str], document: str) -> str:
        definition = glossary.define(found[0], document=document)
        if definition.name in linked or any(_holds(cite, definition) for cite in citations):
            return found[0]
        linked.add(definition.name)
        return f"[{found[0]}](#{definition.name})"

    for number, document in sources.items():
        lines[number] = glossary.replace(lines[number], partial(link, document=document))
    return "\n".join(lines)


def _holds(cite: Citation | TrailQuote, definition: Definition) -> bool:
    return cite.document == definition.document and cite.start <= definition.start and definition.end <= cite.end


def _quoted_sources(lines: Sequence[str], citations: Sequence[Citation]) -> dict[int, str]:
    """The document of every quoted line, by the line's number: a quote's own number stands at its end."""
    documents = {cite.number: cite.document for cite in citations}
    found: dict[int, str] = {}
    document: str | None = None
    for number in range(len(lines) - 1, -1, -1):
        mark = _QUOTE_END.search(lines[number])
        document = documents.get(int(mark[1]), document) if mark else document
        if lines[number].startswith(">") and document:
            found[number] = document
    return dict(sorted(found.items()))


def _linked(text: str, answer: Answer, *, turn: int, words: Words) -> str:
    titles = {citation.number: citation.title for citation in (*answer.citations, *answer.further)}

    def chip(found: re.Match[str]) -> str:
        number = int(found[1])
        if number not in titles:
            return found[0]
        return f'[{number}<span class="vh"> {words["source"]} {literal(titles[number])}</span>](#t{turn}q{number})'

    return MARKER.sub(chip, text)


def starters(words: Words) -> str:
    """Questions to start from, in groups that unfold; the page's script asks the one that is touched."""

    def group(number: int, title: str, questions: Sequence[str]) -> str:
        opened = "" if number else " open"
        return f"<details{opened}><summary>{html.escape(title)}</summary>{touchable(questions)}</details>"

    groups = (group(number, row["title"], row["questions"]) for number, row in enumerate(words["starters"]))
    return f'<div class="starters">{"".join(groups)}</div>'


def touchable(questions: Sequence[str]) -> str:
    """Questions to touch."""
    return "".join(f'<button type="button" class="start">{literal(question)}</button>' for question in questions)


def go_on(questions: Sequence[str], *, words: Words, again: bool, votes: bool) -> str:
    """What stands below an answer: another reading of the question, questions to go on with, and a vote."""
    other = f'<button type="button" class="again">{words["again"]}</button>' if again else ""
    head = f"<p>{words['next']}</p>" if questions else ""
    vote = "".join(f'<button type="button" class="vote {name}">{words[f"vote_{name}"]}</button>' for name in VOTES)
    voting = f'<div class="votes"><p>{words["vote"]}</p>{vote}</div>' if votes else ""
    return f'<div class="next">{other}{head}{touchable(questions)}{voting}</div>'


def trouble(words: Words) -> str:
    """What the conversation shows when no answer could be made; it can be taken neither for an answer nor for 'no'."""
    return f'<div class="broken">\n\n**{words["broken"]}**\n\n{words["broken_more"]}\n\n</div>'


def status(answer: Answer, *, turn: int, words: Words) -> str:
    """One sentence for the status line: that the answer is there and what it rests on."""
    if answer.kind == "urgent":
        return str(words["ready_urgent"]).format(turn=turn)
    quotes, sources = len(answer.citations), len({citation.document for citation in answer.citations})
    if quotes > 1:
        return str(words["ready_quotes" if sources > 1 else "ready_quotes_one"]).format(
            turn=turn, quotes=quotes, sources=sources
        )
    return str(words["ready_quote" if quotes else "ready"]).format(turn=turn)
