"""Glossary: hard words, and what the sources themselves say they are, as cuts of the sources.

A definition is found by the way in which a source writes one ("X is a ...", "X (a type of ...)", "... are called X"),
never by what we know. A word is left out rather than explained badly; a test lists every definition of our sources.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from allchat.records import Block, Document, Outline, Span
from allchat.sources.sentences import leans
from allchat.sources.text import clean

_WORD = r"[A-Za-z][\w’'-]*"
_TERM = rf"(?P<term>{_WORD}(?: {_WORD}){{0,4}})"
_SHORT_TERM = rf"(?P<term>{_WORD}(?: {_WORD})?)"

_KIND = (
    r"(?:(?:an?|any) (?!good |service |registered )|the use of |when |cancer that |treatment |immune system |"
    r"blood-forming |monoclonal |[A-Z]{2,5}s )"
)

ITEM, TITLE = 0, 1
_WAYS = tuple(
    re.compile(pattern)
    for pattern in (
        # Lumbar puncture: A procedure used to ...
        rf"^{_TERM}(?: with differential| ?/\w+)?: (?:An?|The|This (?:treatment|is)) ",
        # Remission induction therapy. This is the first round of treatment ...
        rf"^{_TERM}\. (?:This (?:is the first|stage)|A type of) ",
        # Targeted therapy is a type of treatment ...
        rf"(?:^|: )(?:An? |The )?{_TERM} (?:is|are) {_KIND}",
        # Refractory ALL occurs when ...; Bone marrow is found in ...
        rf"^{_TERM} (?:occurs when|(?:is|are) found in the) ",
        # ... continue for months or years are called late effects.
        rf"\b(?:is|are) called (?:an? |the )?[“\"]?{_SHORT_TERM}[”\"]?\.",
        rf", called {_TERM}\.",
        # ... a pediatric oncologist, a doctor who ...; fertility, which is the ability ...; remission, which means ...
        rf"\ban? {_SHORT_TERM}, (?:a doctor who|which means) ",
        rf"\b(?:affect|the) {_SHORT_TERM}, which is the ",
        rf"^{_TERM}, which are ",
        # A lymphoid stem cell becomes a lymphoblast cell and then ...
        rf"\bbecomes a (?P<term>{_WORD}) cell and then ",
        # ... into the cerebrospinal fluid (intrathecal), ...; ... throughout the body (systemic chemotherapy).
        r"\((?P<term>[a-z]+al|[a-z]+ chemotherapy)\)",
        # ... the brain and spinal cord (central nervous system; CNS) ...
        r"\((?P<term>[a-z]+(?: [a-z]+)*); [A-Z]{2,5}\)",
    )
)
"""How a source writes what a word means, the plainest first."""

_THAT = re.compile(r"^(?P<term>[A-Z][\w-]*(?: [a-z]+){0,2}?) that [a-z]+ ")
"""A list item such as "Platelets that form blood clots to stop bleeding."""

_BRACKET = re.compile(
    rf"{_TERM} \((?!see |also |not |and |shown |multiple |higher |into )"
    r"(?P<inside>(?:an? |the |[a-z]+, |[a-z]+ (?:cells?|types|of|blood|treatment|back)\b)[^()]*)\)"
)
_SHORT = re.compile(rf"{_TERM} \((?P<short>[A-Z][A-Za-z]{{0,3}}[A-Z])s?\)")
_SHORT_INSIDE = re.compile(r"\((?P<term>[a-z]+(?: [a-z]+)*); (?P<short>[A-Z]{2,5})\)")
_ALIAS = re.compile(
    rf"\bThis procedure is also called an? (?P<one>{_WORD}(?: {_WORD})?) or (?P<two>{_WORD}(?: {_WORD})?)\."
)
_ABBREVIATION = re.compile(r" \([A-Z][A-Za-z]{1,4}\)")
_SUBJECT = re.compile(r"^(\w+)(?: childhood)? ALL$")
_BACK = re.compile(r"com(?:e|es|ing) back\b")
_HEADS = frozenset(["cell", "cells", "cancers", "needle", "reservoir"])  # say nothing without the word before them
_NOT_TERMS = frozenset((
    "all", "leukemia",  # what all of it is about
    "nci", "nih", "cis", "pdq", "visuals online", "children with cancer",  # names, not words
    "ct", "car", "standard",  # half a term, or one of several meanings
    "goal of induction therapy", "treatment clinical trial", "treatments", "whether leukemia cells",
))  # fmt: skip
TITLE_WORDS = 8
"""A sentence that is no longer may be a title ("CNS prophylaxis (preventive treatment)."): it tells nothing alone."""

