"""What the page shows, as Markdown and HTML: pure functions of records and of our words.

Three kinds of text meet here. Ours comes from the wording file. A source's is escaped when it becomes HTML. A family's
question is escaped for Markdown and HTML at once, and stands only where the page repeats what was asked.
"""

from __future__ import annotations

import html
import json
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date
from functools import cache, partial
from importlib.resources import files
from typing import Any, Protocol, TypeAlias

from allchat.addresses import phone_address, web_address
from allchat.corpus import clean
from allchat.glossary import Definition, Glossary
from allchat.marked import Mark, place, section_html, sections_of
from allchat.records import Answer, Citation, Document, Outline, Section
from allchat.wording import load_wording

Words: TypeAlias = Mapping[str, Any]

MAX_TURNS = 20
MAX_QUOTES = 40
MARKER = re.compile(r"(?<!\\)\[(\d{1,2})\](?!\()")
MAX_WORDS = 60
PATHS = {"en": "/", "es": "/es/"}
"""Where the page is served in each language."""

_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_QUOTE_END = re.compile(r"(?<!\\)\[(\d{1,2})\]$")
_LITERAL = {ord(sign): f"&#{ord(sign)};" for sign in string.punctuation}


NO_WORDS = Glossary(())


class Asker(Protocol):
    """What the page and the server need of ``allchat.chat.Chat``."""

    @property
    def documents(self) -> Mapping[str, Document]:
        """The documents by key."""

    def outline(self, document: str) -> Outline:
        """The outline of the document with this key."""

    def ask(
        self,
        question: str,
        *,
        history: Sequence[str] = (),
        id: str = "q",  # noqa: A002
        language: str | None = None,
    ) -> Answer:
        """Answer one question; ``history`` holds the family's earlier questions, oldest first.

        ``language`` is that of our own words; None takes the question's own.
        """


def standing(asker: Asker) -> Asker:
    """The asker as it is at this moment: one that follows its index may be another at the next look."""
    now: Asker = getattr(asker, "now", asker)
    return now


@dataclass(frozen=True, slots=True)
class Quote:
    """Where one numbered quote of one turn stands. No word of any question is in it."""

    turn: int
    number: int
    document: str
    start: int
    end: int
    sha256: str
    """Of the source that was quoted."""

    @property
    def name(self) -> str:
        """The id of its mark in the page: unlike numbers, it never repeats from turn to turn."""
        return f"t{self.turn}q{self.number}"


@dataclass(frozen=True, slots=True)
class Trail:
    """What the page remembers between turns, in the browser's memory alone: how many turns, and their quotes."""

    turn: int = 0
    quotes: tuple[Quote, ...] = ()

    def to_json(self) -> str:
        """The trail as the page hands it to and fro."""
        quotes = [list(astuple(quote)) for quote in self.quotes]
        return json.dumps({"turn": self.turn, "quotes": quotes}, separators=(",", ":"))


NUMBERS = ("emergency_number", "crisis_number", "poison_number")
CONTACT = dict(zip(NUMBERS, ("911", "988", "1-800-222-1222"), strict=True)) | {"care_team": "your child's care team"}


def page_words(language: str = "en", *, contact: Mapping[str, str] = CONTACT) -> Words:
    """The page's own words in one language, with the numbers and the name of the care team that an operator set.

    Other braces stay: the page fills them with counts and dates.
    """
    wording = load_wording(language)
    usual = wording.table("contact") if wording.has("contact") else {}
    contact = {**CONTACT, **contact}
    contact |= {name: usual[name] for name in CONTACT if name in usual and contact[name] == CONTACT[name]}

    # The care team is named in free words: they stand in HTML and in Markdown, and must be a link in neither.
    shown = {name: literal(value) if name == "care_team" else html.escape(value) for name, value in contact.items()}

    def filled(text: Any) -> Any:
        for name, value in shown.items():
            text = text.replace(f"{{{name}}}", value) if isinstance(text, str) else text
        return text

    words = {name: filled(text) for name, text in wording.table("page").items()}
    words |= {"language_name": wording.text("language.name"), "list_lead": wording.text("answer.list_lead")}
    return words | {name: shown[name] for name in CONTACT}