ITEM_WORDS = 90
"""An item that is not longer is shown whole; of a longer one its first sentence."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a source says that ``term`` is: the sentences from ``start`` to ``end`` of a document.

    ``forms`` are the spellings that lead here, the term's own first. ``leads`` are the lines that introduce these
    sentences where they stand in a list, outermost first; they are shown with them.
    """

    term: str
    forms: tuple[str, ...]
    document: str
    heading: tuple[str, ...]
    start: int
    end: int
    leads: tuple[Span, ...] = ()

    @property
    def name(self) -> str:
        """Document and term as the id of a place in a page: small letters, digits and hyphens."""
        return "w-" + re.sub(r"[^a-z0-9]+", "-", f"{self.document} {self.term}".lower()).strip("-")


class Glossary:
    """Definitions by the words that they explain. Of several for one word, that of the word's own document counts."""

    def __init__(self, definitions: Iterable[Definition]) -> None:
        self.definitions = tuple(definitions)
        self._by_form: dict[str, list[Definition]] = {}
        for definition in self.definitions:
            for form in definition.forms:
                self._by_form.setdefault(_key(form), []).append(definition)
        forms = sorted(self._by_form, key=lambda form: (-len(form), form))
        cased = "|".join(re.escape(form) for form in forms if form.isupper())
        free = "|".join(re.escape(form) for form in forms if not form.isupper())
        self._pattern = re.compile(rf"(?<![\w’'-])(?:{cased or '(?!)'}|(?i:{free or '(?!)'}))(?![\w’'-])")

    @classmethod
    def of(cls, documents: Mapping[str, Document], outlines: Mapping[str, Outline]) -> Glossary:
        """The glossary of these sources, in the order of their keys; a spelling that stands in none is left out."""
        texts = " ".join(clean(documents[key].text) for key in sorted(documents))
        stands = {_key(word) for word in re.findall(r"[\w’'-]+", texts)}
        found = (entry for key in sorted(documents) for entry in definitions(documents[key], outlines[key]))
        return cls(
            replace(entry, forms=tuple(form for form in entry.forms if set(map(_key, form.split())) <= stands))
            for entry in found
        )

    def find(self, words: str) -> Iterator[re.Match[str]]:
        """Where a word that has a definition stands in ``words``, from left to right; the longest word first."""
        return self._pattern.finditer(words)

    def replace(self, words: str, by: Callable[[re.Match[str]], str]) -> str:
        """``words`` with each word that has a definition replaced by what ``by`` makes of it."""
        return self._pattern.sub(by, words)

    def define(self, word: str, *, document: str) -> Definition:
        """The definition of a word that was found, for a quote from ``document``."""
        known = self._by_form[_key(word)]
        return next((definition for definition in known if definition.document == document), known[0])


def _key(form: str) -> str:
    """Abbreviations are told apart from words by their capitals ("ALL" is not "all")."""
    return form if form.isupper() else form.lower()


def definitions(document: Document, outline: Outline) -> tuple[Definition, ...]:
    """The definitions of one document, one for each word, in reading order; none where none is plain."""
    kept: list[Definition] = []
    for found in sorted(_candidates(document, outline), key=lambda found: found.order):
        known = {_key(form) for entry in kept for form in entry.forms}
        if _key(found.forms[0]) not in known and found.forms[0].lower() not in _NOT_TERMS:
            kept.append(_definition(found, document=document, outline=outline))
    return tuple(sorted(_with_abbreviations(kept, document=document, outline=outline), key=lambda entry: entry.start))


@dataclass(frozen=True, slots=True)
class _Found:
    """A sentence (or two) that tells what the first of ``forms`` means; ``way`` counts how plainly, from 0."""

    way: int
    forms: tuple[str, ...]
    span: Span
    block: Block
    weak: bool = False

    @property
    def order(self) -> tuple[int, bool, int]:
        return (self.way, self.weak, self.span.start)


def _definition(found: _Found, *, document: Document, outline: Outline) -> Definition:
    shown = _shown(document.text, found)
    heading = outline.sections[found.block.section].heading
    leads = _leads(found.block, shown)
    return Definition(found.forms[0], found.forms, document.key, heading, shown.start, shown.end, leads)


def _candidates(document: Document, outline: Outline) -> Iterator[_Found]:
    for block in outline.blocks:
        for number, span in enumerate(block.sentences):
            yield from _in_sentence(document.text, block, number, span)


def _in_sentence(text: str, block: Block, number: int, span: Span) -> Iterator[_Found]:
    full = clean(text[span.start : span.end])
    words = _ABBREVIATION.sub("", full)
    following = block.sentences[number + 1 : number + 2]
    two = Span(span.start, following[0].end) if following else span
    weak = full.endswith(":") or leans(full)
    for way, pattern in enumerate(_WAYS):
        for match in pattern.finditer(clean(text[two.start : two.end]) if way == TITLE else words):
            for term in _terms(match["term"], way=way):
                yield _Found(way, _forms(term), two if way == TITLE else span, block, weak)
    item = _THAT.match(words) if block.kind == "list" and number else None
    if item:
        yield _Found(len(_WAYS), _forms(item["term"]), span, block)
    for match in _BRACKET.finditer(words):
        forms = _verb_forms if _BACK.match(match["inside"]) else _forms
        titled = len(words.split()) <= TITLE_WORDS and following and leans(clean(text[following[0].start : two.end]))
        yield _Found(len(_WAYS) + 1, forms(_head(match["term"])), two if titled else span, block, weak)
    for match in _ALIAS.finditer(words):
        yield _Found(len(_WAYS) + 2, match.groups(), Span(block.start, span.end), block)


def _terms(term: str, *, way: int) -> list[str]:
    """The words that a match defines: "A and B are ..." defines both, "Refractory ALL is ..." an adjective."""
    if leans(term):
        return []
    subject = _SUBJECT.match(term)
    both = term.split(" and ")
    if way == ITEM and len(both) == 2:
        return [term, both[0]] if " " in both[0] else [term]
    return [subject[1]] if subject else both


def _head(phrase: str) -> str:
    """The word in front of a bracket, or the last two where the last one says nothing alone ("T cells")."""
    words = phrase.split()
    return " ".join(words[-2:] if words[-1].lower() in _HEADS else words[-1:])


def _forms(term: str) -> tuple[str, ...]:
    """The term with its other number: whether such a word stands in the sources is seen later."""
    for one, many in (("y", "ies"), ("", "s")):
        if term.endswith(many):
            return (term, term.removesuffix(many) + one)
        if one and term.endswith(one):
            return (term, term.removesuffix(one) + many)
    return (term, f"{term}s")


def _verb_forms(verb: str) -> tuple[str, ...]:
    stem = re.sub(r"(?:s|e?d|ing|e)$", "", verb).removesuffix("e")
    stem = stem[:-1] if stem.endswith("rr") else stem
    return (verb, *(stem + end for end in ("", "e", "s", "es", "ed", "red", "ing", "ring") if stem + end != verb))


def _shown(text: str, found: _Found) -> Span:
    """What is shown of a block: never a line without its list, nor a sentence without the one it points back at."""
    block, span = found.block, found.span
    words = clean(text[span.start : span.end])
    if span.start == block.start and (
        words.endswith(":") or (found.way == ITEM and len(clean(text[block.start : block.end]).split()) <= ITEM_WORDS)
    ):
        return Span(block.start, block.end)
    starts = [sentence.start for sentence in block.sentences]
    at = starts.index(span.start)
    return Span(starts[at - 1], span.end) if at and leans(words) else span


def _leads(block: Block, shown: Span) -> tuple[Span, ...]:
    """The lines outside the definition that introduce it: those of its block, and its own list's."""
    inside = [item for item in block.items if block.start <= item.start < block.end]
    if not inside or shown.start < inside[0].start or shown.start == block.start:
        return block.leads
    if inside[0].start == block.start:  # an item with items of its own
        return (*block.leads, Span(inside[0].start, inside[0].end)) if shown.start >= inside[0].end else block.leads
    above = [sentence for sentence in block.sentences if sentence.end <= inside[0].start]
    return (*block.leads, Span(above[0].start, above[-1].end))


def _with_abbreviations(known: Sequence[Definition], *, document: Document, outline: Outline) -> Iterator[Definition]:
    """The definitions with their abbreviations; one of a term without definition leads to where it is spelt out."""
    shorts: dict[str, _Found] = {}
    for found in _abbreviations(document, outline):
        shorts.setdefault(found.forms[1], found)
    for entry in known:
        mine = (short for short, found in shorts.items() if _key(found.forms[0]) in map(_key, entry.forms))
        yield replace(entry, forms=(*entry.forms, *mine))
    defined = {_key(form) for entry in known for form in entry.forms}
    for short, found in shorts.items():
        if _key(found.forms[0]) not in defined and short.lower() not in _NOT_TERMS:
            yield _definition(found, document=document, outline=outline)


def _abbreviations(document: Document, outline: Outline) -> Iterator[_Found]:
    for block in outline.blocks:
        for number, span in enumerate(block.sentences):
            words = clean(document.text[span.start : span.end])
            following = block.sentences[number + 1 : number + 2]
            for match in (*_SHORT.finditer(words), *_SHORT_INSIDE.finditer(words)):
                long, short = _spelt_out(match["term"], match["short"]), match["short"]
                told = following and short in clean(document.text[following[0].start : following[0].end]).split()
                if long and len(words.split()) > TITLE_WORDS:
                    both = Span(span.start, following[0].end) if told else span
                    yield _Found(len(_WAYS), (long, short), both, block)


def _spelt_out(phrase: str, short: str) -> str | None:
    """The fewest last words of a phrase that an abbreviation can stand for: its letters are in them, in order."""
    words = phrase.split()
    for first in range(len(words) - 1, -1, -1):
        long = " ".join(words[first:])
        letters = iter(long.lower())
        if long[0].lower() == short[0].lower() and all(letter in letters for letter in short.lower()):
            return long
    return None