@cache
def page_file(name: str) -> str:
    """One of the page's own style sheets or scripts."""
    return (files("allchat") / "data" / "page" / name).read_text(encoding="utf-8")


def literal(text: str) -> str:
    """Markdown that shows exactly the words of ``text``: every ASCII sign becomes a character reference.

    White space becomes single spaces; control characters and lone surrogates become spaces too.
    """
    kept = "".join(" " if ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 or 0xD800 <= ord(sign) < 0xE000 else sign
                   for sign in text)  # fmt: skip
    return " ".join(kept.split()).translate(_LITERAL)


def plain(markdown: str) -> str:
    """The words that ``literal`` was given, with their white space made single."""
    return html.unescape(markdown)


def message(answer: Answer, *, turn: int, words: Words, again: bool = False, glossary: Glossary = NO_WORDS) -> str:
    """An answer as the conversation shows it, each ``[n]`` a link to its mark in the sources panel.

    The first of each hard word in its quotes is a link to what the source says of it.
    """
    text = explained(answer.text, answer.citations, glossary=glossary)
    parts = [_linked(text, answer, turn=turn, words=words)]
    if not again and plain(literal(answer.understood_as)) != plain(literal(answer.question)):
        parts.insert(0, f'<p class="understood">{words["understood"]} {literal(answer.understood_as)}</p>')
    said = "\n\n".join(parts)
    if answer.kind == "urgent":  # nothing but whom to call stands in the frame
        said = f'<div class="urgent">\n\n{callable_numbers(said, words=words)}\n\n</div>'
    notices = (_DATE.sub(lambda day: long_date(day[0], words=words), notice) for notice in answer.notices)
    return "\n\n".join([said, *(f'<p class="note">{literal(notice)}</p>' for notice in notices)])


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


def _holds(cite: Citation | Quote, definition: Definition) -> bool:
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
    titles = {citation.number: citation.title for citation in answer.citations}

    def chip(found: re.Match[str]) -> str:
        number = int(found[1])
        if number not in titles:
            return found[0]
        return f'[{number}<span class="vh"> {words["source"]} {literal(titles[number])}</span>](#t{turn}q{number})'

    return MARKER.sub(chip, text)


def starters(words: Words) -> str:
    """Questions to start from, in groups that unfold; the page's script asks the one that is touched."""

    def group(number: int, title: str, questions: Sequence[str]) -> str:
        links = "".join(f'<li><a class="start" href="#ask">{html.escape(question)}</a></li>' for question in questions)
        opened = "" if number else " open"
        return f"<details{opened}><summary>{html.escape(title)}</summary><ul>{links}</ul></details>"

    groups = (group(number, row["title"], row["questions"]) for number, row in enumerate(words["starters"]))
    return f'<div class="starters">{"".join(groups)}</div>'


def trouble(words: Words, *, what: str | None = None) -> str:
    """What the conversation shows when no answer could be made; it can be taken neither for an answer nor for 'no'."""
    return f'<div class="broken">\n\n**{words["broken"]}**\n\n{what or words["broken_more"]}\n\n</div>'


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


def extended(trail: Trail, answer: Answer) -> Trail:
    """The trail after one more answer; an urgent answer brings no quotes. Old turns fall off past ``MAX_TURNS``."""
    turn = trail.turn + 1
    cited = () if answer.kind == "urgent" else answer.citations
    new = tuple(Quote(turn, cite.number, cite.document, cite.start, cite.end, cite.source_sha256) for cite in cited)
    return Trail(turn, tuple(quote for quote in trail.quotes + new if quote.turn > turn - MAX_TURNS))


def read_trail(value: object, *, documents: Mapping[str, Document]) -> Trail:
    """The trail that came back from the browser. It is not trusted: whatever does not fit is left out."""
    try:
        data = json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or not _whole(data.get("turn"), most=10_000):
        return Trail()
    rows = data.get("quotes")
    rows = rows if isinstance(rows, list) else []
    kept = (row for row in rows[-MAX_TURNS * MAX_QUOTES :] if _quote_like(row, documents))
    return Trail(data["turn"], tuple(Quote(*row) for row in kept))


def _quote_like(row: object, documents: Mapping[str, Document]) -> bool:
    if not (isinstance(row, list) and len(row) == 6 and isinstance(row[2], str) and row[2] in documents):
        return False
    size = len(documents[row[2]].text)
    cuts = all(_whole(cut, most=size) for cut in row[3:5])
    return _whole(row[0], most=10_000) and _whole(row[1], most=99) and cuts and _sha256_like(row[5])


def _sha256_like(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def _whole(value: object, *, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def panel(trail: Trail, asker: Asker, *, words: Words, urgent: bool = False, glossary: Glossary = NO_WORDS) -> str:
    """The sources panel: the last turn's sources open, those of earlier turns folded below, newest first.

    Last come the hard words of all these quotes, folded.
    """
    asker = standing(asker)
    # A source may have been left out since it was quoted.
    trail = replace(trail, quotes=tuple(quote for quote in trail.quotes if quote.document in asker.documents))
    turns = sorted({quote.turn for quote in trail.quotes}, reverse=True)
    parts = []
    if not turns or turns[0] != trail.turn:
        parts.append(f'<p class="empty">{words[_empty(trail, urgent=urgent)]}</p>')
    for turn in turns:
        quotes = [quote for quote in trail.quotes if quote.turn == turn]
        body = _turn_html(quotes, asker, words=words, whole=turn == trail.turn)
        if turn == trail.turn:
            parts.append(f'<div class="turn">{body}</div>')
        else:
            title = str(words["sources_of"]).format(turn=turn)
            parts.append(f'<details class="turn"><summary>{title}</summary>{body}</details>')
    return "".join(parts) + hard_words(trail, asker, words=words, glossary=glossary)


def hard_words(trail: Trail, asker: Asker, *, words: Words, glossary: Glossary) -> str:
    """What the sources say of the hard words in the trail's quotes, each under its name; nothing without any."""
    known: dict[str, Definition] = {}
    for quote in reversed(trail.quotes):
        for found in glossary.find(clean(asker.documents[quote.document].text[quote.start : quote.end])):
            definition = glossary.define(found[0], document=quote.document)
            if len(known) < MAX_WORDS:
                known.setdefault(definition.name, definition)
    shown = sorted(known.values(), key=lambda entry: (entry.term.lower(), entry.document))
    if not shown:
        return ""
    told = "".join(_word_html(entry, asker, words=words) for entry in shown)
    return (
        f'<details class="words"><summary>{words["words"]}</summary><p class="about">{words["words_more"]}</p>'
        f"{told}</details>"
    )


def _word_html(entry: Definition, asker: Asker, *, words: Words) -> str:
    """One definition: its very words, the line that introduces them, and where they stand."""
    document = asker.documents[entry.document]

    def cut(start: int, end: int) -> str:
        return f"<p>{html.escape(clean(document.text[start:end]))}</p>"

    leads = "".join(cut(lead.start, lead.end) for lead in entry.leads)
    led = f'<p class="about">{words["list_lead"]}</p><blockquote lang="{document.language}">{leads}</blockquote>'
    names = [document.title, *(name.rstrip(".") for name in entry.heading[-1:])]
    place = html.escape(" › ".join(names))
    link = permanent_link(Quote(0, 0, entry.document, entry.start, entry.end, document.sha256), words=words)
    tongue = f'lang="{document.language}"'
    return (
        f'<div class="word" id="{entry.name}" tabindex="-1"><h4 {tongue}>{html.escape(entry.term)}</h4>'
        f"<blockquote {tongue}>{cut(entry.start, entry.end)}</blockquote>{led if leads else ''}"
        f'<p class="meta"><span {tongue}>{place}</span>. {revised(document, words=words)}.</p>'
        f'<p class="links"><a href="{html.escape(link)}" target="_blank" rel="noopener noreferrer">'
        f'{words["word_place"]}<span class="vh"> {words["new_tab"]}</span></a></p></div>'
    )


def _empty(trail: Trail, *, urgent: bool) -> str:
    if urgent:
        return "sources_urgent"
    return "sources_none" if trail.turn else "sources_empty"


def _turn_html(quotes: Sequence[Quote], asker: Asker, *, words: Words, whole: bool) -> str:
    keys = list(dict.fromkeys(quote.document for quote in quotes))
    return "".join(
        _source_html([quote for quote in quotes if quote.document == key], asker, words=words, whole=whole)
        for key in keys
    )


def _source_html(quotes: Sequence[Quote], asker: Asker, *, words: Words, whole: bool) -> str:
    """One document of one turn: where it comes from, then every section that holds a quote.

    Of earlier turns only the quoted blocks are sent again, not ``whole`` sections: a phone may be far from its antenna.
    """
    document, outline = asker.documents[quotes[0].document], asker.outline(quotes[0].document)
    wanted = [mark_of(quote, words=words) for quote in quotes if quote.sha256 == document.sha256]
    marks = [mark for mark in (place(mark, outline, text=document.text) for mark in wanted) if mark]
    parts = []
    for section in by_first_quote(sections_of(marks, outline), marks):
        path = " › ".join(html.escape(name) for name in section.heading[:-1])
        parts.append(f'<p class="path">{path}</p>' if path else "")
        parts.append(section_html(section, outline, text=document.text, marks=marks, level=4, whole=whole))
    if len(marks) < len(quotes):
        parts.append(f'<p class="broken">{words["source_not_placed"]}</p>')
    head = f'<h3>{html.escape(document.title)}</h3><p class="meta">{html.escape(document.publisher)}</p>'
    body = f'<div class="body" lang="{html.escape(document.language)}">{"".join(parts)}</div>'
    return (
        f'<section class="source">{head}<p class="meta">{revised(document, words=words)}</p>{body}'
        f"{_links(quotes, document, words=words)}{about(document, words=words)}</section>"
    )


def by_first_quote(sections: Sequence[Section], marks: Sequence[Mark]) -> list[Section]:
    """The sections in the order in which the answer quotes them; ``marks`` stand in that order."""

    def first(section: Section) -> int:
        inside = (n for n, mark in enumerate(marks) if section.start <= mark.start < section.end)
        return next(inside, len(marks))

    return sorted(sections, key=first)


def mark_of(quote: Quote, *, words: Words) -> Mark:
    """The mark of one quote, with its number in front and the way back behind."""
    starts, ends = (str(words[key]).format(number=quote.number) for key in ("quote_starts", "quote_ends"))
    before = f'<span class="qn" aria-hidden="true">{quote.number}</span><span class="vh">{starts} </span>'
    after = f'<span class="vh"> {ends}</span> <a class="ret {quote.name}" href="#ask">{words["back"]}</a>'
    return Mark(quote.start, quote.end, quote.name, before, after)


def _links(quotes: Sequence[Quote], document: Document, *, words: Words) -> str:
    def outside(target: str, label: str) -> str:
        label = f'{label}<span class="vh"> {words["new_tab"]}</span>'
        return f'<a href="{html.escape(target)}" target="_blank" rel="noopener noreferrer">{label}</a>'

    numbered = " ".join(outside(permanent_link(quote, words=words), str(quote.number)) for quote in quotes)
    address = web_address(document.url)
    publisher = f'<p class="links publisher">{outside(address, words["publisher_page"])}</p>' if address else ""
    return f'<p class="links">{words["whole_source"]} {numbered}</p>{publisher}'


def permanent_link(quote: Quote, *, words: Words) -> str:
    """Leads to the quote in the whole source, and says so when the source is no longer what it was."""
    place = f"start={quote.start}&end={quote.end}&sha256={quote.sha256}"
    return f"/source/{quote.document}?{place}{_in_language(words)}#marked"


def _in_language(words: Words) -> str:
    """What a link carries so that the next page speaks this language too."""
    return "" if PATHS[words["lang"]] == "/" else f"&lang={words['lang']}"


def revised(document: Document, *, words: Words) -> str:
    """When the document was last revised, in the words of the language, or that its copy does not say."""
    if document.revised is None:
        return str(words["revised_unknown"])
    return str(words["revised"]).format(date=long_date(document.revised, words=words))


def long_date(iso: str, *, words: Words) -> str:
    """``2022-09-02`` as a family reads it; what is no full date stays as it is."""
    try:
        day = date.fromisoformat(iso)
    except ValueError:
        return html.escape(iso)
    return str(words["date"]).format(day=day.day, month=words["months"][day.month - 1], year=day.year)


def about(document: Document, *, words: Words) -> str:
    """Rights, and what is known of our copy, folded."""
    facts = [(words["copy"], document.copy), (words["rights"], document.rights)]
    told = "".join(f"<p>{name} {html.escape(fact)}</p>" for name, fact in facts)
    return f'<details class="about"><summary>{words["about_source"]}</summary>{told}</details>'


def source_page(
    document: Document, outline: Outline, *, words: Words, span: tuple[int, int] | None = None, changed: bool = False
) -> str:
    """A whole source as one HTML page, with ``span`` marked if it can be placed; if not, the page says so."""
    mark = place(Mark(*span, "marked"), outline, text=document.text) if span and not changed else None
    body = "".join(
        section_html(section, outline, text=document.text, marks=[mark] if mark else [], level=_level(section.heading))
        for section in outline.sections
    )
    return _SOURCE_PAGE.format(
        lang=words["lang"],
        language=html.escape(document.language),
        title=html.escape(document.title),
        style=page_file("source.css"),
        script=page_file("source.js"),
        home=words["source_home"],
        home_path=PATHS[words["lang"]],
        languages=_source_languages(document, span=None if changed else span, words=words),
        notice=_source_notice(asked=span is not None, placed=mark is not None, changed=changed, words=words),
        publisher=html.escape(document.publisher),
        revised=revised(document, words=words),
        publisher_page=_publisher_page(document, words=words),
        about=about(document, words=words),
        left_out=str(words["source_left_out"]).format(count=len(outline.furniture)),
        body=body,
    )


def _publisher_page(document: Document, *, words: Words) -> str:
    address = web_address(document.url)
    label = words["publisher_page"]
    return f' · <a href="{html.escape(address)}" rel="noopener noreferrer">{label}</a>' if address else ""


def _source_languages(document: Document, *, span: tuple[int, int] | None, words: Words) -> str:
    """The same page in our other languages, at the same place."""
    place = f"start={span[0]}&end={span[1]}&sha256={document.sha256}&" if span else ""
    links = (
        f'<a href="?{html.escape(place)}lang={each}{"#marked" if span else ""}" lang="{each}" hreflang="{each}">'
        f"{load_wording(each).text('language.name')}</a>"
        for each in PATHS
        if each != words["lang"]
    )
    return " ".join(links)


def _level(heading: Sequence[str]) -> int:
    return max(2, min(6, 1 + len(heading)))


def _source_notice(*, asked: bool, placed: bool, changed: bool, words: Words) -> str:
    if changed:
        return f'<p class="say broken" role="status">{words["source_changed"]}</p>'
    if placed:
        return f'<p class="say">{words["source_marked"]} <a href="#marked">{words["source_jump"]}</a></p>'
    return f'<p class="say broken" role="status">{words["source_not_placed"]}</p>' if asked else ""


_SOURCE_PAGE = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<p class="home"><a href="{home_path}">{home}</a> <span class="languages">{languages}</span></p>
<h1 lang="{language}">{title}</h1>
<p class="meta">{publisher}</p>
<p class="meta">{revised}{publisher_page}</p>
{about}
<p class="meta">{left_out}</p>
{notice}
<article lang="{language}">{body}</article>
</main>
<script>{script}</script>
</body>
</html>
"""
